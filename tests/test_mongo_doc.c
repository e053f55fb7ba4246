/* SPDX-License-Identifier: MIT */
/*
 * Documents: what dmongo_doc() and its like encode, byte for byte what libbson
 * makes of the same document in extended JSON; what is refused, and with which
 * message; and what is read back by path.
 */
#include <limits.h>

#include "mongo/doc_internal.h"
#include "mongo/utf8_internal.h"
#include "test_util.h"

static const char oid_text[] = "0123456789abcdef01234567";

static bson_t *from_json(const char *json)
{
    bson_error_t error;
    bson_t *bson = bson_new_from_json((const uint8_t *)json, -1, &error);
    ck_assert_msg(bson != NULL, "%s: %s", json, error.message);
    return bson;
}

/* Fails unless the value's bytes are those that libbson makes of the JSON. */
static void check_bytes(dmongo_value doc, const char *json)
{
    diesel_error err = {0};
    bson_t *want = from_json(json);
    bson_t *got = dmongo_doc_to_bson(doc, &err);
    ck_assert_msg(got != NULL, "%s: %s", json, err.message);
    if (got->len != want->len ||
        memcmp(bson_get_data(got), bson_get_data(want), got->len) != 0) {
        char *shown = bson_as_canonical_extended_json(got, NULL);
        ck_abort_msg("want %s\ngot  %s", json, shown);
    }
    bson_destroy(got);
    bson_destroy(want);
}

static void check_refused(dmongo_value doc, int code, const char *message)
{
    diesel_error err = {0};
    ck_assert_ptr_null(dmongo_doc_to_bson(doc, &err));
    ck_assert_str_eq(err.message, message);
    ck_assert_str_eq(diesel_error_name(err.code), diesel_error_name(code));
    ck_assert_ptr_null(dmongo_doc_to_bson(doc, NULL));
}

START_TEST(a_c_type_decides_the_bson_type)
{
    const bool yes = true;
    const short small = -3;
    unsigned char octet = 255;
    long wide = 5;
    size_t size = 6;
    char text[] = "text";
    const char *pointer = text;
    float half = 0.5F;
    bson_t *bson = from_json("{\"in\": null}");
    const bson_t *const_bson = bson;
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, oid_text);
    const bson_oid_t *const_oid = &oid;
    bson_decimal128_t decimal;
    ck_assert(bson_decimal128_from_string("1.50", &decimal));
    const bson_decimal128_t *const_decimal = &decimal;

    const struct {
        dmongo_value doc;
        const char *json;
    } rows[] = {
        {dmongo_doc("v", yes), "{\"v\": true}"},
        {dmongo_doc("v", (bool)false), "{\"v\": false}"},
        {dmongo_doc("v", true), "{\"v\": {\"$numberInt\": \"1\"}}"},
        {dmongo_doc("v", (signed char)-1), "{\"v\": {\"$numberInt\": \"-1\"}}"},
        {dmongo_doc("v", small), "{\"v\": {\"$numberInt\": \"-3\"}}"},
        {dmongo_doc("v", INT_MIN),
         "{\"v\": {\"$numberInt\": \"-2147483648\"}}"},
        {dmongo_doc("v", octet), "{\"v\": {\"$numberInt\": \"255\"}}"},
        {dmongo_doc("v", (unsigned short)65535),
         "{\"v\": {\"$numberInt\": \"65535\"}}"},
        {dmongo_doc("v", UINT_MAX),
         "{\"v\": {\"$numberLong\": \"4294967295\"}}"},
        {dmongo_doc("v", wide), "{\"v\": {\"$numberLong\": \"5\"}}"},
        {dmongo_doc("v", LLONG_MIN),
         "{\"v\": {\"$numberLong\": \"-9223372036854775808\"}}"},
        {dmongo_doc("v", size), "{\"v\": {\"$numberLong\": \"6\"}}"},
        {dmongo_doc("v", (uint64_t)INT64_MAX),
         "{\"v\": {\"$numberLong\": \"9223372036854775807\"}}"},
        {dmongo_doc("v", half), "{\"v\": {\"$numberDouble\": \"0.5\"}}"},
        {dmongo_doc("v", -1.25), "{\"v\": {\"$numberDouble\": \"-1.25\"}}"},
        {dmongo_doc("v", "literal"), "{\"v\": \"literal\"}"},
        {dmongo_doc("v", text), "{\"v\": \"text\"}"},
        {dmongo_doc("v", pointer), "{\"v\": \"text\"}"},
        {dmongo_doc("v", bson), "{\"v\": {\"in\": null}}"},
        {dmongo_doc("v", const_bson), "{\"v\": {\"in\": null}}"},
        {dmongo_doc("v", &oid),
         "{\"v\": {\"$oid\": \"0123456789abcdef01234567\"}}"},
        {dmongo_doc("v", const_oid),
         "{\"v\": {\"$oid\": \"0123456789abcdef01234567\"}}"},
        {dmongo_doc("v", &decimal), "{\"v\": {\"$numberDecimal\": \"1.50\"}}"},
        {dmongo_doc("v", const_decimal),
         "{\"v\": {\"$numberDecimal\": \"1.50\"}}"},
        {dmongo_doc("v", diesel_bool(true)), "{\"v\": true}"},
        {dmongo_doc("v", diesel_int(7)), "{\"v\": {\"$numberLong\": \"7\"}}"},
        {dmongo_doc("v", diesel_uint(8)), "{\"v\": {\"$numberLong\": \"8\"}}"},
        {dmongo_doc("v", diesel_double(2)),
         "{\"v\": {\"$numberDouble\": \"2.0\"}}"},
        {dmongo_doc("v", diesel_str("core")), "{\"v\": \"core\"}"},
        {dmongo_doc("v", diesel_strn("core", 2)), "{\"v\": \"co\"}"},
        {dmongo_doc("v", diesel_bytes("\xFF\x00", 2)),
         "{\"v\": {\"$binary\": {\"base64\": \"/wA=\", \"subType\": \"00\"}}}"},
        /* Expressions of every outer shape go through the macro unharmed. */
        {dmongo_doc("v", -small), "{\"v\": {\"$numberInt\": \"3\"}}"},
        {dmongo_doc("v", (small + 1)), "{\"v\": {\"$numberInt\": \"-2\"}}"},
        {dmongo_doc("v", (int64_t)small), "{\"v\": {\"$numberLong\": \"-3\"}}"},
        {dmongo_doc("v", *text == 't' ? 1 : 2),
         "{\"v\": {\"$numberInt\": \"1\"}}"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++)
        check_bytes(rows[i].doc, rows[i].json);
    bson_destroy(bson);
}
END_TEST

