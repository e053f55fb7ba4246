/* SPDX-License-Identifier: MIT */
/* Who a client is, where a callback of the program says so. */
#ifndef DREDIS_CREDENTIALS_INTERNAL_H
#define DREDIS_CREDENTIALS_INTERNAL_H

#include "config_internal.h"

/* Asks the callback and keeps what it says in the configuration: 0 or -1. May
 * switch. */
int dredis__credentials_ask(dredis__config *config, diesel_error *err);

#endif
