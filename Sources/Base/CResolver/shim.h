#ifndef RZ_CRESOLVER_SHIM_H
#define RZ_CRESOLVER_SHIM_H

// The resolver library of the C library, for one question to one name server. Its macros and the arrays in its structures
// are out of Swift's reach.

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// Asks one name server over UDP and waits for as many seconds. An answer that does not fit is taken as far as it goes.
/// Returns the length of the answer, or the negated `h_errno` of netdb.h; then `failure` is the errno.
static inline int rz_dns_ask(
    const struct sockaddr_in *server, const char *name, int type, int seconds, unsigned char *answer, int room,
    int *failure) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) {
        *failure = errno;
        return -NO_RECOVERY;
    }
    state.nsaddr_list[0] = *server;
    state.nscount = 1;
    state.retrans = seconds;
    state.retry = 1;
    // Not over TCP: the library would wait for a connection for as long as the kernel does.
    state.options = RES_INIT | RES_RECURSE | RES_IGNTC;
    errno = 0;
    int length = res_nquery(&state, name, ns_c_in, type, answer, room);
    *failure = errno;
    int outcome = length >= 0 ? length : -state.res_h_errno;
    res_nclose(&state);
    return outcome < 0 || length >= 0 ? outcome : -NO_RECOVERY;
}

/// Whether the server had more to say than fits into its answer.
static inline int rz_dns_is_cut(const unsigned char *answer, int length) {
    ns_msg message;
    return ns_initparse(answer, length, &message) == 0 && ns_msg_getflag(message, ns_f_tc);
}

/// How many records the answer section of a message has; -1 for what is no DNS message.
static inline int rz_dns_count(const unsigned char *answer, int length) {
    ns_msg message;
    return ns_initparse(answer, length, &message) == 0 ? ns_msg_count(message, ns_s_an) : -1;
}

/// Reads one record of the answer section: `text` becomes the address of an A record, or the target of an SRV record.
/// Returns the record's type, 0 for one of another type, -1 for one that is malformed.
static inline int rz_dns_record(
    const unsigned char *answer, int length, int index, char *text, unsigned int room) {
    ns_msg message;
    ns_rr record;
    if (ns_initparse(answer, length, &message) != 0 || ns_parserr(&message, ns_s_an, index, &record) != 0) return -1;
    const unsigned char *data = ns_rr_rdata(record);
    if (ns_rr_type(record) == ns_t_a) {
        if (ns_rr_rdlen(record) != 4 || inet_ntop(AF_INET, data, text, room) == NULL) return -1;
        return ns_t_a;
    }
    if (ns_rr_type(record) == ns_t_srv) {
        // Priority, weight and port stand before the target.
        if (ns_rr_rdlen(record) < 7) return -1;
        if (dn_expand(answer, answer + length, data + 6, text, (int)room) < 0) return -1;
        return ns_t_srv;
    }
    return 0;
}

static inline int rz_dns_type_a(void) { return ns_t_a; }
static inline int rz_dns_type_srv(void) { return ns_t_srv; }

#pragma clang assume_nonnull end

#endif
