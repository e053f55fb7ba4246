/* SPDX-License-Identifier: MIT */
/*
 * Asking for a password on the terminal.
 *
 * The controlling terminal is opened by its own name, since standard input may
 * be a pipe with data. Echo, line editing and signal keys are off while it is
 * typed: Ctrl-C is then a byte like others, and the terminal is always put back
 * before anything happens, where a signal could leave it without echo.
 */
#include "core/cli/tool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

/* Reads keys up to the end of the line. */
static int read_keys(int tty, char *buf, size_t size, diesel_error *err)
{
    size_t len = 0;
    for (;;) {
        char key;
        ssize_t got = read(tty, &key, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return diesel_error_sys(err, errno, "reading the password");
        if (got == 0 || key == '\n' || key == '\r' || key == CTRL_D)
            break;
        if (key == CTRL_C)
            return diesel_error_set(err, DIESEL_E_CANCELLED, DIESEL_DOM_CORE,
                                    0, "interrupted");
        if (key == BACKSPACE || key == DELETE)
            len -= len > 0;
        else if (key == CTRL_U)
            len = 0;
        else if (len + 1 < size)
            buf[len++] = key;
        else
            return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                    "the password is longer than %zu bytes",
                                    size - 1);
    }
    buf[len] = '\0';
    return 0;
}

static int say(int tty, const char *text)
{
    return write(tty, text, strlen(text)) < 0 ? -1 : 0;
}

int diesel__ask_password(const char *prompt, char *buf, size_t size,
                         diesel_error *err)
{
    struct termios before, quiet;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 || tcgetattr(tty, &before) < 0) {
        if (tty >= 0)
            close(tty);
        return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                                "there is no terminal to ask for the password");
    }
    quiet = before;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    tcsetattr(tty, TCSAFLUSH, &quiet);
    int result = say(tty, prompt);
    if (result < 0)
        diesel_error_sys(err, errno, "asking for the password");
    else
        result = read_keys(tty, buf, size, err);
    tcsetattr(tty, TCSAFLUSH, &before);
    if (say(tty, "\n") < 0 && result == 0)
        result = diesel_error_sys(err, errno, "asking for the password");
    close(tty);
    return result;
}
