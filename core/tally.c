/* SPDX-License-Identifier: MIT */
/*
 * Keeping the tally; see tally_internal.h. A fiber's stack and struct are used
 * again by another fiber, so what is written there is marked with the fiber's
 * number.
 */
#include "tally_internal.h"

/* Lets the round end with the next switch. */
static void shorten_round(diesel__sched *s)
{
    s->slice = 0;
    s->slices = 1;
}

void diesel__tally_start(diesel__sched *s)
{
    if (s->tally.users++ > 0)
        return;
    s->tally.began = s->tally.turn = diesel__clock();
    shorten_round(s);
}

void diesel__tally_stop(diesel__sched *s)
{
    s->tally.users--;
}

static void turn_ends(diesel__sched *s, diesel_fiber *fiber)
{
    int64_t now = diesel__clock();
    if (fiber->tally_of != fiber->number || fiber->idle_since < s->tally.began)
        fiber->ran = 0;
    fiber->tally_of = fiber->number;
    fiber->ran += now - s->tally.turn;
    fiber->idle_since = now;
}

/* A round of so many turns at most, or until its time is over. */
void diesel__tally_round(diesel__sched *s, int turns)
{
    do {
        diesel_fiber *fiber = s->tail->next;
        shorten_round(s);
        s->tally.turn = diesel__clock();
        s->rounds++;
        s->current = fiber;
        diesel__switch(s, &s->loop_fiber, fiber);
        turn_ends(s, fiber);
    } while (s->tail != NULL && s->tally.users > 0 && --turns > 0 &&
             diesel__clock_coarse() < s->round_end);
}

static bool is_tallied(const diesel__sched *s, const diesel_fiber *fiber)
{
    return fiber->tally_of == fiber->number &&
           fiber->idle_since >= s->tally.began;
}

int64_t diesel__tally_ran(const diesel__sched *s, const diesel_fiber *fiber)
{
    int64_t ran = is_tallied(s, fiber) ? fiber->ran : 0;
    if (fiber == s->current && s->tally.users > 0)
        ran += diesel__clock() - s->tally.turn;
    return ran;
}

int64_t diesel__tally_idle(const diesel__sched *s, const diesel_fiber *fiber,
                           bool *exact)
{
    *exact = is_tallied(s, fiber);
    if (s->tally.users == 0)
        return 0;
    return diesel__clock() - (*exact ? fiber->idle_since : s->tally.began);
}
