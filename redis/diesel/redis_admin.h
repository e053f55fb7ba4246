/* SPDX-License-Identifier: MIT */
/*
 * The server and its clients.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_ADMIN_H
#define DIESEL_REDIS_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* BGREWRITEAOF (since 1.0.0). Starts rewriting the append-only file. */
int dredis_bgrewriteaof(dredis *client, char **value, size_t *len,
                        diesel_error *err)
    __attribute__((warn_unused_result));

/* BGSAVE (since 1.0.0). Starts saving. */
typedef struct dredis_bgsave_options {
    bool schedule; /* SCHEDULE */
} dredis_bgsave_options;

int dredis_bgsave(dredis *client, const dredis_bgsave_options *options,
                  char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT GETNAME (since 2.6.9). The name of the connection. */
int dredis_client_getname(dredis *client, char **value, size_t *len,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT ID (since 5.0.0). The number of the connection. */
int dredis_client_id(dredis *client, int64_t *id, diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT INFO (since 6.2.0). What the server knows of the connection. */
int dredis_client_info(dredis *client, char **value, size_t *len,
                       diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT KILL (since 2.4.0). Ends the connections that match: "ID", 42,
 * "TYPE", "normal", "ADDR", "10.0.0.7:4711", ... */
int dredis_client_kill(dredis *client, const diesel_value *filters, size_t n,
                       int64_t *killed, diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT LIST (since 2.4.0). What it knows of all of them, one a line. */
int dredis_client_list(dredis *client, char **value, size_t *len,
                       diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT PAUSE (since 3.0.0). Holds up commands for so many milliseconds. */
typedef struct dredis_client_pause_options {
    bool write; /* WRITE */
    bool all;   /* ALL */
} dredis_client_pause_options;

int dredis_client_pause(dredis *client, int64_t timeout,
                        const dredis_client_pause_options *options,
                        diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT UNBLOCK (since 5.0.0). Wakes a client that waits. */
typedef struct dredis_client_unblock_options {
    bool timeout; /* TIMEOUT */
    bool error;   /* ERROR */
} dredis_client_unblock_options;

int dredis_client_unblock(dredis *client, int64_t client_id,
                          const dredis_client_unblock_options *options,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* CLIENT UNPAUSE (since 6.2.0). Ends client_pause. */
int dredis_client_unpause(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* COMMAND COUNT (since 2.8.13). How many commands the server knows. */
int dredis_command_count(dredis *client, int64_t *count, diesel_error *err)
    __attribute__((warn_unused_result));

/* COMMAND GETKEYS (since 2.8.13). Which of a command's arguments are keys. */
dredis_reply *dredis_command_getkeys(dredis *client, diesel_value command,
                                     const diesel_value *args, size_t n,
                                     diesel_error *err)
    __attribute__((warn_unused_result));

/* CONFIG GET (since 2.0.0). Settings whose names match patterns. */
dredis_reply *dredis_config_get(dredis *client, const diesel_value *parameters,
                                size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* CONFIG RESETSTAT (since 2.0.0). Sets the server's counters to 0. */
int dredis_config_resetstat(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* CONFIG REWRITE (since 2.8.0). Writes the settings into the server's file. */
int dredis_config_rewrite(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* CONFIG SET (since 2.0.0). Sets settings: name, value, ... */
int dredis_config_set(dredis *client, const diesel_value *values, size_t n,
                      diesel_error *err)
    __attribute__((warn_unused_result));

/* DBSIZE (since 1.0.0). How many keys the database has. */
int dredis_dbsize(dredis *client, int64_t *count, diesel_error *err)
    __attribute__((warn_unused_result));

/* ECHO (since 1.0.0). The message. */
int dredis_echo(dredis *client, diesel_value message, char **value, size_t *len,
                diesel_error *err)
    __attribute__((warn_unused_result));

/* FLUSHALL (since 1.0.0). Deletes everything, in all databases. */
typedef struct dredis_flushall_options {
    bool async; /* ASYNC */
    bool sync;  /* SYNC */
} dredis_flushall_options;

int dredis_flushall(dredis *client, const dredis_flushall_options *options,
                    diesel_error *err)
    __attribute__((warn_unused_result));

/* FLUSHDB (since 1.0.0). Deletes everything in the database. */
typedef struct dredis_flushdb_options {
    bool async; /* ASYNC */
    bool sync;  /* SYNC */
} dredis_flushdb_options;

int dredis_flushdb(dredis *client, const dredis_flushdb_options *options,
                   diesel_error *err)
    __attribute__((warn_unused_result));

/* INFO (since 1.0.0). What the server knows of itself: lines name:value. */
int dredis_info(dredis *client, const diesel_value *sections, size_t n,
                char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* LASTSAVE (since 1.0.0). The Unix time when it saved last. */
int dredis_lastsave(dredis *client, int64_t *when, diesel_error *err)
    __attribute__((warn_unused_result));

/* LATENCY DOCTOR (since 2.8.13). What it thinks of its latency. */
int dredis_latency_doctor(dredis *client, char **value, size_t *len,
                          diesel_error *err)
    __attribute__((warn_unused_result));

/* LATENCY HISTOGRAM (since 7.0.0). How long calls of commands took: for each
 * the calls, and how many took up to so many microseconds. */
dredis_reply *dredis_latency_histogram(dredis *client,
                                       const diesel_value *commands, size_t n,
                                       diesel_error *err)
    __attribute__((warn_unused_result));

/* LATENCY HISTORY (since 2.8.13). The latencies of an event. */
dredis_reply *dredis_latency_history(dredis *client, diesel_value event,
                                     diesel_error *err)
    __attribute__((warn_unused_result));

/* LATENCY LATEST (since 2.8.13). The newest latencies. */
dredis_reply *dredis_latency_latest(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* LATENCY RESET (since 2.8.13). Forgets the latencies of events. */
int dredis_latency_reset(dredis *client, const diesel_value *events, size_t n,
                         int64_t *reset, diesel_error *err)
    __attribute__((warn_unused_result));

/* LOLWUT (since 5.0.0). A picture. */
int dredis_lolwut(dredis *client, char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* MEMORY DOCTOR (since 4.0.0). What the server thinks of its memory. */
int dredis_memory_doctor(dredis *client, char **value, size_t *len,
                         diesel_error *err)
    __attribute__((warn_unused_result));

/* MEMORY PURGE (since 4.0.0). Gives memory back to the system. */
int dredis_memory_purge(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* MEMORY STATS (since 4.0.0). Where its memory is. */
dredis_reply *dredis_memory_stats(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* MEMORY USAGE (since 4.0.0). How many bytes a key takes. */
typedef struct dredis_memory_usage_options {
    diesel_value samples; /* SAMPLES count; a number */
} dredis_memory_usage_options;

int dredis_memory_usage(dredis *client, diesel_value key,
                        const dredis_memory_usage_options *options,
                        int64_t *bytes, diesel_error *err)
    __attribute__((warn_unused_result));

/* MODULE LIST (since 4.0.0). The modules that the server has loaded. */
dredis_reply *dredis_module_list(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* MOVE (since 1.0.0). Moves a key to another database. */
int dredis_move(dredis *client, diesel_value key, int64_t db, diesel_error *err)
    __attribute__((warn_unused_result));

/* PING (since 1.0.0). PONG. */
int dredis_ping(dredis *client, char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* ROLE (since 2.8.12). "master" or "slave" or "sentinel", and more. */
dredis_reply *dredis_role(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* SAVE (since 1.0.0). Saves, and holds everything up while it does. */
int dredis_save(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* SLOWLOG GET (since 2.2.12). The slowest commands. */
typedef struct dredis_slowlog_get_options {
    int64_t count; /* count */
} dredis_slowlog_get_options;

dredis_reply *dredis_slowlog_get(dredis *client,
                                 const dredis_slowlog_get_options *options,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* SLOWLOG LEN (since 2.2.12). How many of them are kept. */
int dredis_slowlog_len(dredis *client, int64_t *length, diesel_error *err)
    __attribute__((warn_unused_result));

/* SLOWLOG RESET (since 2.2.12). Forgets them. */
int dredis_slowlog_reset(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* SWAPDB (since 4.0.0). Lets two databases change places. */
int dredis_swapdb(dredis *client, int64_t index1, int64_t index2,
                  diesel_error *err)
    __attribute__((warn_unused_result));

/* TIME (since 2.6.0). The server's Unix time: seconds, microseconds. */
dredis_reply *dredis_time(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_command_getkeys(client, command, ...)                           \
    (dredis_command_getkeys)((client), DIESEL_VALUE(command), __VA_ARGS__)
#define dredis_echo(client, message, ...)                                      \
    (dredis_echo)((client), DIESEL_VALUE(message), __VA_ARGS__)
#define dredis_latency_history(client, event, ...)                             \
    (dredis_latency_history)((client), DIESEL_VALUE(event), __VA_ARGS__)
#define dredis_memory_usage(client, key, ...)                                  \
    (dredis_memory_usage)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_move(client, key, ...)                                          \
    (dredis_move)((client), DIESEL_VALUE(key), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif
