/* SPDX-License-Identifier: MIT */
/* The page "mongo" of the console: pools, and who holds their connections. */
#ifndef DIESEL_MONGO_CONSOLE_INTERNAL_H
#define DIESEL_MONGO_CONSOLE_INTERNAL_H

#include <diesel/console.h>

/* Shows a client, which is `arg`. */
void dmongo__console_client(void *arg, diesel_console_page *page);

#endif
