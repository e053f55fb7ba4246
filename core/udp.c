/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets: sending, receiving, and the life of the socket; udp_options.c has
 * what is set once.
 *
 * The socket is watched edge-triggered: `readable` is set at each edge, and
 * cleared when the kernel has nothing. An edge wakes one of the waiting
 * receivers; one that leaves while the socket may have more wakes the next.
 * Room for sending wakes all who wait for it, since none knows how much there is.
 * Selects that wait for input are all told of an edge, and take nothing.
 *
 * A socket that is closed while fibers are in it lives on, without a descriptor,
 * until the last of them has left.
 */
#include <diesel/udp.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "sys_internal.h"
#include "udp_internal.h"

#define MOST_BATCH 64 /* 5 KiB of headers on the stack of a batch */

enum { UDP_READY, UDP_CLOSED };

/* A fiber that waits to send or to receive. */
struct waiter {
    diesel__link link;
    diesel_fiber *fiber;
};

static void wake_all(diesel_udp *udp, diesel__link *waiters, int value)
{
    for (diesel__link *l = waiters->next; l != waiters; l = l->next)
        diesel__wake(udp->sched, DIESEL__HOLDER(l, struct waiter, link)->fiber,
                     value);
}

/* Wakes the first receiver that will see it. */
static void wake_receiver(diesel_udp *udp)
{
    for (diesel__link *l = udp->receivers.next; l != &udp->receivers; l = l->next)
        if (diesel__wake(udp->sched,
                         DIESEL__HOLDER(l, struct waiter, link)->fiber,
                         UDP_READY))
            return;
}

void diesel__udp_ready(void *arg, unsigned what)
{
    diesel_udp *udp = arg;
    if (what & (DIESEL__READABLE | DIESEL__HANGUP)) {
        udp->readable = true;
        wake_receiver(udp);
        diesel_cases_fire_all(&udp->cases, 0);
    }
    if (what & DIESEL__WRITABLE) {
        udp->blocked = false;
        wake_all(udp, &udp->senders, UDP_READY);
    }
}

static int closed(const diesel_udp *udp, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "%s: the socket has been closed", udp->name);
}

/* What every call checks first; after it the call must udp_leave(). */
static int enter(diesel_udp *udp, const char *what, diesel_error *err)
{
    diesel__sched *s = udp->sched;
    if (diesel__is_cut(s)) {
        diesel__cut(s, what, err);
        diesel_error_prefix(err, "%s", udp->name);
        return -1;
    }
    if (udp->fd < 0)
        return closed(udp, err);
    udp->users++;
    return 0;
}

static void leave(diesel_udp *udp)
{
    if (--udp->users == 0 && udp->fd < 0)
        diesel_free(udp);
}

void diesel_udp_close(diesel_udp *udp)
{
    if (udp == NULL || udp->fd < 0)
        return;
    udp->users++;
    diesel__watch_close(udp->watch);
    diesel__sys.close(udp->fd);
    udp->fd = -1;
    wake_all(udp, &udp->receivers, UDP_CLOSED);
    wake_all(udp, &udp->senders, UDP_CLOSED);
    diesel_cases_fire_all(&udp->cases, 0);
    leave(udp);
}

static int wait_in(diesel_udp *udp, diesel__link *waiters, const char *what,
                   int64_t deadline, diesel_error *err)
{
    struct waiter waiter = {.fiber = udp->sched->current};
    diesel__list_append(waiters, &waiter.link);
    int woken = diesel__park(udp->sched, what, diesel__deadline_ns(deadline));
    diesel__link_unlink(&waiter.link);
    if (woken < 0) {
        diesel__park_failed(woken, what, err);
        diesel_error_prefix(err, "%s", udp->name);
        return -1;
    }
    return udp->fd < 0 ? closed(udp, err) : 0;
}

/* Waits until the kernel takes output again. */
static int wait_sendable(diesel_udp *udp, int64_t deadline, diesel_error *err)
{
    if (!udp->blocked && diesel__watch_writable(udp->watch) < 0)
        return diesel_error_sys(err, errno, "%s: waiting to send", udp->name);
    udp->blocked = true;
    return wait_in(udp, &udp->senders, "room for a datagram", deadline, err);
}

/* Fills *err for a call that failed. A datagram's length is the caller's affair. */
static int failed(const diesel_udp *udp, int errnum, const char *doing,
                  diesel_error *err)
{
    diesel_error_sys(err, errnum, "%s: %s", udp->name, doing);
    if (err != NULL && errnum == EMSGSIZE)
        err->code = DIESEL_E_LIMIT;
    return -1;
}

/* The header of one datagram that leaves. */
static struct msghdr outgoing(struct iovec *piece, const diesel_address *to)
{
    bool named = to != NULL && to->size != 0;
    return (struct msghdr){
        .msg_name = named ? (void *)(uintptr_t)&to->any : NULL,
        .msg_namelen = named ? to->size : 0,
        .msg_iov = piece,
        .msg_iovlen = 1};
}

int diesel_udp_send(diesel_udp *udp, const void *buf, size_t n,
                    const diesel_address *to, int64_t deadline,
                    diesel_error *err)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)buf, .iov_len = n};
    struct msghdr message = outgoing(&piece, to);
    int result = 0;
    if (enter(udp, "room for a datagram", err) < 0)
        return -1;
    while (result == 0 &&
           diesel__sys.sendmsg(udp->fd, &message, MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            result = wait_sendable(udp, deadline, err);
        else if (errno != EINTR)
            result = failed(udp, errno, "sending", err);
    }
    leave(udp);
    return result;
}

