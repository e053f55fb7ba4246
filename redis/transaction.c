/* SPDX-License-Identifier: MIT */
/*
 * Transactions. A batch that begins with MULTI and ends with EXEC has two replies
 * more than commands:
 *
 *     MULTI     +OK
 *     command   +QUEUED, or why it is refused         } one for each
 *     EXEC      the replies to the commands, in an array
 *               nil: a watched key has changed
 *               -EXECABORT: one of the commands was refused
 *
 * Without watched keys it goes over the shared connection, where nothing comes in
 * between, for its bytes are one piece. Watching needs a connection of one's own,
 * which is taken by the first watch and given back after EXEC, when the server has
 * forgotten what was watched.
 */
#include <diesel/redis_transaction.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "batch_internal.h"
#include "client_internal.h"
#include "encode_internal.h"
#include "error_internal.h"
#include "script_internal.h"
#include "watch_internal.h"

#define FIRST_PAUSE_MS 2
#define MOST_TRIES 4 /* to find a connection that lives */

struct dredis_transaction {
    dredis *client;
    int max_attempts, attempts; /* that were in vain, in a row */
    int64_t pause_max_ms;
    dredis__batch batch;        /* MULTI and the commands      */
    dredis__scripts scripts;
    dredis__dedicated *own;     /* watches; NULL: nothing is   */
    dredis_reply *result;       /* of EXEC; NULL: none         */
    bool ran;
};

dredis_transaction *
dredis_transaction_new(dredis *client, const dredis_transaction_options *options,
                       diesel_error *err)
{
    static const dredis_transaction_options none;
    if (options == NULL)
        options = &none;
    dredis_transaction *t = diesel_calloc(1, sizeof *t);
    if (t == NULL) {
        diesel_error_nomem(err, "a transaction");
        return NULL;
    }
    t->client = client;
    t->max_attempts = options->max_attempts > 0 ? options->max_attempts : 100;
    t->pause_max_ms = options->pause_max_ms > 0 ? options->pause_max_ms : 50;
    return t;
}

/* Begins a new one. */
static void reset(dredis_transaction *t)
{
    dredis_reply_free(t->result);
    t->result = NULL;
    t->ran = false;
    dredis__batch_reset(&t->batch);
    dredis__scripts_reset(&t->scripts);
}

static void give_back(dredis_transaction *t, bool clean)
{
    if (t->own != NULL)
        dredis__dedicated_give(t->client, t->own, clean);
    t->own = NULL;
}

void dredis_transaction_free(dredis_transaction *t)
{
    if (t == NULL)
        return;
    give_back(t, false);
    reset(t);
    dredis__batch_clear(&t->batch);
    dredis__scripts_clear(&t->scripts);
    diesel_free(t);
}

/* Puts who and what before the message; returns -1. */
static int explain(const dredis_transaction *t, const diesel_value *args,
                   size_t n, diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    diesel_error_prefix(err, "redis %s: transaction: %s", dredis_name(t->client),
                        dredis__command_text(text, args, n));
    return -1;
}

static int refuse_route(const diesel_value *args, size_t n, diesel_error *err)
{
    const char *why;
    if (n > 0 && dredis__route_of(args, n, &why) > DREDIS__PIPELINED)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "refused: it %s", why);
    return 0;
}

int dredis_transaction_add_array(dredis_transaction *t, const diesel_value *args,
                                 size_t n, diesel_error *err)
{
    if (t->ran)
        reset(t);
    if (refuse_route(args, n, err) < 0)
        return explain(t, args, n, err);
    size_t before = t->batch.size;
    if (t->batch.commands == 0 &&
        dredis__batch_add(&t->batch, DIESEL_VALUES("MULTI"), 1, err) < 0)
        return explain(t, args, n, err);
    if (dredis__batch_add(&t->batch, args, n, err) == 0)
        return 0;
    if (before == 0)
        dredis__batch_reset(&t->batch);
    return explain(t, args, n, err);
}

int dredis_transaction_add_script(dredis_transaction *t, dredis_script *script,
                                  const diesel_value *keys, size_t n_keys,
                                  const diesel_value *args, size_t n_args,
                                  diesel_error *err)
{
    dredis__words w;
    if (t->ran)
        reset(t);
    int result = dredis__scripts_call(&t->scripts, &w, script, keys, n_keys,
                                      args, n_args, err);
    if (result == 0)
        result = dredis_transaction_add_array(t, w.args, w.n, err);
    if (result == 0)
        dredis__scripts_added(&t->scripts, script);
    dredis__words_end(&w);
    return result;
}

