/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes from stream to stream, and from a file to a stream.
 *
 * Between plain streams: splice(2) from the one into a pipe, and from there into
 * the other. The pipe is taken from a small stock when there is something to
 * move, is emptied before it is filled again, and goes back when its
 * stream has nothing more for now; so a thousand proxied connections that are
 * idle hold no pipe.
 *
 * With TLS on a side, or with a descriptor that cannot be spliced, bytes are read
 * straight into the other's output buffer, and reading waits while that holds
 * more than LEAD bytes. That a descriptor takes no splice is learnt with the first
 * bytes in the pipe, which are copied from there.
 */
#include <diesel/copy.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "sched_internal.h"
#include "sigpipe_internal.h"
#include "stream_internal.h"
#include "sys_internal.h"

#define CHUNK ((size_t)16 * 1024) /* of a copy                           */
#define LEAD ((size_t)64 * 1024)  /* so far a copy may be ahead          */
#define PART ((size_t)256 * 1024) /* of a splice or sendfile; a pipe's size */
#define MOST_PIPES 8

struct diesel__pipe {
    struct diesel__pipe *next;
    int ends[2];
};

/* What is under way. */
struct move {
    diesel_stream *from, *to;
    uint64_t left;
    uint64_t *moved; /* or NULL */
    int64_t deadline;
    struct diesel__pipe *pipe; /* NULL: none at the moment */
    size_t in_pipe;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void count(struct move *m, size_t n)
{
    m->left -= n;
    if (m->moved != NULL)
        *m->moved += n;
}

/* --- Pipes. */

static void pipe_free(struct diesel__pipe *pipe)
{
    diesel__sys.close(pipe->ends[0]);
    diesel__sys.close(pipe->ends[1]);
    diesel_free(pipe);
}

static int take_pipe(struct move *m, diesel_error *err)
{
    diesel__sched *s = m->to->sched;
    if (m->pipe != NULL)
        return 0;
    m->pipe = s->pipes;
    if (m->pipe != NULL) {
        s->pipes = m->pipe->next;
        s->pipe_count--;
        return 0;
    }
    m->pipe = diesel_malloc(sizeof *m->pipe);
    if (m->pipe == NULL)
        return diesel_error_nomem(err, "a pipe");
    if (diesel__sys.pipe2(m->pipe->ends, O_CLOEXEC | O_NONBLOCK) < 0) {
        diesel_error_sys(err, errno, "making a pipe");
        diesel_free(m->pipe);
        m->pipe = NULL;
        return -1;
    }
    /* A smaller pipe does as well, if more slowly. */
    (void)diesel__sys.fcntl(m->pipe->ends[1], F_SETPIPE_SZ, (int)PART);
    return 0;
}

/* One that holds bytes still is of no use to others. */
static void give_pipe(struct move *m)
{
    diesel__sched *s = m->to->sched;
    struct diesel__pipe *pipe = m->pipe;
    if (pipe == NULL)
        return;
    m->pipe = NULL;
    if (m->in_pipe > 0 || s->pipe_count >= MOST_PIPES) {
        pipe_free(pipe);
        return;
    }
    pipe->next = s->pipes;
    s->pipes = pipe;
    s->pipe_count++;
}

void diesel__pipes_free(diesel__sched *s)
{
    while (s->pipes != NULL) {
        struct diesel__pipe *pipe = s->pipes;
        s->pipes = pipe->next;
        pipe_free(pipe);
    }
}

/* --- Splicing. The outcome of one step. */

enum step { STEP_FAILED = -1, STEP_END, STEP_MOVED, STEP_CANNOT };

static int write_failed(diesel_stream *to, diesel_error *err)
{
    diesel__stream_fail(to, errno);
    return diesel__stream_failed(to, to->failed, "writing", err);
}

/* Puts what is in the pipe into the stream; STEP_CANNOT: it is still there. */
static enum step empty_pipe(struct move *m, diesel_error *err)
{
    diesel_stream *to = m->to;
    while (m->in_pipe > 0) {
        struct diesel__sigpipe held;
        diesel__sigpipe_hold(&held);
        ssize_t n = diesel__sys.splice(m->pipe->ends[0], NULL, to->fd, NULL,
                                       m->in_pipe,
                                       SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        diesel__sigpipe_release(&held, n < 0 && errno == EPIPE);
        if (n > 0) {
            m->in_pipe -= (size_t)n;
            to->committed += (uint64_t)n;
            to->sent += (uint64_t)n;
            count(m, (size_t)n);
        } else if (errno == EINVAL) {
            return STEP_CANNOT;
        } else if (errno != EINTR && !diesel__would_block(errno)) {
            return (enum step)write_failed(to, err);
        } else if (errno != EINTR &&
                   diesel__stream_wait_writable(to, "output", m->deadline,
                                                err) < 0) {
            return STEP_FAILED;
        }
    }
    return STEP_MOVED;
}

/* Fills the pipe with what there is: STEP_MOVED, also if there was nothing. */
static enum step fill_pipe(struct move *m, diesel_error *err)
{
    diesel_stream *from = m->from;
    if (take_pipe(m, err) < 0)
        return STEP_FAILED;
    ssize_t n = diesel__sys.splice(from->fd, NULL, m->pipe->ends[1], NULL,
                                   (size_t)least(m->left, PART),
                                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n >= 0) {
        m->in_pipe = (size_t)n;
        return n > 0 ? STEP_MOVED : STEP_END;
    }
    if (diesel__would_block(errno))
        from->readable = false;
    else if (errno == EINVAL)
        return STEP_CANNOT;
    else if (errno != EINTR)
        return (enum step)diesel__stream_failed(from, errno, "reading", err);
    return STEP_MOVED;
}

/* How much is read at once, and how far the output buffer may be ahead, so that
 * both fit into the buffer's limit. */
static size_t copy_sizes(const struct move *m, size_t *lead)
{
    size_t limit = m->to->out_limit, n = (size_t)least(m->left, CHUNK);
    *lead = LEAD;
    if (limit == 0)
        return n;
    n = (size_t)least(n, limit);
    *lead = (size_t)least(LEAD, limit - n);
    return n;
}

/* Copies what is in the pipe, into a stream that takes no splice. */
static int copy_pipe(struct move *m, diesel_error *err)
{
    diesel_stream *to = m->to;
    while (m->in_pipe > 0) {
        size_t lead, n = (size_t)least(copy_sizes(m, &lead), m->in_pipe);
        if (diesel_stream_drain(to, lead, m->deadline, err) < 0)
            return -1;
        void *room = diesel_stream_reserve(to, n, err);
        if (room == NULL)
            return -1;
        ssize_t got;
        do
            got = diesel__sys.read(m->pipe->ends[0], room, n);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return diesel_error_sys(err, errno, "%s: reading a pipe", to->name);
        diesel_stream_commit(to, (size_t)got);
        m->in_pipe -= (size_t)got;
        count(m, (size_t)got);
    }
    return 0;
}

static enum step splice_step(struct move *m, diesel_error *err)
{
    diesel_stream *from = m->from, *to = m->to;
    if (!from->readable) {
        give_pipe(m);
        if (diesel__stream_wait_readable(from, m->deadline, err) < 0)
            return STEP_FAILED;
    }
    if (diesel_stream_drain(to, 0, m->deadline, err) < 0 ||
        diesel__stream_begin_write(to, err) < 0 ||
        diesel__stream_begin_read(from, err) < 0)
        return STEP_FAILED;
    enum step step = fill_pipe(m, err);
    if (m->in_pipe == 0)
        return step;
    to->writer = to->sched->current;
    step = empty_pipe(m, err);
    to->writer = NULL;
    if (to->fd >= 0 && to->failed == 0)
        diesel__stream_make_dirty(to); /* what was appended meanwhile */
    if (step == STEP_CANNOT && copy_pipe(m, err) < 0)
        return STEP_FAILED;
    return step;
}

/* --- Copying. */

static enum step copy_step(struct move *m, diesel_error *err)
{
    diesel_stream *from = m->from, *to = m->to;
    size_t lead, n = copy_sizes(m, &lead);
    if (diesel_stream_drain(to, lead, m->deadline, err) < 0 ||
        diesel__stream_begin_read(from, err) < 0)
        return STEP_FAILED;
    void *room = diesel_stream_reserve(to, n, err);
    if (room == NULL)
        return STEP_FAILED;
    ssize_t got = (ssize_t)diesel__stream_take_input(from, room, n);
    if (got == 0)
        got = diesel__stream_read_once(from, room, n, err);
    if (got > 0) {
        diesel_stream_commit(to, (size_t)got);
        count(m, (size_t)got);
        return STEP_MOVED;
    }
    if (got == 0)
        return STEP_END;
    if (errno != EAGAIN)
        return STEP_FAILED;
    diesel__stream_trim_output(to); /* it may wait long */
    if (diesel__stream_wait_readable(from, m->deadline, err) < 0)
        return STEP_FAILED;
    return STEP_MOVED;
}

static bool may_splice(const struct move *m)
{
    return m->from->tls == NULL && m->to->tls == NULL &&
           m->from->watch != NULL && m->to->watch != NULL;
}

/* After a larger part the others have their turn. */
static int take_turns(const struct move *m, uint64_t *turn, diesel_error *err)
{
    if (*turn - m->left < PART)
        return 0;
    *turn = m->left;
    return diesel_yield(err);
}

static int move_all(struct move *m, diesel_error *err)
{
    bool splices = may_splice(m);
    enum step step = STEP_MOVED;
    uint64_t turn = m->left;
    while (m->left > 0 && step != STEP_END) {
        if (take_turns(m, &turn, err) < 0)
            return -1;
        bool held = m->from->in_end > m->from->in_pos;
        step = splices && !held ? splice_step(m, err) : copy_step(m, err);
        if (step == STEP_FAILED)
            return -1;
        if (step == STEP_CANNOT)
            splices = false;
    }
    return diesel_stream_drain(m->to, 0, m->deadline, err);
}

int diesel_stream_splice(diesel_stream *from, diesel_stream *to, uint64_t most,
                         uint64_t *moved, int64_t deadline, diesel_error *err)
{
    struct move m = {.from = from,
                     .to = to,
                     .left = most,
                     .moved = moved,
                     .deadline = deadline};
    if (from == to)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: spliced with itself", from->name);
    if (diesel__stream_begin_read(from, err) < 0 ||
        diesel__stream_begin_write(to, err) < 0)
        return -1;
    diesel__stream_enter(from);
    diesel__stream_enter(to);
    int result = move_all(&m, err);
    give_pipe(&m);
    diesel__stream_leave(from);
    diesel__stream_leave(to);
    return result;
}

/* --- Files. */

static int file_ended(const struct move *m, uint64_t n, diesel_error *err)
{
    if (n == UINT64_MAX)
        return 0;
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "%s: the file ended %llu of %llu bytes too early",
                            m->to->name, (unsigned long long)m->left,
                            (unsigned long long)n);
}

/* One sendfile(2); the fiber is the stream's writer. */
static enum step send_part(struct move *m, int fd, off_t *offset,
                           diesel_error *err)
{
    diesel_stream *to = m->to;
    struct diesel__sigpipe held;
    diesel__sigpipe_hold(&held);
    ssize_t n = diesel__sys.sendfile(to->fd, fd, offset,
                                     (size_t)least(m->left, PART));
    diesel__sigpipe_release(&held, n < 0 && errno == EPIPE);
    if (n > 0) {
        to->committed += (uint64_t)n;
        to->sent += (uint64_t)n;
        count(m, (size_t)n);
        return STEP_MOVED;
    }
    if (n == 0)
        return STEP_END;
    if (errno == EINTR)
        return STEP_MOVED;
    if (errno == EINVAL || errno == ENOSYS)
        return STEP_CANNOT;
    if (!diesel__would_block(errno))
        return (enum step)write_failed(to, err);
    return diesel__stream_wait_writable(to, "output", m->deadline, err) < 0
               ? STEP_FAILED
               : STEP_MOVED;
}

/* The same through the output buffer. */
static enum step copy_part(struct move *m, int fd, off_t *offset,
                           diesel_error *err)
{
    size_t lead, n = copy_sizes(m, &lead);
    if (diesel_stream_drain(m->to, lead, m->deadline, err) < 0)
        return STEP_FAILED;
    void *room = diesel_stream_reserve(m->to, n, err);
    if (room == NULL)
        return STEP_FAILED;
    ssize_t got;
    do
        got = diesel__sys.pread(fd, room, n, *offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return (enum step)diesel_error_sys(
            err, errno, "%s: reading the file to send", m->to->name);
    *offset += got;
    diesel_stream_commit(m->to, (size_t)got);
    count(m, (size_t)got);
    return got > 0 ? STEP_MOVED : STEP_END;
}

static enum step send_step(struct move *m, int fd, off_t *offset, bool copies,
                           diesel_error *err)
{
    diesel_stream *to = m->to;
    if (copies)
        return copy_part(m, fd, offset, err);
    if (diesel_stream_drain(to, 0, m->deadline, err) < 0 ||
        diesel__stream_begin_write(to, err) < 0)
        return STEP_FAILED;
    to->writer = to->sched->current;
    enum step step = send_part(m, fd, offset, err);
    to->writer = NULL;
    if (to->fd >= 0 && to->failed == 0)
        diesel__stream_make_dirty(to); /* what was appended meanwhile */
    return step;
}

static int send_all(struct move *m, int fd, off_t offset, diesel_error *err)
{
    uint64_t n = m->left, turn = n;
    bool copies = m->to->tls != NULL || m->to->watch == NULL;
    while (m->left > 0) {
        if (take_turns(m, &turn, err) < 0)
            return -1;
        enum step step = send_step(m, fd, &offset, copies, err);
        if (step == STEP_FAILED)
            return -1;
        if (step == STEP_END)
            return file_ended(m, n, err) < 0
                       ? -1
                       : diesel_stream_drain(m->to, 0, m->deadline, err);
        copies = copies || step == STEP_CANNOT;
    }
    return diesel_stream_drain(m->to, 0, m->deadline, err);
}

int diesel_stream_send_file(diesel_stream *to, int fd, int64_t offset,
                            uint64_t n, uint64_t *moved, int64_t deadline,
                            diesel_error *err)
{
    struct move m = {
        .to = to, .left = n, .moved = moved, .deadline = deadline};
    if (offset < 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: a file from byte %lld on", to->name,
                                (long long)offset);
    if (diesel__stream_begin_write(to, err) < 0)
        return -1;
    diesel__stream_enter(to);
    int result = send_all(&m, fd, (off_t)offset, err);
    diesel__stream_leave(to);
    return result;
}