/* Sends some of up to MOST_BATCH datagrams: a count, or -1. */
static ssize_t send_some(diesel_udp *udp, const diesel_datagram *batch,
                         size_t count, int64_t deadline, diesel_error *err)
{
    struct mmsghdr messages[MOST_BATCH];
    struct iovec pieces[MOST_BATCH];
    for (size_t i = 0; i < count; i++) {
        pieces[i] = (struct iovec){.iov_base = batch[i].data,
                                   .iov_len = batch[i].size};
        messages[i] = (struct mmsghdr){
            .msg_hdr = outgoing(&pieces[i], &batch[i].address)};
    }
    for (;;) {
        int sent = diesel__sys.sendmmsg(udp->fd, messages, (unsigned)count,
                                        MSG_NOSIGNAL);
        if (sent >= 0)
            return sent;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return failed(udp, errno, "sending", err);
        if (wait_sendable(udp, deadline, err) < 0)
            return -1;
    }
}

ssize_t diesel_udp_send_batch(diesel_udp *udp, const diesel_datagram *batch,
                              size_t count, int64_t deadline,
                              diesel_error *err)
{
    size_t sent = 0;
    ssize_t got = 0;
    if (enter(udp, "room for a datagram", err) < 0)
        return -1;
    while (sent < count && got >= 0) {
        size_t some = count - sent < MOST_BATCH ? count - sent : MOST_BATCH;
        got = send_some(udp, batch + sent, some, deadline, err);
        if (got > 0)
            sent += (size_t)got;
    }
    leave(udp);
    return sent > 0 || got >= 0 ? (ssize_t)sent : -1;
}

/* After a call that failed to receive: whether it is to be made again. */
static int may_receive_again(diesel_udp *udp, int errnum, int64_t deadline,
                             diesel_error *err)
{
    if (errnum == EINTR)
        return 0;
    if (errnum != EAGAIN && errnum != EWOULDBLOCK)
        return failed(udp, errnum, "receiving", err);
    udp->readable = false;
    return wait_in(udp, &udp->receivers, "a datagram", deadline, err);
}

/* The last act of a receiver: others may find something too. */
static void leave_received(diesel_udp *udp)
{
    if (udp->readable && udp->fd >= 0)
        wake_receiver(udp);
    leave(udp);
}

ssize_t diesel_udp_recv(diesel_udp *udp, void *buf, size_t size,
                        diesel_address *from, int64_t deadline,
                        diesel_error *err)
{
    diesel_address ignored;
    if (from == NULL)
        from = &ignored;
    if (enter(udp, "a datagram", err) < 0)
        return -1;
    ssize_t got;
    for (;;) {
        struct iovec piece = {.iov_base = buf, .iov_len = size};
        struct msghdr message = {.msg_name = &from->any,
                                 .msg_namelen = sizeof from->room,
                                 .msg_iov = &piece,
                                 .msg_iovlen = 1};
        got = diesel__sys.recvmsg(udp->fd, &message, MSG_TRUNC);
        from->size = message.msg_namelen;
        if (got >= 0 || may_receive_again(udp, errno, deadline, err) < 0)
            break;
    }
    leave_received(udp);
    return got;
}

/* Receives what is there: a count, or -1 with errno. */
static int recv_some(diesel_udp *udp, diesel_datagram *batch, size_t count)
{
    struct mmsghdr messages[MOST_BATCH];
    struct iovec pieces[MOST_BATCH];
    for (size_t i = 0; i < count; i++) {
        pieces[i] = (struct iovec){.iov_base = batch[i].data,
                                   .iov_len = batch[i].size};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &batch[i].address.any,
                        .msg_namelen = sizeof batch[i].address.room,
                        .msg_iov = &pieces[i],
                        .msg_iovlen = 1}};
    }
    int got = diesel__sys.recvmmsg(udp->fd, messages, (unsigned)count,
                                   MSG_TRUNC | MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        batch[i].length = messages[i].msg_len;
        batch[i].address.size = messages[i].msg_hdr.msg_namelen;
    }
    return got;
}

ssize_t diesel_udp_recv_batch(diesel_udp *udp, diesel_datagram *batch,
                              size_t count, int64_t deadline,
                              diesel_error *err)
{
    if (count > MOST_BATCH)
        count = MOST_BATCH;
    if (enter(udp, "a datagram", err) < 0)
        return -1;
    int got;
    do
        got = recv_some(udp, batch, count);
    while (got < 0 && may_receive_again(udp, errno, deadline, err) == 0);
    leave_received(udp);
    return got;
}

/* --- In a select. */

static bool poll_readable(diesel_case *c)
{
    const diesel_udp *udp = c->object;
    struct pollfd p = {.fd = udp->fd, .events = POLLIN};
    c->result = 0;
    return udp->fd < 0 || poll(&p, 1, 0) != 0;
}

static int enlist_readable(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_udp *udp = c->object;
    udp->users++;
    diesel_cases_append(&udp->cases, c);
    return 0;
}

static void withdraw_readable(diesel_case *c)
{
    diesel_cases_remove(c);
    leave(c->object);
}

static const diesel_waitable on_readable = {"a datagram", poll_readable,
                                            enlist_readable, withdraw_readable};

diesel_case diesel_case_udp_readable(diesel_udp *udp)
{
    return (diesel_case){.on = &on_readable, .object = udp};
}
