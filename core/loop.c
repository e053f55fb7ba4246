/* SPDX-License-Identifier: MIT */
/*
 * The event loop: the only file that knows libevent.
 *
 * A scheduler has an event_base of its own, which diesel_run() turns, or lives in
 * an application's, whose callbacks then run the rounds: `round` is an event
 * that is activated when fibers become runnable, and `wake` the timer for the
 * earliest deadline. Both ways use the same timer and the same watches.
 *
 * The timer is only ever armed earlier than before, never later: waking up once
 * for a deadline that has been disarmed is cheaper than re-arming at each change.
 */
#include "loop_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/stat.h>

#include <diesel/event.h>
#include <diesel/memory.h>

#include "inbox_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

struct diesel__loop {
    struct event_base *base;
    bool own;            /* the base was made here */
    struct event wake;   /* the earliest deadline  */
    struct event round;  /* in an application's base: runs a round */
    int64_t armed;       /* ns that `wake` is set to; INT64_MAX: not set */
};

static void arm_wake(diesel__sched *s)
{
    diesel__loop *loop = s->loop;
    int64_t next = diesel__timer_next(s);
    if (next >= loop->armed)
        return;
    int64_t wait = next - diesel__clock();
    if (wait < 0)
        wait = 0;
    struct timeval tv = {.tv_sec = wait / 1000000000,
                         .tv_usec = (wait % 1000000000 + 999) / 1000};
    if (event_add(&loop->wake, &tv) == 0)
        loop->armed = next;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    diesel__sched *s = arg;
    s->loop->armed = INT64_MAX;
    diesel__timers_run(s);
    arm_wake(s);
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    diesel__sched *s = arg;
    diesel__round(s);
    arm_wake(s);
}

/* Whether a base would find the three descriptors that it needs: libevent ends the
 * process when there is none for its pair of sockets. */
static bool has_descriptors(void)
{
    int ends[2];
    if (diesel__sys.pipe2(ends, O_CLOEXEC) < 0)
        return false;
    int third = diesel__sys.eventfd(0, EFD_CLOEXEC), errnum = errno;
    diesel__sys.close(ends[0]);
    diesel__sys.close(ends[1]);
    if (third >= 0)
        diesel__sys.close(third);
    errno = errnum;
    return third >= 0;
}

static struct event_base *own_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int diesel__loop_open(diesel__sched *s, struct event_base *base,
                      diesel_error *err)
{
    diesel__loop *loop = diesel_calloc(1, sizeof *loop);
    if (loop == NULL)
        return diesel_error_nomem(err, "an event loop");
    loop->own = base == NULL;
    if (loop->own && !has_descriptors()) {
        diesel_error_sys(err, errno, "an event loop");
        diesel_free(loop);
        return -1;
    }
    loop->base = base != NULL ? base : own_base();
    if (loop->base == NULL) {
        diesel_free(loop);
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "libevent could not make an event_base");
    }
    loop->armed = INT64_MAX;
    evtimer_assign(&loop->wake, loop->base, on_wake, s);
    evtimer_assign(&loop->round, loop->base, on_round, s);
    s->loop = loop;
    return 0;
}

void diesel__loop_close(diesel__sched *s)
{
    diesel__loop *loop = s->loop;
    event_del(&loop->wake);
    event_del(&loop->round);
    if (loop->own)
        event_base_free(loop->base);
    diesel_free(loop);
    s->loop = NULL;
}

void diesel__loop_kick(diesel__sched *s)
{
    /* A loop of our own runs a round at each turn anyway. */
    if (!s->loop->own)
        event_active(&s->loop->round, EV_TIMEOUT, 0);
}

/* Whether the loop would wait for nothing but an inbox that nobody can post to. */
static bool waits_in_vain(const diesel__sched *s)
{
    return s->inbox != NULL && s->tail == NULL &&
           diesel__inbox_is_idle(s->inbox) &&
           event_base_get_num_events(s->loop->base, EVENT_BASE_COUNT_ADDED |
                                                        EVENT_BASE_COUNT_ACTIVE |
                                                        EVENT_BASE_COUNT_VIRTUAL) == 1;
}

