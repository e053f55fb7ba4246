/* SPDX-License-Identifier: MIT */
/*
 * What dredis can be told on its command line.
 */
#ifndef DREDIS_CLI_SETTINGS_INTERNAL_H
#define DREDIS_CLI_SETTINGS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cli/options_internal.h"

/* Zero is the default where nothing else is said. */
typedef struct dredis__settings {
    const char *host, *socket, *uri;
    int64_t port;
    int64_t db;         /* -1: not given                       */
    const char *user, *password;
    bool tls, insecure;
    const char *cacert, *cacertdir, *crl, *cert, *key, *sni;
    const char *ciphers, *ciphersuites;
    bool ask_password;
    bool no_warning;    /* accepted for redis-cli's sake       */
    int resp;           /* 2 or 3; 0: as the style needs       */
    double timeout;     /* seconds; 0: none                    */
    int64_t repeat;     /* negative: for ever                  */
    double interval;    /* seconds                             */
    bool last_from_stdin;
    bool stop_at_error;
    int style;          /* a dredis__style                     */
    const char *delimiter;
    int completion;     /* what for; -1: not asked             */
    bool help, version;
} dredis__settings;

extern const dredis__settings dredis__settings_default;
extern const diesel__tool dredis__tool;

#endif