START_TEST(other_types_have_constructors)
{
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, oid_text);
    bson_t *list = from_json("{\"0\": \"x\", \"1\": null}");
    const struct {
        dmongo_value doc;
        const char *json;
    } rows[] = {
        {dmongo_doc("v", dmongo_null()), "{\"v\": null}"},
        {dmongo_doc("v", dmongo_bool(true)), "{\"v\": true}"},
        {dmongo_doc("v", dmongo_int32(1)), "{\"v\": {\"$numberInt\": \"1\"}}"},
        {dmongo_doc("v", dmongo_int64(1)), "{\"v\": {\"$numberLong\": \"1\"}}"},
        {dmongo_doc("v", dmongo_double(1)),
         "{\"v\": {\"$numberDouble\": \"1.0\"}}"},
        {dmongo_doc("v", dmongo_date(1356351330501)),
         "{\"v\": {\"$date\": {\"$numberLong\": \"1356351330501\"}}}"},
        {dmongo_doc("v", dmongo_date(-1)),
         "{\"v\": {\"$date\": {\"$numberLong\": \"-1\"}}}"},
        {dmongo_doc("v", dmongo_timestamp(4000000000U, 3)),
         "{\"v\": {\"$timestamp\": {\"t\": 4000000000, \"i\": 3}}}"},
        {dmongo_doc("v", dmongo_oid(&oid)),
         "{\"v\": {\"$oid\": \"0123456789abcdef01234567\"}}"},
        {dmongo_doc("v", dmongo_regex("^a.*$", "xim")),
         "{\"v\": {\"$regularExpression\":"
         " {\"pattern\": \"^a.*$\", \"options\": \"imx\"}}}"},
        {dmongo_doc("v", dmongo_regex("", NULL)),
         "{\"v\": {\"$regularExpression\":"
         " {\"pattern\": \"\", \"options\": \"\"}}}"},
        {dmongo_doc("v", dmongo_decimal("-1.5E+10")),
         "{\"v\": {\"$numberDecimal\": \"-1.5E+10\"}}"},
        {dmongo_doc("v", dmongo_binary("\x01\x02\x03", 3, BSON_SUBTYPE_USER)),
         "{\"v\": {\"$binary\": {\"base64\": \"AQID\", \"subType\": \"80\"}}}"},
        {dmongo_doc("v",
                    dmongo_binary("\x01", 1, BSON_SUBTYPE_BINARY_DEPRECATED)),
         "{\"v\": {\"$binary\": {\"base64\": \"AQ==\", \"subType\": \"02\"}}}"},
        {dmongo_doc("v", dmongo_binary(NULL, 0, BSON_SUBTYPE_BINARY)),
         "{\"v\": {\"$binary\": {\"base64\": \"\", \"subType\": \"00\"}}}"},
        {dmongo_doc("v", dmongo_strn("a\0b", 3)), "{\"v\": \"a\\u0000b\"}"},
        {dmongo_doc("v", dmongo_strn(NULL, 0)), "{\"v\": \"\"}"},
        {dmongo_doc("v", dmongo_bson(list)),
         "{\"v\": {\"0\": \"x\", \"1\": null}}"},
        {dmongo_doc("v", dmongo_bson_array(list)), "{\"v\": [\"x\", null]}"},
        {dmongo_doc("v", dmongo_min_key()), "{\"v\": {\"$minKey\": 1}}"},
        {dmongo_doc("v", dmongo_max_key()), "{\"v\": {\"$maxKey\": 1}}"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++)
        check_bytes(rows[i].doc, rows[i].json);
    bson_destroy(list);
}
END_TEST

