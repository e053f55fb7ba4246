/* SPDX-License-Identifier: MIT */
/*
 * The tool at work: commands go in, by the command line or line by line from
 * standard input, and replies come out.
 *
 * There is one session, made when a command needs it. One that broke is made anew
 * for the next command, in the database that was selected; the command is given to
 * it if the old one had surely not sent it. Each command runs in a scope of its
 * own, which has the time limit and which Ctrl-C cancels.
 *
 * An error reply is a reply: it is printed where others are, and makes the exit
 * status 1 in the end. What prevents replies (no connection, a line that cannot be
 * read) ends a run, but at a prompt it is only said.
 */
#include "redis/cli/shell_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <diesel/core.h>

#include "core/cli/tool_internal.h"
#include "redis/cli/format_internal.h"
#include "redis/cli/words_internal.h"

struct shell {
    const dredis__settings *settings;
    dredis__style style;
    dredis_session *session; /* NULL: not connected                     */
    int64_t db;              /* selected, or to be; -1: as the URL says */
    bool transaction;        /* after MULTI                             */
    bool prompt;             /* a person types                          */
    bool failed;             /* there was an error reply                */
};

/* Scopes. */

static diesel_scope *begin(const struct shell *shell)
{
    double seconds = shell->settings->timeout;
    int64_t ms = (int64_t)(seconds * 1000);
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){
        .label = "command",
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

/* The session. */

static const char *password_of(const dredis__settings *settings)
{
    const char *variable = getenv("REDISCLI_AUTH");
    bool in_uri = settings->uri != NULL && strchr(settings->uri, '@') != NULL;
    if (settings->password != NULL)
        return settings->password;
    return variable != NULL && *variable != '\0' && !in_uri ? variable : NULL;
}

/* Whether the command line says anything of TLS. */
static bool wants_tls(const dredis__settings *s)
{
    return s->tls || s->insecure || s->cacert != NULL || s->cacertdir != NULL ||
           s->crl != NULL || s->cert != NULL || s->key != NULL ||
           s->ciphers != NULL || s->ciphersuites != NULL;
}

static int connect_session(struct shell *shell, diesel_error *err)
{
    const dredis__settings *s = shell->settings;
    const diesel_tls_options tls = {
        .ca_file = s->cacert,
        .ca_dir = s->cacertdir,
        .crl_file = s->crl,
        .cert_file = s->cert,
        .key_file = s->key,
        .ciphers = s->ciphers,
        .ciphersuites = s->ciphersuites,
        .allow_invalid_certificates = s->insecure,
    };
    dredis_options options = {
        .host = s->host,
        .port = (uint16_t)s->port,
        .unix_path = s->socket,
        .tls = wants_tls(s) ? &tls : NULL,
        .tls_name = s->sni,
        .user = s->user,
        .password = password_of(s),
        .db = shell->db > 0 ? (int)shell->db : 0,
        .resp = s->resp != 0 ? s->resp
                : shell->style == DREDIS__STYLE_JSON ? 3
                                                     : 2,
    };
    shell->session = dredis_session_open(s->uri, &options, err);
    return shell->session != NULL ? 0 : -1;
}

static void disconnect(struct shell *shell)
{
    dredis_session_close(shell->session);
    shell->session = NULL;
    shell->transaction = false;
}

/* One attempt. */
static dredis_reply *attempt(struct shell *shell, const diesel_value *words,
                             size_t count, diesel_error *err)
{
    if (shell->session == NULL && connect_session(shell, err) < 0)
        return NULL;
    dredis_reply *reply =
        dredis_session_call_array(shell->session, words, count, err);
    bool harmless = reply != NULL || err->code == DIESEL_E_INVAL ||
                    err->code == DIESEL_E_NOMEM;
    if (!harmless)
        disconnect(shell);
    return reply;
}

static bool word_is(const diesel_value *word, const char *name)
{
    return word->len == strlen(name) &&
           strncasecmp(word->s, name, word->len) == 0;
}

/* Takes note of what a command has changed in the session. */
static void follow(struct shell *shell, const diesel_value *words, size_t count,
                   const dredis_reply *reply)
{
    if (reply->type == DREDIS_ERROR) {
        /* EXEC ends a transaction also where it fails. */
        if (word_is(&words[0], "EXEC"))
            shell->transaction = false;
        return;
    }
    if (word_is(&words[0], "SELECT") && count == 2 && !shell->transaction)
        shell->db = strtoll(words[1].s, NULL, 10);
    else if (word_is(&words[0], "RESET"))
        shell->db = 0;
    if (word_is(&words[0], "MULTI"))
        shell->transaction = true;
    else if (word_is(&words[0], "EXEC") || word_is(&words[0], "DISCARD") ||
             word_is(&words[0], "RESET"))
        shell->transaction = false;
}

/* Runs a command. NULL with *err, or NULL with *ended if there is no reply since
 * the command was to end the connection. */
static dredis_reply *call(struct shell *shell, const diesel_value *words,
                          size_t count, bool *ended, diesel_error *err)
{
    bool had_session = shell->session != NULL;
    diesel_scope *scope = begin(shell);
    dredis_reply *reply = attempt(shell, words, count, err);
    if (reply == NULL && had_session && err->code == DIESEL_E_CLOSED &&
        !(err->flags & DIESEL_EF_SENT))
        reply = attempt(shell, words, count, err);
    end(scope);
    *ended = reply == NULL && err->code == DIESEL_E_CLOSED &&
             (err->flags & DIESEL_EF_SENT) && word_is(&words[0], "SHUTDOWN");
    if (reply != NULL)
        follow(shell, words, count, reply);
    return reply;
}

/* Output. */

static void print_reply(struct shell *shell, const diesel_value *words,
                        size_t count, const dredis_reply *reply)
{
    dredis__style style = shell->style;
    bool is_error = reply->type == DREDIS_ERROR;
    if (style != DREDIS__STYLE_JSON && dredis__is_text_command(words, count))
        style = DREDIS__STYLE_TEXT;
    shell->failed |= is_error;
    if (is_error && shell->settings->stop_at_error)
        fprintf(stderr, "%s: %s\n", dredis__tool.name, reply->str);
    else
        dredis__format(reply, style, shell->settings->delimiter, stdout);
}

/* Whether to go on after what has happened so far. */
static bool goes_on(const struct shell *shell)
{
    return !shell->failed || !shell->settings->stop_at_error;
}

static int pause_between(struct shell *shell, diesel_error *err)
{
    double seconds = shell->settings->interval;
    if (seconds <= 0)
        return 0;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel__interrupt_scope(scope);
    int result = diesel_sleep((int64_t)(seconds * 1000), err);
    end(scope);
    return result;
}

/* Runs a command `times` times, for ever if that is negative. */
static int run_command(struct shell *shell, const diesel_value *words,
                       size_t count, int64_t times, diesel_error *err)
{
    for (int64_t i = 0; i != times && goes_on(shell); i++) {
        bool ended;
        dredis_reply *reply = call(shell, words, count, &ended, err);
        if (reply == NULL)
            return ended ? 0 : -1;
        print_reply(shell, words, count, reply);
        dredis_reply_free(reply);
        if (diesel__tool_flush(err) < 0 || pause_between(shell, err) < 0)
            return -1;
    }
    return 0;
}

/* Lines. */

/* "3 PING" is PING three times. 0; or -1 if the number is none of times. */
static int repetitions(const dredis__words *words, int64_t *times,
                       diesel_error *err)
{
    const diesel_value *first = &words->word[0];
    char digits[24] = "";
    char *rest;
    *times = 1;
    if (words->count < 2 || first->len == 0 || first->len >= sizeof digits)
        return 0;
    memcpy(digits, first->s, first->len);
    long long number = strtoll(digits, &rest, 10);
    if (*rest != '\0' || isspace((unsigned char)digits[0]))
        return 0;
    if (number < 1)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a command cannot be run %lld times", number);
    *times = number;
    return 1;
}

/* How long a command took, where that is worth telling. */
static void print_time(const struct shell *shell, int64_t ms)
{
    if (ms >= 500 && shell->style == DREDIS__STYLE_FORMATTED)
        printf("(%.2fs)\n", (double)ms / 1000);
}

/* Runs one line. 0, -1, or 1: it said that it was the last. */
static int run_line(struct shell *shell, const char *line, size_t len,
                    diesel_error *err)
{
    dredis__words words;
    int64_t times, start = diesel_now();
    int result = dredis__words_split(line, len, &words, err);
    if (result < 0 || words.count == 0)
        goto done;
    int skip = repetitions(&words, &times, err);
    if (skip < 0) {
        result = -1;
    } else if (words.count == 1 && (word_is(&words.word[0], "QUIT") ||
                                    word_is(&words.word[0], "EXIT"))) {
        result = 1;
    } else {
        result = run_command(shell, words.word + skip,
                             words.count - (size_t)skip,
                             times * shell->settings->repeat, err);
        if (result == 0)
            print_time(shell, diesel_now() - start);
    }
done:
    dredis__words_clear(&words);
    return result;
}

static void print_prompt(const struct shell *shell)
{
    if (shell->session == NULL) {
        fputs("not connected", stdout);
    } else {
        const char *name = dredis_session_name(shell->session);
        printf("%s%s", name[0] == '/' ? "redis " : "", name);
        if (shell->db > 0)
            printf("[%lld]", (long long)shell->db);
        if (shell->transaction)
            fputs("(TX)", stdout);
    }
    fputs("> ", stdout);
    fflush(stdout);
}

/* What went wrong at a prompt is told, and the next line may do better. */
static bool is_fatal(const struct shell *shell, const diesel_error *err)
{
    diesel_error output;
    if (!shell->prompt || diesel__tool_flush(&output) < 0)
        return true;
    if (diesel__interrupted())
        fprintf(stderr, "%s: interrupted\n", dredis__tool.name);
    else
        diesel__tool_complain(&dredis__tool, err);
    return false;
}

/* At a prompt the connection is made before the first line, to say where one
 * is. */
static int greet(struct shell *shell, diesel_error *err)
{
    if (!shell->prompt)
        return 0;
    diesel_scope *scope = begin(shell);
    int result = connect_session(shell, err);
    end(scope);
    return result < 0 && is_fatal(shell, err) ? -1 : 0;
}

static int run_lines(struct shell *shell, diesel_error *err)
{
    diesel__lines lines = {.fd = STDIN_FILENO};
    size_t number = 0;
    int result = greet(shell, err);
    while (result == 0 && goes_on(shell)) {
        char *line;
        size_t len;
        if (shell->prompt)
            print_prompt(shell);
        int got = diesel__lines_next(&lines, &line, &len, err);
        if (got <= 0 && shell->prompt)
            putchar('\n');
        if (got <= 0) {
            result = got;
            break;
        }
        number++;
        result = run_line(shell, line, len, err);
        if (result < 0 && !shell->prompt)
            diesel_error_prefix(err, "line %zu", number);
        if (result < 0 && !is_fatal(shell, err))
            result = 0;
    }
    diesel__lines_clear(&lines);
    return result < 0 ? -1 : 0;
}

/* The command line's command. */

static int run_operands(struct shell *shell, char **operands, int count,
                        diesel_error *err)
{
    bool from_stdin = shell->settings->last_from_stdin;
    diesel_value *words = calloc((size_t)count + 1, sizeof *words);
    char *last = NULL;
    size_t len, n = 0;
    int result = 0;
    if (words == NULL)
        return diesel_error_nomem(err, "a command");
    for (; n < (size_t)count; n++)
        words[n] = diesel_bytes(operands[n], strlen(operands[n]));
    if (from_stdin) {
        last = diesel__read_all(STDIN_FILENO, &len, err);
        result = last != NULL ? 0 : -1;
        words[n++] = diesel_bytes(last, last != NULL ? len : 0);
    }
    if (result == 0)
        result = run_command(shell, words, n, shell->settings->repeat, err);
    free(last);
    free(words);
    return result;
}

int dredis__shell_run(const dredis__settings *settings, char **operands,
                      int operand_count, diesel_error *err)
{
    struct shell shell = {.settings = settings,
                          .style = (dredis__style)settings->style,
                          .db = settings->db};
    if (shell.style == DREDIS__STYLE_AUTO)
        shell.style = isatty(STDOUT_FILENO) ? DREDIS__STYLE_FORMATTED
                                            : DREDIS__STYLE_RAW;
    shell.prompt = operand_count == 0 && isatty(STDIN_FILENO) &&
                   isatty(STDOUT_FILENO);
    if (diesel__interrupt_watch(err) < 0)
        return -1;
    int result = operand_count > 0
                     ? run_operands(&shell, operands, operand_count, err)
                     : run_lines(&shell, err);
    disconnect(&shell);
    diesel__interrupt_unwatch();
    if (result < 0)
        return -1;
    return shell.failed && !shell.prompt ? DIESEL__EXIT_SERVER
                                         : DIESEL__EXIT_OK;
}
