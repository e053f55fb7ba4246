/* SPDX-License-Identifier: MIT */
/*
 * Fiber-local values: a chain of blocks, the newest first, that hangs on the
 * fiber; and a fiber's label of its own, which is such a value.
 *
 * A block is out of the chain before its value is dropped, since dropping may set
 * values, switch fibers, and look at what is left.
 */
#include <diesel/local.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#include "local_internal.h"
#include "sched_internal.h"

struct diesel__local_value {
    struct diesel__local_value *older;
    const diesel_local *key;
    void *value;
};

typedef struct diesel__local_value local_value;

/* Where the fiber's value is linked, or the end of its chain. */
static local_value **find(diesel_fiber *fiber, const diesel_local *key)
{
    local_value **at = &fiber->locals;
    while (*at != NULL && (*at)->key != key)
        at = &(*at)->older;
    return at;
}

static void drop(const diesel_local *key, void *value)
{
    if (value != NULL && key->drop != NULL)
        key->drop(value);
}

/* Takes the block out of its chain and frees it. */
static void *unchain(local_value **at)
{
    local_value *block = *at;
    void *value = block->value;
    *at = block->older;
    diesel_free(block);
    return value;
}

void *diesel_local_get(const diesel_local *key)
{
    diesel_fiber *self = diesel_self();
    if (self == NULL)
        return NULL;
    const local_value *block = *find(self, key);
    return block != NULL ? block->value : NULL;
}

void *diesel_local_take(const diesel_local *key)
{
    diesel_fiber *self = diesel_self();
    if (self == NULL)
        return NULL;
    local_value **at = find(self, key);
    return *at != NULL ? unchain(at) : NULL;
}

static int add(diesel_fiber *self, const diesel_local *key, void *value,
               diesel_error *err)
{
    local_value *block = diesel_malloc(sizeof *block);
    if (block == NULL) {
        drop(key, value);
        return diesel_error_nomem(err, "a fiber-local value");
    }
    *block = (local_value){.older = self->locals, .key = key, .value = value};
    self->locals = block;
    return 0;
}

int diesel_local_set(const diesel_local *key, void *value, diesel_error *err)
{
    diesel_fiber *self = diesel_self();
    if (self == NULL) {
        drop(key, value);
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a fiber-local value is set outside fibers");
    }
    if (value == NULL) {
        drop(key, diesel_local_take(key));
        return 0;
    }
    local_value *block = *find(self, key);
    if (block == NULL)
        return add(self, key, value, err);
    void *before = block->value;
    block->value = value;
    if (before != value)
        drop(key, before);
    return 0;
}

void diesel__locals_drop(diesel_fiber *self)
{
    while (self->locals != NULL) {
        const diesel_local *key = self->locals->key;
        drop(key, unchain(&self->locals));
    }
}

/* --- A label of the fiber's own. */

struct label {
    const char *given; /* when the fiber was started: so it is called again in
                          its end, for its scope may keep the name */
    char text[DIESEL_LABEL_SIZE];
};

static void drop_label(void *value)
{
    struct label *label = value;
    diesel_self()->label = label->given;
    diesel_free(label);
}

static const diesel_local label_key = {.drop = drop_label};

static struct label *own_label(diesel_fiber *self)
{
    struct label *label = diesel_local_get(&label_key);
    if (label != NULL)
        return label;
    label = diesel_calloc(1, sizeof *label);
    if (label == NULL)
        return NULL;
    label->given = self->label;
    return diesel_local_set(&label_key, label, NULL) == 0 ? label : NULL;
}

void diesel_label(const char *format, ...)
{
    char text[DIESEL_LABEL_SIZE]; /* the present label may be among the arguments */
    diesel_fiber *self = diesel_self();
    struct label *label = self != NULL ? own_label(self) : NULL;
    if (label == NULL)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(label->text, text, sizeof text);
    self->label = label->text;
}
