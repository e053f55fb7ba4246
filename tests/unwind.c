/* SPDX-License-Identifier: MIT */
/*
 * Backtraces of a suspended context by themselves, so that they can be tried on
 * processors for which there are no libraries here. A context suspends itself some
 * calls deep; the walk through it must pass through these calls and end. Built by
 * tests/switch.sh with core/backtrace.c and what that needs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/backtrace_internal.h"
#include "core/sched_internal.h"

enum { DEPTH = 5, STACK = 64 * 1024 };

/* What backtrace.c wants of the rest of the core. */
static diesel__sched scheduler;
__thread diesel__sched *diesel__current = &scheduler;

static diesel__context program;
static diesel_fiber *fiber;
static volatile int passed;

static void claim(int holds, const char *what)
{
    if (holds)
        return;
    printf("the backtrace %s\n", what);
    exit(1);
}

static __attribute__((noinline)) void suspend(void)
{
    diesel__context_switch(&fiber->context, &program);
    passed++;
}

static __attribute__((noinline)) void descend(int depth)
{
    volatile char frame[100 + 50 * DEPTH];
    frame[depth * 50] = 1;
    if (depth > 0)
        descend(depth - 1);
    else
        suspend();
    passed += frame[depth * 50];
}

static __attribute__((noinline)) int descend_from_fiber(void *arg)
{
    (void)arg;
    descend(DEPTH);
    passed++;
    return 0;
}

void diesel__fiber_main(diesel__context *from, diesel__context *context)
{
    (void)from, (void)context;
    fiber->fn(fiber->arg);
    diesel__context_switch(&fiber->context, &program);
    abort();
}

int main(void);

/* How many of the frames are in the function: those whose next lower function of
 * this file it is. */
static int count_in(void *const *frames, int n, const void *function)
{
    const void *all[] = {(void *)suspend, (void *)descend,
                         (void *)descend_from_fiber, (void *)diesel__fiber_main,
                         (void *)main};
    int count = 0;
    for (int i = 0; i < n; i++) {
        const void *nearest = NULL;
        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
            if (all[k] < frames[i] && (nearest == NULL || all[k] > nearest))
                nearest = all[k];
        count += nearest == function;
    }
    return count;
}

static void check_suspended(void)
{
    void *frames[50];
    int n = diesel__backtrace_of(fiber, frames, 50);
    claim(n == DEPTH + 4, "has not as many calls as there were");
    claim(count_in(frames, n, (void *)suspend) == 1, "lacks the place");
    claim(count_in(frames, n, (void *)descend) == DEPTH + 1,
          "lacks some of the calls");
    claim(count_in(frames, n, (void *)descend_from_fiber) == 1,
          "lacks the fiber's function");
    claim(count_in(frames, n, (void *)diesel__fiber_main) == 1,
          "lacks the beginning");
}

int main(void)
{
    char *stack = aligned_alloc(64, STACK);
    fiber = (diesel_fiber *)(void *)(stack + STACK - 1024);
    fiber->fn = descend_from_fiber;
    diesel__context_init(&fiber->context, stack, fiber, diesel__fiber_main);
    void *frames[50];
    claim(diesel__backtrace_of(fiber, frames, 50) == 1 &&
              frames[0] == (void *)descend_from_fiber,
          "of what has not begun is not its function");
    diesel__context_switch(&program, &fiber->context);
    check_suspended();
    int n = diesel__backtrace(frames, 50);
    claim(count_in(frames, n, (void *)main) >= 1, "of the running code lacks it");
    diesel__context_switch(&program, &fiber->context); /* it is as it was */
    claim(passed == DEPTH + 3, "changed the fiber");
    puts("backtraces lead through all calls");
    free(stack);
    return 0;
}
