/* SPDX-License-Identifier: MIT */
/*
 * Standard input for the tools: line by line, or all of it.
 *
 * Reads block the thread rather than a fiber. A terminal is shared with the
 * shell that started the program, and so are the flags of its descriptor: made
 * non-blocking it would stay so for the shell, and for the program's own
 * output. Nothing else has work to do while a tool waits for its input. What
 * must end such a wait is Ctrl-C, so poll(2) watches both.
 */
#include "core/cli/tool_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 16384 };

/* Waits for input or Ctrl-C, then reads: the count, 0 at the end, or -1. */
static ssize_t read_some(int fd, void *buf, size_t n, diesel_error *err)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
                                {.fd = diesel__interrupt_fd(),
                                 .events = POLLIN}};
        int ready = poll(fds, 2, -1);
        if (ready < 0 && errno != EINTR)
            return diesel_error_sys(err, errno, "waiting for input");
        if (ready > 0 && fds[1].revents)
            return diesel_error_set(err, DIESEL_E_CANCELLED, DIESEL_DOM_CORE,
                                    0, "interrupted");
        if (ready <= 0 || !fds[0].revents)
            continue;
        ssize_t got = read(fd, buf, n);
        if (got >= 0)
            return got;
        if (errno != EINTR && errno != EAGAIN)
            return diesel_error_sys(err, errno, "reading the input");
    }
}

/* Room for CHUNK more bytes and a zero byte behind `end`. */
static int make_room(diesel__lines *lines, diesel_error *err)
{
    if (lines->start > 0) {
        memmove(lines->buf, lines->buf + lines->start,
                lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
    }
    if (lines->room - lines->end > CHUNK)
        return 0;
    size_t room = lines->room * 2 + CHUNK + 1;
    char *buf = realloc(lines->buf, room);
    if (buf == NULL)
        return diesel_error_nomem(err, "the input");
    lines->buf = buf;
    lines->room = room;
    return 0;
}

static int fill(diesel__lines *lines, diesel_error *err)
{
    if (make_room(lines, err) < 0)
        return -1;
    ssize_t got = read_some(lines->fd, lines->buf + lines->end, CHUNK, err);
    if (got < 0)
        return -1;
    lines->end += (size_t)got;
    lines->ended = got == 0;
    return 0;
}

int diesel__lines_next(diesel__lines *lines, char **line, size_t *len,
                       diesel_error *err)
{
    size_t searched = 0; /* bytes after start that hold no newline */
    for (;;) {
        size_t have = lines->end - lines->start;
        char *from = lines->buf + lines->start;
        char *newline = have > searched
                            ? memchr(from + searched, '\n', have - searched)
                            : NULL;
        if (newline == NULL && !lines->ended) {
            searched = have;
            if (fill(lines, err) < 0)
                return -1;
            continue;
        }
        if (newline == NULL && have == 0)
            return 0;
        /* Behind the last byte there is room for a zero, see make_room(). */
        *len = newline != NULL ? (size_t)(newline - from) : have;
        from[*len] = '\0';
        *line = from;
        lines->start += *len + (newline != NULL);
        return 1;
    }
}

void diesel__lines_clear(diesel__lines *lines)
{
    free(lines->buf);
    memset(lines, 0, sizeof *lines);
}

char *diesel__read_all(int fd, size_t *len, diesel_error *err)
{
    diesel__lines all = {.fd = fd};
    while (!all.ended) {
        if (fill(&all, err) < 0) {
            diesel__lines_clear(&all);
            return NULL;
        }
    }
    all.buf[all.end] = '\0';
    *len = all.end;
    return all.buf;
}
