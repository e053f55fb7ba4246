/* SPDX-License-Identifier: MIT */
/*
 * The test server's engine: clients, their requests in order, who may run what, and
 * what each has to be sent.
 *
 * A client's input waits in `in` until its commands are run, one after the other;
 * it stands still while a command of its waits (BLPOP, or a fault's delay) and goes
 * on, possibly from within another client's turn, when that has its reply.
 *
 * Invariants:
 * 1. A client whose `out` is not empty, or that is to be closed, is in the list of
 *    outputs.
 * 2. Without memory for a reply a client is closed, for it would miss one.
 */
#include "server/engine_internal.h"

#include <string.h>
#include <time.h>

#include <diesel/memory.h>

#include "server/data_internal.h"

static const dredis__request_limits usual_limits = {
    .args = 1024 * 1024, .bulk = 64u << 20, .total = 256u << 20};

dredis__engine *dredis__engine_new(const dredis_server_options *options)
{
    dredis__engine *engine = diesel_calloc(1, sizeof *engine);
    if (engine == NULL)
        return NULL;
    engine->user = options->user;
    engine->password = options->password;
    engine->manual_clock = options->manual_clock;
    engine->random = 88172645463325252u;
    if (options->manual_clock)
        engine->clock = 1600000000000; /* some day */
    return engine;
}

void dredis__engine_free(dredis__engine *engine)
{
    while (engine->peers != NULL)
        dredis__peer_free(engine->peers);
    for (int i = 0; i < DREDIS__DATABASES; i++)
        dredis__dict_clear(&engine->db[i], dredis__object_free);
    dredis__entry *entry;
    for (size_t at = 0;
         (entry = dredis__dict_next(&engine->tracked, &at)) != NULL;) {
        dredis__list_clear(entry->value, NULL);
        diesel_free(entry->value);
    }
    dredis__dict_clear(&engine->tracked, NULL);
    dredis__dict_clear(&engine->calls, NULL);
    dredis__faults_clear(engine);
    diesel_free(engine);
}

int64_t dredis__engine_now(const dredis__engine *engine)
{
    if (engine->manual_clock)
        return engine->clock;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + engine->clock;
}

uint64_t dredis__random(dredis__engine *engine, uint64_t below)
{
    engine->random ^= engine->random << 13;
    engine->random ^= engine->random >> 7;
    engine->random ^= engine->random << 17;
    return engine->random % below;
}

/* --- Clients */

dredis__peer *dredis__peer_new(dredis__engine *engine, void *owner)
{
    dredis__peer *peer = diesel_calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->engine = engine;
    peer->owner = owner;
    peer->id = ++engine->next_id;
    peer->resp = 2;
    peer->caching = -1;
    peer->authenticated = engine->password == NULL;
    peer->parser.limits = usual_limits;
    peer->next = engine->peers;
    if (peer->next != NULL)
        peer->next->prev = peer;
    engine->peers = peer;
    return peer;
}

dredis__peer *dredis__peer_find(dredis__engine *engine, uint64_t id)
{
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next)
        if (peer->id == id)
            return peer;
    return NULL;
}

void dredis__peer_forget_waiting(dredis__peer *peer)
{
    diesel_free(peer->waiting);
    diesel_free(peer->held);
    peer->waiting = peer->held = NULL;
}

void dredis__peer_reset(dredis__peer *peer)
{
    dredis__peer_unsubscribe_all(peer);
    dredis__peer_discard(peer);
    dredis__tracking_off(peer);
    dredis__peer_forget_waiting(peer);
    diesel_free(peer->name);
    peer->name = NULL;
    peer->db = 0;
    peer->resp = 2;
    peer->authenticated = peer->engine->password == NULL;
}

static void leave_output(dredis__peer *peer)
{
    for (dredis__peer **at = &peer->engine->output; *at != NULL;
         at = &(*at)->next_output) {
        if (*at == peer) {
            *at = peer->next_output;
            break;
        }
    }
    peer->has_output = false;
}

void dredis__peer_free(dredis__peer *peer)
{
    dredis__peer_reset(peer);
    leave_output(peer);
    if (peer->prev != NULL)
        peer->prev->next = peer->next;
    else
        peer->engine->peers = peer->next;
    if (peer->next != NULL)
        peer->next->prev = peer->prev;
    dredis__request_clear(&peer->parser);
    dredis__buffer_clear(&peer->in);
    dredis__buffer_clear(&peer->out);
    dredis__buffer_clear(&peer->late);
    diesel_free(peer);
}

void dredis__peer_has_output(dredis__peer *peer)
{
    if (peer->has_output)
        return;
    peer->has_output = true;
    peer->next_output = peer->engine->output;
    peer->engine->output = peer;
}