/* One command on the own connection: 0, -1, DREDIS__AGAIN or DREDIS__LOST. */
static int exchange(dredis_transaction *t, const diesel_value *args, size_t n,
                    dredis_reply **reply, diesel_error *err)
{
    dredis__request request = {
        .args = args, .n = n, .commands = 1, .replies = reply};
    if (diesel_check(err) < 0 ||
        dredis__command_size(args, n, &request.size, err) < 0)
        return -1;
    int result =
        dredis__watch_exchange(t->client->config.watch,
                               dredis__dedicated_connection(t->own), &request,
                               err);
    if (result == 0 && (*reply)->type == DREDIS_ERROR) {
        result = dredis__server_error(*reply, err);
        dredis_reply_free(*reply);
        *reply = NULL;
    }
    return result;
}

/* WATCH key ...: as exchange(). */
static int watch(dredis_transaction *t, const diesel_value *keys, size_t n,
                 diesel_error *err)
{
    dredis__words w;
    dredis_reply *reply = NULL;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("WATCH"));
    dredis__put_all(&w, keys, n);
    int result = w.args == NULL ? diesel_error_nomem(err, "a command")
                                : exchange(t, w.args, w.n, &reply, err);
    dredis__words_end(&w);
    dredis_reply_free(reply);
    return result;
}

/* After an attempt that was in vain: 0, or -1: that was the last one. */
static int pause_between(dredis_transaction *t, diesel_error *err)
{
    if (t->attempts == 0)
        return 0;
    if (t->attempts >= t->max_attempts)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "others changed the keys first, %d times",
                                t->attempts);
    int64_t most = FIRST_PAUSE_MS;
    for (int i = 1; i < t->attempts && most < t->pause_max_ms; i++)
        most *= 2;
    if (most > t->pause_max_ms)
        most = t->pause_max_ms;
    return diesel_sleep(dredis__client_random(t->client, most + 1), err);
}

/* Takes a connection and watches on it; one that turns out to be dead is replaced, for
 * a WATCH that was lost has no effect. */
static int begin(dredis_transaction *t, const diesel_value *keys, size_t n,
                 diesel_error *err)
{
    int result = DREDIS__AGAIN;
    if (pause_between(t, err) < 0)
        return -1;
    for (int tries = 0; result > 0 && tries < MOST_TRIES; tries++) {
        t->own = dredis__dedicated_take(t->client, err);
        if (t->own == NULL)
            return -1;
        result = watch(t, keys, n, err);
        if (result != 0)
            give_back(t, false);
    }
    if (result == DREDIS__AGAIN)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "each connection broke at once");
    return result != 0 ? -1 : 0;
}

int dredis_transaction_watch(dredis_transaction *t, const diesel_value *keys,
                             size_t n, diesel_error *err)
{
    int result;
    t->client->refs++;
    if (t->own == NULL) {
        reset(t);
        result = begin(t, keys, n, err);
    } else {
        result = watch(t, keys, n, err);
        if (result != 0)
            give_back(t, false);
        if (result == DREDIS__AGAIN)
            diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                             "the connection that watched is broken");
    }
    if (result != 0)
        diesel_error_prefix(err, "redis %s: watching keys",
                            dredis_name(t->client));
    dredis__client_leave(t->client);
    return result != 0 ? -1 : 0;
}

dredis_reply *dredis_transaction_call_array(dredis_transaction *t,
                                            const diesel_value *args, size_t n,
                                            diesel_error *err)
{
    dredis_reply *reply = NULL;
    int result;
    if (t->own == NULL)
        result = diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                  "nothing is watched");
    else if (refuse_route(args, n, err) < 0)
        result = -1;
    else
        result = exchange(t, args, n, &reply, err);
    if (result == 0)
        return reply;
    if (result == DREDIS__AGAIN)
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "the connection that watched is broken");
    explain(t, args, n, err);
    return NULL;
}

/* EXEC says that one was refused: the error tells which, and why. */
static int refused(dredis_reply *const *replies, size_t n,
                   const dredis_reply *exec, diesel_error *err)
{
    for (size_t i = 1; i <= n; i++) {
        if (replies[i]->type != DREDIS_ERROR)
            continue;
        dredis__server_error(replies[i], err);
        diesel_error_prefix(err, "command %zu", i - 1);
        if (err != NULL)
            err->detail = (int)exec->integer;
        return -1;
    }
    return dredis__server_error(exec, err);
}

