/* SPDX-License-Identifier: MIT */
/*
 * The peer "ucontext": swapcontext(3) of the C library, bare. There is no
 * scheduler: contexts hand over to each other in a ring, and a stack is kept for
 * the next context, as any pool would do. Each swap makes a system call for the
 * signal mask, which is what it costs.
 *
 * Idle contexts have a stack of 64 KiB without a guard.
 */
#include <sys/mman.h>
#include <ucontext.h>

#include "bench.h"

enum { STACK_SIZE = 64 * 1024 };

struct ring {
    ucontext_t *contexts;
    ucontext_t main;
    unsigned width;
    uint64_t rounds;
};

/* makecontext(3) passes ints only, so a new context finds its work here. */
static struct ring *the_ring;
static unsigned the_index;

static void *new_stack(void)
{
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED)
        bench_fail("no memory for a stack");
    return stack;
}

static void prepare(ucontext_t *context, void *stack, void (*fn)(void))
{
    getcontext(context);
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = STACK_SIZE;
    context->uc_link = NULL;
    makecontext(context, fn, 0);
}

/* Goes once around the ring with each swap; the last context of the last round
 * returns to main, and the others stay suspended for ever. */
static void turn(void)
{
    struct ring *ring = the_ring;
    unsigned self = the_index;
    unsigned next = self + 1 == ring->width ? 0 : self + 1;

    for (uint64_t i = 0; i < ring->rounds; i++) {
        the_index = next;
        swapcontext(&ring->contexts[self], &ring->contexts[next]);
    }
    swapcontext(&ring->contexts[self], &ring->main);
}

/* Two contexts, or as many as the width says, that hand over in turn. */
static void yield(const struct bench_args *args)
{
    struct ring ring = {.width = args->width == 1 ? 2 : args->width};
    ring.rounds = bench_share(args->count, ring.width);
    ring.contexts = calloc(ring.width, sizeof *ring.contexts);
    if (ring.contexts == NULL)
        bench_fail("no memory for %u contexts", ring.width);
    for (unsigned i = 0; i < ring.width; i++)
        prepare(&ring.contexts[i], new_stack(), turn);

    the_ring = &ring;
    the_index = 0;
    struct bench_clock clock = bench_start();
    swapcontext(&ring.main, &ring.contexts[0]);
    bench_stop(&clock);
    bench_print(&clock, ring.rounds * ring.width);

    for (unsigned i = 0; i < ring.width; i++)
        munmap(ring.contexts[i].uc_stack.ss_sp, STACK_SIZE);
    free(ring.contexts);
}

static ucontext_t main_context;
static uint64_t ended;

static void end(void)
{
    ended++;
    setcontext(&main_context);
}

/* One context is made, runs and ends, before the next. */
static void spawn(const struct bench_args *args)
{
    void *stack = new_stack();
    ucontext_t context;

    struct bench_clock clock = bench_start();
    for (uint64_t i = 0; i < args->count; i++) {
        prepare(&context, stack, end);
        swapcontext(&main_context, &context);
    }
    bench_stop(&clock);
    if (ended != args->count)
        bench_fail("%" PRIu64 " of %" PRIu64 " contexts ran", ended,
                   args->count);
    bench_print(&clock, args->count);
    munmap(stack, STACK_SIZE);
}

static ucontext_t *parking;

static void park(void)
{
    swapcontext(parking, &main_context);
}

/* Contexts that have run up to a suspension. */
static void idle(const struct bench_args *args)
{
    uint64_t before = bench_memory();
    ucontext_t *contexts = calloc(args->count, sizeof *contexts);
    if (contexts == NULL)
        bench_fail("no memory for %" PRIu64 " contexts", args->count);
    for (uint64_t i = 0; i < args->count; i++) {
        parking = &contexts[i];
        prepare(parking, new_stack(), park);
        swapcontext(&main_context, parking);
    }
    bench_print_memory(bench_memory() - before, args->count);
    for (uint64_t i = 0; i < args->count; i++)
        munmap(contexts[i].uc_stack.ss_sp, STACK_SIZE);
    free(contexts);
}

int main(int argc, char **argv)
{
    static const struct bench_case cases[] = {
        {"yield", yield},
        {"spawn", spawn},
        {"idle", idle},
        {NULL, NULL},
    };
    return bench_main(argc, argv, cases);
}
