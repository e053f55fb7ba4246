/* SPDX-License-Identifier: MIT */
/*
 * dmongo: MongoDB statements from a shell. What the options say is in settings.c,
 * the work is done in shell.c; here they are brought together, with what needs no
 * connection.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>

#include "core/cli/tool_internal.h"
#include "mongo/cli/address_internal.h"
#include "mongo/cli/settings_internal.h"
#include "mongo/cli/shell_internal.h"

enum { LONGEST_PASSWORD = 512 };

struct program {
    dmongo__settings settings;
    diesel__args args;
    dmongo__work work;
    char *uri; /* owned */
    diesel_error *err;
    char password[LONGEST_PASSWORD];
};

static int work(void *arg)
{
    struct program *program = arg;
    int result = dmongo__shell_run(&program->work, program->err);
    return result < 0 ? diesel_fail(program->err) : result;
}

/* --help and its like: true if that was all there was to do. */
static bool answer(const struct program *program)
{
    if (program->settings.help)
        diesel__tool_help(&dmongo__tool, stdout);
    else if (program->settings.version)
        puts("dmongo " PACKAGE_VERSION);
    else if (program->settings.completion >= 0)
        diesel__tool_completion(&dmongo__tool, stdout);
    else
        return false;
    return true;
}

static bool is_document(const char *operand)
{
    return operand[strspn(operand, " \t\r\n")] == '{';
}

/* [URI] [DOCUMENT] */
static int read_operands(struct program *program, dmongo__address *address,
                         diesel_error *err)
{
    char **operands = program->args.operands;
    int count = program->args.operand_count, next = 0;
    if (next < count && !is_document(operands[next])) {
        address->uri = operands[next++];
        diesel__args_hide_uri(&program->args, address->uri);
    }
    if (next < count && is_document(operands[next]))
        program->work.command = operands[next++];
    if (next < count)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%.60s: after the server only a document can "
                                "follow",
                                operands[next]);
    return 0;
}

/* The password that was given, or asked for where the option stands alone, or
 * where there is a user and a terminal but no password. */
static int find_password(struct program *program, diesel_error *err)
{
    const char *given = program->settings.password;
    if (given != NULL && program->settings.user == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "option --password needs --username");
    program->work.password = given;
    if (program->settings.user == NULL || (given != NULL && *given != '\0'))
        return 0;
    program->work.password = program->password;
    return diesel__ask_password("Password: ", program->password,
                                sizeof program->password, err);
}

static int run(struct program *program, int argc, char **argv,
               diesel_error *err)
{
    const dmongo__settings *settings = &program->settings;
    if (diesel__options_parse(&dmongo__tool, &program->settings, argc, argv,
                              &program->args, err) < 0)
        return -1;
    if (answer(program))
        return DIESEL__EXIT_OK;
    dmongo__address address = {.host = settings->host,
                               .port = settings->port,
                               .auth_db = settings->auth_db};
    if (read_operands(program, &address, err) < 0)
        return -1;
    program->uri = dmongo__address_uri(&address, err);
    program->work.settings = settings;
    program->work.uri = program->uri;
    if (program->uri == NULL || find_password(program, err) < 0)
        return -1;
    return diesel_run(work, program, NULL, err);
}

int main(int argc, char **argv)
{
    diesel_error err;
    struct program program = {.settings = dmongo__settings_default,
                              .err = &err};

    diesel__tool_begin();
    int result = run(&program, argc, argv, &err);
    explicit_bzero(program.password, sizeof program.password);
    if (program.uri != NULL)
        explicit_bzero(program.uri, strlen(program.uri));
    free(program.uri);
    diesel__args_clear(&dmongo__tool, &program.settings, &program.args);
    return diesel__tool_end(&dmongo__tool, result, &err);
}
