/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C, turned into the cancellation of a scope.
 *
 * The signal handler writes a byte into a pipe; a fiber in a detached scope
 * reads the pipe and cancels the scope of the running command, whose call then
 * fails with DIESEL_E_CANCELLED and cleans up after itself as after any other
 * cancellation. A handler that finds the previous byte not yet dealt with knows
 * that the program is stuck in something that is no fiber switch, and ends it.
 *
 * There is one terminal and one Ctrl-C per process, hence static state.
 */
#include "core/cli/tool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <diesel/stream.h>

static struct {
    volatile sig_atomic_t pending; /* a byte lies in the pipe          */
    volatile sig_atomic_t pressed; /* since diesel__interrupted()      */
    int pipe[2];                   /* written by the handler, read by the
                                      fiber through `stream`           */
    bool watching;
    diesel_stream *stream;
    diesel_scope *watcher;         /* holds the fiber                  */
    diesel_scope *target;          /* what Ctrl-C cancels; may be NULL */
} interrupt;

static void on_sigint(int signo)
{
    int saved = errno;
    if (interrupt.pending) {
        signal(signo, SIG_DFL);
        raise(signo);
    }
    interrupt.pending = 1;
    interrupt.pressed = 1;
    if (write(interrupt.pipe[1], "", 1) < 0)
        signal(signo, SIG_DFL);
    errno = saved;
}

static int watch(void *arg)
{
    (void)arg;
    char byte;
    while (diesel_stream_read(interrupt.stream, &byte, 1, DIESEL_FOREVER,
                              NULL) > 0) {
        interrupt.pending = 0;
        if (interrupt.target != NULL)
            diesel_scope_cancel(interrupt.target);
    }
    return 0;
}

int diesel__interrupt_watch(diesel_error *err)
{
    if (pipe2(interrupt.pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        return diesel_error_sys(err, errno, "making a pipe for Ctrl-C");
    interrupt.stream =
        diesel_stream_from_fd(interrupt.pipe[0], "Ctrl-C", err);
    if (interrupt.stream == NULL) {
        close(interrupt.pipe[1]);
        return -1;
    }
    interrupt.watcher = diesel_scope_open(
        &(diesel_scope_options){.label = "Ctrl-C", .detached = true});
    interrupt.watching = true;
    diesel_go(interrupt.watcher, watch, NULL);

    struct sigaction action = {.sa_handler = on_sigint,
                               .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    return 0;
}

void diesel__interrupt_unwatch(void)
{
    if (!interrupt.watching)
        return;
    signal(SIGINT, SIG_DFL);
    diesel_scope_cancel(interrupt.watcher);
    diesel_scope_wait(interrupt.watcher, NULL);
    diesel_stream_close(interrupt.stream);
    close(interrupt.pipe[1]);
    interrupt.watching = false;
    interrupt.target = NULL;
}

void diesel__interrupt_scope(diesel_scope *scope)
{
    interrupt.target = scope;
}

bool diesel__interrupted(void)
{
    bool pressed = interrupt.pressed;
    interrupt.pressed = 0;
    return pressed;
}

int diesel__interrupt_fd(void)
{
    return interrupt.watching ? interrupt.pipe[0] : -1;
}
