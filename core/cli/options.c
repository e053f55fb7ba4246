/* SPDX-License-Identifier: MIT */
/*
 * Reading a command line by a table of options, see options_internal.h.
 *
 * The words of argv are copied first and the copies are parsed, for argv's own
 * memory is what ps(1) shows: a password is wiped there as soon as it has been
 * read, while the settings keep pointing into the copies. `struct cursor` is
 * the state of one pass over them; every kind of value has one storing function,
 * found by a table.
 *
 * Invariant: for each i, words[i] and originals[i] begin as the same text, so a
 * place in a copy has the same distance from its start in the original.
 */
#include "core/cli/options_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One pass over the command line. */
struct cursor {
    const diesel__tool *tool;
    char *settings;
    diesel__args *args;
    int next; /* index of the word after the present one */
    diesel_error *err;
};

/* What the user wrote to name an option, for messages: "-p" or "--port". */
struct spelling {
    char text[64];
};

static struct spelling spelling_of(const char *dashes, const char *name,
                                   size_t len)
{
    struct spelling spelling;
    snprintf(spelling.text, sizeof spelling.text, "%s%.*s", dashes,
             len > 48 ? 48 : (int)len, name);
    return spelling;
}

static int usage_error(diesel_error *err, const char *option, const char *what)
{
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "option %s %s", option, what);
}

/* Secrets in argv. */

/* Shortens the text at p: its first len bytes become one "*". The length of a
 * secret is not shown either; what gets free at the end is zeroed. */
static void conceal(char *p, size_t len)
{
    if (len == 0)
        return;
    size_t rest = strlen(p + len);
    *p = '*';
    memmove(p + 1, p + len, rest);
    memset(p + 1 + rest, 0, len - 1);
}

/* Where the given place in a copied word lies in argv; NULL if in none. */
static char *original_of(const diesel__args *args, const char *place)
{
    for (int i = 0; i < args->count; i++) {
        const char *word = args->words[i];
        if (place >= word && place <= word + strlen(word))
            return args->originals[i] + (place - word);
    }
    return NULL;
}

bool diesel__uri_password(const char *uri, size_t *start, size_t *len)
{
    const char *authority = strstr(uri, "://");
    if (authority == NULL)
        return false;
    authority += 3;
    const char *end = authority + strcspn(authority, "/?#");
    /* A password that should have been escaped may hold a slash: where there is
     * no "@" before the first one, it may still come later. */
    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    if (at == NULL)
        at = strrchr(authority, '@');
    if (at == NULL)
        return false;
    const char *colon = memchr(authority, ':', (size_t)(at - authority));
    if (colon == NULL)
        return false;
    *start = (size_t)(colon + 1 - uri);
    *len = (size_t)(at - colon - 1);
    return *len > 0;
}

void diesel__args_hide_uri(const diesel__args *args, const char *operand)
{
    size_t start, len;
    char *original = original_of(args, operand);
    if (original != NULL && diesel__uri_password(operand, &start, &len))
        conceal(original + start, len);
}

static void hide_value(const struct cursor *cursor,
                       const diesel__option *option, const char *value)
{
    if (option->flags & DIESEL__OPT_SECRET)
        conceal(original_of(cursor->args, value), strlen(value));
    if (option->flags & DIESEL__OPT_URI)
        diesel__args_hide_uri(cursor->args, value);
}

/* Storing. Each function reads `value`, which is NULL where the option takes
 * none, into the settings; `called` is the option as the user wrote it. */

typedef int store_fn(struct cursor *cursor, const diesel__option *option,
                     const char *called, const char *value);

static int store_flag(struct cursor *cursor, const diesel__option *option,
                      const char *called, const char *value)
{
    (void)called;
    (void)value;
    *(bool *)(cursor->settings + option->offset) = true;
    return 0;
}

static int store_set(struct cursor *cursor, const diesel__option *option,
                     const char *called, const char *value)
{
    (void)called;
    (void)value;
    *(int *)(cursor->settings + option->offset) = option->value;
    return 0;
}

