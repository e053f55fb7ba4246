/* SPDX-License-Identifier: MIT */
/*
 * Signals.
 *
 *     the system -> handler -> ports, one per scheduler -> receivers -> fibers
 *
 * The handler may run at any instruction of any thread, so it does little: it goes
 * through the list of ports, notes the number in each that wants it, and writes to
 * the port's eventfd, which wakes that scheduler's loop. The rest happens there.
 *
 * The list is changed under a lock, with all signals blocked, by single stores, so
 * that the handler always finds a list that hangs together. A port that was taken
 * out is freed when no handler runs any more (`handlers`).
 */
#include "signal_internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include <diesel/memory.h>

#include "loop_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"
#include "wait_internal.h"

#define MOST_NUMBER 64
#define BIT(number) ((uint64_t)1 << ((number)-1))

typedef struct diesel__signal_port {
    _Atomic(struct diesel__signal_port *) next;
    _Atomic uint64_t wanted;  /* the bits of its receivers' numbers */
    _Atomic uint64_t arrived; /* noted by the handler               */
    int fd;
    diesel__sched *sched;
    diesel__watch *watch;
    diesel__link receivers;
    bool delivering; /* the port must stay until that is over */
} diesel__signal_port;

struct diesel_signals {
    diesel__signal_port *port;
    diesel__link in_port;
    uint64_t wanted, pending;
    diesel__link waiters;
    void (*on)(void *arg, int number);
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(diesel__signal_port *) ports;
static atomic_int handlers; /* that run right now */
static size_t users[MOST_NUMBER + 1]; /* receivers of each number */
static struct sigaction before[MOST_NUMBER + 1];

static void handler(int number)
{
    int errnum = errno;
    atomic_fetch_add(&handlers, 1);
    for (diesel__signal_port *port = atomic_load(&ports); port != NULL;
         port = atomic_load(&port->next)) {
        if (!(atomic_load(&port->wanted) & BIT(number)))
            continue;
        atomic_fetch_or(&port->arrived, BIT(number));
        uint64_t one = 1;
        if (write(port->fd, &one, sizeof one) < 0)
            continue; /* EAGAIN: it has been written to often enough */
    }
    atomic_fetch_sub(&handlers, 1);
    errno = errnum;
}

static void lock_all(sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, mask);
    pthread_mutex_lock(&lock);
}

static void unlock_all(const sigset_t *mask)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* --- Receivers and fibers */

static int take_lowest(diesel_signals *signals)
{
    int number = __builtin_ctzll(signals->pending) + 1;
    signals->pending &= signals->pending - 1;
    return number;
}

static void hand_out(diesel_signals *signals)
{
    diesel__sched *s = signals->port->sched;
    while (signals->pending != 0) {
        int number = __builtin_ctzll(signals->pending) + 1;
        if (diesel__wake_any(s, &signals->waiters, number, number) == NULL)
            return;
        (void)take_lowest(signals);
    }
}

static void receive(diesel_signals *signals, uint64_t arrived)
{
    arrived &= signals->wanted;
    if (signals->on == NULL) {
        signals->pending |= arrived;
        hand_out(signals);
        return;
    }
    /* At most one call each time: it may have closed the receiver. */
    if (arrived != 0)
        signals->on(signals->arg, __builtin_ctzll(arrived) + 1);
}

static void leave_port(diesel__signal_port *port);

static void on_ready(void *arg, unsigned what)
{
    (void)what;
    diesel__signal_port *port = arg;
    uint64_t count;
    ssize_t n;
    do /* whatever it gives: what has arrived is in port->arrived */
        n = diesel__sys.read(port->fd, &count, sizeof count);
    while (n < 0 && errno == EINTR);
    uint64_t arrived = atomic_exchange(&port->arrived, 0);
    port->delivering = true;
    for (diesel__link *l = port->receivers.next, *next; l != &port->receivers;
         l = next) {
        next = l->next;
        receive(DIESEL__HOLDER(l, diesel_signals, in_port), arrived);
    }
    port->delivering = false;
    leave_port(port);
}

/* --- Ports */

static diesel__signal_port *make_port(diesel__sched *s, diesel_error *err)
{
    diesel__signal_port *port = diesel_calloc(1, sizeof *port);
    if (port == NULL) {
        diesel_error_nomem(err, "receiving signals");
        return NULL;
    }
    port->sched = s;
    diesel__link_init(&port->receivers);
    port->fd = diesel__sys.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (port->fd < 0) {
        diesel_error_sys(err, errno, "receiving signals");
        goto fail_port;
    }
    port->watch = diesel__watch_open(s, port->fd, on_ready, port, err);
    if (port->watch == NULL)
        goto fail_fd;
    sigset_t mask;
    lock_all(&mask);
    atomic_store(&port->next, atomic_load(&ports));
    atomic_store(&ports, port);
    unlock_all(&mask);
    s->signals = port;
    return port;

fail_fd:
    diesel__sys.close(port->fd);
fail_port:
    diesel_free(port);
    return NULL;
}

/* Frees the port if it has no receivers. */
static void leave_port(diesel__signal_port *port)
{
    if (port->delivering || !diesel__list_is_empty(&port->receivers))
        return;
    sigset_t mask;
    lock_all(&mask);
    _Atomic(diesel__signal_port *) *at = &ports;
    while (atomic_load(at) != NULL && atomic_load(at) != port)
        at = &atomic_load(at)->next;
    if (atomic_load(at) == port) /* not in a forked child */
        atomic_store(at, atomic_load(&port->next));
    while (atomic_load(&handlers) != 0)
        sched_yield();
    unlock_all(&mask);
    port->sched->signals = NULL;
    diesel__watch_close(port->watch);
    diesel__sys.close(port->fd);
    diesel_free(port);
}

