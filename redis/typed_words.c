/* SPDX-License-Identifier: MIT */
/*
 * Commands put together argument by argument. Most have a few, which lie in the
 * frame of the function that puts them together.
 */
#include "typed_internal.h"

#include <string.h>

#include <diesel/memory.h>

void dredis__words_begin(dredis__words *w)
{
    w->args = w->few;
    w->n = 0;
    w->room = COUNT(w->few);
}

void dredis__words_end(dredis__words *w)
{
    if (w->args != w->few)
        diesel_free(w->args);
}

/* Room for n more; false: there is no memory, and `args` is NULL. */
static bool make_room(dredis__words *w, size_t n)
{
    if (w->args == NULL || n <= w->room - w->n)
        return w->args != NULL;
    size_t room = w->room * 2 > w->n + n ? w->room * 2 : w->n + n;
    diesel_value *before = w->args != w->few ? w->args : NULL;
    diesel_value *args =
        n > SIZE_MAX / 2 - w->n ? NULL
                                : diesel_realloc_array(before, room, sizeof *args);
    if (args == NULL)
        diesel_free(before);
    else if (before == NULL)
        memcpy(args, w->few, w->n * sizeof *args);
    w->args = args;
    w->room = room;
    return args != NULL;
}

void dredis__put(dredis__words *w, diesel_value value)
{
    if (make_room(w, 1))
        w->args[w->n++] = value;
}

void dredis__put_all(dredis__words *w, const diesel_value *values, size_t n)
{
    if (n == 0 || !make_room(w, n))
        return;
    memcpy(w->args + w->n, values, n * sizeof *values);
    w->n += n;
}

static void put_word(dredis__words *w, const char *word)
{
    if (word != NULL)
        dredis__put(w, diesel_str(word));
}

void dredis__put_trim(dredis__words *w, diesel_value maxlen, diesel_value minid,
                      bool nearly, int64_t limit)
{
    bool by_id = maxlen.type == DIESEL_VALUE_NULL;
    if (by_id && minid.type == DIESEL_VALUE_NULL)
        return;
    put_word(w, by_id ? "MINID" : "MAXLEN");
    put_word(w, nearly ? "~" : "=");
    dredis__put(w, by_id ? minid : maxlen);
    dredis__opt_int(w, "LIMIT", limit);
}

void dredis__put_range(dredis__words *w, const char *word, int64_t offset,
                       int64_t count)
{
    if (count == 0)
        return;
    put_word(w, word);
    dredis__put(w, diesel_int(offset));
    dredis__put(w, diesel_int(count));
}

void dredis__opt_flag(dredis__words *w, const char *word, bool on)
{
    if (on)
        put_word(w, word);
}

void dredis__opt_int(dredis__words *w, const char *word, int64_t number)
{
    if (number != 0)
        dredis__opt_value(w, word, diesel_int(number));
}

void dredis__opt_double(dredis__words *w, const char *word, double number)
{
    if (number != 0)
        dredis__opt_value(w, word, diesel_double(number));
}

void dredis__opt_value(dredis__words *w, const char *word, diesel_value value)
{
    if (value.type == DIESEL_VALUE_NULL)
        return;
    put_word(w, word);
    dredis__put(w, value);
}

void dredis__opt_text(dredis__words *w, const char *word, const char *text)
{
    if (text != NULL)
        dredis__opt_value(w, word, diesel_str(text));
}

void dredis__opt_array(dredis__words *w, const char *word,
                       const diesel_value *values, size_t n)
{
    if (n == 0)
        return;
    put_word(w, word);
    dredis__put_all(w, values, n);
}

void dredis__opt_each(dredis__words *w, const char *word,
                      const diesel_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dredis__opt_value(w, word, values[i]);
}

/* Of a number that is no choice, NULL, which is refused before it is sent. */
static diesel_value choice(const char *const *words, size_t count, unsigned i)
{
    return diesel_str(i < count ? words[i] : NULL);
}

diesel_value dredis__end_word(dredis_end end)
{
    static const char *const words[] = {"LEFT", "RIGHT"};
    return choice(words, COUNT(words), (unsigned)end);
}

diesel_value dredis__side_word(dredis_side side)
{
    static const char *const words[] = {"BEFORE", "AFTER"};
    return choice(words, COUNT(words), (unsigned)side);
}

diesel_value dredis__extreme_word(dredis_extreme extreme)
{
    static const char *const words[] = {"MIN", "MAX"};
    return choice(words, COUNT(words), (unsigned)extreme);
}

diesel_value dredis__bitop_kind_word(dredis_bitop_kind kind)
{
    static const char *const words[] = {"AND", "OR", "XOR", "NOT"};
    return choice(words, COUNT(words), (unsigned)kind);
}

diesel_value dredis__unit_word(dredis_unit unit)
{
    static const char *const words[] = {"M", "KM", "FT", "MI"};
    return choice(words, COUNT(words), (unsigned)unit);
}