static int out_of_range(struct cursor *cursor, const diesel__option *option,
                        const char *called, const char *value)
{
    return diesel_error_set(cursor->err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "option %s: %s is not in the range %.15g to %.15g",
                            called, value, option->min, option->max);
}

static int store_int(struct cursor *cursor, const diesel__option *option,
                     const char *called, const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end != '\0')
        return diesel_error_set(cursor->err, DIESEL_E_INVAL, DIESEL_DOM_CORE,
                                0, "option %s: \"%s\" is not a whole number",
                                called, value);
    if (errno == ERANGE || (double)number < option->min ||
        (double)number > option->max)
        return out_of_range(cursor, option, called, value);
    *(int64_t *)(cursor->settings + option->offset) = number;
    return 0;
}

static int store_number(struct cursor *cursor, const diesel__option *option,
                        const char *called, const char *value)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end != '\0')
        return diesel_error_set(cursor->err, DIESEL_E_INVAL, DIESEL_DOM_CORE,
                                0, "option %s: \"%s\" is not a number", called,
                                value);
    /* Written so that NaN is out of every range. */
    if (!(number >= option->min && number <= option->max))
        return out_of_range(cursor, option, called, value);
    *(double *)(cursor->settings + option->offset) = number;
    return 0;
}

static int store_string(struct cursor *cursor, const diesel__option *option,
                        const char *called, const char *value)
{
    (void)called;
    *(const char **)(cursor->settings + option->offset) = value;
    return 0;
}

static int store_choice(struct cursor *cursor, const diesel__option *option,
                        const char *called, const char *value)
{
    char known[128] = "";
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *(int *)(cursor->settings + option->offset) = i;
            return 0;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                 option->choices[i]);
    }
    return diesel_error_set(cursor->err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "option %s: \"%s\" is none of %s", called, value,
                            known);
}

static int store_list(struct cursor *cursor, const diesel__option *option,
                      const char *called, const char *value)
{
    diesel__option_list *list =
        (diesel__option_list *)(cursor->settings + option->offset);
    const char **items =
        reallocarray(list->items, list->count + 1, sizeof *items);
    if (items == NULL)
        return diesel_error_nomem(cursor->err, called);
    items[list->count++] = value;
    list->items = items;
    return 0;
}

static store_fn *const store[] = {
    [DIESEL__OPT_FLAG] = store_flag,     [DIESEL__OPT_SET] = store_set,
    [DIESEL__OPT_INT] = store_int,       [DIESEL__OPT_NUMBER] = store_number,
    [DIESEL__OPT_STRING] = store_string, [DIESEL__OPT_CHOICE] = store_choice,
    [DIESEL__OPT_LIST] = store_list,
};

/* Finding. */

static bool takes_value(const diesel__option *option)
{
    return option->kind != DIESEL__OPT_FLAG && option->kind != DIESEL__OPT_SET;
}

static const diesel__option *find_name(const diesel__tool *tool,
                                       const char *name, size_t len)
{
    for (const diesel__option *o = tool->options; o->kind; o++)
        if (o->name != NULL && strlen(o->name) == len &&
            memcmp(o->name, name, len) == 0)
            return o;
    return NULL;
}

static const diesel__option *find_letter(const diesel__tool *tool, char letter)
{
    for (const diesel__option *o = tool->options; o->kind; o++)
        if (o->letter == letter && letter != '\0')
            return o;
    return NULL;
}

/* The value of an option that had none attached: the next word, or "" where it
 * may be left out. NULL: there is none. */
static const char *next_value(struct cursor *cursor,
                              const diesel__option *option)
{
    const diesel__args *args = cursor->args;
    const char *word =
        cursor->next < args->count ? args->words[cursor->next] : NULL;
    if (option->flags & DIESEL__OPT_OPTIONAL)
        if (word == NULL || word[0] == '-')
            return "";
    if (word != NULL)
        cursor->next++;
    return word;
}

