/* SPDX-License-Identifier: MIT */
/*
 * Commands as bytes, and as words for messages. No I/O.
 */
#ifndef DREDIS_ENCODE_INTERNAL_H
#define DREDIS_ENCODE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/error.h>
#include <diesel/value.h>

/* At most so many bytes are needed for the command, in *size. 0, or -1 with INVAL:
 * no command at all, or an argument that cannot be sent. */
int dredis__command_size(const diesel_value *args, size_t n, size_t *size,
                         diesel_error *err);

/* Writes the command, whose size was asked for, and returns its end. */
char *dredis__command_write(char *at, const diesel_value *args, size_t n);

/* The command for messages: its name and, cut to a decent length, its first
 * argument unless that is a secret: "GET session:9". Returns `text`. */
#define DREDIS__COMMAND_TEXT 72
const char *dredis__command_text(char text[DREDIS__COMMAND_TEXT],
                                 const diesel_value *args, size_t n);

/* Appends the argument to the text of `used` bytes, with a zero byte: unprintable bytes
 * as \xNN, cut at `most` bytes, at least 3. Returns the text's new size. */
size_t dredis__argument_show(char *text, size_t used, const diesel_value *arg,
                             size_t most);

/* The name as the bytes that are sent for it, which may lie in `scratch`. */
#define DREDIS__NUMBER_SIZE 32
const char *dredis__argument(const diesel_value *arg, size_t *len,
                             char scratch[DREDIS__NUMBER_SIZE]);

#endif