/* What the replies mean: 1, 0 or -1; that of EXEC is kept. */
static int judge(dredis_transaction *t, dredis_reply **replies, size_t n,
                 diesel_error *err)
{
    dredis_reply *exec = replies[n + 1];
    if (replies[0]->type == DREDIS_ERROR)
        return dredis__server_error(replies[0], err);
    if (exec->type == DREDIS_ERROR)
        return refused(replies, n, exec, err);
    if (exec->type == DREDIS_NIL)
        return 0;
    if (exec->type != DREDIS_ARRAY || exec->elements != n)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "the reply to EXEC, of type %s, has %zu elements "
                                "for %zu commands",
                                dredis_type_name(exec->type), exec->elements, n);
    t->result = exec;
    replies[n + 1] = NULL;
    return 1;
}

/* Sends all, and gets the replies: as dredis__connection_call(). */
static int send_all(dredis_transaction *t, dredis__request *request,
                    diesel_error *err)
{
    if (t->own == NULL)
        return dredis__run(t->client, request, DREDIS__SHARED, err);
    if (diesel_check(err) < 0)
        return -1;
    int result =
        dredis__watch_exchange(t->client->config.watch,
                               dredis__dedicated_connection(t->own), request, err);
    if (result == DREDIS__AGAIN)
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "the connection that watched is broken");
    return result;
}

static int run(dredis_transaction *t, size_t n, diesel_error *err)
{
    dredis_reply **replies = diesel_calloc(n + 2, sizeof(dredis_reply *));
    if (replies == NULL || dredis__batch_add(&t->batch, DIESEL_VALUES("EXEC"), 1,
                                             err) < 0) {
        diesel_free(replies);
        return diesel_error_nomem(err, "the replies of a transaction");
    }
    dredis__request request = {.bytes = t->batch.bytes,
                               .size = t->batch.size,
                               .commands = n + 2,
                               .replies = replies};
    int result = send_all(t, &request, err) == 0 ? judge(t, replies, n, err) : -1;
    for (size_t i = 0; i < request.got; i++)
        dredis_reply_free(replies[i]);
    diesel_free(replies);
    return result;
}

int dredis_transaction_run(dredis_transaction *t, diesel_error *err)
{
    if (t->ran)
        reset(t);
    size_t n = dredis_transaction_count(t);
    if (n == 0)
        return dredis_transaction_discard(t, err) < 0 ? -1 : 1;
    t->client->refs++;
    t->ran = true;
    int result = run(t, n, err);
    give_back(t, result >= 0);
    t->attempts = result == 0 ? t->attempts + 1 : 0;
    if (result < 0)
        diesel_error_prefix(err, "redis %s: transaction of %zu command%s",
                            dredis_name(t->client), n, n == 1 ? "" : "s");
    dredis__client_leave(t->client);
    return result;
}

int dredis_transaction_discard(dredis_transaction *t, diesel_error *err)
{
    const diesel_value unwatch = WORD_OF("UNWATCH");
    dredis_reply *reply = NULL;
    t->attempts = 0;
    reset(t);
    if (t->own == NULL)
        return diesel_check(err);
    t->client->refs++;
    int result = exchange(t, &unwatch, 1, &reply, err);
    dredis_reply_free(reply);
    give_back(t, result == 0);
    if (result == DREDIS__AGAIN)
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "the connection that watched is broken");
    dredis__client_leave(t->client);
    return result == 0 ? 0 : -1;
}

int dredis_transaction_check(const dredis_transaction *t, diesel_error *err)
{
    for (size_t i = 0; t->result != NULL && i < t->result->elements; i++) {
        if (t->result->element[i].type != DREDIS_ERROR)
            continue;
        dredis__server_error(&t->result->element[i], err);
        diesel_error_prefix(err, "redis %s: transaction, command %zu",
                            dredis_name(t->client), i);
        return -1;
    }
    return 0;
}

size_t dredis_transaction_count(const dredis_transaction *t)
{
    size_t extra = t->ran ? 2 : 1;
    return t->batch.commands > extra ? t->batch.commands - extra : 0;
}

const dredis_reply *dredis_transaction_reply(const dredis_transaction *t,
                                             size_t i)
{
    return t->result != NULL && i < t->result->elements ? &t->result->element[i]
                                                        : NULL;
}