START_TEST(documents_nest)
{
    const char *key = "key";
    dmongo_value later = dmongo_doc("x", 1);
    const struct {
        dmongo_value doc;
        const char *json;
    } rows[] = {
        {dmongo_doc(), "{}"},
        {dmongo_array(), "{}"},
        {dmongo_doc("a", dmongo_doc(), "b", dmongo_array()),
         "{\"a\": {}, \"b\": []}"},
        {dmongo_doc(key, "v", dmongo_strn("keys", 3), "w"),
         "{\"key\": \"v\", \"key\": \"w\"}"},
        {dmongo_doc("", "empty key"), "{\"\": \"empty key\"}"},
        {dmongo_doc("sub", later, "again", dmongo_array(later, later)),
         "{\"sub\": {\"x\": {\"$numberInt\": \"1\"}},"
         " \"again\": [{\"x\": {\"$numberInt\": \"1\"}},"
         " {\"x\": {\"$numberInt\": \"1\"}}]}"},
        {dmongo_doc(
             "a",
             dmongo_array(
                 "1", dmongo_doc(
                          "b", dmongo_array(dmongo_doc(
                                   "c", dmongo_doc("d", dmongo_array("e"))))))),
         "{\"a\": [\"1\", {\"b\": [{\"c\": {\"d\": [\"e\"]}}]}]}"},
        {dmongo_array("zero", "one", "two", "three", "four", "five", "six",
                      "seven", "eight", "nine", "ten", "eleven"),
         "{\"0\": \"zero\", \"1\": \"one\", \"2\": \"two\", \"3\": \"three\","
         " \"4\": \"four\", \"5\": \"five\", \"6\": \"six\", \"7\": \"seven\","
         " \"8\": \"eight\", \"9\": \"nine\", \"10\": \"ten\","
         " \"11\": \"eleven\"}"},
        {dmongo_doc("a", dmongo_absent(), "b", "stays", "c", dmongo_absent()),
         "{\"b\": \"stays\"}"},
        {dmongo_doc("v", dmongo_array("x", dmongo_absent(), "y")),
         "{\"v\": [\"x\", \"y\"]}"},
        {dmongo_doc("v", (dmongo_value){0}), "{}"},
        /* As many as the macro takes. */
        {dmongo_doc("00", "", "01", "", "02", "", "03", "", "04", "", "05", "",
                    "06", "", "07", "", "08", "", "09", "", "10", "", "11", "",
                    "12", "", "13", "", "14", "", "15", "", "16", "", "17", "",
                    "18", "", "19", "", "20", "", "21", "", "22", "", "23", "",
                    "24", "", "25", "", "26", "", "27", "", "28", "", "29", "",
                    "30", "", "31", ""),
         "{\"00\":\"\",\"01\":\"\",\"02\":\"\",\"03\":\"\",\"04\":\"\","
         "\"05\":\"\",\"06\":\"\",\"07\":\"\",\"08\":\"\",\"09\":\"\","
         "\"10\":\"\",\"11\":\"\",\"12\":\"\",\"13\":\"\",\"14\":\"\","
         "\"15\":\"\",\"16\":\"\",\"17\":\"\",\"18\":\"\",\"19\":\"\","
         "\"20\":\"\",\"21\":\"\",\"22\":\"\",\"23\":\"\",\"24\":\"\","
         "\"25\":\"\",\"26\":\"\",\"27\":\"\",\"28\":\"\",\"29\":\"\","
         "\"30\":\"\",\"31\":\"\"}"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++)
        check_bytes(rows[i].doc, rows[i].json);
}
END_TEST

static int calls;

static int next(void)
{
    return ++calls;
}

static const char *next_word(void)
{
    static const char *words[] = {"a", "b", "c"};
    static size_t at;
    return words[at++];
}

START_TEST(an_argument_is_evaluated_once)
{
    check_bytes(
        dmongo_doc(next_word(), next(), next_word(),
                   dmongo_array(next(), dmongo_doc(next_word(), next()))),
        "{\"a\": {\"$numberInt\": \"1\"}, \"b\": ["
        "{\"$numberInt\": \"2\"}, {\"c\": {\"$numberInt\": \"3\"}}]}");
}
END_TEST

START_TEST(documents_are_built_at_run_time)
{
    const dmongo_value pairs[] = {dmongo_str("name"),      dmongo_str("Ada"),
                                  dmongo_str("born"),      dmongo_int32(1815),
                                  dmongo_strn("died!", 4), dmongo_int32(1852)};
    check_bytes(dmongo_doc_of(pairs, 6),
                "{\"name\": \"Ada\", \"born\": {\"$numberInt\": \"1815\"},"
                " \"died\": {\"$numberInt\": \"1852\"}}");
    check_bytes(dmongo_doc("v", dmongo_array_of(pairs + 3, 1)),
                "{\"v\": [{\"$numberInt\": \"1815\"}]}");
    check_bytes(dmongo_doc_of(NULL, 0), "{}");
    check_bytes(dmongo_array_of(NULL, 0), "{}");
}
END_TEST

START_TEST(long_arrays_have_decimal_keys)
{
    enum { MANY = 10011 };
    dmongo_value *items = calloc(MANY, sizeof *items);
    bson_t want = BSON_INITIALIZER;
    for (int i = 0; i < MANY; i++) {
        char key[16];
        sprintf(key, "%d", i);
        items[i] = dmongo_int32(i);
        BSON_APPEND_INT32(&want, key, i);
    }
    bson_t *got = dmongo_doc_to_bson(dmongo_array_of(items, MANY), NULL);
    ck_assert_ptr_nonnull(got);
    ck_assert(bson_equal(got, &want));
    bson_destroy(got);
    bson_destroy(&want);
    free(items);
}
END_TEST

START_TEST(fields_of_another_document_are_spliced_in)
{
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, oid_text);
    bson_t *bson = from_json("{\"a\": \"1\", \"b\": \"2\"}");
    bson_t *holder = from_json("{\"in\": {\"a\": \"1\", \"b\": \"2\"}}");
    const dmongo_value sources[] = {
        dmongo_doc("a", "1", "gone", dmongo_absent(), "b", "2"),
        dmongo_bson(bson),
        dmongo_get_value(holder, "in"),
    };
    for (size_t i = 0; i < TEST_COUNT(sources); i++)
        check_bytes(
            dmongo_doc("_id", &oid, "", dmongo__splice(&sources[i]), "z", "3"),
            "{\"_id\": {\"$oid\": \"0123456789abcdef01234567\"},"
            " \"a\": \"1\", \"b\": \"2\", \"z\": \"3\"}");
    const dmongo_value nothing = dmongo_absent();
    check_bytes(dmongo_doc("", dmongo__splice(&nothing)), "{}");
    const dmongo_value bad = dmongo_doc("inner", (char *)NULL);
    check_refused(dmongo_doc("", dmongo__splice(&bad)), DIESEL_E_INVAL,
                  "inner: string is NULL (use dmongo_null() for null)");
    const dmongo_value text = dmongo_str("text");
    check_refused(dmongo_doc("", dmongo__splice(&text)), DIESEL_E_INVAL,
                  "a document is needed here");
    bson_destroy(bson);
    bson_destroy(holder);
}
END_TEST

