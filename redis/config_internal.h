/* SPDX-License-Identifier: MIT */
/*
 * What a client was opened with: the URL and the options, put together and
 * checked. No I/O.
 */
#ifndef DREDIS_CONFIG_INTERNAL_H
#define DREDIS_CONFIG_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/redis_client.h>

#include "reply_reader_internal.h"

typedef struct dredis__watch dredis__watch; /* see watch_internal.h */

typedef struct dredis__config {
    char *host;        /* NULL with a Unix socket */
    uint16_t port;
    char *unix_path;   /* NULL with a host        */
    bool wants_tls;
    char *tls_name;    /* NULL: the host          */
    diesel_tls *tls;   /* NULL: none              */
    char *user;        /* NULL: "default"         */
    char *password;    /* NULL: no AUTH           */
    char *client_name; /* NULL: none              */
    char *lib_name;    /* NULL: none              */
    dredis_credentials_fn *credentials; /* NULL: user and password are given */
    void *credentials_arg;
    int64_t refresh_at; /* when to ask it again; 0: never */
    bool no_evict, no_touch;
    char *name;        /* of the server, for messages */
    int64_t db;
    int64_t resp; /* 2 or 3 */
    int64_t connect_timeout_ms, reconnect_timeout_ms;
    int64_t backoff_ms, backoff_max_ms;
    int64_t silence_ms, dead_after_ms; /* 0: none */
    unsigned max_retries;
    bool repeat_all;
    size_t connections;
    size_t max_pending, max_output, max_dedicated;
    int64_t dedicated_wait_ms, dedicated_idle_ms, dedicated_life_ms,
        dedicated_check_ms;
    dredis__limits limits;
    int keepalive_s;
    dredis__watch *watch; /* NULL: nobody watches */
} dredis__config;

/* Fills *config; url and options may be NULL. 0, or -1 with INVAL, TLS or NOMEM; then
 * there is nothing to clear. No message shows a password. */
int dredis__config_init(dredis__config *config, const char *url,
                        const dredis_options *options, diesel_error *err);

/* Frees what it holds; secrets are wiped before. */
void dredis__config_clear(dredis__config *config);

#endif
