/* SPDX-License-Identifier: MIT */
/*
 * Users and what they may do.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_acl.h>

#include "typed_internal.h"

dredis_reply *dredis_acl_cat(dredis *client,
                             const dredis_acl_cat_options *options,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ACL"));
    dredis__put(&w, WORD_OF("CAT"));
    if (options != NULL)
        dredis__opt_value(&w, NULL, options->category);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_acl_deluser(dredis *client, const diesel_value *usernames, size_t n,
                       int64_t *deleted, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ACL"));
    dredis__put(&w, WORD_OF("DELUSER"));
    dredis__put_all(&w, usernames, n);
    int result = dredis__ask_int(client, w.args, w.n, deleted, err);
    dredis__words_end(&w);
    return result;
}

int dredis_acl_dryrun(dredis *client, diesel_value username,
                      diesel_value command, const diesel_value *args, size_t n,
                      char **value, size_t *len, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ACL"));
    dredis__put(&w, WORD_OF("DRYRUN"));
    dredis__put(&w, username);
    dredis__put(&w, command);
    dredis__put_all(&w, args, n);
    int result = dredis__ask_text(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

int dredis_acl_genpass(dredis *client,
                       const dredis_acl_genpass_options *options, char **value,
                       size_t *len, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ACL"));
    dredis__put(&w, WORD_OF("GENPASS"));
    if (options != NULL)
        dredis__opt_int(&w, NULL, options->bits);
    int result = dredis__ask_text(client, w.args, w.n, value, len, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_acl_getuser(dredis *client, diesel_value username,
                                 diesel_error *err)
{
    const diesel_value args[] = {WORD("ACL"), WORD("GETUSER"), username};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__MAP, err);
}

dredis_reply *dredis_acl_list(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("ACL"), WORD("LIST")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_acl_load(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("ACL"), WORD("LOAD")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

dredis_reply *dredis_acl_log(dredis *client,
                             const dredis_acl_log_options *options,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ACL"));
    dredis__put(&w, WORD_OF("LOG"));
    if (options != NULL) {
        dredis__opt_int(&w, NULL, options->count);
        dredis__opt_flag(&w, "RESET", options->reset);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__ANY,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_acl_save(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("ACL"), WORD("SAVE")};
    return dredis__ask_ok(client, args, COUNT(args), err);
}

int dredis_acl_setuser(dredis *client, diesel_value username,
                       const diesel_value *rules, size_t n, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("ACL"));
    dredis__put(&w, WORD_OF("SETUSER"));
    dredis__put(&w, username);
    dredis__put_all(&w, rules, n);
    int result = dredis__ask_ok(client, w.args, w.n, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_acl_users(dredis *client, diesel_error *err)
{
    const diesel_value args[] = {WORD("ACL"), WORD("USERS")};
    return dredis__ask_reply(client, args, COUNT(args), DREDIS__LIST, err);
}

int dredis_acl_whoami(dredis *client, char **value, size_t *len,
                      diesel_error *err)
{
    const diesel_value args[] = {WORD("ACL"), WORD("WHOAMI")};
    return dredis__ask_text(client, args, COUNT(args), value, len, err);
}
