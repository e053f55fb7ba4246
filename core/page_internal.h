/* SPDX-License-Identifier: MIT */
/*
 * Pages of the console: rows as tables for people, or as a JSON array of objects.
 */
#ifndef DIESEL_PAGE_INTERNAL_H
#define DIESEL_PAGE_INTERNAL_H

#include <diesel/console.h>

#include "text_internal.h"

#define DIESEL__PAGE_COLUMNS 16

struct diesel_console_page {
    bool json;
    diesel__text text;  /* what is finished */
    diesel__text names; /* of the present table's columns, each with a zero byte */
    diesel__text cells; /* of its rows, likewise */
    size_t columns;
    size_t widths[DIESEL__PAGE_COLUMNS]; /* characters */
    size_t rows;                         /* of the whole page */
};

void diesel__page_init(diesel_console_page *page, bool json, size_t limit);
void diesel__page_clear(diesel_console_page *page);

/* Text as it is, between tables; in JSON a string of its own. */
void diesel__page_say(diesel_console_page *page, const char *text, size_t len);

/* Writes what is left to page->text. */
void diesel__page_finish(diesel_console_page *page);

#endif
