#ifndef RZ_CCRYPTO_SHIM_H
#define RZ_CCRYPTO_SHIM_H

#include <openssl/evp.h>

#pragma clang assume_nonnull begin

/// SHA-256 of a buffer (FIPS 180-4) into 32 bytes. Returns 1 on success.
static inline int rz_sha256(const void *data, size_t length, unsigned char *digest) {
    return EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL);
}

#pragma clang assume_nonnull end

#endif
