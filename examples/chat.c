/* SPDX-License-Identifier: MIT */
/*
 * A chat room, to be entered with telnet: the first line is the name. Each member
 * has a fiber that reads and one that writes. Who does not keep up misses the oldest
 * lines, and holds up nobody.    $ chat 7777 &    $ telnet localhost 7777
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <diesel/core.h>

enum { LINE = 200, LINES = 32 /* kept for each member */ };
struct line { char text[LINE + 32]; };

struct member {
    diesel_stream *stream;
    diesel_broadcast_reader *hears;
};

static diesel_broadcast *room;

static void say(const char *name, const char *text)
{
    struct line line;
    snprintf(line.text, sizeof line.text, "%s: %s\n", name, text);
    (void)!diesel_broadcast_send(room, &line, DIESEL_NOW, NULL);
}

static int hear(void *arg)
{
    struct member *m = arg;
    diesel_error err;
    struct line line;
    char text[sizeof line + 40];
    while (diesel_broadcast_recv(m->hears, &line, DIESEL_FOREVER, NULL) > 0) {
        uint64_t missed = diesel_broadcast_missed(m->hears);
        int n = missed == 0 ? 0 : sprintf(text, "(%" PRIu64 " missed)\n", missed);
        n += sprintf(text + n, "%s", line.text);
        if (diesel_stream_write(m->stream, text, (size_t)n, diesel_now() + 10000,
                                &err) < 0)
            return diesel_fail(&err); /* ends the reading, too */
    }
    return 0;
}

static int converse(diesel_stream *stream, diesel_error *err)
{
    char name[24], *text;
    int got = diesel_stream_read_line(stream, &text, NULL, LINE, DIESEL_FOREVER,
                                      err);
    snprintf(name, sizeof name, "%s", got > 0 ? text : "nobody");
    say(name, "(is here)");
    while ((got = diesel_stream_read_line(stream, &text, NULL, LINE,
                                          DIESEL_FOREVER, err)) > 0)
        say(name, text);
    say(name, "(is gone)");
    return got;
}

static int attend(diesel_stream *stream, void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_broadcast_reader_options drop = {LINES, DIESEL_SLOW_DROP_OLDEST};
    struct member self = {stream, diesel_broadcast_join(room, &drop, &err)};
    if (self.hears == NULL)
        return diesel_fail(&err);
    diesel_scope *hearing = diesel_scope_open(NULL);
    diesel_go(hearing, hear, &self);
    int result = converse(stream, &err);
    diesel_broadcast_stop(self.hears); /* what it has is still written */
    if (diesel_scope_wait(hearing, &err) < 0)
        result = -1;
    diesel_broadcast_leave(self.hears);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int open_room(void *arg)
{
    diesel_error err;
    room = diesel_broadcast_new(
        &(diesel_broadcast_options){.item_size = sizeof(struct line)}, &err);
    diesel_listener *door = room == NULL ? NULL : diesel_tcp_listen(
        "127.0.0.1", (uint16_t)atoi(arg), NULL, &err);
    if (door == NULL)
        return diesel_fail(&err);
    printf("listening on port %d\n", diesel_listener_port(door));
    fflush(stdout);
    int result = diesel_serve(door, attend, NULL, NULL, &err);
    diesel_broadcast_free(room);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    return diesel_main(open_room, argc > 1 ? argv[1] : "0");
}
