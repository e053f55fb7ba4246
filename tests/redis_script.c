/* SPDX-License-Identifier: MIT */
/*
 * Scripted Redis servers, see redis_script.h. The fiber of each connection reads
 * commands, takes them apart and calls the script.
 */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <diesel/core.h>

#include "redis_script.h"
#include "script_server.h"

enum { PIECE = 256 * 1024 };

struct redis_script {
    redis_script_fn *script;
    void *arg;
    redis_script_options options;
    script_server *server;
    char url[128];
};

struct redis_script_peer {
    redis_script *server;
    diesel_stream *stream;
    size_t number;
    size_t reads;
    char *input; /* what has come and is not yet used up */
    size_t have, room;
};

/* Reads "<type><number>\r\n" at *at: 1, or 0 if it is not all there. */
static int take_number(const char **at, const char *end, char type,
                       size_t *number)
{
    const char *p = *at;
    if (p == end)
        return 0;
    ck_assert_msg(*p == type, "a command has '%c' where '%c' belongs", *p, type);
    *number = 0;
    const char *digits = ++p;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        *number = *number * 10 + (size_t)(*p - '0');
    if (end - p < 2)
        return 0;
    ck_assert_msg(p > digits && p[0] == '\r' && p[1] == '\n',
                  "a command has a malformed number");
    *at = p + 2;
    return 1;
}

/* Takes one command out of the input: its size, or 0 if it is not all there. */
static size_t take_command(const char *input, size_t have,
                           redis_script_command *command)
{
    const char *at = input, *end = input + have;
    size_t len;
    *command = (redis_script_command){0};
    if (!take_number(&at, end, '*', &command->n))
        return 0;
    ck_assert_msg(command->n > 0, "a command without a name");
    for (size_t i = 0; i < command->n; i++) {
        if (!take_number(&at, end, '$', &len) || (size_t)(end - at) < len + 2)
            return 0;
        ck_assert_msg(at[len] == '\r' && at[len + 1] == '\n',
                      "an argument does not end with CR LF");
        if (i < REDIS_SCRIPT_ARGS) {
            command->arg[i] = at;
            command->len[i] = len;
        }
        at += len + 2;
    }
    return (size_t)(at - input);
}

/* Gives the command memory of its own, to be freed through its text. */
static void own_command(redis_script_command *command)
{
    size_t n = command->n < REDIS_SCRIPT_ARGS ? command->n : REDIS_SCRIPT_ARGS;
    size_t size = 1;
    for (size_t i = 0; i < n; i++)
        size += 2 * (command->len[i] + 1);
    char *text = malloc(size), *at = text;
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < n; i++) {
        memcpy(at, command->arg[i], command->len[i]);
        at += command->len[i];
        *at++ = i + 1 < n ? ' ' : '\0';
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(at, command->arg[i], command->len[i]);
        command->arg[i] = at;
        at += command->len[i];
        *at++ = '\0';
    }
    command->text = text;
}

static bool is_named(const redis_script_command *command, const char *name)
{
    return strcasecmp(command->arg[0], name) == 0;
}

static bool is_handshake(const redis_script_command *command)
{
    return is_named(command, "HELLO") || is_named(command, "AUTH") ||
           is_named(command, "SELECT") || is_named(command, "CLIENT") ||
           is_named(command, "PING");
}

static int shake_hands(redis_script_peer *peer,
                       const redis_script_command *command)
{
    const redis_script_options *options = &peer->server->options;
    if (options->handshake != NULL)
        return options->handshake(peer, command, peer->server->arg);
    if (is_named(command, "HELLO"))
        return redis_script_say(peer, options->old
                                          ? "-ERR unknown command `HELLO`, with "
                                            "args beginning with: `3`, \r\n"
                                          : "%1\r\n$5\r\nproto\r\n:3\r\n");
    return redis_script_say(peer,
                            is_named(command, "PING") ? "+PONG\r\n" : "+OK\r\n");
}

static int answer(redis_script_peer *peer, redis_script_command *command)
{
    redis_script *server = peer->server;
    own_command(command);
    int result = is_handshake(command)
                     ? shake_hands(peer, command)
                     : server->script(peer, command, server->arg);
    free((char *)(uintptr_t)command->text);
    return result;
}

/* Answers what has come completely; -1: hang up. */
static int answer_all(redis_script_peer *peer)
{
    redis_script_command command;
    size_t used = 0, size;
    int result = 0;
    while (result == 0 &&
           (size = take_command(peer->input + used, peer->have - used,
                                &command)) > 0) {
        result = answer(peer, &command);
        used += size;
    }
    memmove(peer->input, peer->input + used, peer->have - used);
    peer->have -= used;
    return result;
}

static void serve(diesel_stream *stream, size_t number, void *arg)
{
    redis_script_peer peer = {
        .server = arg, .stream = stream, .number = number};
    int result = 0;
    while (result == 0) {
        if (peer.room - peer.have < PIECE) {
            peer.room = peer.have + PIECE;
            peer.input = realloc(peer.input, peer.room);
            ck_assert_ptr_nonnull(peer.input);
        }
        ssize_t n = diesel_stream_read(stream, peer.input + peer.have, PIECE,
                                       DIESEL_FOREVER, NULL);
        if (n <= 0)
            break;
        peer.have += (size_t)n;
        peer.reads++;
        result = answer_all(&peer);
    }
    free(peer.input);
}

redis_script *redis_script_open(redis_script_fn *script, void *arg,
                                const redis_script_options *options)
{
    redis_script *server = calloc(1, sizeof *server);
    ck_assert_ptr_nonnull(server);
    server->script = script;
    server->arg = arg;
    if (options != NULL)
        server->options = *options;
    server->server = script_server_open(
        serve, server, &(script_server_options){.path = server->options.path});
    snprintf(server->url, sizeof server->url, "unix://%s",
             redis_script_path(server));
    return server;
}

void redis_script_close(redis_script *server)
{
    script_server_close(server->server);
    free(server);
}

void redis_script_hang_up(redis_script *server)
{
    script_server_hang_up(server->server);
}

const char *redis_script_url(const redis_script *server)
{
    return server->url;
}

const char *redis_script_path(const redis_script *server)
{
    return script_server_path(server->server);
}

size_t redis_script_accepted(const redis_script *server)
{
    return script_server_accepted(server->server);
}

size_t redis_script_connected(const redis_script *server)
{
    return script_server_connected(server->server);
}

int redis_script_send(redis_script_peer *peer, const char *bytes, size_t n)
{
    return diesel_stream_write(peer->stream, bytes, n, DIESEL_FOREVER, NULL);
}

int redis_script_say(redis_script_peer *peer, const char *text)
{
    return redis_script_send(peer, text, strlen(text));
}

size_t redis_script_reads(const redis_script_peer *peer)
{
    return peer->reads;
}

size_t redis_script_number(const redis_script_peer *peer)
{
    return peer->number;
}

diesel_stream *redis_script_stream(const redis_script_peer *peer)
{
    return peer->stream;
}
