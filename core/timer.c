/* SPDX-License-Identifier: MIT */
/*
 * The clock, and deadlines in a 4-ary heap: four children share a cache line,
 * and the heap is half as deep as a binary one.
 *
 * Each timer knows its place, so it is disarmed without a search. The heap is
 * per scheduler; loop.c wakes up for the earliest and calls diesel__timers_run().
 */
#include "sched_internal.h"

#include <time.h>

#include <diesel/memory.h>

#include "loop_internal.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t diesel__clock(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* As exact as the kernel's tick (1 to 10 ms), and cheap. */
int64_t diesel__clock_coarse(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

int64_t diesel_now(void)
{
    return diesel__clock() / 1000000;
}

static void put(diesel__sched *s, size_t i, struct diesel__timer_entry entry)
{
    s->timers[i] = entry;
    entry.timer->place = i + 1;
}

static void sift_up(diesel__sched *s, size_t i, struct diesel__timer_entry entry)
{
    while (i > 0) {
        size_t parent = (i - 1) / 4;
        if (s->timers[parent].when <= entry.when)
            break;
        put(s, i, s->timers[parent]);
        i = parent;
    }
    put(s, i, entry);
}

static void sift_down(diesel__sched *s, size_t i,
                      struct diesel__timer_entry entry)
{
    for (;;) {
        size_t first = 4 * i + 1, best = first;
        if (first >= s->timer_count)
            break;
        size_t end = first + 4 < s->timer_count ? first + 4 : s->timer_count;
        for (size_t c = first + 1; c < end; c++)
            if (s->timers[c].when < s->timers[best].when)
                best = c;
        if (s->timers[best].when >= entry.when)
            break;
        put(s, i, s->timers[best]);
        i = best;
    }
    put(s, i, entry);
}

int diesel__timer_arm(diesel__sched *s, diesel__timer *timer, int64_t when)
{
    if (s->timer_count == s->timer_room) {
        size_t room = s->timer_room != 0 ? 2 * s->timer_room : 64;
        void *timers = diesel_realloc_array(s->timers, room, sizeof *s->timers);
        if (timers == NULL)
            return -1;
        s->timers = timers;
        s->timer_room = room;
    }
    s->timer_count++;
    sift_up(s, s->timer_count - 1,
            (struct diesel__timer_entry){.when = when, .timer = timer});
    if (!s->in_round)
        diesel__loop_kick(s); /* the loop looks at timers after each round */
    return 0;
}

void diesel__timer_disarm(diesel__sched *s, diesel__timer *timer)
{
    if (timer->place == 0)
        return;
    size_t i = timer->place - 1;
    timer->place = 0;
    s->timer_count--;
    struct diesel__timer_entry last = s->timers[s->timer_count];
    if (i == s->timer_count)
        return;
    if (i > 0 && last.when < s->timers[(i - 1) / 4].when)
        sift_up(s, i, last);
    else
        sift_down(s, i, last);
}

int64_t diesel__timer_next(const diesel__sched *s)
{
    return s->timer_count != 0 ? s->timers[0].when : INT64_MAX;
}

void diesel__timers_run(diesel__sched *s)
{
    int64_t now = diesel__clock();
    while (s->timer_count != 0 && s->timers[0].when <= now) {
        diesel__timer *timer = s->timers[0].timer;
        diesel__timer_disarm(s, timer);
        timer->fire(timer);
    }
}
