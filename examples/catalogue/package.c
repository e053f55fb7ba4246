/* SPDX-License-Identifier: MIT */
/*
 * A stanza of a package list as a document; see package.h.
 *
 * PACKAGE_FIELDS is the whole of it: what a field is called, which key it gets,
 * and which of the value_of_...() functions makes its value. Values are typed and
 * borrow the stanza's text; only dmongo_doc_to_bson() copies, into the document.
 */
#include "package.h"

#include <string.h>
#include <strings.h>

#include <diesel/memory.h>
#include <diesel/mongo.h>

/* Room for what a document is made of and the stanza does not have as it is. */
struct room {
    dmongo_value *items; /* of the lists; the next free one      */
    char *text;          /* of unfolded prose; the next free byte */
};

static dmongo_value value_of_text(struct span value, struct room *room)
{
    (void)room;
    return dmongo_strn(value.at, value.len);
}

/* What should be a number and is not stays as it is. */
static dmongo_value value_of_number(struct span value, struct room *room)
{
    int64_t number = 0;

    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)value.at[i] - '0';
        if (digit > 9 || i == 18)
            return value_of_text(value, room);
        number = 10 * number + digit;
    }
    return dmongo_int64(number);
}

static dmongo_value value_of_list(struct span value, struct room *room)
{
    dmongo_value *first = room->items;
    struct span item;

    while (control_item(&value, &item))
        *room->items++ = dmongo_strn(item.at, item.len);
    return dmongo_array_of(first, (size_t)(room->items - first));
}

static dmongo_value value_of_prose(struct span value, struct room *room)
{
    char *first = room->text;

    room->text += control_unfold(value, first);
    return dmongo_strn(first, (size_t)(room->text - first));
}

static const struct {
    const char *name, *key;
    dmongo_value (*make)(struct span value, struct room *room);
} fields[] = {
#define PACKAGE_ROW(NAME, name, key, kind) {name, key, value_of_##kind},
    PACKAGE_FIELDS(PACKAGE_ROW)
#undef PACKAGE_ROW
};

static bool is_same(struct span text, const char *name)
{
    return strlen(name) == text.len && strncasecmp(text.at, name, text.len) == 0;
}

static size_t count(struct span text, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == c;
    return n;
}

int package_read(struct span stanza, struct package *package, size_t *line,
                 diesel_error *err)
{
    struct span rest = stanza;
    struct control_field field;
    int got;

    *package = (struct package){0};
    while ((got = control_field(&rest, &field)) > 0)
        for (size_t i = 0; i < PACKAGE_FIELD_COUNT; i++)
            if (is_same(field.name, fields[i].name))
                package->values[i] = field.value;

    struct span before = {stanza.at, (size_t)(rest.at - stanza.at)};
    *line = got < 0 ? count(before, '\n') : 0;
    if (got < 0)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "neither a field nor the continuation of one");
    for (size_t i = PACKAGE_NAME; i <= PACKAGE_VERSION; i++)
        if (package->values[i].len == 0)
            return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                    "the stanza has no field %s",
                                    fields[i].name);
    return 0;
}

bson_t *package_document(const struct package *package, const char *id,
                         diesel_error *err)
{
    /* A key and a value per field, and one more pair for the _id. */
    dmongo_value pairs[2 * (PACKAGE_FIELD_COUNT + 1)];
    size_t items = 0, letters = 0, n = 0;

    for (size_t i = 0; i < PACKAGE_FIELD_COUNT; i++) {
        items += count(package->values[i], ',') + 1;
        letters += package->values[i].len;
    }
    dmongo_value *list = diesel_calloc(items, sizeof *list);
    char *text = diesel_malloc(letters);
    struct room room = {list, text};
    bson_t *document = NULL;
    if (list == NULL || text == NULL) {
        diesel_error_nomem(err, "a package");
        goto done;
    }

    pairs[n++] = dmongo_str("_id");
    pairs[n++] = dmongo_str(id);
    for (size_t i = 0; i < PACKAGE_FIELD_COUNT; i++) {
        if (package->values[i].at == NULL)
            continue;
        pairs[n++] = dmongo_str(fields[i].key);
        pairs[n++] = fields[i].make(package->values[i], &room);
    }
    document = dmongo_doc_to_bson(dmongo_doc_of(pairs, n), err);
done:
    diesel_free(text);
    diesel_free(list);
    return document;
}
