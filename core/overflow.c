/* SPDX-License-Identifier: MIT */
/*
 * Stack overflow: a fiber that runs into the guard below its stack gets SIGSEGV,
 * which by itself tells nobody what happened. A handler on a signal stack of its
 * own names the fiber and shows where it was, and then lets the fault take its
 * course: the handler that was there before, or the end of the program.
 *
 * AddressSanitizer reports overflows by itself, with more detail; there is no
 * handler under it.
 */
#include "overflow_internal.h"

#include "sched_internal.h"

#ifdef DIESEL__ASAN

void diesel__overflow_watch(diesel__sched *s)
{
    (void)s;
}

void diesel__overflow_unwatch(diesel__sched *s)
{
    (void)s;
}

#else

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <diesel/memory.h>

#include "backtrace_internal.h"

#define SIGNAL_STACK (32 * 1024)
#define MOST_FRAMES 32

static const int signals[] = {SIGSEGV, SIGBUS};
#define SIGNALS (sizeof signals / sizeof signals[0])

static struct sigaction before[SIGNALS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Whether the address lies in the guard of the running fiber. */
static bool is_overflow(const diesel__sched *s, const void *address)
{
    if (s == NULL || s->current == NULL)
        return false;
    uintptr_t bottom =
        (uintptr_t)diesel__stack_bottom(&s->stacks, s->current);
    uintptr_t at = (uintptr_t)address;
    return at < bottom && at >= bottom - s->stacks.guard;
}

/* A line is short enough to allocate nothing. */
static void write_frame(void *frame)
{
    diesel__text line;
    diesel__text_init(&line, sizeof line.small - 1);
    diesel__text_puts(&line, "    ");
    diesel__backtrace_frame(&line, frame);
    line.p[line.len++] = '\n';
    if (write(STDERR_FILENO, line.p, line.len) < 0)
        return;
}

static void report(const diesel__sched *s)
{
    char text[200];
    int n = snprintf(text, sizeof text,
                     "diesel: fiber %s overflowed its stack of %zu KiB; the "
                     "stack_size in diesel_options sets it\n",
                     s->current->label, s->stacks.size / 1024);
    if (n >= (int)sizeof text) { /* a long label */
        n = (int)sizeof text - 1;
        text[n - 1] = '\n';
    }
    if (write(STDERR_FILENO, text, (size_t)n) < 0)
        return;
    void *frames[MOST_FRAMES];
    int count = diesel__backtrace(frames, MOST_FRAMES);
    for (int i = 0; i < count; i++)
        write_frame(frames[i]);
}

/* After it has returned, the instruction faults again, under the old handler; a
 * signal that somebody has sent comes again. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    bool sent = info->si_code <= 0;
    if (!sent && is_overflow(diesel__current, info->si_addr))
        report(diesel__current);
    for (size_t i = 0; i < SIGNALS; i++)
        if (signals[i] == number)
            sigaction(number, &before[i], NULL);
    if (sent)
        raise(number);
}

static void install(void)
{
    void *frame;
    diesel__backtrace(&frame, 1); /* what it loads, it loads now */
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
}

void diesel__overflow_watch(diesel__sched *s)
{
    stack_t present;
    pthread_once(&once, install);
    if (sigaltstack(NULL, &present) < 0 || !(present.ss_flags & SS_DISABLE))
        return; /* the program has given this thread one: it serves as well */
    s->signal_stack = diesel_malloc(SIGNAL_STACK);
    if (s->signal_stack == NULL)
        return;
    stack_t own = {.ss_sp = s->signal_stack, .ss_size = SIGNAL_STACK};
    sigaltstack(&own, NULL);
}

void diesel__overflow_unwatch(diesel__sched *s)
{
    stack_t present;
    if (s->signal_stack == NULL)
        return;
    if (sigaltstack(NULL, &present) == 0 && present.ss_sp == s->signal_stack) {
        stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
    }
    diesel_free(s->signal_stack);
}

#endif
