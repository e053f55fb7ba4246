/* SPDX-License-Identifier: MIT */
/*
 * How a tool ends: the status that fits the error, a message on stderr, and
 * output that could not be written.
 *
 * stdio forgets why a write failed, so every flush goes through one function,
 * which remembers the first cause until the end. SIGPIPE is ignored while the
 * program runs, because the same signal would come from a socket; at the end a
 * closed pipe is given its usual meaning back.
 */
#include "core/cli/tool_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int output_errno; /* why stdout could not be written; 0: it could */

static const struct {
    int code;
    int status;
} statuses[] = {
    {DIESEL_E_INVAL, DIESEL__EXIT_USAGE},
    {DIESEL_E_CANCELLED, DIESEL__EXIT_INTERRUPTED},
    {DIESEL_E_TIMEDOUT, DIESEL__EXIT_TIMEOUT},
    {DIESEL_E_CLOSED, DIESEL__EXIT_CONNECT},
    {DIESEL_E_REFUSED, DIESEL__EXIT_CONNECT},
    {DIESEL_E_RESOLVE, DIESEL__EXIT_CONNECT},
    {DIESEL_E_TLS, DIESEL__EXIT_CONNECT},
    {DIESEL_E_PROTOCOL, DIESEL__EXIT_CONNECT},
    {DIESEL_E_IO, DIESEL__EXIT_CONNECT},
};

int diesel__tool_status(const diesel_error *err)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].code == err->code)
            return statuses[i].status;
    return DIESEL__EXIT_SERVER;
}

void diesel__tool_complain(const diesel__tool *tool, const diesel_error *err)
{
    fprintf(stderr, "%s: ", tool->name);
    for (const char *p = err->message; *p != '\0'; p++) {
        unsigned char byte = (unsigned char)*p;
        fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, stderr);
    }
    fputc('\n', stderr);
}

void diesel__tool_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
}

int diesel__tool_flush(diesel_error *err)
{
    errno = 0;
    if (output_errno == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        output_errno = errno != 0 ? errno : EIO;
    if (output_errno == 0)
        return 0;
    return diesel_error_sys(err, output_errno, "writing the output");
}

/* Ends the process by a signal, as if that had never been caught. */
static void die_by(int signo)
{
    signal(signo, SIG_DFL);
    raise(signo);
}

int diesel__tool_end(const diesel__tool *tool, int result,
                     const diesel_error *err)
{
    diesel_error output;
    bool written = diesel__tool_flush(&output) == 0;

    if (output_errno == EPIPE)
        die_by(SIGPIPE);
    if (!written) {
        diesel__tool_complain(tool, &output);
        return DIESEL__EXIT_OUTPUT;
    }
    if (result >= 0)
        return result;
    int status = diesel__tool_status(err);
    if (status == DIESEL__EXIT_INTERRUPTED)
        die_by(SIGINT);
    diesel__tool_complain(tool, err);
    return status;
}
