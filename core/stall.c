/* SPDX-License-Identifier: MIT */
/*
 * The stall watcher. A thread of its own looks now and then whether the
 * scheduler has switched since; the scheduler does nothing for that which it would
 * not do anyway. If it has not, for too long, the thread is sent a signal, whose
 * handler notes who runs and where; the watcher then logs it, outside the
 * handler.
 *
 * The signal is SIGURG: it is ignored by default, so one that comes too late does
 * no harm. A handler that the program has for it is called for signals that are
 * not ours.
 *
 * A note is taken for one thread at a time; `taking` is the mutex of that.
 */
#include "stall_internal.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include <diesel/log.h>
#include <diesel/memory.h>

#include "backtrace_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

#define SIGNAL SIGURG
#define MOST_FRAMES 32
#define NOTE_TIMEOUT_S 1

static diesel_logger logger = DIESEL_LOGGER("diesel.stall");

struct diesel__stall {
    diesel__sched *s;
    pthread_t owner, watcher;
    pthread_mutex_t lock; /* of `stop` */
    pthread_cond_t stopped;
    bool stop;
    diesel__stall_state state;
};

/* What the handler notes. */
static struct {
    int wanted; /* atomic */
    sem_t taken;
    void *frames[MOST_FRAMES];
    int count;
    char label[80];
    uint64_t number;
} note;

static pthread_mutex_t taking = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction before;

int64_t diesel__stall_look(diesel__stall_state *state, diesel__heartbeat beat,
                           int64_t now)
{
    bool same = beat.current == state->last.current &&
                beat.rounds == state->last.rounds &&
                beat.slice == state->last.slice &&
                beat.slices == state->last.slices;
    if (!same || beat.current == NULL) {
        state->last = beat;
        state->since = now;
        state->report = now + state->limit;
        return 0;
    }
    if (now < state->report)
        return 0;
    while (state->report <= now)
        state->report = state->since + 2 * (state->report - state->since);
    return now - state->since;
}

/* The scheduler's thread may write meanwhile: then the parts are of different
 * moments, which only looks like a switch that there has been indeed. */
#ifdef DIESEL__TSAN
__attribute__((no_sanitize("thread")))
#endif
static diesel__heartbeat
beat_of(const diesel__sched *s)
{
    const volatile diesel__sched *now = s;
    return (diesel__heartbeat){.current = now->current,
                               .rounds = now->rounds,
                               .slice = now->slice,
                               .slices = now->slices};
}

/* Where the signal came in. */
static void *interrupted_at(const ucontext_t *context)
{
#if defined __x86_64__
    return (void *)context->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (void *)context->uc_mcontext.pc;
#else
    (void)context;
    return NULL;
#endif
}

static void take_note(const ucontext_t *context)
{
    const diesel__sched *s = diesel__current;
    const diesel_fiber *fiber = s != NULL ? s->current : NULL;
    note.number = fiber != NULL ? fiber->number : 0;
    note.count = 0;
    note.label[0] = '\0';
    if (fiber != NULL) {
        strncat(note.label, fiber->label, sizeof note.label - 1);
        note.count = diesel__backtrace(note.frames, MOST_FRAMES);
    }
    /* Without the frames of this handler. */
    void *at = interrupted_at(context);
    for (int i = 0; i < note.count; i++)
        if (note.frames[i] == at) {
            note.count -= i;
            memmove(note.frames, note.frames + i,
                    (size_t)note.count * sizeof note.frames[0]);
            break;
        }
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    if (__atomic_exchange_n(&note.wanted, 0, __ATOMIC_ACQUIRE)) {
        take_note(context);
        sem_post(&note.taken);
    } else if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    }
    errno = saved;
}

static void install(void)
{
    void *frame;
    diesel__backtrace(&frame, 1); /* what it loads, it loads now */
    sem_init(&note.taken, 0, 0);
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGNAL, &action, &before);
}

