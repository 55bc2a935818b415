#ifndef RZ_CCURL_SHIM_H
#define RZ_CCURL_SHIM_H

// libcurl's setters are variadic, which Swift can't call: one typed function for each class of argument.

#include <curl/curl.h>

#pragma clang assume_nonnull begin

// The attribute keeps a Swift closure from inheriting an actor: libcurl calls it on the event loop's thread.
/// Bytes of a body or one header line; returns how many were taken.
typedef size_t (*rz_curl_write)(char *bytes, size_t size, size_t count, void *context)
    __attribute__((swift_attr("@Sendable")));

static inline CURLcode rz_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rz_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rz_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rz_curl_set_pointer(CURL *handle, CURLoption option, void *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode rz_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *_Nullable value) {
    return curl_easy_setopt(handle, option, value);
}

/// The bytes are copied.
static inline CURLcode rz_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

static inline CURLcode rz_curl_set_write(CURL *handle, CURLoption option, rz_curl_write callback) {
    return curl_easy_setopt(handle, option, callback);
}

static inline long rz_curl_get_long(CURL *handle, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(handle, info, &value);
    return value;
}

/// What the server's certificates say, the server's own first; asked for with CURLOPT_CERTINFO. Of the handle.
static inline const struct curl_certinfo *_Nullable rz_curl_get_certificates(CURL *handle) {
    const struct curl_certinfo *value = NULL;
    curl_easy_getinfo(handle, CURLINFO_CERTINFO, &value);
    return value;
}

/// The socket of a connection made with CURLOPT_CONNECT_ONLY; -1 for none.
static inline int rz_curl_get_socket(CURL *handle) {
    curl_socket_t value = CURL_SOCKET_BAD;
    curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &value);
    return value;
}

static inline CURLMcode rz_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// The next handle that is done, and its outcome; null when there is none.
static inline CURL *_Nullable rz_curl_multi_next_done(CURLM *multi, CURLcode *outcome) {
    int left = 0;
    struct CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *outcome = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

static inline size_t rz_curl_pause_write(void) { return CURL_WRITEFUNC_PAUSE; }
static inline long rz_curl_auth_basic(void) { return (long)CURLAUTH_BASIC; }
static inline long rz_curl_auth_bearer(void) { return (long)CURLAUTH_BEARER; }
static inline long rz_curl_http_version_2_tls(void) { return CURL_HTTP_VERSION_2TLS; }
static inline long rz_curl_http_version_2_prior_knowledge(void) { return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE; }
static inline long rz_curl_pipe_nothing(void) { return CURLPIPE_NOTHING; }
static inline void rz_curl_global_init(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

#pragma clang assume_nonnull end

#endif
