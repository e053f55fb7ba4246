/* SPDX-License-Identifier: MIT */
/*
 * A chat room, to be entered with telnet: the first line is the name. Each member
 * has a fiber that reads and one that writes; to the latter leads a channel. Who
 * reads too slowly loses the oldest lines, and holds up nobody.
 *
 *     chat 7777                   telnet localhost 7777
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <diesel/core.h>

enum { LINE = 200, LINES = 32 /* kept for each member */ };
struct line { char text[LINE + 32]; };

struct member {
    diesel_stream *stream;
    diesel_channel *hears;
    struct member *next;
};

static struct member *members; /* of one thread: no lock is needed */

static void tell_all(const char *name, const char *text)
{
    struct line line, oldest;
    snprintf(line.text, sizeof line.text, "%s: %s\n", name, text);
    for (struct member *m = members; m != NULL; m = m->next)
        if (diesel_channel_send(m->hears, &line, DIESEL_NOW, NULL) < 0 &&
            diesel_channel_recv(m->hears, &oldest, DIESEL_NOW, NULL) > 0)
            (void)!diesel_channel_send(m->hears, &line, DIESEL_NOW, NULL);
}

static int hear(void *arg)
{
    struct member *m = arg;
    diesel_error err;
    struct line line;
    while (diesel_channel_recv(m->hears, &line, DIESEL_FOREVER, NULL) > 0)
        if (diesel_stream_write(m->stream, line.text, strlen(line.text),
                                diesel_now() + 10000, &err) < 0)
            return diesel_fail(&err); /* ends the reading, too */
    return 0;
}

static int converse(struct member *m, diesel_error *err)
{
    char name[24], *text;
    int got = diesel_stream_read_line(m->stream, &text, NULL, LINE,
                                      DIESEL_FOREVER, err);
    snprintf(name, sizeof name, "%s", got > 0 ? text : "nobody");
    tell_all(name, "(is here)");
    while ((got = diesel_stream_read_line(m->stream, &text, NULL, LINE,
                                          DIESEL_FOREVER, err)) > 0)
        tell_all(name, text);
    tell_all(name, "(is gone)");
    return got;
}

static int attend(diesel_stream *stream, void *arg)
{
    (void)arg;
    diesel_error err;
    struct member self = {stream, NULL, members}, **m = &members;
    self.hears = diesel_channel_new(sizeof(struct line), LINES, &err);
    if (self.hears == NULL)
        return diesel_fail(&err);
    members = &self;
    diesel_scope *hearing = diesel_scope_open(NULL);
    diesel_go(hearing, hear, &self);
    int result = converse(&self, &err);
    while (*m != &self)
        m = &(*m)->next;
    *m = self.next;
    diesel_channel_close(self.hears); /* what is in it is still written */
    if (diesel_scope_wait(hearing, &err) < 0)
        result = -1;
    diesel_channel_free(self.hears);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int open_room(void *arg)
{
    diesel_error err;
    diesel_listener *door =
        diesel_tcp_listen("127.0.0.1", (uint16_t)atoi(arg), NULL, &err);
    if (door == NULL)
        return diesel_fail(&err);
    printf("listening on port %d\n", diesel_listener_port(door));
    fflush(stdout);
    int result = diesel_serve(door, attend, NULL, NULL, &err);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    return diesel_main(open_room, argc > 1 ? argv[1] : "0");
}