START_TEST(keys_are_found_before_sending)
{
    bson_t *bson = from_json("{\"$set\": \"1\", \"_id\": \"2\"}");
    const dmongo_value tree =
        dmongo_doc("gone", dmongo_absent(), "$set", 1, "_id", 2);
    const dmongo_value docs[] = {
        tree,
        dmongo_bson(bson),
        dmongo_doc("", dmongo__splice(&tree), "more", 1),
    };
    for (size_t i = 0; i < TEST_COUNT(docs); i++) {
        size_t n = 0;
        const char *first = dmongo__doc_first_key(docs[i], &n);
        ck_assert_ptr_nonnull(first);
        ck_assert_uint_eq(n, 4);
        ck_assert_int_eq(memcmp(first, "$set", 4), 0);
        ck_assert(dmongo__doc_has_key(docs[i], "_id"));
        ck_assert(!dmongo__doc_has_key(docs[i], "_i"));
        ck_assert(!dmongo__doc_has_key(docs[i], "gone"));
    }
    size_t n;
    ck_assert_ptr_null(dmongo__doc_first_key(dmongo_doc(), &n));
    ck_assert_ptr_null(dmongo__doc_first_key(dmongo_array("x"), &n));
    ck_assert_ptr_null(dmongo__doc_first_key(dmongo_int32(1), &n));
    bson_destroy(bson);
}
END_TEST

START_TEST(what_is_wrong_is_named_with_its_path)
{
    const dmongo_value odd[] = {dmongo_str("a"), dmongo_int32(1),
                                dmongo_str("b")};
    const dmongo_value number_key[] = {dmongo_int32(1), dmongo_int32(2)};
    const char *null = NULL;
    const char *latin1 = "M\xFCller";
    const char *long_key =
        "a key that is longer than what messages show of keys";
#define DEEPER(x) dmongo_doc("thirty characters of a long key", x)
    const struct {
        dmongo_value doc;
        int code;
        const char *message;
    } rows[] = {
        {dmongo_doc("name", null), DIESEL_E_INVAL,
         "name: string is NULL (use dmongo_null() for null)"},
        {dmongo_doc("name", diesel_str(NULL)), DIESEL_E_INVAL,
         "name: string is NULL (use dmongo_null() for null)"},
        {dmongo_doc("name", dmongo_strn(NULL, 1)), DIESEL_E_INVAL,
         "name: string is NULL"},
        {dmongo_doc("name", dmongo_binary(NULL, 1, BSON_SUBTYPE_BINARY)),
         DIESEL_E_INVAL, "name: binary data is NULL"},
        {dmongo_doc("doc", (bson_t *)NULL), DIESEL_E_INVAL,
         "doc: document is NULL"},
        {dmongo_doc("doc", dmongo_bson_array(NULL)), DIESEL_E_INVAL,
         "doc: array is NULL"},
        {dmongo_doc("id", (bson_oid_t *)NULL), DIESEL_E_INVAL,
         "id: ObjectId is NULL"},
        {dmongo_doc("n", (bson_decimal128_t *)NULL), DIESEL_E_INVAL,
         "n: Decimal128 is NULL"},
        {dmongo_doc("n", dmongo_decimal(NULL)), DIESEL_E_INVAL,
         "n: Decimal128 is NULL"},
        {dmongo_doc("n", dmongo_decimal("1,5")), DIESEL_E_INVAL,
         "n: not a decimal number"},
        {dmongo_doc("n", UINT64_MAX), DIESEL_E_INVAL,
         "n: number is larger than an int64"},
        {dmongo_doc("r", dmongo_regex(NULL, NULL)), DIESEL_E_INVAL,
         "r: regular expression is NULL"},
        {dmongo_doc("r", dmongo_regex("a", "g")), DIESEL_E_INVAL,
         "r: regular expression has an option that is none of ilmsux"},
        {dmongo_doc("r", dmongo_regex(latin1, "i")), DIESEL_E_INVAL,
         "r: string is not valid UTF-8"},
        {dmongo_doc("filter",
                    dmongo_doc("address", dmongo_doc("city", latin1))),
         DIESEL_E_INVAL, "filter.address.city: string is not valid UTF-8"},
        {dmongo_doc(
             "pipeline",
             dmongo_array(dmongo_doc(), dmongo_absent(),
                          dmongo_doc("$match", dmongo_doc("n", latin1)))),
         DIESEL_E_INVAL, "pipeline.1.$match.n: string is not valid UTF-8"},
        {dmongo_doc(latin1, 1), DIESEL_E_INVAL,
         "M?ller: key is not valid UTF-8"},
        {dmongo_doc("a", dmongo_doc(null, 1)), DIESEL_E_INVAL,
         "a.\"\": key is NULL"},
        {dmongo_doc("", latin1), DIESEL_E_INVAL,
         "\"\": string is not valid UTF-8"},
        {dmongo_doc(dmongo_strn("a\0b", 3), 1), DIESEL_E_INVAL,
         "a?b: key holds a zero byte"},
        {dmongo_doc_of(number_key, 2), DIESEL_E_INVAL,
         "\"\": key is not a string"},
        {dmongo_doc_of(odd, 3), DIESEL_E_INVAL, "last key has no value"},
        {dmongo_doc("in", dmongo_doc_of(odd, 3)), DIESEL_E_INVAL,
         "in: last key has no value"},
        {dmongo_doc(long_key, latin1), DIESEL_E_INVAL,
         "a key that is longer than what messag...: string is not valid UTF-8"},
        {DEEPER(DEEPER(DEEPER(DEEPER(DEEPER(dmongo_doc("x", latin1)))))),
         DIESEL_E_INVAL,
         "...thirty characters of a long key.thirty characters of a long key."
         "thirty characters of a long key.x: string is not valid UTF-8"},
        {dmongo_str("text"), DIESEL_E_INVAL,
         "a document is needed, not a string"},
        {dmongo_absent(), DIESEL_E_INVAL, "a document is needed, not nothing"},
        {dmongo_bson(NULL), DIESEL_E_INVAL, "document is NULL"},
    };
#undef DEEPER
    for (size_t i = 0; i < TEST_COUNT(rows); i++)
        check_refused(rows[i].doc, rows[i].code, rows[i].message);
}
END_TEST

