/* SPDX-License-Identifier: MIT */
/*
 * Metrics of one server of a client; see <diesel/mongo_events.h> for what there is. All
 * functions do nothing on NULL, and never switch fibers.
 */
#ifndef DIESEL_MONGO_METER_INTERNAL_H
#define DIESEL_MONGO_METER_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/mongo_events.h>

struct dmongo__meter;

/* `server` is borrowed for the meter's life. NULL without memory. */
struct dmongo__meter *dmongo__meter_new(const char *server, bool by_command);

/* Takes back what it has added to gauges. */
void dmongo__meter_free(struct dmongo__meter *meter);

/* A command has ended. */
void dmongo__meter_command(struct dmongo__meter *meter, const char *name,
                           int64_t took_us, bool failed);

/* An operation is sent again. */
void dmongo__meter_retry(struct dmongo__meter *meter);

void dmongo__meter_pool(struct dmongo__meter *meter,
                        const dmongo_pool_event *event);

#endif
