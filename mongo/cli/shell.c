/* SPDX-License-Identifier: MIT */
/*
 * The tool at work.
 *
 * Texts (--eval, --file, a document, all of standard input if that is no terminal)
 * are read to their end before the first statement runs, so that one with a
 * mistake in its last line changes nothing. The client connects when there is
 * something to run. Each statement runs in a scope of its own, which has the time
 * limit and which Ctrl-C cancels; the first that fails ends the program, but at a
 * prompt it is only said.
 */
#include "mongo/cli/shell_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

#include "core/cli/tool_internal.h"
#include "mongo/cli/run_internal.h"

struct shell {
    const dmongo__work *work;
    dmongo__session session;
    bool prompt; /* a person types                            */
    bool shown;  /* a mistake in a text has been told already */
};

/* Scopes. */

static diesel_scope *begin(const struct shell *shell)
{
    double seconds = shell->work->settings->timeout;
    int64_t ms = (int64_t)(seconds * 1000);
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){
        .label = "statement",
        .timeout_ms = seconds > 0 && ms == 0 ? 1 : ms,
    });
    diesel__interrupt_scope(scope);
    return scope;
}

/* Whatever cut the scope short has been seen by the call inside it. */
static void end(diesel_scope *scope)
{
    diesel__interrupt_scope(NULL);
    diesel_scope_wait(scope, NULL);
}

/* The client. */

static void print_warnings(const struct shell *shell)
{
    const char *warning;
    for (size_t i = 0;
         (warning = dmongo_warning(shell->session.client, i)) != NULL; i++)
        fprintf(stderr, "%s: warning: %s\n", dmongo__tool.name, warning);
}

static int connect_client(struct shell *shell, diesel_error *err)
{
    if (shell->session.client != NULL)
        return 0;
    dmongo_options options = {
        .app_name = dmongo__tool.name,
        .user = shell->work->settings->user,
        .password = shell->work->password,
    };
    diesel_scope *scope = begin(shell);
    shell->session.client = dmongo_open(shell->work->uri, &options, err);
    end(scope);
    if (shell->session.client == NULL)
        return -1;
    if (!shell->work->settings->quiet)
        print_warnings(shell);
    if (shell->session.database == NULL) {
        const char *database = dmongo_database(shell->session.client);
        shell->session.database = strdup(database ? database : "test");
    }
    return shell->session.database != NULL
               ? 0
               : diesel_error_nomem(err, "a database's name");
}

/* Statements. */

static int run_statement(struct shell *shell,
                         const dmongo__statement *statement, diesel_error *err)
{
    if (connect_client(shell, err) < 0)
        return -1;
    diesel_scope *scope = begin(shell);
    int result = dmongo__run_statement(&shell->session, statement, err);
    end(scope);
    /* What has been printed belongs before the error. */
    diesel_error output;
    if (diesel__tool_flush(&output) < 0 && result == 0) {
        *err = output;
        return -1;
    }
    return result;
}

/* Texts. */

struct text {
    const char *name; /* "" or a file, for messages */
    char *text;       /* owned                      */
    size_t len;
};

/* Says what is wrong with a text, where, and points at it. */
static int show_mistake(struct shell *shell, const struct text *text,
                        const dmongo__source *src)
{
    diesel_error err;
    size_t line, column;
    dmongo__source_place(src->text, src->len, src->error.at, &line, &column);
    diesel_error_set(&err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                     "%s%sline %zu, column %zu: %s", text->name,
                     *text->name ? ": " : "", line, column,
                     src->error.message);
    diesel__tool_complain(&dmongo__tool, &err);
    dmongo__source_show(src->text, src->len, src->error.at, stderr);
    shell->shown = true;
    return -1;
}

/* Puts the place of a statement that failed before the message, where there may
 * be many. */
static void name_place(const struct text *text, size_t at, diesel_error *err)
{
    size_t line, column;
    dmongo__source_place(text->text, text->len, at, &line, &column);
    if (*text->name != '\0')
        diesel_error_prefix(err, "%s: line %zu", text->name, line);
}

/* Reads all statements of a text, as far as they are right. 0, or -1 with the
 * mistake in *src. */
static int read_all(dmongo__source *src)
{
    dmongo__statement statement;
    int result = dmongo__source_check(src);
    bool more = result == 0;
    while (more) {
        result = dmongo__statement_read(src, &statement);
        more = result == 0 && statement.kind != DMONGO__NOTHING;
        dmongo__statement_clear(&statement);
    }
    return result;
}

/* Runs all statements of a text, which has been read once before. */
static int run_all(struct shell *shell, const struct text *text,
                   diesel_error *err)
{
    dmongo__source src = {.text = text->text, .len = text->len};
    dmongo__statement statement;
    int result = 0;
    bool more = true;
    while (more) {
        /* It cannot fail, as it did not the first time. */
        more = dmongo__statement_read(&src, &statement) == 0 &&
               statement.kind != DMONGO__NOTHING;
        if (more)
            result = run_statement(shell, &statement, err);
        if (result < 0)
            name_place(text, statement.at, err);
        dmongo__statement_clear(&statement);
        more = more && result == 0;
    }
    return result;
}

/* What the command line has to run. */
struct texts {
    struct text *items;
    size_t count;
};

/* Adds a text, which is taken; NULL is one that could not be read. */
static int add_text(struct texts *texts, const char *name, char *text,
                    size_t len, diesel_error *err)
{
    struct text *items =
        text != NULL ? reallocarray(texts->items, texts->count + 1,
                                    sizeof *items)
                     : NULL;
    if (items == NULL) {
        free(text);
        return text == NULL ? -1 : diesel_error_nomem(err, "a text to run");
    }
    items[texts->count++] = (struct text){name, text, len};
    texts->items = items;
    return 0;
}

