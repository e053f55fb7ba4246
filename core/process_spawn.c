/* SPDX-License-Identifier: MIT */
/*
 * Executing a program, by posix_spawn(3): it does what must be done between fork
 * and exec without running the parent's code in the child, and brings back the
 * errno of an exec that fails.
 *
 * The child's descriptors are put in place with dup2(2), one after the other. So that
 * none is overwritten before its turn (the parent may have, say, its standard output
 * under 2), all are first moved out of the way, above the three.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "process_internal.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "sys_internal.h"

extern char **environ;

/* The descriptors to be put in place, moved out of the way: -1 for none. */
struct moved {
    int fd[3];
};

static void close_moved(struct moved *moved)
{
    for (int i = 0; i < 3; i++)
        if (moved->fd[i] >= 0)
            diesel__sys.close(moved->fd[i]);
}

/* An errno. */
static int move_away(struct moved *moved, const int *stdio)
{
    *moved = (struct moved){{-1, -1, -1}};
    for (int i = 0; i < 3; i++) {
        if (stdio[i] < 0)
            continue;
        moved->fd[i] = diesel__sys.fcntl(stdio[i], F_DUPFD_CLOEXEC, 3);
        if (moved->fd[i] < 0) {
            int errnum = errno;
            close_moved(moved);
            return errnum;
        }
    }
    return 0;
}

static int add_actions(posix_spawn_file_actions_t *actions,
                       const struct moved *moved, const char *cwd)
{
    int errnum = 0;
    for (int i = 0; i < 3 && errnum == 0; i++)
        if (moved->fd[i] >= 0)
            errnum = posix_spawn_file_actions_adddup2(actions, moved->fd[i], i);
    if (errnum == 0 && cwd != NULL)
        errnum = posix_spawn_file_actions_addchdir_np(actions, cwd);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    if (errnum == 0)
        errnum = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    return errnum;
}

static int set_attributes(posix_spawnattr_t *attr, bool new_group)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (new_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    int errnum = posix_spawnattr_setflags(attr, flags);
    if (errnum == 0)
        errnum = posix_spawnattr_setpgroup(attr, 0);
    if (errnum == 0)
        errnum = posix_spawnattr_setsigmask(attr, &none);
    if (errnum == 0)
        errnum = posix_spawnattr_setsigdefault(attr, &all);
    return errnum;
}

/* An errno. posix_spawn(3) takes the strings as writable, and writes none. */
static int spawn(pid_t *pid, const char *const *argv,
                 const diesel_process_options *options,
                 const struct moved *moved)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int errnum = posix_spawn_file_actions_init(&actions);
    if (errnum != 0)
        return errnum;
    errnum = posix_spawnattr_init(&attr);
    if (errnum != 0)
        goto fail_actions;
    errnum = set_attributes(&attr, options->new_group);
    if (errnum == 0)
        errnum = add_actions(&actions, moved, options->cwd);
    if (errnum == 0)
        errnum = posix_spawnp(pid, argv[0], &actions, &attr,
                              (char *const *)(uintptr_t)argv,
                              options->env != NULL
                                  ? (char *const *)(uintptr_t)options->env
                                  : environ);
    posix_spawnattr_destroy(&attr);
fail_actions:
    posix_spawn_file_actions_destroy(&actions);
    return errnum;
}

pid_t diesel__spawn(const char *const *argv,
                    const diesel_process_options *options, const int *stdio,
                    diesel_error *err)
{
    pid_t pid;
    struct moved moved;
    int errnum = move_away(&moved, stdio);
    if (errnum == 0) {
        errnum = spawn(&pid, argv, options, &moved);
        close_moved(&moved);
    }
    if (errnum == 0)
        return pid;
    if (options->cwd != NULL)
        return diesel_error_sys(err, errnum, "starting %s in %s", argv[0],
                                options->cwd);
    return diesel_error_sys(err, errnum, "starting %s", argv[0]);
}