static bool is_cut(const dredis__peer *peer)
{
    return peer->is_cut && peer->out.len >= peer->cut;
}

dredis__peer *dredis__engine_next_output(dredis__engine *engine)
{
    dredis__peer *peer = engine->output;
    if (peer == NULL)
        return NULL;
    engine->output = peer->next_output;
    peer->has_output = false;
    if (is_cut(peer)) {
        peer->out.len = peer->cut;
        peer->closing = true;
    }
    peer->cut -= peer->is_cut ? peer->out.len : 0;
    return peer;
}

/* --- Commands */

dredis__kept *dredis__kept_new(const dredis__server_command *command, size_t n,
                               const dredis__span *arg)
{
    size_t size = sizeof(dredis__kept) + n * sizeof *arg;
    for (size_t i = 0; i < n; i++)
        size += arg[i].len;
    dredis__kept *kept = diesel_malloc(size);
    if (kept == NULL)
        return NULL;
    *kept = (dredis__kept){command, n, (dredis__span *)(kept + 1)};
    char *at = (char *)(kept->arg + n);
    for (size_t i = 0; i < n; i++) {
        kept->arg[i] = (dredis__span){at, arg[i].len};
        if (arg[i].len > 0)
            memcpy(at, arg[i].at, arg[i].len);
        at += arg[i].len;
    }
    return kept;
}

static void count_call(dredis__engine *engine, const dredis__server_command *command)
{
    bool added;
    dredis__span name = {command->name, strlen(command->name)};
    dredis__entry *entry = dredis__dict_add(&engine->calls, name, &added);
    engine->commands++;
    if (entry != NULL)
        entry->score = added ? 1 : entry->score + 1;
}

static bool has_arity(const dredis__server_command *command, size_t n)
{
    return command->arity >= 0 ? n == (size_t)command->arity
                               : n >= (size_t)-command->arity;
}

/* Says why the command may not run, if so. */
static bool is_refused(dredis__call *call)
{
    const dredis__peer *peer = call->peer;
    const dredis__server_command *command = call->command;
    if (command == NULL)
        dredis__say_error(call, "ERR unknown command '%.*s', with args "
                                "beginning with: ",
                          (int)(call->arg[0].len < 128 ? call->arg[0].len : 128),
                          call->arg[0].at);
    else if (!has_arity(command, call->n))
        dredis__say_error(call,
                          "ERR wrong number of arguments for '%s' command",
                          command->name);
    else if (!peer->authenticated && (command->flags & DREDIS__ANYONE) == 0)
        dredis__say_error(call, "NOAUTH Authentication required.");
    else if (peer->in_multi && (command->flags & DREDIS__NEVER_QUEUED) != 0)
        dredis__say_error(call, "ERR Command not allowed inside a transaction");
    else if (peer->resp == 2 && dredis__peer_subscriptions(peer) > 0 &&
             (command->flags & DREDIS__SUBSCRIBED) == 0)
        dredis__say_error(call,
                          "ERR Can't execute '%s': only (P|S)SUBSCRIBE / "
                          "(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed "
                          "in this context",
                          command->name);
    else
        return false;
    return true;
}

static void queue_call(dredis__call *call)
{
    dredis__kept *kept = dredis__kept_new(call->command, call->n, call->arg);
    if (kept == NULL || dredis__list_push(&call->peer->queued, kept) < 0) {
        diesel_free(kept);
        call->peer->multi_failed = true;
        dredis__say_no_memory(call);
        return;
    }
    dredis__say_status(call, "QUEUED");
}

/* A command that found nothing is put aside. */
static void wait_call(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    peer->waiting = dredis__kept_new(call->command, call->n, call->arg);
    peer->until = call->until;
    peer->ticket = ++peer->engine->next_ticket;
    if (peer->waiting == NULL)
        dredis__say_no_memory(call);
}

void dredis__call_run(dredis__call *call)
{
    call->command->run(call);
    if (call->waits)
        wait_call(call);
}

/* Runs or queues one command of the client. */
static void dispatch(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    if (is_refused(call)) {
        peer->multi_failed = peer->multi_failed || peer->in_multi;
    } else {
        count_call(call->engine, call->command);
        if (peer->in_multi && (call->command->flags & DREDIS__UNQUEUED) == 0)
            queue_call(call);
        else
            dredis__call_run(call);
        if (!peer->in_multi && (call->command->flags & DREDIS__GREETING) == 0)
            peer->caching = -1;
    }
    if (peer->late.len > 0 || peer->late.failed) {
        dredis__buffer_add(&peer->out, peer->late.at, peer->late.len);
        peer->out.failed = peer->out.failed || peer->late.failed;
        dredis__buffer_clear(&peer->late);
    }
    dredis__peer_has_output(peer);
    dredis__waiting_serve(call->engine);
}

