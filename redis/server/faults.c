/* SPDX-License-Identifier: MIT */
/*
 * The test server's faults: what a test wants to go wrong.
 */
#include <string.h>
#include <strings.h>

#include <diesel/memory.h>

#include "server/engine_internal.h"

static void fault_free(void *item)
{
    dredis__fault *fault = item;
    if (fault == NULL)
        return;
    diesel_free(fault->command);
    diesel_free(fault->text);
    diesel_free(fault);
}

static char *copy(const char *text, bool *failed)
{
    if (text == NULL)
        return NULL;
    char *made = diesel_strndup(text, strlen(text));
    *failed = *failed || made == NULL;
    return made;
}

int dredis__fault_add(dredis__engine *engine, const dredis_server_fault *what)
{
    bool failed = false;
    dredis__fault *fault = diesel_calloc(1, sizeof *fault);
    if (fault == NULL)
        return -1;
    fault->what = *what;
    fault->command = copy(what->command, &failed);
    fault->text = copy(what->text, &failed);
    if (!failed && dredis__list_push(&engine->faults, fault) == 0)
        return 0;
    fault_free(fault);
    return -1;
}

void dredis__faults_clear(dredis__engine *engine)
{
    dredis__list_clear(&engine->faults, fault_free);
}

static bool fits(const dredis__fault *fault, const dredis__call *call)
{
    if (fault->what.times != 0 && fault->done >= fault->what.times)
        return false;
    if (fault->command != NULL)
        return dredis__span_is_word(call->arg[0], fault->command);
    return call->command == NULL ||
           (call->command->flags & DREDIS__GREETING) == 0;
}

static dredis__fault *find(const dredis__call *call)
{
    const dredis__list *faults = &call->engine->faults;
    for (size_t i = 0; i < faults->count; i++) {
        dredis__fault *fault = dredis__list_at(faults, i);
        if (!fits(fault, call))
            continue;
        if (fault->passed++ < fault->what.after)
            continue;
        fault->done++;
        return fault;
    }
    return NULL;
}

static void delay(const dredis__call *call, int64_t ms)
{
    dredis__peer *peer = call->peer;
    peer->held = dredis__kept_new(call->command, call->n, call->arg);
    peer->until = dredis__engine_now(call->engine) + ms;
    peer->closing = peer->closing || peer->held == NULL;
}

bool dredis__fault_strikes(dredis__call *call)
{
    dredis__peer *peer = call->peer;
    const dredis__fault *fault = find(call);
    if (fault == NULL)
        return false;
    dredis__peer_has_output(peer);
    switch (fault->what.action) {
    case DREDIS_SERVER_ERROR:
        dredis__say_error(call, "%s", fault->text);
        return true;
    case DREDIS_SERVER_DELAY:
        delay(call, fault->what.ms);
        return true;
    case DREDIS_SERVER_REFUSE:
        peer->closing = true;
        return true;
    case DREDIS_SERVER_HANG:
        peer->stuck = true;
        return true;
    case DREDIS_SERVER_LOSE:
    case DREDIS_SERVER_CUT:
        peer->is_cut = true;
        peer->cut = peer->out.len +
                    (fault->what.action == DREDIS_SERVER_CUT ? fault->what.bytes
                                                             : 0);
        return false;
    case DREDIS_SERVER_SAY:
        dredis__buffer_add(call->out, fault->text, strlen(fault->text));
        return false;
    }
    return false;
}
