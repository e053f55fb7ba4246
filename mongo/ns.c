/* SPDX-License-Identifier: MIT */
/*
 * Arguments of operations: namespaces and the shapes of documents.
 *
 * A namespace is "database.collection", split at its first dot, as a collection's
 * name may have dots and a database's may not; once per operation, into values that
 * point into the text.
 */
#include <string.h>

#include "doc_internal.h"
#include "option_internal.h"

int dmongo__ns_split(struct dmongo__ns *ns, const char *text, diesel_error *err)
{
    if (text == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "the namespace is NULL");
    const char *dot = strchrnul(text, '.');
    ns->text = text;
    ns->database = dmongo_strn(text, (size_t)(dot - text));
    ns->collection = *dot != 0 ? dmongo_str(dot + 1) : dmongo_absent();
    if (dot == text || (*dot != 0 && dot[1] == 0))
        return diesel_error_set(
            err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
            "\"%.80s\" is not of the form database.collection", text);
    return 0;
}

int dmongo__collection_split(struct dmongo__ns *ns, const char *what,
                             const char *text, diesel_error *err)
{
    if (dmongo__ns_split(ns, text, err) == 0) {
        if (ns->collection.form != DMONGO__ABSENT)
            return 0;
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                         "\"%.80s\" is not of the form database.collection",
                         text);
    }
    diesel_error_prefix(err, "mongodb: %s", what);
    return -1;
}

int dmongo__check_document(const char *argument, dmongo_value value,
                           diesel_error *err)
{
    if (value.type == BSON_TYPE_DOCUMENT || value.form == DMONGO__INVALID)
        return 0;
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                            "the %s must be a document, not %s", argument,
                            dmongo__type_name(value.type));
}

/* An update and a replacement differ in their first key only, and one in the place of
 * the other would wipe out a document's other fields. */
int dmongo__check_change(bool replacement, dmongo_value change,
                         diesel_error *err)
{
    if (change.form == DMONGO__INVALID)
        return 0;
    size_t n;
    const char *key = change.type == BSON_TYPE_DOCUMENT
                          ? dmongo__doc_first_key(change, &n)
                          : NULL;
    bool has_operator = key != NULL && n > 0 && key[0] == '$';
    if (replacement && change.type == BSON_TYPE_DOCUMENT && !has_operator)
        return 0;
    if (!replacement && (has_operator || change.type == BSON_TYPE_ARRAY))
        return 0;
    return diesel_error_set(
        err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
        replacement ? "the replacement must be a document that does not begin "
                      "with an operator"
                    : "the update must begin with an operator such as $set, or "
                      "be an array of stages");
}

int dmongo__need_document(const struct dmongo__ns *ns, const char *what,
                          const char *argument, dmongo_value value,
                          diesel_error *err)
{
    if (dmongo__check_document(argument, value, err) == 0)
        return 0;
    return dmongo__explain(what, ns->text, err);
}

int dmongo__need_change(const struct dmongo__ns *ns, const char *what,
                        bool replacement, dmongo_value change,
                        diesel_error *err)
{
    if (dmongo__check_change(replacement, change, err) == 0)
        return 0;
    return dmongo__explain(what, ns->text, err);
}

dmongo_value dmongo__as_array(dmongo_value value)
{
    size_t n;
    const char *key = value.form == DMONGO__BSON
                          ? dmongo__doc_first_key(value, &n)
                          : NULL;
    if (value.form == DMONGO__BSON &&
        (key == NULL || (n == 1 && key[0] == '0')))
        value.type = BSON_TYPE_ARRAY;
    return value;
}