START_TEST(nesting_has_a_limit)
{
    enum { DEEP = DMONGO__MAX_DEPTH + 1 };
    dmongo_value pairs[DEEP][2];
    dmongo_value docs[DEEP];
    for (int i = 0; i < DEEP; i++) {
        pairs[i][0] = dmongo_str("d");
        pairs[i][1] = i == 0 ? dmongo_int32(1) : docs[i - 1];
        docs[i] = dmongo_doc_of(pairs[i], 2);
    }
    diesel_error err;
    ck_assert_int_eq(dmongo__doc_size(docs[DEEP - 2], 10000, NULL),
                     (DEEP - 1) * 8 + 4);
    ck_assert_int_eq(dmongo__doc_size(docs[DEEP - 1], 10000, &err), -1);
    ck_assert_int_eq(err.code, DIESEL_E_LIMIT);
    ck_assert_ptr_nonnull(
        strstr(err.message, ".d.d.d: documents are nested too"));

    /* One that contains itself, twice. */
    dmongo_value loop[4] = {dmongo_str("a"), {0}, dmongo_str("b"), {0}};
    loop[1] = loop[3] = dmongo_doc_of(loop, 4);
    ck_assert_int_eq(dmongo__doc_size(loop[1], 10000, &err), -1);
    ck_assert_int_eq(err.code, DIESEL_E_LIMIT);
}
END_TEST

START_TEST(size_has_a_limit)
{
    bson_t *bson = from_json("{\"a\": \"b\"}");
    const dmongo_value docs[] = {
        dmongo_doc(),
        dmongo_bson(bson),
        dmongo_doc("a", 1, "b",
                   dmongo_array("one", bson, dmongo_regex("x", "i"))),
        dmongo_doc("a", 1, "b", dmongo_doc("c", dmongo_binary("1234", 4, 0))),
        dmongo_doc("a", dmongo_doc("b", 1)),
    };
    for (size_t i = 0; i < TEST_COUNT(docs); i++) {
        diesel_error err;
        int64_t n = dmongo__doc_size(docs[i], 1000, &err);
        ck_assert_int_gt(n, 0);
        ck_assert_int_eq(dmongo__doc_size(docs[i], (size_t)n, &err), n);
        for (size_t less = 0; less < (size_t)n; less++) {
            ck_assert_int_eq(dmongo__doc_size(docs[i], less, &err), -1);
            ck_assert_int_eq(err.code, DIESEL_E_LIMIT);
            ck_assert_ptr_nonnull(
                strstr(err.message, "document is larger than "));
        }
    }
    diesel_error err;
    ck_assert_int_eq(
        dmongo__doc_size(
            dmongo_doc(
                "in",
                dmongo_doc("blob", dmongo_strn("", (size_t)UINT32_MAX + 5))),
            16777216, &err),
        -1);
    ck_assert_str_eq(err.message,
                     "in.blob: document is larger than 16777216 bytes");
    bson_destroy(bson);
}
END_TEST

