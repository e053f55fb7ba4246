/* SPDX-License-Identifier: MIT */
/*
 * The context of a fiber's log records: a chain of blocks of fields, inner first.
 *
 * A fiber that is started takes a reference on its starter's chain, so that
 * chains form a tree whose leaves are the fibers, and a block goes when nobody
 * is below it any more. All in one thread: the counts are plain. What the
 * thread does outside fibers has the scheduler's own place for a chain.
 */
#include "log_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/memory.h>

#include "sched_internal.h"

/* Where the running code's chain hangs; NULL without a scheduler. */
static diesel_log_context **place(void)
{
    diesel__sched *s = diesel__current;
    if (s == NULL)
        return NULL;
    diesel_fiber *fiber = s->current != NULL ? s->current : &s->loop_fiber;
    return &fiber->log_context;
}

const diesel_log_context *diesel__log_context(void)
{
    diesel_log_context **at = place();
    return at != NULL ? *at : NULL;
}

void diesel__log_context_drop(diesel_log_context *context)
{
    while (context != NULL && --context->refs == 0) {
        diesel_log_context *outer = context->outer;
        diesel_free(context);
        context = outer;
    }
}

static bool has_text(const diesel_value *value)
{
    return value->type == DIESEL_VALUE_STR || value->type == DIESEL_VALUE_BYTES;
}

/* Copies the values, and behind them their texts, each with a zero byte. */
static void copy_fields(diesel_log_context *context, const diesel_value *fields)
{
    char *text = (char *)(context->fields + context->count);
    for (size_t i = 0; i < context->count; i++) {
        diesel_value *value = &context->fields[i];
        *value = fields[i];
        if (!has_text(value))
            continue;
        if (value->len > 0)
            memcpy(text, value->s, value->len);
        text[value->len] = '\0';
        value->s = text;
        text += value->len + 1;
    }
}

diesel_log_context *diesel_log_push_values(const diesel_value *fields,
                                           size_t count)
{
    diesel_log_context **at = place();
    if (at == NULL)
        return NULL;
    size_t bytes = sizeof(diesel_log_context);
    if (__builtin_add_overflow(bytes, count * sizeof *fields, &bytes))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (has_text(&fields[i]) &&
            __builtin_add_overflow(bytes, fields[i].len + 1, &bytes))
            return NULL;
    diesel_log_context *context = diesel_malloc(bytes);
    if (context == NULL)
        return NULL;
    context->outer = *at; /* its reference is ours from now on */
    context->refs = 1;
    context->count = count;
    copy_fields(context, fields);
    *at = context;
    return context;
}

void diesel_log_pop(diesel_log_context *context)
{
    if (context == NULL)
        return;
    diesel_log_context **at = place();
    if (at == NULL || *at != context) {
        fprintf(stderr, "diesel: diesel_log_pop() of a context that is not the "
                        "running fiber's innermost\n");
        abort();
    }
    *at = context->outer;
    if (context->outer != NULL)
        context->outer->refs++;
    diesel__log_context_drop(context);
}
