/* SPDX-License-Identifier: MIT */
/*
 * Scripted Redis servers: fibers in the test's own process that answer a client as
 * the test tells them, also in ways in which no real server does.
 *
 *     static int serve(redis_script_peer *peer,
 *                      const redis_script_command *command, void *arg)
 *     {
 *         if (strcmp(command->text, "GET key") == 0)
 *             return redis_script_say(peer, "$5\r\nvalue\r\n");
 *         return -1;                                     hang up
 *     }
 *     ...
 *     redis_script *server = redis_script_open(serve, NULL, NULL);
 *     dredis *client = dredis_open(redis_script_url(server), NULL, &err);
 *     ...
 *     redis_script_close(server);
 *
 * Each connection has a fiber, in which the script runs; so a script delays a reply
 * by sleeping, or by waiting for a channel that the test sends to. What a client
 * sends must be commands to the last byte, or the test fails; they are taken apart
 * here without the driver's code.
 */
#ifndef TESTS_REDIS_SCRIPT_H
#define TESTS_REDIS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/stream.h>

/* Lets the other fibers run until the condition holds; a test that waits for it in
 * vain fails. Uses the variable `err`. */
#define await_that(condition)                                                  \
    do {                                                                       \
        for (int tries_ = 0; !(condition); tries_++) {                         \
            ck_assert_msg(tries_ < 20000, "in vain: %s", #condition);          \
            assert_ok(diesel_sleep(1, &err));                                  \
        }                                                                      \
    } while (0)

enum { REDIS_SCRIPT_ARGS = 16 };

typedef struct redis_script redis_script;

/* One connection. */
typedef struct redis_script_peer redis_script_peer;

/* What a client sends; borrowed until the script returns. */
typedef struct redis_script_command {
    size_t n;
    const char *arg[REDIS_SCRIPT_ARGS]; /* the first ones; end with a zero byte */
    size_t len[REDIS_SCRIPT_ARGS];
    const char *text; /* the arguments with a space between them */
} redis_script_command;

/* A script answers one command, and returns 0 to go on with the connection or -1 to
 * close it. */
typedef int redis_script_fn(redis_script_peer *peer,
                            const redis_script_command *command, void *arg);

typedef struct redis_script_options {
    redis_script_fn *handshake; /* answers HELLO, AUTH, SELECT, CLIENT and PING,
                                   with the same arg; NULL: as a real server
                                   without a password does                    */
    bool old;                   /* knows no HELLO, as before version 6        */
    const char *path;           /* where to listen; NULL: somewhere new       */
} redis_script_options;

/* Listens. Never NULL: a failure fails the test. Does not switch fibers. */
redis_script *redis_script_open(redis_script_fn *script, void *arg,
                                const redis_script_options *options);

/* Hangs up on everybody and frees the server. Switches fibers. */
void redis_script_close(redis_script *server);

/* Hangs up on everybody, and goes on listening. Switches fibers. */
void redis_script_hang_up(redis_script *server);

/* "unix:///PATH", and the path alone; borrowed for the server's life. */
const char *redis_script_url(const redis_script *server);
const char *redis_script_path(const redis_script *server);

/* How many connections there have been, and are. */
size_t redis_script_accepted(const redis_script *server);
size_t redis_script_connected(const redis_script *server);

/* Sends text, or n bytes: 0, or -1 if the client has gone. */
int redis_script_say(redis_script_peer *peer, const char *text);
int redis_script_send(redis_script_peer *peer, const char *bytes, size_t n);

/* How many pieces of input have come, each of which may hold many commands. */
size_t redis_script_reads(const redis_script_peer *peer);

/* The connection's number, counted from 1, and its stream. */
size_t redis_script_number(const redis_script_peer *peer);
diesel_stream *redis_script_stream(const redis_script_peer *peer);

#endif
