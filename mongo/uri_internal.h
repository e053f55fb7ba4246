/* SPDX-License-Identifier: MIT */
/*
 * Connection strings, after the rules of MongoDB's connection string, URI options
 * and authentication specifications. No I/O.
 *
 *     struct dmongo__uri *uri = dmongo__uri_parse(text, &err);
 *     if (uri == NULL)
 *         return -1;
 *     for (size_t i = 0; i < uri->host_count; i++)
 *         ...uri->hosts[i].name, uri->options.max_pool_size...
 *     dmongo__uri_free(uri);
 *
 * What makes no sense as a whole is an error. An option that is unknown or whose
 * value is out of range is ignored with a warning, so that strings written for
 * other drivers work. Neither shows a password.
 */
#ifndef DIESEL_MONGO_URI_INTERNAL_H
#define DIESEL_MONGO_URI_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>

enum dmongo__host_kind {
    DMONGO__HOSTNAME,
    DMONGO__IPV4,
    DMONGO__IP_LITERAL, /* IPv6; `name` is without the brackets */
    DMONGO__UNIX        /* `name` is a path                     */
};

struct dmongo__host {
    enum dmongo__host_kind kind;
    const char *name;
    uint16_t port; /* 27017 unless given; 0 for a Unix socket */
    bool has_port;
};

struct dmongo__pair {
    const char *key;
    const char *value;
};

struct dmongo__pairs {
    struct dmongo__pair *items;
    size_t count;
};

struct dmongo__list {
    const char **items;
    size_t count;
};

struct dmongo__tag_sets {
    struct dmongo__pairs *items;
    size_t count;
};

/* w: a number, or a name such as "majority" if `name` is not NULL. */
struct dmongo__w {
    const char *name;
    int64_t number;
};

/* The options by their types, with their defaults where they are not given; a
 * string is then NULL. In the order of the table in uri_options.c. */
struct dmongo__uri_options {
    const char *app_name;
    const char *auth_mechanism;
    struct dmongo__pairs auth_mechanism_properties;
    const char *auth_source;
    struct dmongo__list compressors;
    int64_t connect_timeout_ms;
    bool direct_connection;
    bool enable_overload_retargeting;
    int64_t heartbeat_frequency_ms;
    bool journal;
    bool load_balanced;
    int64_t local_threshold_ms;
    int64_t max_adaptive_retries;
    int64_t max_connecting;
    int64_t max_idle_time_ms;
    int64_t max_pool_size;
    int64_t max_staleness_seconds;
    int64_t min_pool_size;
    const char *proxy_host;
    const char *proxy_password;
    int64_t proxy_port;
    const char *proxy_username;
    const char *read_concern_level;
    const char *read_preference;
    struct dmongo__tag_sets read_preference_tags;
    const char *replica_set;
    bool retry_reads;
    bool retry_writes;
    const char *server_monitoring_mode;
    int64_t server_selection_timeout_ms;
    bool server_selection_try_once;
    int64_t socket_timeout_ms;
    int64_t srv_max_hosts;
    const char *srv_service_name;
    int64_t timeout_ms;
    bool tls;
    bool tls_allow_invalid_certificates;
    bool tls_allow_invalid_hostnames;
    const char *tls_ca_file;
    const char *tls_certificate_key_file;
    const char *tls_certificate_key_file_password;
    bool tls_disable_certificate_revocation_check;
    bool tls_disable_ocsp_endpoint_check;
    bool tls_insecure;
    struct dmongo__w w;
    int64_t wait_queue_timeout_ms;
    int64_t w_timeout_ms;
    int64_t zlib_compression_level;
};

/* Who the client says it is. Derived from the user, the database and the auth*
 * options. */
struct dmongo__credential {
    bool is_set;           /* false: no authentication */
    const char *mechanism; /* NULL: what the server prefers */
    const char *user;      /* may be NULL for some mechanisms */
    const char *password;
    const char *source;    /* the database that knows the user */
    struct dmongo__pairs properties;
};

