/* SPDX-License-Identifier: MIT */
/*
 * Keys: whatever they hold.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_KEYS_H
#define DIESEL_REDIS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* COPY (since 6.2.0). Copies the value to another key. */
typedef struct dredis_copy_options {
    int64_t db;   /* DB destination db */
    bool replace; /* REPLACE */
} dredis_copy_options;

int dredis_copy(dredis *client, diesel_value source, diesel_value destination,
                const dredis_copy_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* DEL (since 1.0.0). Deletes a key. */
int dredis_del(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* DEL (since 1.0.0). Deletes several keys. */
int dredis_del_all(dredis *client, const diesel_value *keys, size_t n,
                   int64_t *deleted, diesel_error *err)
    __attribute__((warn_unused_result));

/* DUMP (since 2.6.0). The value as the server stores it, for restore. */
int dredis_dump(dredis *client, diesel_value key, char **value, size_t *len,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* EXISTS (since 1.0.0). Whether there is such a key. */
int dredis_exists(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* EXISTS (since 1.0.0). How many of the keys there are. */
int dredis_exists_all(dredis *client, const diesel_value *keys, size_t n,
                      int64_t *found, diesel_error *err)
    __attribute__((warn_unused_result));

/* EXPIRE (since 1.0.0). Lets the key expire after so many seconds. */
typedef struct dredis_expire_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_expire_options;

int dredis_expire(dredis *client, diesel_value key, int64_t seconds,
                  const dredis_expire_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* EXPIREAT (since 1.2.0). Lets the key expire at a Unix time in seconds. */
typedef struct dredis_expireat_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_expireat_options;

int dredis_expireat(dredis *client, diesel_value key, int64_t unix_time_seconds,
                    const dredis_expireat_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* EXPIRETIME (since 7.0.0). The Unix time in seconds when the key expires;
 * -1: never, -2: no such key. */
int dredis_expiretime(dredis *client, diesel_value key, int64_t *when,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* KEYS (since 1.0.0). All keys that match a pattern; walks through the whole
 * database. */
dredis_reply *dredis_keys(dredis *client, diesel_value pattern,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* OBJECT ENCODING (since 2.2.3). How the server stores the value. */
int dredis_object_encoding(dredis *client, diesel_value key, char **value,
                           size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* OBJECT FREQ (since 4.0.0). How often the key is used; needs an LFU policy. */
int dredis_object_freq(dredis *client, diesel_value key, int64_t *frequency,
                       diesel_error *err)
    __attribute__((warn_unused_result));

/* OBJECT IDLETIME (since 2.2.3). For how long nobody has used the key. */
int dredis_object_idletime(dredis *client, diesel_value key, int64_t *seconds,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* OBJECT REFCOUNT (since 2.2.3). How many references to the value there are. */
int dredis_object_refcount(dredis *client, diesel_value key, int64_t *count,
                           diesel_error *err)
    __attribute__((warn_unused_result));

/* PERSIST (since 2.2.0). Lets the key not expire any more. */
int dredis_persist(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* PEXPIRE (since 2.6.0). Lets the key expire after so many milliseconds. */
typedef struct dredis_pexpire_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_pexpire_options;

int dredis_pexpire(dredis *client, diesel_value key, int64_t milliseconds,
                   const dredis_pexpire_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* PEXPIREAT (since 2.6.0). Lets the key expire at a Unix time in
 * milliseconds. */
typedef struct dredis_pexpireat_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool gt; /* GT */
    bool lt; /* LT */
} dredis_pexpireat_options;

int dredis_pexpireat(dredis *client, diesel_value key,
                     int64_t unix_time_milliseconds,
                     const dredis_pexpireat_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* PEXPIRETIME (since 7.0.0). The Unix time in milliseconds when the key
 * expires; -1: never, -2: no such key. */
int dredis_pexpiretime(dredis *client, diesel_value key, int64_t *when,
                       diesel_error *err)
    __attribute__((warn_unused_result));

/* PTTL (since 2.6.0). Milliseconds until the key expires; -1: never, -2: no
 * such key. */
int dredis_pttl(dredis *client, diesel_value key, int64_t *left,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* RANDOMKEY (since 1.0.0). Any key. */
int dredis_randomkey(dredis *client, char **value, size_t *len,
                     diesel_error *err)
    __attribute__((warn_unused_result));

/* RENAME (since 1.0.0). Renames a key; what the new one held is lost. */
int dredis_rename(dredis *client, diesel_value key, diesel_value newkey,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* RENAMENX (since 1.0.0). Renames a key unless the new one is there. */
int dredis_renamenx(dredis *client, diesel_value key, diesel_value newkey,
                    diesel_error *err)
    __attribute__((warn_unused_result));

/* RESTORE (since 2.6.0). Makes a key of what dump gave; ttl in milliseconds,
 * 0: none. */
typedef struct dredis_restore_options {
    bool replace;     /* REPLACE */
    bool absttl;      /* ABSTTL */
    int64_t idletime; /* IDLETIME seconds */
    int64_t freq;     /* FREQ frequency */
} dredis_restore_options;

int dredis_restore(dredis *client, diesel_value key, int64_t ttl,
                   diesel_value dumped, const dredis_restore_options *options,
                   diesel_error *err)
    __attribute__((warn_unused_result));

/* SORT (since 1.0.0). The sorted elements of a list, a set or a sorted set. */
typedef struct dredis_sort_options {
    diesel_value by;         /* BY by pattern */
    int64_t limit_offset;    /* LIMIT; both, or none */
    int64_t limit_count;     /* 0: none */
    const diesel_value *get; /* GET get pattern, ... */
    size_t n_get;            /* how many there are */
    bool asc;                /* ASC */
    bool desc;               /* DESC */
    bool alpha;              /* ALPHA */
} dredis_sort_options;

dredis_reply *dredis_sort(dredis *client, diesel_value key,
                          const dredis_sort_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* SORT (since 1.0.0). Sorts into a list. */
typedef struct dredis_sort_store_options {
    diesel_value by;         /* BY by pattern */
    int64_t limit_offset;    /* LIMIT; both, or none */
    int64_t limit_count;     /* 0: none */
    const diesel_value *get; /* GET get pattern, ... */
    size_t n_get;            /* how many there are */
    bool asc;                /* ASC */
    bool desc;               /* DESC */
    bool alpha;              /* ALPHA */
} dredis_sort_store_options;

int dredis_sort_store(dredis *client, diesel_value key,
                      diesel_value destination,
                      const dredis_sort_store_options *options, int64_t *stored,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* SORT_RO (since 7.0.0). The same as sort; only reads. */
typedef struct dredis_sort_ro_options {
    diesel_value by;         /* BY by pattern */
    int64_t limit_offset;    /* LIMIT; both, or none */
    int64_t limit_count;     /* 0: none */
    const diesel_value *get; /* GET get pattern, ... */
    size_t n_get;            /* how many there are */
    bool asc;                /* ASC */
    bool desc;               /* DESC */
    bool alpha;              /* ALPHA */
} dredis_sort_ro_options;

dredis_reply *dredis_sort_ro(dredis *client, diesel_value key,
                             const dredis_sort_ro_options *options,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* TOUCH (since 3.2.1). Counts as a use of the keys. */
int dredis_touch(dredis *client, const diesel_value *keys, size_t n,
                 int64_t *found, diesel_error *err)
    __attribute__((warn_unused_result));

/* TTL (since 1.0.0). Seconds until the key expires; -1: never, -2: no such
 * key. */
int dredis_ttl(dredis *client, diesel_value key, int64_t *left,
               diesel_error *err)
    __attribute__((warn_unused_result));

/* TYPE (since 1.0.0). What the key holds: "string", "list", "none", ... */
int dredis_type_of(dredis *client, diesel_value key, char **value, size_t *len,
                   diesel_error *err)
    __attribute__((warn_unused_result));

/* UNLINK (since 4.0.0). Deletes a key, and frees its memory later. */
int dredis_unlink(dredis *client, diesel_value key, diesel_error *err)
    __attribute__((warn_unused_result));

/* UNLINK (since 4.0.0). The same with several keys. */
int dredis_unlink_all(dredis *client, const diesel_value *keys, size_t n,
                      int64_t *deleted, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_copy(client, source, destination, ...)                          \
    (dredis_copy)((client), DIESEL_VALUE(source), DIESEL_VALUE(destination),   \
                  __VA_ARGS__)
#define dredis_del(client, key, ...)                                           \
    (dredis_del)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_dump(client, key, ...)                                          \
    (dredis_dump)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_exists(client, key, ...)                                        \
    (dredis_exists)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_expire(client, key, ...)                                        \
    (dredis_expire)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_expireat(client, key, ...)                                      \
    (dredis_expireat)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_expiretime(client, key, ...)                                    \
    (dredis_expiretime)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_keys(client, pattern, ...)                                      \
    (dredis_keys)((client), DIESEL_VALUE(pattern), __VA_ARGS__)
#define dredis_object_encoding(client, key, ...)                               \
    (dredis_object_encoding)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_object_freq(client, key, ...)                                   \
    (dredis_object_freq)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_object_idletime(client, key, ...)                               \
    (dredis_object_idletime)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_object_refcount(client, key, ...)                               \
    (dredis_object_refcount)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_persist(client, key, ...)                                       \
    (dredis_persist)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_pexpire(client, key, ...)                                       \
    (dredis_pexpire)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_pexpireat(client, key, ...)                                     \
    (dredis_pexpireat)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_pexpiretime(client, key, ...)                                   \
    (dredis_pexpiretime)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_pttl(client, key, ...)                                          \
    (dredis_pttl)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_rename(client, key, newkey, ...)                                \
    (dredis_rename)((client), DIESEL_VALUE(key), DIESEL_VALUE(newkey),         \
                    __VA_ARGS__)
#define dredis_renamenx(client, key, newkey, ...)                              \
    (dredis_renamenx)((client), DIESEL_VALUE(key), DIESEL_VALUE(newkey),       \
                      __VA_ARGS__)
#define dredis_restore(client, key, ttl, dumped, ...)                          \
    (dredis_restore)((client), DIESEL_VALUE(key), (ttl),                       \
                     DIESEL_VALUE(dumped), __VA_ARGS__)
#define dredis_sort(client, key, ...)                                          \
    (dredis_sort)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_sort_store(client, key, destination, ...)                       \
    (dredis_sort_store)((client), DIESEL_VALUE(key),                           \
                        DIESEL_VALUE(destination), __VA_ARGS__)
#define dredis_sort_ro(client, key, ...)                                       \
    (dredis_sort_ro)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_ttl(client, key, ...)                                           \
    (dredis_ttl)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_type_of(client, key, ...)                                       \
    (dredis_type_of)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_unlink(client, key, ...)                                        \
    (dredis_unlink)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif
