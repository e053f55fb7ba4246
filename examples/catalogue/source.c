/* SPDX-License-Identifier: MIT */
/*
 * Where package lists come from; see source.h.
 *
 * A stream fills a buffer, and stanzas are taken off its front. What is left of
 * it moves to the front before more is read, and the buffer grows only for
 * a stanza that does not fit, so memory stays the same however long the list is.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diesel/core.h>

enum { ROOM = 256 * 1024, ROOM_MAX = 64 * 1024 * 1024 };

struct source {
    diesel_stream *stream;
    const char *name; /* of the file or the program, for messages      */
    pid_t child;      /* apt-cache, until it has been waited for, or 0 */
    uint64_t size;    /* of the file in bytes; 0: not known            */
    uint64_t taken;   /* bytes of it that were handed out              */
    size_t line;      /* number of the first line of the last stanza   */
    size_t next_line; /* number of the first line behind it            */
    bool ended;       /* the stream has no more                        */
    char *buffer;     /* `room` bytes; what was read and not handed    */
    size_t room;      /*   out lies between begin and end              */
    size_t begin, end;
};

/* Starts apt-cache: the descriptor of the pipe that it writes to, or -1. */
static int spawn_apt_cache(struct source *source, diesel_error *err)
{
    static char *argv[] = {"apt-cache", "dumpavail", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return diesel_error_sys(err, errno, "pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int failed = posix_spawnp(&source->child, argv[0], &actions, NULL, argv,
                              environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed == 0)
        return ends[0];
    source->child = 0;
    close(ends[0]);
    return diesel_error_sys(err, failed, "starting %s (a file can be given "
                            "instead)", argv[0]);
}

static int open_file(struct source *source, diesel_error *err)
{
    struct stat status;

    int fd = strcmp(source->name, "-") == 0
                 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                 : open(source->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diesel_error_sys(err, errno, "%s", source->name);
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        source->size = (uint64_t)status.st_size;
    return fd;
}

struct source *source_open(const char *file, diesel_error *err)
{
    struct source *source = diesel_calloc(1, sizeof *source);
    char *buffer = diesel_malloc(ROOM);
    if (source == NULL || buffer == NULL) {
        diesel_error_nomem(err, "a package list");
        diesel_free(buffer);
        diesel_free(source);
        return NULL;
    }
    source->name = file != NULL ? file : "apt-cache dumpavail";
    source->next_line = 1;
    source->buffer = buffer;
    source->room = ROOM;
    int fd = file != NULL ? open_file(source, err)
                          : spawn_apt_cache(source, err);
    if (fd >= 0)
        source->stream = diesel_stream_from_fd(fd, source->name, err);
    if (source->stream != NULL)
        return source;
    source_close(source);
    return NULL;
}

void source_close(struct source *source)
{
    if (source == NULL)
        return;
    diesel_stream_close(source->stream);
    if (source->child > 0) {
        kill(source->child, SIGKILL); /* it only prints, so no harm is done */
        waitpid(source->child, NULL, 0);
    }
    diesel_free(source->buffer);
    diesel_free(source);
}

/* Waits for apt-cache, which has closed its end of the pipe and so is about to
 * end, without stopping the other fibers. */
static int reap(struct source *source, diesel_error *err)
{
    int status = 0;
    pid_t ended;

    if (source->child == 0)
        return 0;
    while ((ended = waitpid(source->child, &status, WNOHANG)) == 0)
        if (diesel_sleep(1, err) < 0)
            return -1;
    source->child = 0;
    if (ended < 0)
        return diesel_error_sys(err, errno, "waiting for %s", source->name);
    if (status == 0)
        return 0;
    return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                            WIFSIGNALED(status) ? "%s: ended by signal %d"
                                                : "%s: exit status %d",
                            source->name,
                            WIFSIGNALED(status) ? WTERMSIG(status)
                                                : WEXITSTATUS(status));
}

/* Makes room behind the bytes in the buffer. */
static int make_room(struct source *source, diesel_error *err)
{
    size_t length = source->end - source->begin;

    memmove(source->buffer, source->buffer + source->begin, length);
    source->begin = 0;
    source->end = length;
    if (length < source->room)
        return 0;
    if (source->room == ROOM_MAX)
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "%s:%zu: no empty line in %d MiB",
                                source->name, source->next_line, ROOM_MAX >> 20);
    char *grown = diesel_realloc_array(source->buffer, 2, source->room);
    if (grown == NULL)
        return diesel_error_nomem(err, source->name);
    source->buffer = grown;
    source->room *= 2;
    return 0;
}

static int read_more(struct source *source, diesel_error *err)
{
    if (make_room(source, err) < 0)
        return -1;
    ssize_t n = diesel_stream_read(source->stream, source->buffer + source->end,
                                   source->room - source->end, DIESEL_FOREVER,
                                   err);
    if (n < 0)
        return -1;
    source->end += (size_t)n;
    source->ended = n == 0;
    return source->ended ? reap(source, err) : 0;
}

static size_t count_lines(struct span text)
{
    const char *end = text.at + text.len;
    size_t n = 0;

    for (const char *at = text.at;
         (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        n++;
    return n;
}

int source_next(struct source *source, struct span *stanza, diesel_error *err)
{
    for (;;) {
        struct span text = {source->buffer + source->begin,
                            source->end - source->begin};
        size_t n = control_stanza(text, source->ended);
        if (n == 0 && source->ended)
            return 0;
        if (n > 0) {
            *stanza = (struct span){text.at, n};
            source->begin += n;
            source->taken += n;
            source->line = source->next_line;
            source->next_line += count_lines(*stanza);
            return 1;
        }
        if (read_more(source, err) < 0)
            return -1;
    }
}

void source_blame(const struct source *source, size_t line, diesel_error *err)
{
    diesel_error_prefix(err, "%s:%zu", source->name, source->line + line);
}

const char *source_name(const struct source *source)
{
    return source->name;
}

double source_part(const struct source *source)
{
    return source->size > 0 ? (double)source->taken / (double)source->size : 0;
}
