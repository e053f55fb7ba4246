/* SPDX-License-Identifier: MIT */
/*
 * The life of a child process.
 *
 * Its end is told by a pidfd, which the loop watches like a socket; on kernels
 * without (Linux before 5.3), by SIGCHLD, at which each process looks after its own
 * child. Either way nobody else's children are waited for.
 *
 * A child that has ended stays a zombie until it is reaped in look(), so until then
 * its number, and that of its group, is still its own, and may be sent signals to.
 */
#include <diesel/process.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diesel/memory.h>

#include "loop_internal.h"
#include "process_internal.h"
#include "sched_internal.h"
#include "signal_internal.h"
#include "sys_internal.h"
#include "wait_internal.h"

#define DEFAULT_GRACE_MS 2000

enum { WOKEN_ENDED, WOKEN_CLOSED };

struct diesel_process {
    diesel__sched *sched;
    pid_t pid;
    int pidfd;               /* -1: SIGCHLD tells */
    diesel__watch *watch;    /* of the pidfd      */
    diesel_signals *signals; /* SIGCHLD           */
    bool ended, group, stopping;
    diesel_exit how;
    int64_t grace_ms;
    diesel__link waiters; /* each one's item is a diesel_exit *, or NULL */
    diesel_stream *stdio[3];
};

bool diesel__process_without_pidfd;

static const char for_end[] = "the end of a process";

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    if (!diesel__process_without_pidfd)
        return (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec */
#endif
    (void)pid;
    errno = ENOSYS;
    return -1;
}

static void stop_watching(diesel_process *process)
{
    diesel__watch_close(process->watch);
    process->watch = NULL;
    if (process->pidfd >= 0)
        diesel__sys.close(process->pidfd);
    process->pidfd = -1;
    diesel_signals_close(process->signals);
    process->signals = NULL;
}

/* Wakes those who wait; copies what each wants to know, for the process may be gone
 * when they run. */
static void tell_all(diesel_process *process, int value, int result)
{
    diesel_waiter *waiter;
    while ((waiter = diesel__wake_any(process->sched, &process->waiters, value,
                                      result)) != NULL)
        if (waiter->item != NULL)
            *(diesel_exit *)waiter->item = process->how;
}

/* Reaps the child if it has ended. What is left of a group that is being stopped
 * goes first, while the group's number is still taken. */