static dredis__call make_call(dredis__peer *peer, const dredis__server_command *command,
                              size_t n, const dredis__span *arg)
{
    return (dredis__call){.engine = peer->engine,
                          .peer = peer,
                          .command = command,
                          .n = n,
                          .arg = arg,
                          .out = &peer->out,
                          .may_wait = !peer->in_multi};
}

static void refuse_request(dredis__peer *peer)
{
    dredis__buffer_print(&peer->out, "-ERR Protocol error: %s\r\n",
                         peer->parser.why);
    peer->closing = true;
    dredis__peer_has_output(peer);
}

static bool stands_still(const dredis__peer *peer)
{
    return peer->waiting != NULL || peer->held != NULL || peer->stuck ||
           peer->closing || peer->out.failed || is_cut(peer);
}

/* Runs the commands that are all there. */
static void run_input(dredis__peer *peer)
{
    size_t used = 0;
    while (!stands_still(peer) && used < peer->in.len) {
        long size = dredis__request_parse(&peer->parser, peer->in.at + used,
                                          peer->in.len - used);
        if (size < 0)
            refuse_request(peer);
        if (size <= 0)
            break;
        dredis__call call =
            make_call(peer, dredis__server_command_find(peer->parser.args[0]),
                      peer->parser.want, peer->parser.args);
        if (!dredis__fault_strikes(&call))
            dispatch(&call);
        used += (size_t)size;
    }
    dredis__buffer_drop(&peer->in, used);
    if (peer->out.failed || peer->in.failed) {
        peer->closing = true;
        dredis__peer_has_output(peer);
    }
}

void dredis__engine_input(dredis__peer *peer, const char *bytes, size_t n)
{
    dredis__buffer_add(&peer->in, bytes, n);
    run_input(peer);
}

/* --- Waiting */

/* The client that has waited longest, of those for which it may be worth to try. */
static dredis__peer *next_waiting(dredis__engine *engine, uint64_t after)
{
    dredis__peer *first = NULL;
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next)
        if (peer->waiting != NULL && peer->ticket > after &&
            (first == NULL || peer->ticket < first->ticket))
            first = peer;
    return first;
}

/* Tries the waiting command again: true, and it is over. */
static bool try_waiting(dredis__peer *peer)
{
    dredis__kept *kept = peer->waiting;
    dredis__call call = make_call(peer, kept->command, kept->n, kept->arg);
    kept->command->run(&call);
    if (call.waits)
        return false;
    dredis__peer_has_output(peer);
    peer->waiting = NULL;
    diesel_free(kept);
    return true;
}

/* Gives what has come into lists and sorted sets to those who wait for it, in the
 * order in which they came. What they do may feed others, as BLMOVE does. */
void dredis__waiting_serve(dredis__engine *engine)
{
    if (engine->serving_waiters)
        return;
    engine->serving_waiters = true;
    while (engine->keys_ready) {
        engine->keys_ready = false;
        dredis__peer *peer;
        uint64_t ticket = 0;
        while ((peer = next_waiting(engine, ticket)) != NULL) {
            ticket = peer->ticket;
            if (try_waiting(peer))
                run_input(peer);
        }
    }
    engine->serving_waiters = false;
}

void dredis__waiting_time_out(dredis__peer *peer)
{
    dredis__call call = make_call(peer, peer->waiting->command, 0, NULL);
    dredis__say_nil_array(&call);
    dredis__peer_forget_waiting(peer);
    dredis__peer_has_output(peer);
    run_input(peer);
}

static void run_held(dredis__peer *peer)
{
    dredis__kept *kept = peer->held;
    peer->held = NULL;
    dredis__call call = make_call(peer, kept->command, kept->n, kept->arg);
    dispatch(&call);
    diesel_free(kept);
    run_input(peer);
}

int64_t dredis__engine_due(const dredis__engine *engine)
{
    int64_t due = INT64_MAX;
    for (const dredis__peer *peer = engine->peers; peer != NULL;
         peer = peer->next)
        if ((peer->held != NULL || (peer->waiting != NULL && peer->until != 0)) &&
            peer->until < due)
            due = peer->until;
    return due;
}

void dredis__engine_tick(dredis__engine *engine)
{
    dredis__keys_expire(engine);
    int64_t now = dredis__engine_now(engine);
    for (dredis__peer *peer = engine->peers; peer != NULL; peer = peer->next) {
        if (peer->held != NULL && peer->until <= now)
            run_held(peer);
        else if (peer->waiting != NULL && peer->until != 0 && peer->until <= now)
            dredis__waiting_time_out(peer);
    }
}
