/* SPDX-License-Identifier: MIT */
/*
 * A connection to a host of several addresses, by RFC 8305, 5: an address that
 * does not answer soon is no longer waited for alone.
 *
 * One fiber has all attempts under way, each a stream whose socket connects, and
 * selects among them and the time of the next attempt.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <diesel/fiber.h>
#include <diesel/select.h>

#include "net_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

#define ATTEMPT_DELAY_MS 250

enum { MOST_ATTEMPTS = 8 }; /* under way at the same time */

struct race {
    const diesel_tcp_options *options;
    diesel_case cases[MOST_ATTEMPTS + 1]; /* of the attempts, and the timer */
    size_t attempts;
    diesel_stream *winner;
    diesel_error cause; /* the last one */
    char causes[200];
    unsigned unnamed; /* failures that are not in it */
};

/* Appends one address's failure to the list of them; those for which there is no
 * room are counted. */
static void add_cause(struct race *race)
{
    size_t have = strlen(race->causes), size = sizeof race->causes;
    size_t length = strlen(race->cause.message);
    const char *message = race->cause.message;
    if (have == 0)
        snprintf(race->causes, size, "%.*s", (int)size - 1, message);
    else if (race->unnamed == 0 && have + 2 + length < size)
        snprintf(race->causes + have, size - have, "; %.*s", (int)length,
                 message);
    else
        race->unnamed++;
}

/* The end of an attempt: a winner, or a cause. */
static void settle(struct race *race, diesel_stream *stream, int result)
{
    if (result == 0)
        result = diesel__tcp_set_options(stream->fd, race->options,
                                         stream->name, &race->cause);
    if (result == 0) {
        race->winner = stream;
        return;
    }
    add_cause(race);
    diesel_stream_close(stream);
}

/* Begins an attempt, which may end at once. */
static void start(struct race *race, const diesel_address *address)
{
    char text[DIESEL_ADDRESS_TEXT];
    const char *name = diesel_address_text(address, text, sizeof text);
    diesel_stream *stream = diesel__connect_socket(address, name, &race->cause);
    if (stream == NULL)
        add_cause(race);
    else if (diesel__sys.connect(stream->fd, &address->any, address->size) == 0)
        settle(race, stream, 0);
    else if (errno == EINPROGRESS || errno == EINTR)
        race->cases[race->attempts++] = diesel_case_writable(stream);
    else
        settle(race, stream, diesel_error_sys(&race->cause, errno, "%s", name));
}

/* The attempt whose case has happened ends. */
static void finish(struct race *race, size_t index)
{
    diesel_stream *stream = race->cases[index].object;
    race->cases[index] = race->cases[--race->attempts];
    settle(race, stream, diesel__connect_result(stream, &race->cause));
}

/* Closes what is under way. Without a winner, `cause` is why each of them ends. */
static void give_up(struct race *race)
{
    diesel_error why = race->cause;
    const char *what = why.code == DIESEL_E_TIMEDOUT    ? "timed out connecting"
                       : why.code == DIESEL_E_CANCELLED ? "cancelled connecting"
                                                        : why.message;
    for (size_t i = 0; i < race->attempts; i++) {
        diesel_stream *stream = race->cases[i].object;
        if (race->winner == NULL) {
            diesel_error_set(&race->cause, why.code, why.domain, why.detail,
                             "%s: %s", stream->name, what);
            add_cause(race);
        }
        diesel_stream_close(stream);
    }
}

/* Until there is a winner, or all have failed, or no other may be tried. */
static void run_race(struct race *race, const diesel_address *list,
                     size_t count, int64_t deadline)
{
    int64_t delay = race->options != NULL && race->options->attempt_delay_ms > 0
                        ? race->options->attempt_delay_ms
                        : ATTEMPT_DELAY_MS;
    size_t next = 0;
    bool due = true;
    diesel_case timer = diesel_case_timer(0);
    for (;;) {
        if (due && next < count && race->attempts < MOST_ATTEMPTS) {
            size_t before = race->attempts;
            start(race, &list[next++]);
            due = race->attempts == before; /* it has failed */
            timer = diesel_case_timer(delay);
        } else {
            bool timed = !due && next < count;
            race->cases[race->attempts] = timer;
            int i = diesel_select(race->cases, race->attempts + timed, deadline,
                                  &race->cause);
            if (i < 0)
                return;
            due = true;
            if ((size_t)i < race->attempts)
                finish(race, (size_t)i);
        }
        if (race->winner != NULL || race->cause.code == DIESEL_E_NOMEM ||
            (race->attempts == 0 && next == count) ||
            diesel_check(&race->cause) < 0)
            return;
    }
}

static void connect_alone(struct race *race, const diesel_address *address,
                          int64_t deadline)
{
    char text[DIESEL_ADDRESS_TEXT];
    const char *name = diesel_address_text(address, text, sizeof text);
    diesel_stream *stream =
        diesel__connect_to(address, name, deadline, &race->cause);
    if (stream == NULL)
        add_cause(race);
    else
        settle(race, stream, 0);
}

diesel_stream *diesel__connect_first(const char *name,
                                     const diesel_address *list, size_t count,
                                     const diesel_tcp_options *options,
                                     int64_t deadline, diesel_error *err)
{
    struct race race;
    race.options = options;
    race.attempts = 0;
    race.winner = NULL;
    race.causes[0] = '\0';
    race.unnamed = 0;
    race.cause = (diesel_error){.code = DIESEL_E_RESOLVE};
    if (count == 1) {
        connect_alone(&race, &list[0], deadline);
    } else {
        run_race(&race, list, count, deadline);
        give_up(&race);
    }
    char more[32] = "";
    if (race.unnamed > 0)
        snprintf(more, sizeof more, "; and %u more", race.unnamed);
    if (race.winner == NULL)
        diesel_error_set(err, race.cause.code, race.cause.domain,
                         race.cause.detail, "connecting to %s: %s%s", name,
                         race.causes, more);
    return race.winner;
}
