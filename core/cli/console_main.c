/* SPDX-License-Identifier: MIT */
/*
 * diesel-console: attaches to a program's console, sends commands and prints the
 * answers. The protocol is told in core/console_internal.h: a line there; back, a line
 * "ok LENGTH" or "error LENGTH" and that many bytes.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diesel/core.h>

#include "core/cli/console_settings_internal.h"
#include "core/cli/tool_internal.h"

#define LONGEST_ANSWER ((size_t)1 << 30)

struct program {
    diesel__console_settings settings;
    diesel__args args;
    diesel_error *err;
    diesel_stream *stream;
    bool refused; /* the last command was answered by an error */
};

/* The answer's first line. Byte by byte: what is behind it is another's. */
static int read_head(struct program *program, bool *ok, size_t *len)
{
    char head[64];
    size_t n = 0;
    do {
        if (diesel_stream_read_exactly(program->stream, head + n, 1,
                                       DIESEL_FOREVER, program->err) < 0)
            return -1;
    } while (head[n++] != '\n' && n < sizeof head - 1);
    head[n] = '\0';
    *ok = strncmp(head, "ok ", 3) == 0;
    if ((!*ok && strncmp(head, "error ", 6) != 0) ||
        sscanf(strchr(head, ' '), "%zu\n", len) != 1 || *len > LONGEST_ANSWER)
        return diesel_error_set(program->err, DIESEL_E_PROTOCOL,
                                DIESEL_DOM_CORE, 0,
                                "the other side is no console of Diesel");
    return 0;
}

static int print_answer(struct program *program)
{
    bool ok;
    size_t len;
    char buf[4096];
    if (read_head(program, &ok, &len) < 0)
        return -1;
    program->refused = !ok;
    if (!ok)
        fprintf(stderr, "%s: ", diesel__console_tool.name);
    while (len > 0) {
        size_t n = len < sizeof buf ? len : sizeof buf;
        if (diesel_stream_read_exactly(program->stream, buf, n, DIESEL_FOREVER,
                                       program->err) < 0)
            return -1;
        fwrite(buf, 1, n, ok ? stdout : stderr);
        len -= n;
    }
    if (!ok)
        fputc('\n', stderr);
    return diesel__tool_flush(program->err);
}

/* Sends one command and prints its answer, in a scope that Ctrl-C cancels. */
static int ask(struct program *program, const char *command, size_t len)
{
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){
        .label = "the console's answer",
        .timeout_ms = (int64_t)(program->settings.timeout * 1000)});
    diesel__interrupt_scope(scope);
    struct iovec parts[] = {
        {.iov_base = "json ", .iov_len = program->settings.json ? 5 : 0},
        {.iov_base = (void *)(uintptr_t)command, .iov_len = len},
        {.iov_base = "\n", .iov_len = 1},
    };
    int result = diesel_stream_writev(program->stream, parts, 3, DIESEL_FOREVER,
                                      program->err) < 0
                     ? -1
                     : print_answer(program);
    diesel__interrupt_scope(NULL);
    if (diesel_scope_wait(scope, program->err) < 0)
        result = -1;
    return result;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r")] == '\0';
}

static bool ends(const char *line)
{
    return strcmp(line, "quit") == 0 || strcmp(line, "exit") == 0;
}

static void prompt(bool shown)
{
    if (!shown)
        return;
    fputs("> ", stdout);
    fflush(stdout);
}

/* Commands from standard input until its end. */
static int converse(struct program *program)
{
    diesel__lines lines = {.fd = STDIN_FILENO};
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    char *line;
    size_t len;
    int got;
    prompt(terminal);
    while ((got = diesel__lines_next(&lines, &line, &len, program->err)) > 0) {
        if (ends(line))
            break;
        if (!is_blank(line) && (got = ask(program, line, len)) < 0)
            break;
        prompt(terminal);
    }
    diesel__lines_clear(&lines);
    return got < 0 ? -1 : 0;
}

static int attach(struct program *program, const char *path)
{
    int64_t deadline = program->settings.timeout > 0
                           ? diesel_now() +
                                 (int64_t)(program->settings.timeout * 1000)
                           : DIESEL_FOREVER;
    program->stream = diesel_unix_connect(path, deadline, program->err);
    return program->stream != NULL ? 0 : -1;
}

static int talk(struct program *program, const char *path)
{
    const diesel__console_settings *s = &program->settings;
    if (attach(program, path) < 0)
        return -1;
    /* The program measures from when it has accepted us: that is known when it
     * has answered something. */
    if (s->watch_ms > 0 && (ask(program, "", 0) < 0 ||
                            diesel_sleep(s->watch_ms, program->err) < 0))
        return -1;
    if (s->once != NULL && is_blank(s->once))
        return 0;
    return s->once != NULL ? ask(program, s->once, strlen(s->once))
                           : converse(program);
}

static int work(void *arg)
{
    struct program *program = arg;
    const char *path = program->args.operand_count > 0
                           ? program->args.operands[0]
                           : getenv("DIESEL_CONSOLE");
    if (diesel__interrupt_watch(program->err) < 0)
        return diesel_fail(program->err);
    int result = talk(program, path);
    diesel_stream_close(program->stream);
    diesel__interrupt_unwatch();
    if (result < 0)
        return diesel_fail(program->err);
    return program->refused ? DIESEL__EXIT_SERVER : DIESEL__EXIT_OK;
}

/* --help and its like: true if that was all there was to do. */
static bool answer(const struct program *program)
{
    if (program->settings.help)
        diesel__tool_help(&diesel__console_tool, stdout);
    else if (program->settings.version)
        puts("diesel-console " PACKAGE_VERSION);
    else if (program->settings.completion >= 0)
        diesel__tool_completion(&diesel__console_tool, stdout);
    else
        return false;
    return true;
}

static int run(struct program *program, int argc, char **argv)
{
    if (diesel__options_parse(&diesel__console_tool, &program->settings, argc,
                              argv, &program->args, program->err) < 0)
        return -1;
    if (answer(program))
        return DIESEL__EXIT_OK;
    if (program->args.operand_count > 1)
        return diesel_error_set(program->err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "only one socket can be attached to; commands go "
                                "behind --once");
    if (program->args.operand_count == 0 && getenv("DIESEL_CONSOLE") == NULL)
        return diesel_error_set(program->err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "which socket? Name it, or set DIESEL_CONSOLE");
    /* The environment's path is for the other program; this one has no console. */
    return diesel_run(work, program, &(diesel_options){.console = ""},
                      program->err);
}

int main(int argc, char **argv)
{
    diesel_error err;
    struct program program = {.settings = diesel__console_settings_default,
                              .err = &err};
    diesel__tool_begin();
    int result = run(&program, argc, argv);
    diesel__args_clear(&diesel__console_tool, &program.settings, &program.args);
    return diesel__tool_end(&diesel__console_tool, result, &err);
}