/* Has the thread take a note; false if it does not come to it. */
static bool ask_for_note(pthread_t thread)
{
    struct timespec until;
    while (sem_trywait(&note.taken) == 0)
        ; /* one that came too late */
    __atomic_store_n(&note.wanted, 1, __ATOMIC_RELEASE);
    if (pthread_kill(thread, SIGNAL) != 0)
        return false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += NOTE_TIMEOUT_S;
    int result;
    do
        result = sem_timedwait(&note.taken, &until);
    while (result < 0 && errno == EINTR);
    /* If the handler has begun, it ends soon, and its note counts. */
    if (result < 0 && !__atomic_exchange_n(&note.wanted, 0, __ATOMIC_ACQUIRE))
        result = sem_wait(&note.taken);
    return result == 0;
}

static void report(struct diesel__stall *stall, int64_t ns)
{
    int64_t ms = ns / 1000000;
    pthread_mutex_lock(&taking);
    if (!ask_for_note(stall->owner)) {
        diesel_log(&logger, DIESEL_WARNING,
                   "a fiber does not switch, and its thread takes no signals",
                   "ms", ms);
    } else if (note.number != 0) { /* else it has just come to its end */
        diesel__text line;
        diesel__text_init(&line, 16384);
        diesel__backtrace_line(&line, note.frames, note.count);
        diesel_log(&logger, DIESEL_WARNING, "a fiber does not switch", "stalled",
                   note.label, "id", note.number, "ms", ms, "backtrace",
                   diesel__text_string(&line));
        diesel__text_clear(&line);
    }
    pthread_mutex_unlock(&taking);
}

/* Waits a part of the limit; false when it shall stop. */
static bool wait_for_next_look(struct diesel__stall *stall)
{
    struct timespec until;
    int64_t ns = stall->state.limit / 4;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ns / 1000000000;
    until.tv_nsec += ns % 1000000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&stall->lock);
    while (!stall->stop && pthread_cond_timedwait(&stall->stopped, &stall->lock,
                                                  &until) != ETIMEDOUT)
        ;
    bool stop = stall->stop;
    pthread_mutex_unlock(&stall->lock);
    return !stop;
}

static void *watch(void *arg)
{
    struct diesel__stall *stall = arg;
    while (wait_for_next_look(stall)) {
        int64_t ns = diesel__stall_look(&stall->state, beat_of(stall->s),
                                        diesel__clock());
        if (ns > 0)
            report(stall, ns);
    }
    return NULL;
}

/* Signals are for the program's threads. 0, or an errno. */
static int start_thread(struct diesel__stall *stall)
{
    sigset_t all, present;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&stall->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&stall->lock, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &present);
    int failed = diesel__sys.pthread_create(&stall->watcher, NULL, watch, stall);
    pthread_sigmask(SIG_SETMASK, &present, NULL);
    return failed;
}

static int64_t environment_ms(void)
{
    const char *ms = getenv("DIESEL_STALL_MS");
    return ms != NULL ? strtoll(ms, NULL, 10) : 0;
}

void diesel__stall_start(diesel__sched *s, int64_t ms)
{
    if (ms <= 0)
        ms = environment_ms();
    if (ms <= 0)
        return;
    pthread_once(&once, install);
    struct diesel__stall *stall = diesel_calloc(1, sizeof *stall);
    int failed = ENOMEM;
    if (stall != NULL) {
        stall->s = s;
        stall->owner = pthread_self();
        stall->state.limit = diesel__deadline_ns(ms);
        failed = start_thread(stall);
    }
    if (failed == 0) {
        s->stall = stall;
        return;
    }
    diesel_free(stall);
    diesel_log(&logger, DIESEL_ERROR, "stalls are not watched", "error",
               strerror(failed));
}

void diesel__stall_stop(diesel__sched *s)
{
    struct diesel__stall *stall = s->stall;
    if (stall == NULL)
        return;
    pthread_mutex_lock(&stall->lock);
    stall->stop = true;
    pthread_cond_signal(&stall->stopped);
    pthread_mutex_unlock(&stall->lock);
    pthread_join(stall->watcher, NULL);
    pthread_cond_destroy(&stall->stopped);
    pthread_mutex_destroy(&stall->lock);
    diesel_free(stall);
    s->stall = NULL;
}
