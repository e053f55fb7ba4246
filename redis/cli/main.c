/* SPDX-License-Identifier: MIT */
/*
 * dredis: Redis commands from a shell. What the options say is in settings.c, the
 * work is done in shell.c; here they are brought together, with what needs no
 * connection.
 */
#include "config.h"

#include <string.h>

#include <diesel/core.h>

#include "core/cli/tool_internal.h"
#include "redis/cli/settings_internal.h"
#include "redis/cli/shell_internal.h"

enum { LONGEST_PASSWORD = 512 };

struct program {
    dredis__settings settings;
    diesel__args args;
    diesel_error *err;
    char password[LONGEST_PASSWORD];
};

static int work(void *arg)
{
    struct program *program = arg;
    int result = dredis__shell_run(&program->settings, program->args.operands,
                                   program->args.operand_count, program->err);
    return result < 0 ? diesel_fail(program->err) : result;
}

/* --help and its like: true if that was all there was to do. */
static bool answer(const struct program *program)
{
    if (program->settings.help)
        diesel__tool_help(&dredis__tool, stdout);
    else if (program->settings.version)
        puts("dredis " PACKAGE_VERSION);
    else if (program->settings.completion >= 0)
        diesel__tool_completion(&dredis__tool, stdout);
    else
        return false;
    return true;
}

static int check(const struct program *program, diesel_error *err)
{
    const dredis__settings *s = &program->settings;
    if (s->last_from_stdin && program->args.operand_count == 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "option -x needs a command");
    if (s->socket != NULL && (s->host != NULL || s->port != 0))
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "option -s excludes -h and -p");
    return 0;
}

static int run(struct program *program, int argc, char **argv,
               diesel_error *err)
{
    dredis__settings *settings = &program->settings;
    if (diesel__options_parse(&dredis__tool, settings, argc, argv,
                              &program->args, err) < 0)
        return -1;
    if (answer(program))
        return DIESEL__EXIT_OK;
    if (check(program, err) < 0)
        return -1;
    if (settings->ask_password) {
        if (diesel__ask_password("Password: ", program->password,
                                 sizeof program->password, err) < 0)
            return -1;
        settings->password = program->password;
    }
    return diesel_run(work, program, NULL, err);
}

int main(int argc, char **argv)
{
    diesel_error err;
    struct program program = {.settings = dredis__settings_default,
                              .err = &err};

    diesel__tool_begin();
    int result = run(&program, argc, argv, &err);
    explicit_bzero(program.password, sizeof program.password);
    diesel__args_clear(&dredis__tool, &program.settings, &program.args);
    return diesel__tool_end(&dredis__tool, result, &err);
}
