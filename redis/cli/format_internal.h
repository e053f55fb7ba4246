/* SPDX-License-Identifier: MIT */
/*
 * Replies as text, in three ways: for people as redis-cli shows them on a
 * terminal, raw as it writes them into a pipe, and as JSON.
 */
#ifndef DREDIS_CLI_FORMAT_INTERNAL_H
#define DREDIS_CLI_FORMAT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <diesel/redis_reply.h>
#include <diesel/value.h>

typedef enum dredis__style {
    DREDIS__STYLE_AUTO, /* FORMATTED on a terminal, RAW elsewhere */
    DREDIS__STYLE_FORMATTED,
    DREDIS__STYLE_RAW,
    DREDIS__STYLE_JSON,
    DREDIS__STYLE_TEXT /* RAW, but with no newline at the end */
} dredis__style;

/*
 * Writes the reply and the newline that ends it, but for TEXT, which ends with
 * its own.
 *
 * FORMATTED: types are told apart, strings are in quotes with \xHH for bytes that
 * are no printable ASCII.
 *
 * RAW: strings as they are; between the elements of an array stands
 * `delimiter`, between a key and its value a space.
 *
 * JSON, on one line: maps are objects and sets are arrays. Big numbers and
 * doubles that JSON does not know ("inf", "nan") are strings; an error is
 * {"error": "its text"}. Strings are taken for UTF-8; one that is not becomes
 * {"base64": "..."}. A map whose keys are not all text or numbers is an array
 * of [key, value] pairs.
 */
void dredis__format(const dredis_reply *reply, dredis__style style,
                    const char *delimiter, FILE *out);

/* Whether the reply to this command is a text for people, such as INFO's, which
 * is written as TEXT where others are FORMATTED or RAW. */
bool dredis__is_text_command(const diesel_value *words, size_t count);

#endif