bool diesel__loop_turn(diesel__sched *s, const size_t *left)
{
    diesel__loop *loop = s->loop;
    if (loop->own)
        diesel__round(s);
    if (*left == 0)
        return true;
    arm_wake(s);
    if (waits_in_vain(s))
        return false;
    int flags = EVLOOP_ONCE;
    if (s->tail != NULL)
        flags |= EVLOOP_NONBLOCK;
    bool none = event_base_loop(loop->base, flags) == 1;
    return !none || s->tail != NULL;
}

struct event_base *diesel_event_base(void)
{
    return diesel__current != NULL ? diesel__current->loop->base : NULL;
}

struct diesel__watch {
    diesel__sched *s;
    struct event read, write;
    void (*ready)(void *arg, unsigned what);
    void *arg;
};

static void on_read(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    diesel__watch *watch = arg;
    unsigned bits = DIESEL__READABLE;
    if (what & EV_CLOSED)
        bits |= DIESEL__HANGUP;
    watch->ready(watch->arg, bits);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    diesel__watch *watch = arg;
    watch->ready(watch->arg, DIESEL__WRITABLE);
}

static diesel__watch *watch_new(diesel__sched *s, int fd, short read_events,
                                short write_events,
                                void (*ready)(void *arg, unsigned what),
                                void *arg)
{
    diesel__watch *watch = diesel_calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    struct event_base *base = s->loop->base;
    event_assign(&watch->read, base, fd, read_events, on_read, watch);
    event_assign(&watch->write, base, fd, write_events, on_write, watch);
    watch->s = s;
    watch->ready = ready;
    watch->arg = arg;
    return watch;
}

diesel__watch *diesel__watch_open(diesel__sched *s, int fd,
                                  void (*ready)(void *arg, unsigned what),
                                  void *arg, diesel_error *err)
{
    diesel__fork_check(s, "watching a descriptor");
    short closed = event_base_get_features(s->loop->base) &
                           EV_FEATURE_EARLY_CLOSE
                       ? EV_CLOSED
                       : 0;
    diesel__watch *watch =
        watch_new(s, fd, (short)(EV_READ | closed | EV_ET | EV_PERSIST),
                  EV_WRITE | EV_ET, ready, arg);
    if (watch == NULL) {
        diesel_error_nomem(err, "watching a descriptor");
        return NULL;
    }
    struct stat st;
    if (diesel__sys.fstat(fd, &st) == 0 &&
        (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_SYS, EPERM,
                         "a regular file cannot be watched");
    } else if (event_add(&watch->read, NULL) == 0) {
        return watch;
    } else {
        diesel_error_sys(err, errno, "watching descriptor %d", fd);
    }
    diesel_free(watch);
    return NULL;
}

diesel__watch *diesel__watch_open_level(diesel__sched *s, int fd,
                                        void (*ready)(void *arg, unsigned what),
                                        void *arg)
{
    return watch_new(s, fd, EV_READ | EV_PERSIST, EV_WRITE | EV_PERSIST, ready,
                     arg);
}

int diesel__watch_level(diesel__watch *watch, bool read, bool write)
{
    if ((read ? event_add(&watch->read, NULL) : event_del(&watch->read)) < 0)
        return -1;
    return write ? event_add(&watch->write, NULL) : event_del(&watch->write);
}

int diesel__watch_writable(diesel__watch *watch)
{
    return event_add(&watch->write, NULL);
}

void diesel__watch_close(diesel__watch *watch)
{
    if (watch == NULL)
        return;
    if (!watch->s->forked_from) { /* else it is the parent that still watches */
        event_del(&watch->read);
        event_del(&watch->write);
    }
    diesel_free(watch);
}
