/* SPDX-License-Identifier: MIT */
/*
 * Listening and accepting.
 *
 * Accepting is tried until the kernel has no connection left, then waits for the
 * next edge. Without free descriptors no edge comes for the connections that wait
 * already, so it is tried again after a while.
 *
 * Any number of fibers may accept. An edge wakes the first of those that wait and
 * will see it, and who leaves wakes the next, since there may be more connections
 * than edges. A service that is full waits here as well, but is not in for those.
 */
#include <diesel/net.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/park.h>

#include "loop_internal.h"
#include "net_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

#define OUT_OF_DESCRIPTORS_MS 50

struct diesel_listener {
    diesel__sched *sched;
    int fd; /* -1 after it was closed */
    unsigned users;   /* calls that are in it, perhaps suspended */
    unsigned handles; /* that are to be closed yet */
    diesel__watch *watch;
    diesel__link acceptors; /* who is in diesel_accept(), first come */
    diesel_listen_options options;
    char *path; /* to remove on close; NULL */
    char name[128];
};

enum { ACCEPT_READY, ACCEPT_CLOSED };

/* A fiber that is in a listener; on its stack. */
struct acceptor {
    diesel__link link;
    diesel_fiber *fiber;
    bool pauses; /* it wants no connection, but to know of the end */
};

static struct acceptor *acceptor_of(diesel__link *link)
{
    return DIESEL__HOLDER(link, struct acceptor, link);
}

/* One that has been cancelled, or given up waiting, will not look. */
static void wake_one(diesel_listener *listener)
{
    diesel__link *head = &listener->acceptors;
    for (diesel__link *l = head->next; l != head; l = l->next)
        if (!acceptor_of(l)->pauses &&
            diesel__wake(listener->sched, acceptor_of(l)->fiber, ACCEPT_READY))
            return;
}

static void on_ready(void *arg, unsigned what)
{
    (void)what;
    wake_one(arg);
}

/* Makes a listener of a bound socket, which is taken. */
static diesel_listener *start(int fd, const char *name,
                              const diesel_listen_options *options,
                              diesel_error *err)
{
    static const diesel_listen_options none;
    if (options == NULL)
        options = &none;
    diesel_listener *listener = diesel_calloc(1, sizeof *listener);
    if (listener == NULL) {
        diesel_error_nomem(err, "a listener");
        goto fail_fd;
    }
    listener->sched = diesel__sched_need("listening");
    listener->fd = fd;
    listener->handles = 1;
    listener->options = *options;
    diesel__link_init(&listener->acceptors);
    snprintf(listener->name, sizeof listener->name, "%s", name);
    int backlog = options->backlog > 0 ? options->backlog : SOMAXCONN;
    if (diesel__sys.listen(fd, backlog) < 0) {
        diesel_error_sys(err, errno, "listening on %s", name);
        goto fail_listener;
    }
    listener->watch =
        diesel__watch_open(listener->sched, fd, on_ready, listener, err);
    if (listener->watch == NULL)
        goto fail_listener;
    return listener;

fail_listener:
    diesel_free(listener);
fail_fd:
    diesel__sys.close(fd);
    return NULL;
}

