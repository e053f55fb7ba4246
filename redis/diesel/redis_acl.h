/* SPDX-License-Identifier: MIT */
/*
 * Users and what they may do.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_ACL_H
#define DIESEL_REDIS_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ACL CAT (since 6.0.0). The categories of commands, or the commands of one. */
typedef struct dredis_acl_cat_options {
    diesel_value category; /* category */
} dredis_acl_cat_options;

dredis_reply *dredis_acl_cat(dredis *client,
                             const dredis_acl_cat_options *options,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL DELUSER (since 6.0.0). Deletes users. */
int dredis_acl_deluser(dredis *client, const diesel_value *usernames, size_t n,
                       int64_t *deleted, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL DRYRUN (since 7.0.0). Whether a user might run a command: "OK", or why
 * not. */
int dredis_acl_dryrun(dredis *client, diesel_value username,
                      diesel_value command, const diesel_value *args, size_t n,
                      char **value, size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL GENPASS (since 6.0.0). A random password. */
typedef struct dredis_acl_genpass_options {
    int64_t bits; /* bits */
} dredis_acl_genpass_options;

int dredis_acl_genpass(dredis *client,
                       const dredis_acl_genpass_options *options, char **value,
                       size_t *len, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL GETUSER (since 6.0.0). The rules of a user. */
dredis_reply *dredis_acl_getuser(dredis *client, diesel_value username,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL LIST (since 6.0.0). The rules of all users. */
dredis_reply *dredis_acl_list(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL LOAD (since 6.0.0). Reads the users' file. */
int dredis_acl_load(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL LOG (since 6.0.0). What was refused of late; with reset it is
 * forgotten. */
typedef struct dredis_acl_log_options {
    int64_t count; /* count */
    bool reset;    /* RESET */
} dredis_acl_log_options;

dredis_reply *dredis_acl_log(dredis *client,
                             const dredis_acl_log_options *options,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL SAVE (since 6.0.0). Writes the users' file. */
int dredis_acl_save(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL SETUSER (since 6.0.0). Makes or changes a user by rules: "on",
 * ">password", "~key*", "+@read", ... */
int dredis_acl_setuser(dredis *client, diesel_value username,
                       const diesel_value *rules, size_t n, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL USERS (since 6.0.0). The names of the users. */
dredis_reply *dredis_acl_users(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* ACL WHOAMI (since 6.0.0). Who the connection is. */
int dredis_acl_whoami(dredis *client, char **value, size_t *len,
                      diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_acl_dryrun(client, username, command, ...)                      \
    (dredis_acl_dryrun)((client), DIESEL_VALUE(username),                      \
                        DIESEL_VALUE(command), __VA_ARGS__)
#define dredis_acl_getuser(client, username, ...)                              \
    (dredis_acl_getuser)((client), DIESEL_VALUE(username), __VA_ARGS__)
#define dredis_acl_setuser(client, username, ...)                              \
    (dredis_acl_setuser)((client), DIESEL_VALUE(username), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif
