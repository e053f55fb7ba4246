/* SPDX-License-Identifier: MIT */
/*
 * The console's socket: a fiber that accepts, and one for each who is attached,
 * in a detached scope, so that they end with the scheduler. While somebody is
 * attached the tally is kept.
 *
 * The socket's file may be opened by its owner only, and whoever connects is asked
 * who he is as well, since between making the file and changing its mode others
 * could have come in.
 */
#include "console_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <diesel/log.h>
#include <diesel/memory.h>
#include <diesel/net.h>

#include "sys_internal.h"
#include "tally_internal.h"

#define MOST_ATTACHED 16

static diesel_logger logger = DIESEL_LOGGER("diesel.console");

struct diesel__console {
    diesel__sched *s;
    diesel_listener *listener;
    diesel_scope *scope;
    size_t attached;
};

/* One who is attached. */
struct guest {
    struct diesel__console *console;
    diesel_stream *stream;
    size_t have; /* bytes in line */
    char line[DIESEL__CONSOLE_LINE];
};

/* Takes the words of a line apart, in place. */
static size_t split(char *line, char **words)
{
    size_t count = 0;
    char *rest;
    for (char *word = strtok_r(line, " \t\r", &rest);
         word != NULL && count < DIESEL__CONSOLE_WORDS;
         word = strtok_r(NULL, " \t\r", &rest))
        words[count++] = word;
    return count;
}

static int send_answer(struct guest *guest, const char *status, const char *text,
                       size_t len, diesel_error *err)
{
    char head[40];
    int n = snprintf(head, sizeof head, "%s %zu\n", status, len);
    if (diesel_stream_write(guest->stream, head, (size_t)n, DIESEL_FOREVER,
                            err) < 0)
        return -1;
    return len > 0 ? diesel_stream_write(guest->stream, text, len,
                                         DIESEL_FOREVER, err)
                   : 0;
}

static int answer(struct guest *guest, char *line, diesel_error *err)
{
    char *words[DIESEL__CONSOLE_WORDS];
    size_t count = split(line, words), first = 0;
    bool json = count > 0 && strcmp(words[0], "json") == 0;
    first = json;
    if (count == first)
        return send_answer(guest, "ok", "", 0, err);
    diesel_console_page page; /* 2 KiB */
    diesel_error failed;
    diesel__page_init(&page, json, DIESEL__CONSOLE_PAGE);
    int result = diesel__console_answer(guest->console->s, words + first,
                                        count - first, &page, &failed);
    diesel__page_finish(&page);
    if (result == 0 && page.text.cut)
        result = diesel_error_nomem(&failed, "the answer");
    if (result < 0)
        result = send_answer(guest, "error", failed.message,
                             strlen(failed.message), err);
    else
        result = send_answer(guest, "ok", page.text.p, page.text.len, err);
    diesel__page_clear(&page);
    return result;
}

/* Answers the whole lines that are there. */
static int answer_lines(struct guest *guest, diesel_error *err)
{
    char *newline;
    while ((newline = memchr(guest->line, '\n', guest->have)) != NULL) {
        size_t n = (size_t)(newline - guest->line) + 1;
        *newline = '\0';
        if (answer(guest, guest->line, err) < 0)
            return -1;
        guest->have -= n;
        memmove(guest->line, guest->line + n, guest->have);
    }
    if (guest->have == sizeof guest->line)
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "a line of the console is too long");
    return 0;
}

static int attend(void *arg)
{
    struct guest *guest = arg;
    struct diesel__console *console = guest->console;
    diesel_error err;
    ssize_t got;
    diesel__tally_start(console->s);
    while ((got = diesel_stream_read(guest->stream, guest->line + guest->have,
                                     sizeof guest->line - guest->have,
                                     DIESEL_FOREVER, &err)) > 0) {
        guest->have += (size_t)got;
        if (answer_lines(guest, &err) < 0)
            break;
    }
    diesel__tally_stop(console->s);
    diesel_stream_close(guest->stream);
    diesel_free(guest);
    console->attached--;
    return 0;
}

