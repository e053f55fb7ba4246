/* SPDX-License-Identifier: MIT */
/* For mongo_put and mongo_get: the SHA-256 of a file. */
#ifndef EXAMPLES_SHA256_H
#define EXAMPLES_SHA256_H

#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>

/* The digest of the whole file, in hexadecimal; the file is at its start afterwards.
 * 0, or -1 with errno. */
static inline int sha256_of(int fd, char hex[65])
{
    unsigned char buf[8192], sum[32];
    off_t at = 0;
    ssize_t n;
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    EVP_DigestInit_ex(sha, EVP_sha256(), NULL);
    for (; (n = pread(fd, buf, sizeof buf, at)) > 0; at += n)
        EVP_DigestUpdate(sha, buf, (size_t)n);
    EVP_DigestFinal_ex(sha, sum, NULL);
    EVP_MD_CTX_free(sha);
    for (size_t i = 0; i < sizeof sum; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return n < 0 || lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

#endif