/* What all receivers of a port want together. */
static void sum_up(diesel__signal_port *port)
{
    uint64_t wanted = 0;
    for (diesel__link *l = port->receivers.next; l != &port->receivers;
         l = l->next)
        wanted |= DIESEL__HOLDER(l, diesel_signals, in_port)->wanted;
    atomic_store(&port->wanted, wanted);
}

/* --- The system's side: handlers are set while there is a receiver. */

static void install(uint64_t wanted)
{
    struct sigaction action = {.sa_handler = handler,
                               .sa_flags = SA_RESTART | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    sigset_t mask;
    lock_all(&mask);
    for (int n = 1; n <= MOST_NUMBER; n++)
        if ((wanted & BIT(n)) && users[n]++ == 0)
            sigaction(n, &action, &before[n]);
    unlock_all(&mask);
}

static void uninstall(uint64_t wanted)
{
    sigset_t mask;
    lock_all(&mask);
    for (int n = 1; n <= MOST_NUMBER; n++)
        if ((wanted & BIT(n)) && users[n] != 0 && --users[n] == 0)
            sigaction(n, &before[n], NULL);
    unlock_all(&mask);
}

void diesel__signals_forked(void)
{
    pthread_mutex_init(&lock, NULL);
    atomic_store(&ports, NULL);
    atomic_store(&handlers, 0);
    for (int n = 1; n <= MOST_NUMBER; n++) {
        if (users[n] != 0)
            sigaction(n, &before[n], NULL);
        users[n] = 0;
    }
}

/* --- Calls */

static bool can_be_received(int number)
{
    static const int cannot[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof cannot / sizeof cannot[0]; i++)
        if (number == cannot[i])
            return false;
    /* Those between are the C library's own. */
    return number >= 1 && number <= MOST_NUMBER &&
           (number < 32 || number >= SIGRTMIN);
}

diesel_signals *diesel__signals_open(const int *numbers, size_t count,
                                     void (*on)(void *arg, int number),
                                     void *arg, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_signals_open");
    uint64_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        if (!can_be_received(numbers[i])) {
            diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                             "signal %d cannot be received", numbers[i]);
            return NULL;
        }
        wanted |= BIT(numbers[i]);
    }
    diesel_signals *signals = diesel_calloc(1, sizeof *signals);
    if (signals == NULL) {
        diesel_error_nomem(err, "receiving signals");
        return NULL;
    }
    signals->port = s->signals != NULL ? s->signals : make_port(s, err);
    if (signals->port == NULL) {
        diesel_free(signals);
        return NULL;
    }
    signals->wanted = wanted;
    signals->on = on;
    signals->arg = arg;
    diesel__link_init(&signals->waiters);
    diesel__list_append(&signals->port->receivers, &signals->in_port);
    sum_up(signals->port);
    install(wanted);
    return signals;
}

diesel_signals *diesel_signals_open(const int *numbers, size_t count,
                                    diesel_error *err)
{
    return diesel__signals_open(numbers, count, NULL, NULL, err);
}

void diesel_signals_close(diesel_signals *signals)
{
    if (signals == NULL)
        return;
    uninstall(signals->wanted);
    diesel__link_remove(&signals->in_port);
    sum_up(signals->port);
    leave_port(signals->port);
    diesel__wake_all(diesel__current, &signals->waiters, 0, 0);
    diesel_free(signals);
}

static const char for_signal[] = "a signal";

int diesel_signals_wait(diesel_signals *signals, int64_t deadline,
                        diesel_error *err)
{
    diesel__sched *s = diesel__current;
    if (diesel__is_cut(s))
        return diesel__cut(s, for_signal, err);
    if (signals->pending != 0)
        return take_lowest(signals);
    int woken = diesel__wait_in(s, &signals->waiters, NULL, for_signal, deadline);
    if (woken < 0)
        return diesel__park_failed(woken, for_signal, err);
    if (woken == 0)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "the receiver of signals was closed");
    return woken;
}

static bool poll_signals(diesel_case *c)
{
    diesel_signals *signals = c->object;
    if (signals->pending == 0)
        return false;
    c->result = take_lowest(signals);
    return true;
}

static int enlist_signals(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_signals *signals = c->object;
    diesel__list_append(&signals->waiters, &c->waiter.link);
    return 0;
}

diesel_case diesel_case_signals(diesel_signals *signals)
{
    static const diesel_waitable waitable = {.what = for_signal,
                                             .poll = poll_signals,
                                             .enlist = enlist_signals,
                                             .withdraw = diesel_cases_remove};
    return (diesel_case){.on = &waitable, .object = signals};
}

struct until {
    diesel_scope *scope;
    diesel_signals *signals;
    int number;
};

static void cancel_scope(void *arg, int number)
{
    struct until *until = arg;
    until->number = number;
    diesel_scope_cancel(until->scope);
    diesel_signals_close(until->signals);
    until->signals = NULL;
}

int diesel_until_signal(diesel_fn *fn, void *arg, const int *numbers,
                        size_t count, int *number, diesel_error *err)
{
    struct until until = {.scope = NULL};
    if (number != NULL)
        *number = 0;
    until.scope = diesel_scope_open(
        &(diesel_scope_options){.label = "until a signal"});
    until.signals = diesel__signals_open(numbers, count, cancel_scope, &until, err);
    int result = until.signals != NULL ? 0 : -1;
    if (result == 0)
        diesel_go_labelled(until.scope, "until a signal", fn, arg);
    if (diesel_scope_wait(until.scope, result == 0 ? err : NULL) < 0)
        result = -1;
    /* No signal has been delivered since the scope is gone. */
    diesel_signals_close(until.signals);
    if (number != NULL)
        *number = until.number;
    return result;
}
