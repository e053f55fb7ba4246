/* SPDX-License-Identifier: MIT */
/*
 * Arguments of operations. An argument that nobody asks for would make a test pass
 * without what it is about: it fails the test.
 */
#include "unified.h"

#include <string.h>

void unified_arguments_begin(unified_arguments *a, unified_world *world,
                             const bson_t *operation)
{
    a->world = world;
    a->seen = 0;
    if (!dmongo_get_doc(operation, "arguments", &a->doc))
        bson_init(&a->doc);
}

/* Finds an argument and notes that. */
static bool find(unified_arguments *a, const char *key, bson_iter_t *iter)
{
    int i = 0;
    for (bson_iter_init(iter, &a->doc); bson_iter_next(iter); i++)
        if (strcmp(bson_iter_key(iter), key) == 0) {
            a->seen |= UINT64_C(1) << i;
            return true;
        }
    return false;
}

int unified_arguments_end(unified_arguments *a)
{
    bson_iter_t iter;
    int i = 0;
    for (bson_iter_init(&iter, &a->doc); bson_iter_next(&iter); i++)
        if (!(a->seen >> i & 1) && (strcmp(bson_iter_key(&iter), "rawData") == 0 ||
                                    strcmp(bson_iter_key(&iter), "disableMD5") == 0))
            return unified_fail(a->world, "needs the option %s",
                                bson_iter_key(&iter));
        else if (!(a->seen >> i & 1))
            return unified_fail(a->world, "runner: unknown argument %s",
                                bson_iter_key(&iter));
    return 0;
}

bool unified_has(unified_arguments *a, const char *key)
{
    bson_iter_t iter;
    return find(a, key, &iter);
}

dmongo_value unified_value(unified_arguments *a, const char *key)
{
    bson_iter_t iter;
    return find(a, key, &iter) ? dmongo_get_value(&a->doc, key)
                               : dmongo_absent();
}

int64_t unified_int(unified_arguments *a, const char *key, int64_t fallback)
{
    bson_iter_t iter;
    return find(a, key, &iter) ? bson_iter_as_int64(&iter) : fallback;
}

bool unified_bool(unified_arguments *a, const char *key, bool fallback)
{
    bson_iter_t iter;
    return find(a, key, &iter) ? bson_iter_as_bool(&iter) : fallback;
}

dmongo_choice unified_choice(unified_arguments *a, const char *key)
{
    bson_iter_t iter;
    if (!find(a, key, &iter))
        return 0;
    return bson_iter_as_bool(&iter) ? true : DMONGO_NO;
}

const char *unified_str(unified_arguments *a, const char *key)
{
    bson_iter_t iter;
    return find(a, key, &iter) ? bson_iter_utf8(&iter, NULL) : NULL;
}

dmongo_session *unified_session(unified_arguments *a)
{
    const char *id = unified_str(a, "session");
    unified_entity *entity = id != NULL ? unified_find(a->world, id) : NULL;
    return entity != NULL ? entity->session : NULL;
}

bool unified_doc(unified_arguments *a, const char *key, bson_t *view)
{
    bson_iter_t iter;
    if (!find(a, key, &iter))
        return false;
    return dmongo_get_doc(&a->doc, key, view);
}