static const struct {
    const char *text;
    bool valid;
} texts[] = {
    {"", true},
    {"\x7F", true},
    {"\xC2\x80", true}, /* the least of two bytes          */
    {"\xDF\xBF", true},
    {"\xE0\xA0\x80", true}, /* the least of three              */
    {"\xED\x9F\xBF", true}, /* the last before the surrogates  */
    {"\xEE\x80\x80", true}, /* the first after them            */
    {"\xEF\xBF\xBF", true},
    {"\xF0\x90\x80\x80", true}, /* the least of four               */
    {"\xF4\x8F\xBF\xBF", true}, /* U+10FFFF                        */
    {"\x80", false},            /* a continuation alone            */
    {"\xBF", false},
    {"\xC0\x80", false}, /* overlong zero                   */
    {"\xC1\xBF", false},
    {"\xC2", false}, /* cut                             */
    {"\xC2\x41", false},
    {"\xC2\xC2\x80", false},
    {"\xE0\x9F\xBF", false}, /* overlong                        */
    {"\xE1\x80", false},
    {"\xE1\x80\x41", false},
    {"\xED\xA0\x80", false}, /* a surrogate                     */
    {"\xED\xBF\xBF", false},
    {"\xF0\x8F\xBF\xBF", false},
    {"\xF0\x90\x80", false},
    {"\xF4\x90\x80\x80", false}, /* over U+10FFFF                   */
    {"\xF5\x80\x80\x80", false},
    {"\xFE", false},
    {"\xFF", false},
};

START_TEST(utf8_is_checked_at_every_length)
{
    /* Behind 0 to 20 and before 0 to 20 ASCII characters, in a block of its
     * exact size, so that a sanitizer sees every read beyond it. */
    size_t n = strlen(texts[_i].text);
    for (size_t before = 0; before <= 20; before++) {
        for (size_t after = 0; after <= 20; after++) {
            size_t size = before + n + after;
            char *s = malloc(size + 1);
            memset(s, 'a', size);
            memcpy(s + before, texts[_i].text, n);
            s = realloc(s, size > 0 ? size : 1);
            ck_assert_int_eq(dmongo__is_utf8(s, size), texts[_i].valid);
            free(s);
        }
    }
}
END_TEST

/* What the reading tests read; "n" is what ints and doubles can be. */
static const char library[] =
    "{\"_id\": {\"$oid\": \"0123456789abcdef01234567\"},"
    " \"name\": \"Ada\", \"\": \"no key\","
    " \"address\": {\"city\": \"London\", \"lines\": [\"12\", {\"po\": "
    "\"box\"}]},"
    " \"born\": {\"$date\": {\"$numberLong\": \"-4864665600000\"}},"
    " \"alive\": false, \"dead\": true, \"nothing\": null,"
    " \"data\": {\"$binary\": {\"base64\": \"AQID\", \"subType\": \"00\"}},"
    " \"old\": {\"$binary\": {\"base64\": \"AQI=\", \"subType\": \"02\"}},"
    " \"n\": {\"int\": {\"$numberInt\": \"-7\"},"
    "  \"long\": {\"$numberLong\": \"9007199254740993\"},"
    "  \"whole\": {\"$numberDouble\": \"3.0\"},"
    "  \"half\": {\"$numberDouble\": \"2.5\"},"
    "  \"least\": {\"$numberDouble\": \"-9223372036854775808\"},"
    "  \"over\": {\"$numberDouble\": \"9223372036854775808\"},"
    "  \"nan\": {\"$numberDouble\": \"NaN\"},"
    "  \"decimal\": {\"$numberDecimal\": \"1\"}}}";

static const struct {
    const char *path;
    const char *want; /* NULL where there is no string */
    const char *why;  /* what dmongo_need_str() says   */
} str_rows[] = {
    {"name", "Ada", NULL},
    {"address.city", "London", NULL},
    {"address.lines.0", "12", NULL},
    {"address.lines.1.po", "box", NULL},
    {"", "no key", NULL},
    {"names", NULL, "names: is missing"},
    {"nam", NULL, "nam: is missing"},
    {"address.lines.2", NULL, "address.lines.2: is missing"},
    {"address.", NULL, "address.: is missing"},
    {".name", NULL, ".name: is missing:  is a string"},
    {"name.first", NULL, "name.first: is missing: name is a string"},
    {"address.city.x.y", NULL,
     "address.city.x.y: is missing: address.city is a string"},
    {"_id", NULL, "_id: is an ObjectId, not a string"},
    {"address", NULL, "address: is a document, not a string"},
    {"address.lines", NULL, "address.lines: is an array, not a string"},
    {"nothing", NULL, "nothing: is null, not a string"},
    {"alive", NULL, "alive: is a bool, not a string"},
    {"n.decimal", NULL, "n.decimal: is a Decimal128, not a string"},
};

START_TEST(strings_are_read_by_path)
{
    bson_t *doc = from_json(library);
    const char *path = str_rows[_i].path;
    const char *want = str_rows[_i].want;
    const char *got = "untouched";
    diesel_error err = {0};

    ck_assert_pstr_eq(dmongo_get_str(doc, path, NULL), want);
    ck_assert_str_eq(dmongo_get_str(doc, path, "fallback"),
                     want != NULL ? want : "fallback");
    ck_assert_int_eq(dmongo_need_str(doc, path, &got, &err),
                     want != NULL ? 0 : -1);
    ck_assert_str_eq(got, want != NULL ? want : "untouched");
    if (want == NULL) {
        ck_assert_str_eq(err.message, str_rows[_i].why);
        ck_assert_int_eq(err.code, DIESEL_E_INVAL);
    }
    bson_destroy(doc);
}
END_TEST