struct dmongo__uri {
    bool is_srv; /* mongodb+srv://: the host is to be looked up in the DNS */
    struct dmongo__host *hosts;
    size_t host_count;
    const char *user;     /* decoded; NULL if not given, "" if empty */
    const char *password;
    const char *database;
    struct dmongo__uri_options options;
    uint64_t given; /* bit i: row i of dmongo__uri_option_table was given */
    struct dmongo__credential credential;
    const char **warnings;
    size_t warning_count;
    void *blocks; /* all memory of the above, freed together */
};

enum dmongo__option_type {
    DMONGO__OPTION_BOOL,
    DMONGO__OPTION_INT,
    DMONGO__OPTION_STRING,
    DMONGO__OPTION_CHOICE, /* a string out of a few */
    DMONGO__OPTION_LIST,
    DMONGO__OPTION_PAIRS,
    DMONGO__OPTION_TAG_SETS,
    DMONGO__OPTION_W
};

/* Not the full truth about names: a few have an older one, see uri_options.c. */
struct dmongo__uri_option {
    const char *name;
    enum dmongo__option_type type;
    size_t offset;   /* in struct dmongo__uri_options */
    int64_t fallback; /* of BOOL and INT */
    int64_t min, max; /* of INT */
    const char *const *choices; /* of CHOICE and LIST, ends with NULL */
};

extern const struct dmongo__uri_option dmongo__uri_option_table[];
extern const size_t dmongo__uri_option_count;

/* NULL: INVAL, with what is wrong where; NOMEM. */
struct dmongo__uri *dmongo__uri_parse(const char *text, diesel_error *err);

/* Frees the URI; passwords are wiped. NULL does nothing. */
void dmongo__uri_free(struct dmongo__uri *uri);

/* Whether the option of that name (as in the table) was given and taken. */
bool dmongo__uri_has(const struct dmongo__uri *uri, const char *option);

/* Replaces the host of mongodb+srv:// by those that the DNS has for it, and takes
 * the options of its TXT record; the scheduler's resolver is asked. Does nothing
 * with mongodb://. In srv.c; switches fibers. RESOLVE (also: a host in a foreign
 * domain), INVAL (the options), TIMEDOUT, CANCELLED, NOMEM. */
int dmongo__srv_resolve(struct dmongo__uri *uri, diesel_error *err);

/* The rest is shared by the files uri*.c and srv.c only. */

/* Fills *err with INVAL and "connection string: <formatted>"; returns -1. */
int dmongo__uri_refuse(diesel_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory that lives as long as the URI, zeroed; NULL with NOMEM. */
void *dmongo__uri_alloc(struct dmongo__uri *uri, size_t size,
                        diesel_error *err);

/* Decodes %XX in n bytes of s, into memory of the URI. `what` is for messages.
 * NULL: INVAL (bad %XX, a zero byte, no UTF-8), NOMEM. */
char *dmongo__uri_decode(struct dmongo__uri *uri, const char *s, size_t n,
                         const char *what, diesel_error *err);

/* Keeps a warning. 0, or -1 with NOMEM. */
int dmongo__uri_warn(struct dmongo__uri *uri, diesel_error *err,
                     const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads "name=value&..." of n bytes; then checks options against each other. */
int dmongo__uri_read_options(struct dmongo__uri *uri, const char *s, size_t n,
                             diesel_error *err);
int dmongo__uri_check_options(struct dmongo__uri *uri, diesel_error *err);

/* Reads the options of a TXT record of n bytes: authSource, replicaSet and
 * loadBalanced, of which those that were given already stay. INVAL, NOMEM. */
int dmongo__uri_read_txt(struct dmongo__uri *uri, const char *s, size_t n,
                         diesel_error *err);

/* Sets uri->credential. */
int dmongo__uri_find_credential(struct dmongo__uri *uri, diesel_error *err);

#endif
