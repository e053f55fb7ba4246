/* SPDX-License-Identifier: MIT */
/*
 * Looking up commands. This is done when a connection broke, for a key's sake or to
 * explain something, and not on the way of every command, so a binary search in
 * the table of names is fast enough.
 */
#include "command_internal.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_NAME 40

static bool is_text(const diesel_value *arg)
{
    return (arg->type == DIESEL_VALUE_STR || arg->type == DIESEL_VALUE_BYTES) &&
           arg->s != NULL;
}

/* Appends a word in capitals to the name of `used` bytes; its new size, or 0: no
 * command has such a long name. */
static size_t append_word(char name[LONGEST_NAME], size_t used,
                          const char *word, size_t len)
{
    if (len == 0 || len >= LONGEST_NAME - used - 1)
        return 0;
    if (used > 0)
        name[used++] = ' ';
    for (size_t i = 0; i < len; i++)
        name[used++] =
            (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 32 : word[i]);
    name[used] = '\0';
    return used;
}

static int compare(const void *name, const void *row)
{
    return strcmp(name, ((const dredis__command_row *)row)->name);
}

static const dredis__command_row *find_name(const char *name)
{
    return bsearch(name, dredis__command_rows, dredis__command_count,
                   sizeof dredis__command_rows[0], compare);
}

const dredis__command_row *dredis__command_find(const diesel_value *args,
                                                size_t n)
{
    char name[LONGEST_NAME];
    if (n == 0 || !is_text(&args[0]))
        return NULL;
    size_t used = append_word(name, 0, args[0].s, args[0].len);
    const dredis__command_row *row = used > 0 ? find_name(name) : NULL;
    if (row == NULL || !(row->flags & DREDIS__COMMAND_CONTAINER))
        return row;
    if (n < 2 || !is_text(&args[1]) ||
        append_word(name, used, args[1].s, args[1].len) == 0)
        return NULL;
    return find_name(name);
}

bool dredis__command_only_reads(const diesel_value *args, size_t n)
{
    const dredis__command_row *row = dredis__command_find(args, n);
    return row != NULL && (row->flags & DREDIS__COMMAND_READS) != 0;
}

/* Where keys are, as a range of arguments: from, to (beyond the last), step. */
struct range {
    size_t from, to, step;
};

/* The end of a range whose last key is given as a server gives it. */
static size_t end_of(size_t from, int last, size_t n)
{
    if (last >= 0)
        return from + (size_t)last + 1;
    size_t back = (size_t)-last;
    return back <= n ? n - back + 1 : 0;
}

static bool is_word(const diesel_value *arg, const char *word)
{
    return is_text(arg) && arg->len == strlen(word) &&
           strncasecmp(arg->s, word, arg->len) == 0;
}

/* The place behind a word that is looked for from the argument `first` on to the end,
 * or, if that is negative, from the one so far from the end back to the name; 0: it
 * is not there. */
static size_t behind_word(const char *word, int first, const diesel_value *args,
                          size_t n)
{
    size_t back = first < 0 ? (size_t)-first : 0;
    for (size_t i = (size_t)first; back == 0 && i < n; i++)
        if (is_word(&args[i], word))
            return i + 1;
    for (size_t i = back <= n ? n - back : 0; back > 0 && i > 0; i--)
        if (is_word(&args[i], word))
            return i + 1;
    return 0;
}

static struct range after_word(const dredis__key_spec *spec,
                               const diesel_value *args, size_t n)
{
    size_t from = behind_word(spec->word, spec->first, args, n);
    if (from == 0)
        return (struct range){0, 0, 1};
    size_t to = end_of(from, spec->last, n);
    if (spec->limit > 1 && to > from)
        to = from + (to - from) / (size_t)spec->limit;
    return (struct range){from, to, (size_t)spec->step};
}

static size_t count_in(const diesel_value *arg)
{
    if (arg->type == DIESEL_VALUE_INT)
        return arg->i > 0 ? (size_t)arg->i : 0;
    if (arg->type == DIESEL_VALUE_UINT)
        return (size_t)arg->u;
    size_t count = 0;
    for (size_t i = 0; is_text(arg) && i < arg->len && i < 9; i++) {
        if (arg->s[i] < '0' || arg->s[i] > '9')
            return 0;
        count = count * 10 + (size_t)(arg->s[i] - '0');
    }
    return count;
}

static struct range counted(const dredis__key_spec *spec,
                            const diesel_value *args, size_t n)
{
    size_t at = (size_t)spec->first, from = (size_t)spec->last;
    size_t step = (size_t)spec->step;
    size_t count = at < n ? count_in(&args[at]) : 0;
    if (from > n || count > (n - from + step - 1) / step)
        count = 0;
    return (struct range){from, from + count * step, step};
}

static struct range range_of(const dredis__key_spec *spec,
                             const diesel_value *args, size_t n)
{
    switch (spec->kind) {
    case DREDIS__KEYS_RANGE:
        return (struct range){(size_t)spec->first,
                              end_of((size_t)spec->first, spec->last, n),
                              (size_t)spec->step};
    case DREDIS__KEYS_WORD:
        return after_word(spec, args, n);
    case DREDIS__KEYS_COUNTED:
        return counted(spec, args, n);
    case DREDIS__KEYS_NONE:
        break;
    }
    return (struct range){0, 0, 1};
}

/* MIGRATE takes one key in its place, or an empty word there and keys behind KEYS. */
static bool is_replaced(const dredis__command_row *row, size_t i,
                        const diesel_value *args, size_t n)
{
    const dredis__key_spec *next = &row->keys[1];
    size_t place = (size_t)row->keys[0].first;
    return i == 0 && next->kind == DREDIS__KEYS_WORD && next->first < 0 &&
           place < n && is_text(&args[place]) && args[place].len == 0 &&
           behind_word(next->word, next->first, args, n) > 0;
}

size_t dredis__command_keys(const diesel_value *args, size_t n, size_t *at,
                            size_t room)
{
    const dredis__command_row *row = dredis__command_find(args, n);
    size_t found = 0;
    for (size_t i = 0; row != NULL && i < DREDIS__MOST_KEY_SPECS; i++) {
        if (is_replaced(row, i, args, n))
            continue;
        struct range range = range_of(&row->keys[i], args, n);
        for (size_t k = range.from; k < range.to && k < n; k += range.step) {
            if (found < room)
                at[found] = k;
            found++;
        }
    }
    return found;
}

/* Reads "<digits>\r\n" behind its first byte, as encode.c wrote it. */
static size_t take_number(const char **at)
{
    size_t number = 0;
    for ((*at)++; **at != '\r'; (*at)++)
        number = number * 10 + (size_t)(**at - '0');
    *at += 2;
    return number;
}

size_t dredis__batch_words(const char **at, diesel_value *words, size_t room)
{
    size_t n = take_number(at);
    for (size_t i = 0; i < n; i++) {
        size_t len = take_number(at);
        if (i < room)
            words[i] = diesel_strn(*at, len);
        *at += len + 2;
    }
    return n;
}

bool dredis__batch_only_reads(const char *bytes, size_t size)
{
    const char *at = bytes, *end = bytes + size;
    while (at < end) {
        diesel_value words[2];
        size_t n = dredis__batch_words(&at, words, 2);
        if (!dredis__command_only_reads(words, n < 2 ? n : 2))
            return false;
    }
    return true;
}