static const struct {
    const char *path;
    bool is_int;
    int64_t i;
    bool is_double;
    double d;
} number_rows[] = {
    {"n.int", true, -7, true, -7},
    {"n.long", true, 9007199254740993, true, 9007199254740992},
    {"n.whole", true, 3, true, 3},
    {"n.half", false, 0, true, 2.5},
    {"n.least", true, INT64_MIN, true, -0x1p63},
    {"n.over", false, 0, true, 0x1p63},
    {"n.decimal", false, 0, false, 0},
    {"n.missing", false, 0, false, 0},
    {"alive", false, 0, false, 0},
    {"born", false, 0, false, 0},
    {"name", false, 0, false, 0},
};

START_TEST(numbers_are_read_by_path)
{
    bson_t *doc = from_json(library);
    const char *path = number_rows[_i].path;
    int64_t i = 0;
    double d = 0;
    ck_assert_int_eq(dmongo_get_int(doc, path, 42),
                     number_rows[_i].is_int ? number_rows[_i].i : 42);
    ck_assert_double_eq(dmongo_get_double(doc, path, 42),
                        number_rows[_i].is_double ? number_rows[_i].d : 42);
    ck_assert_int_eq(dmongo_need_int(doc, path, &i, NULL),
                     number_rows[_i].is_int ? 0 : -1);
    ck_assert_int_eq(i, number_rows[_i].i);
    ck_assert_int_eq(dmongo_need_double(doc, path, &d, NULL),
                     number_rows[_i].is_double ? 0 : -1);
    ck_assert_double_eq(d, number_rows[_i].d);
    bson_destroy(doc);
}
END_TEST

START_TEST(a_nan_is_a_double_and_no_int)
{
    bson_t *doc = from_json(library);
    diesel_error err;
    int64_t i;
    ck_assert_double_nan(dmongo_get_double(doc, "n.nan", 1));
    ck_assert_int_eq(dmongo_get_int(doc, "n.nan", 1), 1);
    ck_assert_int_eq(dmongo_need_int(doc, "n.half", &i, &err), -1);
    ck_assert_str_eq(err.message, "n.half: is a double, not an integer");
    bson_destroy(doc);
}
END_TEST