static void look(diesel_process *process, int wait_flags)
{
    siginfo_t info = {.si_pid = 0};
    if (process->ended)
        return;
    if (process->stopping && process->group &&
        diesel__sys.waitid(P_PID, (id_t)process->pid, &info,
                           WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == process->pid)
        diesel__sys.kill(-process->pid, SIGKILL);
    info.si_pid = 0;
    int result;
    do
        result = diesel__sys.waitid(P_PID, (id_t)process->pid, &info,
                                    WEXITED | wait_flags);
    while (result < 0 && errno == EINTR);
    if (result == 0 && info.si_pid != process->pid)
        return;
    process->ended = true;
    bool exited = result == 0 && info.si_code == CLD_EXITED;
    bool killed = result == 0 && !exited;
    process->how = (diesel_exit){.status = exited ? info.si_status : -1,
                                 .signal = killed ? info.si_status : 0};
    stop_watching(process);
    tell_all(process, WOKEN_ENDED, 0);
}

/* Waits for no longer than the kernel needs to end it; and not for one that it may
 * not kill. */
static void kill_it(diesel_process *process)
{
    bool killed = diesel_process_signal(process, SIGKILL, NULL) == 0;
    look(process, killed ? 0 : WNOHANG);
}

static void on_pidfd(void *arg, unsigned what)
{
    (void)what;
    look(arg, WNOHANG);
}

static void on_sigchld(void *arg, int number)
{
    (void)number;
    look(arg, WNOHANG);
}

/* To be told of the end. */
static int start_watching(diesel_process *process, diesel_error *err)
{
    static const int sigchld[] = {SIGCHLD};
    process->pidfd = open_pidfd(process->pid);
    if (process->pidfd >= 0) {
        process->watch = diesel__watch_open(process->sched, process->pidfd,
                                            on_pidfd, process, err);
        return process->watch != NULL ? 0 : -1;
    }
    if (errno != ENOSYS && errno != EPERM)
        return diesel_error_sys(err, errno, "watching a process");
    process->signals =
        diesel__signals_open(sigchld, 1, on_sigchld, process, err);
    if (process->signals == NULL)
        return -1;
    look(process, WNOHANG); /* it may have ended before */
    return 0;
}

static bool is_input(int i)
{
    return i == 0;
}

/* One of the child's descriptors: in *fd, which is to be closed after the start if
 * *ours. */
static int open_stdio(diesel_process *process, int i, const diesel_stdio *stdio,
                      int *fd, bool *ours, diesel_error *err)
{
    static const char *const names[] = {"standard input", "standard output",
                                        "standard error"};
    int ends[2];
    *ours = stdio->kind == DIESEL_STDIO_NULL || stdio->kind == DIESEL_STDIO_PIPE;
    switch (stdio->kind) {
    case DIESEL_STDIO_INHERIT:
        return 0;
    case DIESEL_STDIO_FD:
        *fd = stdio->fd;
        return *fd >= 0 ? 0
                        : diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE,
                                           0, "descriptor %d as the %s", *fd,
                                           names[i]);
    case DIESEL_STDIO_NULL:
        *fd = diesel__sys.open("/dev/null", O_RDWR | O_CLOEXEC);
        return *fd >= 0 ? 0 : diesel_error_sys(err, errno, "/dev/null");
    case DIESEL_STDIO_PIPE:
        break;
    default:
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%d as the kind of the %s", (int)stdio->kind,
                                names[i]);
    }
    if (diesel__sys.pipe2(ends, O_CLOEXEC) < 0)
        return diesel_error_sys(err, errno, "a pipe for the %s", names[i]);
    *fd = is_input(i) ? ends[0] : ends[1];
    process->stdio[i] =
        diesel_stream_from_fd(is_input(i) ? ends[1] : ends[0], names[i], err);
    return process->stdio[i] != NULL ? 0 : -1;
}

/* Starts the program with its descriptors. */
static int start(diesel_process *process, const char *const *argv,
                 const diesel_process_options *options, diesel_error *err)
{
    const diesel_stdio *wanted[] = {&options->in, &options->out, &options->err};
    int fds[3] = {-1, -1, -1}, result = 0;
    bool ours[3] = {false, false, false};
    for (int i = 0; i < 3 && result == 0; i++)
        result = open_stdio(process, i, wanted[i], &fds[i], &ours[i], err);
    if (result == 0) {
        process->pid = diesel__spawn(argv, options, fds, err);
        result = process->pid > 0 ? 0 : -1;
    }
    for (int i = 0; i < 3; i++)
        if (ours[i] && fds[i] >= 0)
            diesel__sys.close(fds[i]);
    return result;
}

static void free_process(diesel_process *process)
{
    for (int i = 0; i < 3; i++)
        diesel_stream_close(process->stdio[i]);
    stop_watching(process);
    diesel_free(process);
}

diesel_process *diesel_process_start(const char *const *argv,
                                     const diesel_process_options *options,
                                     diesel_error *err)
{
    static const diesel_process_options none;
    diesel__sched *s = diesel__sched_need("diesel_process_start");
    if (options == NULL)
        options = &none;
    if (argv == NULL || argv[0] == NULL) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "no program to start");
        return NULL;
    }
    diesel_process *process = diesel_calloc(1, sizeof *process);
    if (process == NULL) {
        diesel_error_nomem(err, "a process");
        return NULL;
    }
    process->sched = s;
    process->pidfd = -1;
    process->group = options->new_group;
    process->grace_ms =
        options->grace_ms != 0 ? options->grace_ms : DEFAULT_GRACE_MS;
    diesel__link_init(&process->waiters);
    if (start(process, argv, options, err) < 0) {
        free_process(process);
        return NULL;
    }
    if (start_watching(process, err) == 0)
        return process;
    diesel_error_prefix(err, "starting %s", argv[0]);
    process->stopping = true;
    kill_it(process);
    free_process(process);
    return NULL;
}

