/* SPDX-License-Identifier: MIT */
/*
 * Posting a function to another thread, and calling one there.
 *
 * A call is one struct on the caller's stack that travels: as a letter to the
 * other thread, where it is delivered by starting a fiber, and back when that has
 * ended. A caller that is cancelled meanwhile sends `stop` after it, which comes
 * back as well; the caller goes on when nothing of the call is under way any more,
 * since only then its stack is its own again.
 */
#include <diesel/thread.h>

#include <diesel/memory.h>
#include <diesel/park.h>

#include "inbox_internal.h"
#include "sched_internal.h"

struct post {
    diesel__letter letter;
    void (*fn)(void *arg);
    void *arg;
};

static void deliver_post(diesel__letter *letter)
{
    struct post post = *DIESEL__HOLDER(letter, struct post, letter);
    diesel_free(DIESEL__HOLDER(letter, struct post, letter));
    post.fn(post.arg);
}

static int has_ended(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "the other thread's scheduler has ended");
}

int diesel_post(diesel_thread *to, void (*fn)(void *arg), void *arg,
                diesel_error *err)
{
    if (diesel__inbox_is_foreign(to, err))
        return -1;
    struct post *post = diesel_malloc(sizeof *post);
    if (post == NULL)
        return diesel_error_nomem(err, "a function to be posted");
    *post = (struct post){
        .letter.deliver = deliver_post, .fn = fn, .arg = arg};
    if (diesel__inbox_post(to, &post->letter))
        return 0;
    diesel_free(post);
    return has_ended(err);
}

struct call {
    diesel__letter go, stop;
    diesel_thread *from, *to;
    diesel_fiber *caller;
    unsigned under_way; /* letters; the caller's count */
    bool stopping;      /* the caller has sent `stop`   */
    diesel_fn *fn;
    void *arg;
    diesel_scope *scope; /* over there, around fn; NULL: not yet, or no more */
    bool stopped;        /* over there: cancelled                            */
    int result;
    diesel_error error;
};

static void call_came_back(struct call *call)
{
    call->under_way--;
    diesel_wake(call->caller, 0);
}

static void go_came_back(diesel__letter *letter)
{
    call_came_back(DIESEL__HOLDER(letter, struct call, go));
}

static void stop_came_back(diesel__letter *letter)
{
    call_came_back(DIESEL__HOLDER(letter, struct call, stop));
}

/* Over there. The caller waits for what is sent back, so its inbox is open; but
 * with the letter the call is gone. */
static void send_back(diesel_thread *from, diesel__letter *letter,
                      void (*deliver)(diesel__letter *letter))
{
    diesel__inbox_hold(from);
    letter->deliver = deliver;
    diesel__inbox_post(from, letter);
    diesel__inbox_drop(from);
}

/* Runs the function; its error is copied, as the fiber's own goes with it. */
static void run_call(struct call *call, diesel_fiber *self)
{
    call->scope = diesel_scope_open(NULL);
    if (call->scope == NULL) {
        diesel_error_nomem(&call->error, "a scope");
        return;
    }
    if (call->stopped)
        diesel_scope_cancel(call->scope);
    call->result = call->fn(call->arg);
    if (call->result < 0 && self->error != NULL)
        call->error = *self->error;
    else if (call->result < 0)
        diesel_error_set(&call->error, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                         "the function called on another thread returned %d "
                         "and gave no error",
                         call->result);
    diesel_error ignored; /* it holds no fiber but this one's own calls */
    (void)diesel_scope_wait(call->scope, &ignored);
    call->scope = NULL;
}

static int call_fiber(void *arg)
{
    struct call *call = arg;
    run_call(call, diesel__current->current);
    send_back(call->from, &call->go, go_came_back);
    return 0;
}

/* The home of the fibers that other threads call. */
static diesel_scope *posted_scope(diesel__sched *s)
{
    if (s->posted == NULL)
        s->posted = diesel_scope_open(&(diesel_scope_options){
            .label = "calls of other threads", .detached = true});
    return s->posted;
}

static void deliver_call(diesel__letter *letter)
{
    struct call *call = DIESEL__HOLDER(letter, struct call, go);
    diesel_scope *home = posted_scope(diesel__current);
    if (home != NULL &&
        diesel__start(home, "call", call_fiber, call) != NULL)
        return;
    diesel_error_nomem(&call->error, "a fiber on the other thread");
    send_back(call->from, &call->go, go_came_back);
}

static void deliver_stop(diesel__letter *letter)
{
    struct call *call = DIESEL__HOLDER(letter, struct call, stop);
    call->stopped = true;
    diesel_scope_cancel(call->scope);
    send_back(call->from, &call->stop, stop_came_back);
}

/* Waits until the call is the caller's again. */
static void wait_for_call(diesel__sched *s, struct call *call)
{
    while (call->under_way > 0) {
        int woken = diesel__suspend(s, "a call on another thread");
        if (woken >= 0 || call->stopping)
            continue;
        call->stopping = true;
        if (diesel__inbox_post(call->to, &call->stop))
            call->under_way++;
    }
}

int diesel_call(diesel_thread *to, diesel_fn *fn, void *arg, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_call");
    if (diesel__is_cut(s))
        return diesel__cut(s, "a call on another thread", err);
    if (diesel__inbox_is_foreign(to, err))
        return -1;
    diesel_thread *from = diesel__inbox_need(s, err);
    if (from == NULL)
        return -1;
    struct call call = {.go.deliver = deliver_call,
                        .stop.deliver = deliver_stop,
                        .from = from,
                        .to = to,
                        .caller = s->current,
                        .under_way = 1,
                        .fn = fn,
                        .arg = arg,
                        .result = -1};
    if (!diesel__inbox_post(to, &call.go))
        return has_ended(err);
    diesel__inbox_expect(from);
    wait_for_call(s, &call);
    diesel__inbox_expect_no_more(from);
    if (call.result >= 0)
        return call.result;
    if (call.stopping && call.error.code == DIESEL_E_CANCELLED)
        return diesel__cut(s, "a call on another thread", err);
    if (err != NULL)
        *err = call.error;
    return call.result;
}
