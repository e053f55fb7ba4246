/* SPDX-License-Identifier: MIT */
/* Telling those who watch a client what it does. Nothing here costs more than a
 * test where nobody watches. */
#ifndef DIESEL_MONGO_EVENTS_INTERNAL_H
#define DIESEL_MONGO_EVENTS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/doc.h>
#include <diesel/mongo_events.h>

struct dmongo__call;

/* Who wants to know of an operation; none of them: 0. */
enum {
    DMONGO__TELLS = 1,          /* the program's functions for commands */
    DMONGO__LOGS = 2,           /* the log of commands                  */
    DMONGO__LOGS_SELECTION = 4, /* the log of server selection          */
    DMONGO__MEASURES = 8        /* metrics                              */
};

/* Microseconds of a monotonic clock. */
int64_t dmongo__now_us(void);

/* Before a call's command is sent. */
void dmongo__events_begin(struct dmongo__call *call, dmongo_value command);

/* After a call's request was sent, or could not be: `done` is 0 or -1. It lies in the
 * connection's buffer. */
void dmongo__events_sent(struct dmongo__call *call, int done);

/* After its reply was read, or could not be. */
void dmongo__events_received(struct dmongo__call *call, int done);

/* Whether a command has secrets in it, or in its reply. */
bool dmongo__is_sensitive(const bson_t *command);

#endif