/* Takes one option with the value attached to it, if any. */
static int take(struct cursor *cursor, const diesel__option *option,
                const char *called, const char *attached)
{
    const char *value = attached;
    if (takes_value(option) && value == NULL)
        value = next_value(cursor, option);
    if (takes_value(option) && value == NULL)
        return usage_error(cursor->err, called, "needs a value");
    int result = store[option->kind](cursor, option, called, value);
    if (value != NULL)
        hide_value(cursor, option, value);
    return result;
}

/* --name, --name=value */
static int take_long(struct cursor *cursor, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *attached = name[len] == '=' ? name + len + 1 : NULL;
    struct spelling called = spelling_of("--", name, len);
    const diesel__option *option = find_name(cursor->tool, name, len);
    if (option == NULL)
        return usage_error(cursor->err, called.text, "is not known");
    if (attached != NULL && !takes_value(option))
        return usage_error(cursor->err, called.text, "takes no value");
    return take(cursor, option, called.text, attached);
}

/* -abc: flags; the first letter that takes a value has the rest of the word for
 * it, or the next word if nothing is left. */
static int take_letters(struct cursor *cursor, const char *word)
{
    for (const char *p = word + 1; *p != '\0'; p++) {
        struct spelling called = spelling_of("-", p, 1);
        const diesel__option *option = find_letter(cursor->tool, *p);
        if (option == NULL)
            return usage_error(cursor->err, called.text, "is not known");
        bool valued = takes_value(option);
        const char *attached = valued && p[1] != '\0' ? p + 1 : NULL;
        if (take(cursor, option, called.text, attached) < 0)
            return -1;
        if (valued)
            break;
    }
    return 0;
}

static int copy_words(diesel__args *args, int argc, char **argv,
                      diesel_error *err)
{
    memset(args, 0, sizeof *args);
    args->words = calloc((size_t)argc + 1, sizeof *args->words);
    args->operands = calloc((size_t)argc + 1, sizeof *args->operands);
    if (args->words == NULL || args->operands == NULL)
        return diesel_error_nomem(err, "the command line");
    args->originals = argv;
    for (; args->count < argc; args->count++) {
        args->words[args->count] = strdup(argv[args->count]);
        if (args->words[args->count] == NULL)
            return diesel_error_nomem(err, "the command line");
    }
    return 0;
}

int diesel__options_parse(const diesel__tool *tool, void *settings, int argc,
                          char **argv, diesel__args *args, diesel_error *err)
{
    struct cursor cursor = {tool, settings, args, 1, err};
    bool operands_only = false;

    if (copy_words(args, argc, argv, err) < 0)
        return -1;
    while (cursor.next < args->count) {
        char *word = args->words[cursor.next++];
        bool is_operand =
            operands_only || word[0] != '-' || word[1] == '\0';
        int result = 0;
        if (is_operand) {
            args->operands[args->operand_count++] = word;
            operands_only |= tool->options_first;
        } else if (strcmp(word, "--") == 0) {
            operands_only = true;
        } else if (word[1] == '-') {
            result = take_long(&cursor, word);
        } else {
            result = take_letters(&cursor, word);
        }
        if (result < 0)
            return -1;
    }
    return 0;
}

void diesel__args_clear(const diesel__tool *tool, void *settings,
                        diesel__args *args)
{
    for (const diesel__option *o = tool->options; o->kind; o++) {
        if (o->kind != DIESEL__OPT_LIST)
            continue;
        diesel__option_list *list =
            (diesel__option_list *)((char *)settings + o->offset);
        free(list->items);
        *list = (diesel__option_list){0};
    }
    for (int i = 0; i < args->count; i++) {
        explicit_bzero(args->words[i], strlen(args->words[i]));
        free(args->words[i]);
    }
    free(args->words);
    free(args->operands);
    memset(args, 0, sizeof *args);
}