static int add_copy(struct texts *texts, const char *text, diesel_error *err)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return diesel_error_nomem(err, "a text to run");
    return add_text(texts, "", copy, strlen(text), err);
}

static int add_command(struct texts *texts, const char *text, diesel_error *err)
{
    if (text[strspn(text, " \t\r\n")] != '{')
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a command is a document: {...}, not %.60s",
                                text);
    return add_copy(texts, text, err);
}

static int add_file(struct texts *texts, const char *path, diesel_error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    char *text = NULL;
    size_t len = 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        diesel_error_sys(err, errno, "opening");
    else
        text = diesel__read_all(fd, &len, err);
    if (fd >= 0 && !is_stdin)
        close(fd);
    if (text == NULL && err->code != DIESEL_E_CANCELLED) {
        diesel_error_prefix(err, "%s", path);
        err->code = DIESEL_E_INVAL; /* an argument is wrong, no connection */
    }
    return add_text(texts, is_stdin ? "standard input" : path, text, len, err);
}

static int gather(const struct shell *shell, struct texts *texts,
                  diesel_error *err)
{
    const dmongo__settings *s = shell->work->settings;
    int result = 0;
    for (size_t i = 0; result == 0 && i < s->eval.count; i++)
        result = add_copy(texts, s->eval.items[i], err);
    for (size_t i = 0; result == 0 && i < s->files.count; i++)
        result = add_file(texts, s->files.items[i], err);
    for (size_t i = 0; result == 0 && i < s->commands.count; i++)
        result = add_command(texts, s->commands.items[i], err);
    if (result == 0 && shell->work->command != NULL)
        result = add_command(texts, shell->work->command, err);
    if (result == 0 && texts->count == 0 && !shell->prompt)
        result = add_file(texts, "-", err);
    return result;
}

static int run_texts(struct shell *shell, const struct texts *texts,
                     diesel_error *err)
{
    for (size_t i = 0; i < texts->count; i++) {
        const struct text *text = &texts->items[i];
        dmongo__source src = {.text = text->text, .len = text->len};
        if (read_all(&src) < 0)
            return show_mistake(shell, text, &src);
    }
    int result = 0;
    for (size_t i = 0; i < texts->count && result == 0; i++)
        result = run_all(shell, &texts->items[i], err);
    return result;
}

/* The prompt. */

/* What went wrong at a prompt is told, and the next line may do better. */
static void tell(const diesel_error *err)
{
    if (diesel__interrupted())
        fprintf(stderr, "%s: interrupted\n", dmongo__tool.name);
    else
        diesel__tool_complain(&dmongo__tool, err);
}

/* Takes one more line to those that wait for their end. */
static int append_line(struct text *text, const char *line, size_t len,
                       diesel_error *err)
{
    char *longer = realloc(text->text, text->len + len + 2);
    if (longer == NULL)
        return diesel_error_nomem(err, "the input");
    memcpy(longer + text->len, line, len);
    longer[text->len + len] = '\n';
    text->text = longer;
    text->len += len + 1;
    return 0;
}

/* Runs what has been typed if it is whole, or wrong; leaves it for the next line
 * if something is still open. */
static void take_line(struct shell *shell, struct text *typed)
{
    diesel_error err;
    dmongo__source src = {.text = typed->text, .len = typed->len};
    int result = read_all(&src);
    if (result < 0 && src.error.at_end)
        return;
    if (result < 0)
        show_mistake(shell, typed, &src);
    else if (run_all(shell, typed, &err) < 0)
        tell(&err);
    typed->len = 0;
}

static int run_prompt(struct shell *shell, diesel_error *err)
{
    diesel__lines lines = {.fd = STDIN_FILENO};
    struct text typed = {.name = ""};
    int got = connect_client(shell, err) < 0 ? -1 : 1;
    if (got > 0 && !shell->work->settings->quiet)
        fprintf(stderr, "%s: connected to %s\n", dmongo__tool.name,
                dmongo_server(shell->session.client));
    while (got > 0) {
        char *line;
        size_t len;
        printf("%s> ", typed.len > 0 ? ".." : shell->session.database);
        fflush(stdout);
        got = diesel__lines_next(&lines, &line, &len, err);
        if (got <= 0)
            putchar('\n');
        if (got > 0 && append_line(&typed, line, len, err) < 0)
            got = -1;
        if (got > 0)
            take_line(shell, &typed);
    }
    free(typed.text);
    diesel__lines_clear(&lines);
    shell->shown = false;
    return got;
}

int dmongo__shell_run(const dmongo__work *work, diesel_error *err)
{
    struct shell shell = {.work = work};
    struct texts texts = {0};
    bool terminal = isatty(STDOUT_FILENO);
    shell.session.layout = (dmongo__layout){
        .pretty = work->settings->layout == DMONGO__LAYOUT_AUTO
                      ? terminal
                      : work->settings->layout == DMONGO__LAYOUT_PRETTY,
        .canonical = work->settings->canonical,
    };
    shell.prompt = isatty(STDIN_FILENO) && terminal;
    if (diesel__interrupt_watch(err) < 0)
        return -1;
    int result = gather(&shell, &texts, err);
    if (result == 0)
        result = texts.count > 0 ? run_texts(&shell, &texts, err)
                                 : run_prompt(&shell, err);
    for (size_t i = 0; i < texts.count; i++)
        free(texts.items[i].text);
    free(texts.items);
    free(shell.session.database);
    dmongo_close(shell.session.client);
    diesel__interrupt_unwatch();
    return result < 0 && shell.shown ? DIESEL__EXIT_USAGE : result;
}