static int stream_socket(int family)
{
    return diesel__sys.socket(family,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int switch_on(int fd, int option)
{
    int one = 1;
    return diesel__sys.setsockopt(fd, SOL_SOCKET, option, &one, sizeof one);
}

static int bind_to(const diesel_address *address, const char *name,
                   bool reuse_port, diesel_error *err)
{
    int fd = stream_socket(address->any.sa_family);
    if (fd < 0)
        return diesel_error_sys(err, errno, "listening on %s", name);
    bool tcp = address->any.sa_family != AF_UNIX;
    if ((tcp && switch_on(fd, SO_REUSEADDR) < 0) ||
        (reuse_port && switch_on(fd, SO_REUSEPORT) < 0) ||
        diesel__sys.bind(fd, &address->any,
                         address->size) < 0) {
        diesel_error_sys(err, errno, "listening on %s", name);
        diesel__sys.close(fd);
        return -1;
    }
    return fd;
}

diesel_listener *diesel_tcp_listen(const char *address, uint16_t port,
                                   const diesel_listen_options *options,
                                   diesel_error *err)
{
    diesel_address where;
    if (diesel_address_parse(address, port, &where, err) < 0) {
        diesel_error_prefix(err, "listening");
        return NULL;
    }
    char text[DIESEL_ADDRESS_TEXT];
    const char *name = diesel_address_text(&where, text, sizeof text);
    int fd = bind_to(&where, name, options != NULL && options->reuse_port, err);
    return fd < 0 ? NULL : start(fd, name, options, err);
}

/* Removes a socket file that nobody listens on any more. */
static void remove_stale(const char *path, const diesel_address *where)
{
    struct stat st;
    if (path[0] == '@' || diesel__sys.lstat(path, &st) < 0 ||
        !S_ISSOCK(st.st_mode))
        return;
    int fd = stream_socket(AF_UNIX);
    if (fd < 0)
        return;
    if (diesel__sys.connect(fd, &where->any,
                            where->size) < 0 &&
        errno == ECONNREFUSED)
        diesel__sys.unlink(path);
    diesel__sys.close(fd);
}

diesel_listener *diesel_unix_listen(const char *path,
                                    const diesel_listen_options *options,
                                    diesel_error *err)
{
    diesel_address where;
    if (diesel__unix_address(path, &where, err) < 0) {
        diesel_error_prefix(err, "listening");
        return NULL;
    }
    char *copy = diesel_strndup(path, strlen(path));
    if (copy == NULL) {
        diesel_error_nomem(err, "a listener");
        return NULL;
    }
    remove_stale(path, &where);
    int fd = bind_to(&where, path, false, err);
    diesel_listener *listener = fd < 0 ? NULL : start(fd, path, options, err);
    if (listener == NULL) {
        if (fd >= 0 && path[0] != '@')
            diesel__sys.unlink(path);
        diesel_free(copy);
        return NULL;
    }
    listener->path = copy;
    return listener;
}

uint16_t diesel_listener_port(const diesel_listener *listener)
{
    diesel_address local = {.size = sizeof local.room};
    if (diesel__sys.getsockname(listener->fd, &local.any, &local.size) < 0)
        return 0;
    return diesel_address_port(&local);
}

int diesel_listener_local(const diesel_listener *listener,
                          diesel_address *address, diesel_error *err)
{
    return diesel__socket_local(listener->fd, listener->name, address, err);
}

void diesel__listener_enter(diesel_listener *listener)
{
    listener->users++;
}

bool diesel__listener_is_closed(const diesel_listener *listener)
{
    return listener->fd < 0;
}

void diesel__listener_leave(diesel_listener *listener)
{
    if (--listener->users == 0 && listener->handles == 0)
        diesel_free(listener);
}

void diesel__listener_shut(diesel_listener *listener)
{
    if (listener->fd < 0)
        return;
    diesel__watch_close(listener->watch);
    diesel__sys.close(listener->fd);
    listener->fd = -1;
    if (listener->path != NULL && listener->path[0] != '@')
        diesel__sys.unlink(listener->path);
    diesel_free(listener->path);
    diesel__link *head = &listener->acceptors;
    for (diesel__link *l = head->next; l != head; l = l->next)
        diesel__wake(listener->sched, acceptor_of(l)->fiber, ACCEPT_CLOSED);
}

diesel_listener *diesel_listener_share(diesel_listener *listener)
{
    listener->handles++;
    return listener;
}

/* A service has closed its handle already if somebody has done so while it lasted. */
void diesel_listener_close(diesel_listener *listener)
{
    if (listener == NULL)
        return;
    diesel__listener_enter(listener);
    diesel__listener_shut(listener);
    if (listener->handles > 0)
        listener->handles--;
    diesel__listener_leave(listener);
}

static diesel_stream *make_stream(diesel_listener *listener, int fd,
                                  const diesel_address *peer,
                                  diesel_error *err)
{
    char text[160];
    bool tcp = peer->any.sa_family == AF_INET || peer->any.sa_family == AF_INET6;
    if (tcp)
        diesel_address_text(peer, text, sizeof text);
    else
        snprintf(text, sizeof text, "a client of %s", listener->name);
    if (tcp && diesel__tcp_set_options(fd, &listener->options.tcp, text, err) < 0) {
        diesel__sys.close(fd);
        return NULL;
    }
    return diesel_stream_from_fd(fd, text, err);
}

static int is_closed(const diesel_listener *listener, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "%s: the listener has been closed", listener->name);
}

static bool is_out_of_descriptors(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS ||
           errnum == ENOMEM;
}

/* Whether accept(2) failed for that one connection only. */
static bool is_passing(int errnum)
{
    return errnum == EINTR || errnum == ECONNABORTED || errnum == EPROTO ||
           errnum == EPERM || errnum == ENETDOWN || errnum == ENETUNREACH ||
           errnum == EHOSTDOWN || errnum == EHOSTUNREACH;
}

/* Waits until accepting is worth another try. */
static int wait_for_more(diesel_listener *listener, int errnum,
                         int64_t deadline, diesel_error *err)
{
    diesel__sched *s = listener->sched;
    int64_t limit = diesel__deadline_ns(deadline), when = limit;
    if (is_out_of_descriptors(errnum)) {
        int64_t soon = diesel__clock() + OUT_OF_DESCRIPTORS_MS * 1000000LL;
        when = soon < limit ? soon : limit;
    }
    int woken = diesel__park(s, "a connection", when);
    if (woken == ACCEPT_READY || (woken == DIESEL__WAKE_DEADLINE && when < limit))
        return 0;
    if (woken == ACCEPT_CLOSED)
        return is_closed(listener, err);
    diesel__park_failed(woken, "a connection", err);
    diesel_error_prefix(err, "%s", listener->name);
    return -1;
}

static diesel_stream *accept_one(diesel_listener *listener, int64_t deadline,
                                 diesel_error *err)
{
    for (;;) {
        diesel_address peer = {.size = sizeof peer.room};
        if (listener->fd < 0) { /* closed after it had been woken */
            is_closed(listener, err);
            return NULL;
        }
        int fd = diesel__sys.accept4(listener->fd, &peer.any,
                                     &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return make_stream(listener, fd, &peer, err);
        if (is_passing(errno))
            continue;
        if (errno != EAGAIN && !is_out_of_descriptors(errno)) {
            diesel_error_sys(err, errno, "%s: accepting", listener->name);
            return NULL;
        }
        if (wait_for_more(listener, errno, deadline, err) < 0)
            return NULL;
    }
}

int diesel__listener_pause(diesel_listener *listener, const char *what,
                           diesel_error *err)
{
    struct acceptor self = {.fiber = listener->sched->current, .pauses = true};
    diesel__list_append(&listener->acceptors, &self.link);
    int woken = diesel_park(what, DIESEL_FOREVER, err);
    diesel__link_unlink(&self.link);
    return woken < 0 ? -1 : 0;
}

diesel_stream *diesel_accept(diesel_listener *listener, int64_t deadline,
                             diesel_error *err)
{
    diesel__sched *s = listener->sched;
    if (diesel__is_cut(s)) {
        diesel__cut(s, "a connection", err);
        diesel_error_prefix(err, "%s", listener->name);
        return NULL;
    }
    struct acceptor self = {.fiber = s->current};
    diesel__listener_enter(listener);
    diesel__list_append(&listener->acceptors, &self.link);
    diesel_stream *stream = accept_one(listener, deadline, err);
    diesel__link_unlink(&self.link);
    if (stream != NULL && listener->fd >= 0)
        wake_one(listener);
    diesel__listener_leave(listener);
    return stream;
}