diesel_stream *diesel_process_in(const diesel_process *process)
{
    return process->stdio[0];
}

diesel_stream *diesel_process_out(const diesel_process *process)
{
    return process->stdio[1];
}

diesel_stream *diesel_process_err(const diesel_process *process)
{
    return process->stdio[2];
}

int diesel_process_close_in(diesel_process *process, int64_t deadline,
                            diesel_error *err)
{
    if (process->stdio[0] == NULL)
        return 0;
    int result = diesel_stream_drain(process->stdio[0], 0, deadline, err);
    diesel_stream *in = process->stdio[0]; /* another fiber may have closed it */
    process->stdio[0] = NULL;
    diesel_stream_close(in);
    return result;
}

pid_t diesel_process_pid(const diesel_process *process)
{
    return process->pid;
}

int diesel_process_wait(diesel_process *process, diesel_exit *how,
                        int64_t deadline, diesel_error *err)
{
    diesel__sched *s = process->sched;
    if (diesel__is_cut(s))
        return diesel__cut(s, for_end, err);
    if (process->ended) {
        if (how != NULL)
            *how = process->how;
        return 0;
    }
    int woken = diesel__wait_in(s, &process->waiters, how, for_end, deadline);
    if (woken < 0)
        return diesel__park_failed(woken, for_end, err);
    if (woken == WOKEN_CLOSED)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "the process was closed");
    return 0;
}

static bool poll_process(diesel_case *c)
{
    diesel_process *process = c->object;
    if (!process->ended)
        return false;
    if (c->item != NULL)
        *(diesel_exit *)c->item = process->how;
    c->result = 0;
    return true;
}

static int enlist_process(diesel_case *c, diesel_error *err)
{
    (void)err;
    diesel_process *process = c->object;
    diesel__list_append(&process->waiters, &c->waiter.link);
    return 0;
}

diesel_case diesel_case_process(diesel_process *process, diesel_exit *how)
{
    static const diesel_waitable waitable = {.what = for_end,
                                             .poll = poll_process,
                                             .enlist = enlist_process,
                                             .withdraw = diesel_cases_remove};
    return (diesel_case){.on = &waitable, .object = process, .item = how};
}

int diesel_process_signal(diesel_process *process, int number, diesel_error *err)
{
    if (process->ended)
        return 0;
    if (diesel__sys.kill(process->group ? -process->pid : process->pid,
                         number) == 0)
        return 0;
    return diesel_error_sys(err, errno, "signalling process %ld",
                            (long)process->pid);
}

/* Lets it end of itself for the grace time, also in a cancelled scope. */
static void wait_for_grace(diesel_process *process)
{
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    if (shield == NULL)
        return;
    int64_t deadline;
    if (__builtin_add_overflow(diesel_now(), process->grace_ms, &deadline))
        deadline = DIESEL_FOREVER;
    (void)diesel_process_wait(process, NULL, deadline, NULL);
    (void)diesel_scope_wait(shield, NULL);
}

static void stop(diesel_process *process)
{
    process->stopping = true;
    if (process->grace_ms > 0 && process->sched->current != NULL) {
        (void)diesel_process_signal(process, SIGTERM, NULL);
        wait_for_grace(process);
    }
    if (process->ended)
        return;
    kill_it(process);
}

void diesel_process_close(diesel_process *process)
{
    if (process == NULL)
        return;
    if (!process->ended)
        stop(process);
    tell_all(process, WOKEN_CLOSED, -1);
    free_process(process);
}