/* Whether the other side is run by the user of this process, or by root. */
static bool is_welcome(diesel_stream *stream)
{
    struct ucred who;
    socklen_t size = sizeof who;
    if (diesel__sys.getsockopt(diesel_stream_fd(stream), SOL_SOCKET, SO_PEERCRED,
                               &who, &size) < 0)
        return false;
    return who.uid == geteuid() || who.uid == 0;
}

static void welcome(struct diesel__console *console, diesel_stream *stream)
{
    struct guest *guest = NULL;
    if (!is_welcome(stream))
        diesel_log(&logger, DIESEL_WARNING, "refused another user");
    else if (console->attached >= MOST_ATTACHED)
        diesel_log(&logger, DIESEL_WARNING, "refused one too many", "attached",
                   console->attached);
    else
        guest = diesel_calloc(1, sizeof *guest);
    if (guest == NULL) {
        diesel_stream_close(stream);
        return;
    }
    guest->console = console;
    guest->stream = stream;
    if (diesel__start(console->scope, "console", attend, guest) == NULL) {
        diesel_stream_close(stream);
        diesel_free(guest);
        return;
    }
    console->attached++;
}

static int listen_for_guests(void *arg)
{
    struct diesel__console *console = arg;
    diesel_error err;
    diesel_stream *stream;
    while ((stream = diesel_accept(console->listener, DIESEL_FOREVER, &err)) !=
           NULL)
        welcome(console, stream);
    if (err.code != DIESEL_E_CANCELLED)
        diesel_log(&logger, DIESEL_ERROR, "ended", "error", err.message);
    diesel_listener_close(console->listener);
    console->listener = NULL;
    return 0;
}

/* Writes the path with the process's number for "%p"; false if it is too long. */
static bool expand(const char *pattern, char *path, size_t size)
{
    const char *p = strstr(pattern, "%p");
    int n = p == NULL ? snprintf(path, size, "%s", pattern)
                      : snprintf(path, size, "%.*s%ld%s", (int)(p - pattern),
                                 pattern, (long)getpid(), p + 2);
    return n >= 0 && (size_t)n < size;
}

static int start(struct diesel__console *console, const char *path, diesel_error *err)
{
    console->listener = diesel_unix_listen(path, NULL, err);
    if (console->listener == NULL)
        return -1;
    if (path[0] != '@' && diesel__sys.chmod(path, S_IRUSR | S_IWUSR) < 0)
        return diesel_error_sys(err, errno, "changing the mode of %s", path);
    console->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "console", .detached = true});
    if (console->scope == NULL ||
        diesel__start(console->scope, "console listener", listen_for_guests,
                      console) == NULL)
        return diesel_error_nomem(err, "the console");
    return 0;
}

/* The first scheduler of a process takes the environment's path. */
static const char *environment_path(void)
{
    static bool taken;
    const char *path = getenv("DIESEL_CONSOLE");
    if (path == NULL ||
        __atomic_exchange_n(&taken, true, __ATOMIC_RELAXED))
        return NULL;
    return path;
}

void diesel__console_start(diesel__sched *s, const char *pattern)
{
    char path[120];
    diesel_error err;
    if (pattern == NULL)
        pattern = environment_path();
    if (pattern == NULL || *pattern == '\0')
        return;
    struct diesel__console *console = diesel_calloc(1, sizeof *console);
    if (console == NULL)
        diesel_error_nomem(&err, "the console");
    else if (!expand(pattern, path, sizeof path))
        diesel_error_set(&err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "the path is too long");
    else if (s->console = console, console->s = s, start(console, path, &err) == 0)
        return;
    diesel_log(&logger, DIESEL_ERROR, "no console", "path", pattern, "error",
               err.message);
    if (console != NULL)
        diesel_listener_close(console->listener);
    diesel_free(console);
    s->console = NULL;
}

void diesel__console_end(diesel__sched *s)
{
    diesel_console_entry *e;
    while ((e = diesel__console_next(s, &s->pages, NULL)) != NULL)
        diesel_console_remove(e);
    diesel_free(s->console);
}