START_TEST(other_types_are_read_by_path)
{
    bson_t *doc = from_json(library);
    diesel_error err;
    bool flag = true;
    int64_t ms = 0;
    const bson_oid_t *id = NULL;
    const uint8_t *bytes = NULL;
    size_t n = 99;
    bson_t view;

    ck_assert(!dmongo_get_bool(doc, "alive", true));
    ck_assert(dmongo_get_bool(doc, "dead", false));
    ck_assert(dmongo_get_bool(doc, "name", true));
    ck_assert_int_eq(dmongo_need_bool(doc, "alive", &flag, &err), 0);
    ck_assert(!flag);
    ck_assert_int_eq(dmongo_need_bool(doc, "n.int", &flag, &err), -1);
    ck_assert_str_eq(err.message, "n.int: is an int32, not a bool");

    ck_assert_int_eq(dmongo_get_date(doc, "born", 1), -4864665600000);
    ck_assert_int_eq(dmongo_get_date(doc, "n.long", 1), 1);
    ck_assert_int_eq(dmongo_need_date(doc, "born", &ms, &err), 0);
    ck_assert_int_eq(ms, -4864665600000);
    ck_assert_int_eq(dmongo_need_date(doc, "n.long", &ms, &err), -1);
    ck_assert_str_eq(err.message, "n.long: is an int64, not a date");

    bson_oid_t want;
    bson_oid_init_from_string(&want, oid_text);
    ck_assert(bson_oid_equal(dmongo_get_oid(doc, "_id", NULL), &want));
    ck_assert_ptr_eq(dmongo_get_oid(doc, "name", &want), &want);
    ck_assert_int_eq(dmongo_need_oid(doc, "_id", &id, &err), 0);
    ck_assert(bson_oid_equal(id, &want));
    ck_assert_int_eq(dmongo_need_oid(doc, "dead", &id, &err), -1);
    ck_assert_str_eq(err.message, "dead: is a bool, not an ObjectId");

    ck_assert_mem_eq(dmongo_get_binary(doc, "data", &n), "\1\2\3", 3);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(dmongo_get_binary(doc, "old", &n), "\1\2", 2);
    ck_assert_uint_eq(n, 2);
    ck_assert_ptr_null(dmongo_get_binary(doc, "name", &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(dmongo_need_binary(doc, "data", &bytes, &n, &err), 0);
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(dmongo_need_binary(doc, "born", &bytes, &n, &err), -1);
    ck_assert_str_eq(err.message, "born: is a date, not binary data");

    ck_assert(dmongo_get_doc(doc, "address", &view));
    ck_assert_str_eq(dmongo_get_str(&view, "lines.1.po", ""), "box");
    ck_assert(dmongo_get_doc(doc, "address.lines", &view));
    ck_assert_int_eq(bson_count_keys(&view), 2);
    ck_assert(!dmongo_get_doc(doc, "name", &view));
    ck_assert(bson_empty(&view));
    ck_assert_int_eq(dmongo_need_doc(doc, "address", &view, &err), 0);
    ck_assert_int_eq(dmongo_need_doc(doc, "nothing", &view, &err), -1);
    ck_assert_str_eq(err.message, "nothing: is null, not a document");

    ck_assert(dmongo_has(doc, "nothing"));
    ck_assert(dmongo_has(doc, "address.lines.0"));
    ck_assert(!dmongo_has(doc, "address.lines.00"));
    bson_destroy(doc);
}
END_TEST

START_TEST(a_missing_document_has_no_fields)
{
    diesel_error err;
    const char *s;
    bson_t empty = BSON_INITIALIZER;
    ck_assert_str_eq(dmongo_get_str(NULL, "a", "none"), "none");
    ck_assert(!dmongo_has(NULL, "a"));
    ck_assert_int_eq(dmongo_need_str(NULL, "a", &s, &err), -1);
    ck_assert(!dmongo_has(&empty, ""));
    ck_assert_int_eq(dmongo_need_str(&empty, "", &s, &err), -1);
    ck_assert_str_eq(err.message, ": is missing");
}
END_TEST

START_TEST(any_value_can_be_copied_into_another_document)
{
    static const char all[] =
        "{\"v\": {"
        " \"a\": {\"$numberDouble\": \"-0.5\"},"
        " \"b\": \"text\","
        " \"c\": {\"a\": [{}]},"
        " \"d\": [[]],"
        " \"e\": {\"$binary\": {\"base64\": \"AQID\", \"subType\": \"05\"}},"
        " \"f\": {\"$undefined\": true},"
        " \"g\": {\"$oid\": \"0123456789abcdef01234567\"},"
        " \"h\": true,"
        " \"i\": {\"$date\": {\"$numberLong\": \"5\"}},"
        " \"j\": null,"
        " \"k\": {\"$regularExpression\": {\"pattern\": \"p\", \"options\": "
        "\"i\"}},"
        " \"l\": {\"$code\": \"f()\"},"
        " \"m\": {\"$symbol\": \"s\"},"
        " \"n\": {\"$code\": \"f()\", \"$scope\": {\"x\": \"y\"}},"
        " \"o\": {\"$dbPointer\": {\"$ref\": \"b\", \"$id\": {\"$oid\": "
        "\"56e1fc72e0c917e9c4714161\"}}},"
        " \"p\": {\"$numberInt\": \"1\"},"
        " \"q\": {\"$timestamp\": {\"t\": 1, \"i\": 2}},"
        " \"r\": {\"$numberLong\": \"1\"},"
        " \"s\": {\"$numberDecimal\": \"1E+3\"},"
        " \"t\": {\"$minKey\": 1},"
        " \"u\": {\"$maxKey\": 1}"
        "}}";
    bson_t *doc = from_json(all);
    check_bytes(dmongo_doc("v", dmongo_get_value(doc, "v")), all);

    enum { TYPES = 21 };
    char keys[TYPES][4];
    dmongo_value items[2 * TYPES];
    for (int i = 0; i < TYPES; i++) {
        sprintf(keys[i], "v.%c", 'a' + i);
        items[2 * i] = dmongo_str(keys[i] + 2);
        items[2 * i + 1] = dmongo_get_value(doc, keys[i]);
    }
    check_bytes(dmongo_doc("v", dmongo_doc_of(items, 2 * TYPES)), all);
    check_bytes(dmongo_doc("v", dmongo_get_value(doc, "x")), "{}");
    bson_destroy(doc);
}
END_TEST

/* Every document that is one byte off must be refused or read without harm;
 * what the sanitizers and valgrind say is the test. */
START_TEST(malformed_documents_do_no_harm)
{
    bson_t *doc = from_json(library);
    const uint8_t *good = bson_get_data(doc);
    for (uint32_t at = 4; at < doc->len - 1; at++) {
        static const uint8_t bytes[] = {0x00, 0x01, 0x02, 0x03, 0x05,
                                        0x0B, 0x0F, 0x7F, 0x80, 0xFF};
        for (size_t b = 0; b < TEST_COUNT(bytes); b++) {
            uint8_t *copy = malloc(doc->len);
            memcpy(copy, good, doc->len);
            copy[at] = bytes[b];
            bson_t bad;
            ck_assert(bson_init_static(&bad, copy, doc->len));
            ck_assert_int_eq(dmongo_has(&bad, "no such key"), false);
            dmongo_get_value(&bad, "address.lines.1.po");
            dmongo_get_int(&bad, "n.decimal", 0);
            free(copy);
        }
    }
    diesel_error err;
    const char *s;
    uint8_t cut[] = {12, 0, 0, 0, 0x02, 'a', 0, 9, 0, 0, 0, 0};
    bson_t bad;
    ck_assert(bson_init_static(&bad, cut, sizeof cut));
    ck_assert_int_eq(dmongo_need_str(&bad, "a", &s, &err), -1);
    ck_assert_str_eq(err.message, "a: the document is malformed");
    bson_destroy(doc);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_doc");
    test_case(suite, "encode", a_c_type_decides_the_bson_type,
              other_types_have_constructors, documents_nest,
              an_argument_is_evaluated_once, documents_are_built_at_run_time,
              long_arrays_have_decimal_keys,
              fields_of_another_document_are_spliced_in,
              keys_are_found_before_sending,
              what_is_wrong_is_named_with_its_path, nesting_has_a_limit,
              size_has_a_limit);
    test_case_rows(suite, "utf8", utf8_is_checked_at_every_length,
                   TEST_COUNT(texts));
    test_case_rows(suite, "strings", strings_are_read_by_path,
                   TEST_COUNT(str_rows));
    test_case_rows(suite, "numbers", numbers_are_read_by_path,
                   TEST_COUNT(number_rows));
    test_case(suite, "read", a_nan_is_a_double_and_no_int,
              other_types_are_read_by_path, a_missing_document_has_no_fields,
              any_value_can_be_copied_into_another_document,
              malformed_documents_do_no_harm);
    return test_suite_run(suite);
}
