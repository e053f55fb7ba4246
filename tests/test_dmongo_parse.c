/* SPDX-License-Identifier: MIT */
/*
 * What dmongo understands: values in mongosh's writing, statements, and the
 * place and the words of each error. Values are shown as canonical extended
 * JSON, which tells every type of BSON apart.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mongo/cli/literal_internal.h"
#include "mongo/cli/method_internal.h"
#include "mongo/cli/statement_internal.h"

/* Whatever is read lies at the end of its memory, so that the sanitizers see a
 * step beyond it. */
static char *at_the_end(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    return copy;
}

/* "message @ offset", or NULL if there is no error. */
static void describe_error(const dmongo__source *src, char *out, size_t size)
{
    snprintf(out, size, "%zu%s: %s", src->error.at,
             src->error.at_end ? " end" : "", src->error.message);
}

/* Several spaces become one: versions of libbson differ in that. */
static char *squeezed(char *text)
{
    char *out = text;
    for (char *p = text; *p != '\0'; p++)
        if (p[0] != ' ' || p[1] != ' ')
            *out++ = *p;
    *out = '\0';
    return text;
}

/* Values. */

static const struct {
    const char *text;
    const char *want; /* canonical extended JSON of {"v": value} without its
                         outer part, or                                      */
    const char *error;
} values[] = {
    /* words */
    {"true", "true", NULL},
    {"false", "false", NULL},
    {"null", "null", NULL},
    {"undefined", "null", NULL},
    {"NaN", "{ \"$numberDouble\" : \"NaN\" }", NULL},
    {"Infinity", "{ \"$numberDouble\" : \"Infinity\" }", NULL},
    {"-Infinity", "{ \"$numberDouble\" : \"-Infinity\" }", NULL},
    {"MinKey", "{ \"$minKey\" : 1 }", NULL},
    {"MaxKey()", "{ \"$maxKey\" : 1 }", NULL},
    {"new MinKey", "{ \"$minKey\" : 1 }", NULL},
    {"foo", NULL, "0: \"foo\" is not a value that is known here"},
    {"trueish", NULL, "0: \"trueish\" is not a value that is known here"},
    {"", NULL, "0 end: expected a value, found the end"},
    {")", NULL, "0: expected a value, found )"},
    {"\xc2\xa7", NULL, "0: \"\xc2\xa7\" is not a value that is known here"},
    {"#", NULL, "0: expected a value, found #"},
    /* numbers */
    {"0", "{ \"$numberInt\" : \"0\" }", NULL},
    {"-0", "{ \"$numberDouble\" : \"-0.0\" }", NULL},
    {"1", "{ \"$numberInt\" : \"1\" }", NULL},
    {"+1", "{ \"$numberInt\" : \"1\" }", NULL},
    {"- 1", "{ \"$numberInt\" : \"-1\" }", NULL},
    {"1.0", "{ \"$numberInt\" : \"1\" }", NULL},
    {"1e3", "{ \"$numberInt\" : \"1000\" }", NULL},
    {"1.5", "{ \"$numberDouble\" : \"1.5\" }", NULL},
    {".5", "{ \"$numberDouble\" : \"0.5\" }", NULL},
    {"5.", "{ \"$numberInt\" : \"5\" }", NULL},
    {"-2.5E-1", "{ \"$numberDouble\" : \"-0.25\" }", NULL},
    {"1e+2", "{ \"$numberInt\" : \"100\" }", NULL},
    {"2147483647", "{ \"$numberInt\" : \"2147483647\" }", NULL},
    {"-2147483648", "{ \"$numberInt\" : \"-2147483648\" }", NULL},
    {"2147483648", "{ \"$numberDouble\" : \"2147483648.0\" }", NULL},
    {"9007199254740992", "{ \"$numberDouble\" : \"9007199254740992.0\" }",
     NULL},
    {"9007199254740993", "{ \"$numberLong\" : \"9007199254740993\" }", NULL},
    {"-9223372036854775808", "{ \"$numberLong\" : \"-9223372036854775808\" }",
     NULL},
    {"9223372036854775808", "{ \"$numberDouble\" : \"9223372036854775808.0\" }",
     NULL},
    {"1e400", "{ \"$numberDouble\" : \"Infinity\" }", NULL},
    {"0x1F", "{ \"$numberInt\" : \"31\" }", NULL},
    {"0b101", "{ \"$numberInt\" : \"5\" }", NULL},
    {"0o17", "{ \"$numberInt\" : \"15\" }", NULL},
    {"1_000_000", "{ \"$numberInt\" : \"1000000\" }", NULL},
    {"5n", "{ \"$numberLong\" : \"5\" }", NULL},
    {"-5n", "{ \"$numberLong\" : \"-5\" }", NULL},
    {"9223372036854775808n", NULL, "20: too large for an int64"},
    {"1.5n", NULL, "0: this is not a number"},
    {"12abc", NULL, "0: this is not a number"},
    {"1.2.3", NULL, "0: this is not a number"},
    {"017", NULL, "0: this is not a number"},
    {"0x", NULL, "0: this is not a number"},
    {"0xg", NULL, "0: this is not a number"},
    {"1e", NULL, "0: this is not a number"},
    {".", NULL, "0: this is not a number"},
    {"-", NULL, "0: this is not a number"},
    {"-x", NULL, "0: this is not a number"},
    {"0x1p3", NULL, "0: this is not a number"},
    /* strings */
    {"\"a\"", "\"a\"", NULL},
    {"'a\"b'", "\"a\\\"b\"", NULL},
    {"`a\nb`", "\"a\\nb\"", NULL},
    {"''", "\"\"", NULL},
    {"'\\n\\t\\\\\\'\\\"\\q'", "\"\\n\\t\\\\'\\\"q\"", NULL},
    {"'\\x41\\u0042\\u{43}\\u{1F600}'", "\"ABC\xf0\x9f\x98\x80\"", NULL},
    {"'\\ud83d\\ude00'", "\"\xf0\x9f\x98\x80\"", NULL},
    {"'a\\\nb'", "\"ab\"", NULL},
    {"'h\xc3\xa9'", "\"h\xc3\xa9\"", NULL},
    {"'a", NULL, "0: this string is never closed"},
    {"'a\nb'", NULL, "0: this string is never closed"},
    {"'a\\'", NULL, "0: this string is never closed"},
    {"`a", NULL, "0 end: this string is never closed"},
    {"'a\\u12'", NULL, "2: this escape is no character"},
    {"'\\x4'", NULL, "1: this escape is no character"},
    {"'\\u{}'", NULL, "1: this escape is no character"},
    {"'\\u{110000}'", NULL, "1: this escape is no character"},
    {"'\\u{12'", NULL, "1: this escape is no character"},
    {"'\\ud83d'", NULL, "1: this escape is no character"},
    {"'\\ud83dx'", NULL, "1: this escape is no character"},
    {"'\\ude00'", NULL, "1: this escape is no character"},
    {"'\\ud83d\\u0041'", NULL, "1: this escape is no character"},
    {"`a${b}`", NULL, "2: an expression in a string needs JavaScript"},
    /* objects and arrays */
    {"{}", "{ }", NULL},
    {"[]", "[  ]", NULL},
    {"[1,]", "[ { \"$numberInt\" : \"1\" } ]", NULL},
    {"[ 'a' , [ true ] ]", "[ \"a\", [ true ] ]", NULL},
    {"{a: 1}", "{ \"a\" : { \"$numberInt\" : \"1\" } }", NULL},
    {"{a: true, 'b c': false, \"d\": null,}",
     "{ \"a\" : true, \"b c\" : false, \"d\" : null }", NULL},
    {"{$gt: true, _x1: true, h\xc3\xa9: true, 12: true}",
     "{ \"$gt\" : true, \"_x1\" : true, \"h\xc3\xa9\" : true, \"12\" : true }",
     NULL},
    {"{ /* one */ a /* two */ : /* three */ true // four\n , // five\n }",
     "{ \"a\" : true }", NULL},
    {"{'': true}", "{ \"\" : true }", NULL},
    {"{true: true, new: true}", "{ \"true\" : true, \"new\" : true }", NULL},
    {"{", NULL, "1 end: expected a key, found the end"},
    {"{a", NULL, "2 end: expected \":\" after the key, found the end"},
    {"{a}", NULL, "2: expected \":\" after the key, found }"},
    {"{a:}", NULL, "3: expected a value, found }"},
    {"{a: 1 b: 2}", NULL, "6: expected \",\" or \"}\", found b"},
    {"{,}", NULL, "1: expected a key, found ,"},
    {"{a: 1,,}", NULL, "6: expected a key, found ,"},
    {"{...x}", NULL, "1: expected a key, found ."},
    {"{[x]: 1}", NULL, "1: expected a key, found ["},
    {"{-1: 1}", NULL, "1: expected a key, found -"},
    {"{'a\\0b': 1}", NULL, "1: a key cannot hold a zero byte"},
    {"{a: 1, b: 2, 'a': 3}", NULL, "13: the key \"a\" is in this object already"},
    {"[1 2]", NULL, "3: expected \",\" or \"]\", found 2"},
    {"[,]", NULL, "1: expected a value, found ,"},
    {"[1,,2]", NULL, "3: expected a value, found ,"},
    {"[1", NULL, "2 end: expected \",\" or \"]\", found the end"},
    {"[1}", NULL, "2: expected \",\" or \"]\", found }"},
    {"{a: /* b", NULL, "4 end: this comment never ends"},
    /* regular expressions */
    {"/a/", "{ \"$regularExpression\" : { \"pattern\" : \"a\", \"options\" : "
            "\"\" } }",
     NULL},
    {"/a\\/b[/]c/sim",
     "{ \"$regularExpression\" : { \"pattern\" : \"a\\\\/b[/]c\", "
     "\"options\" : \"ims\" } }",
     NULL},
    {"/a/g", "{ \"$regularExpression\" : { \"pattern\" : \"a\", \"options\" : "
             "\"\" } }",
     NULL},
    {"RegExp('a b', 'i')", "{ \"$regularExpression\" : { \"pattern\" : \"a b\", "
                           "\"options\" : \"i\" } }",
     NULL},
    {"/a", NULL, "0: this regular expression is never closed"},
    {"/a\n/", NULL, "0: this regular expression is never closed"},
    {"/a[/]", NULL, "0: this regular expression is never closed"},
    {"/a/q", NULL,
     "0: MongoDB has no flag \"q\" for regular expressions"},
    /* constructors */
    {"ObjectId(\"65a1b2c3d4e5f60718293a4b\")",
     "{ \"$oid\" : \"65a1b2c3d4e5f60718293a4b\" }", NULL},
    {"new ObjectId ( '65A1B2C3D4E5F60718293A4B' , )",
     "{ \"$oid\" : \"65a1b2c3d4e5f60718293a4b\" }", NULL},
    {"ObjectId('12')", NULL,
     "0: ObjectId needs a string of 24 hexadecimal digits"},
    {"ObjectId", NULL, "8 end: expected \"(\", found the end"},
    {"ObjectId('a', 'b')", NULL,
     "0: ObjectId takes 1 arguments at most, not 2"},
    {"ISODate('2026-01-31')",
     "{ \"$date\" : { \"$numberLong\" : \"1769817600000\" } }", NULL},
    {"ISODate('2026-01-31T12:34:56.789Z')",
     "{ \"$date\" : { \"$numberLong\" : \"1769862896789\" } }", NULL},
    {"ISODate('20260131T123456Z')",
     "{ \"$date\" : { \"$numberLong\" : \"1769862896000\" } }", NULL},
    {"ISODate('2026-01-31 12:34+02:00')",
     "{ \"$date\" : { \"$numberLong\" : \"1769855640000\" } }", NULL},
    {"ISODate('1969-12-31T23:59:59.999Z')",
     "{ \"$date\" : { \"$numberLong\" : \"-1\" } }", NULL},
    {"ISODate('0001-01-01')",
     "{ \"$date\" : { \"$numberLong\" : \"-62135596800000\" } }", NULL},
    {"ISODate('2024-02-29T24:00')",
     "{ \"$date\" : { \"$numberLong\" : \"1709251200000\" } }", NULL},
    {"ISODate('2025-02-29')", NULL,
     "0: ISODate needs a date such as \"2026-01-31T12:00:00Z\""},
    {"ISODate('2026-13-01')", NULL,
     "0: ISODate needs a date such as \"2026-01-31T12:00:00Z\""},
    {"ISODate('2026-01-31T25:00')", NULL,
     "0: ISODate needs a date such as \"2026-01-31T12:00:00Z\""},
    {"ISODate('2026-01-31T12:00 or so')", NULL,
     "0: ISODate needs a date such as \"2026-01-31T12:00:00Z\""},
    {"new Date(0)", "{ \"$date\" : { \"$numberLong\" : \"0\" } }", NULL},
    {"new Date('2026-01-31')",
     "{ \"$date\" : { \"$numberLong\" : \"1769817600000\" } }", NULL},
    /* TZ is EST5 here */
    {"new Date('2026-01-31T12:00')",
     "{ \"$date\" : { \"$numberLong\" : \"1769878800000\" } }", NULL},
    {"new Date(2026, 0, 31, 12)",
     "{ \"$date\" : { \"$numberLong\" : \"1769878800000\" } }", NULL},
    {"new Date(2026, 0)",
     "{ \"$date\" : { \"$numberLong\" : \"1767243600000\" } }", NULL},
    {"Date()", NULL,
     "0: Date() is a string in JavaScript: write new Date() or ISODate()"},
    {"new Date('soon')", NULL,
     "0: Date needs a date such as \"2026-01-31T12:00:00Z\""},
    {"NumberInt(5)", "{ \"$numberInt\" : \"5\" }", NULL},
    {"NumberInt('5')", "{ \"$numberInt\" : \"5\" }", NULL},
    {"Int32(-5)", "{ \"$numberInt\" : \"-5\" }", NULL},
    {"NumberInt(3000000000)", NULL,
     "0: NumberInt needs a whole number of 32 bits"},
    {"NumberLong(5)", "{ \"$numberLong\" : \"5\" }", NULL},
    {"NumberLong('9223372036854775807')",
     "{ \"$numberLong\" : \"9223372036854775807\" }", NULL},
    {"Long.fromString('7')", "{ \"$numberLong\" : \"7\" }", NULL},
    {"NumberLong(1.5)", NULL, "0: NumberLong needs a whole number of 64 bits"},
    {"NumberLong('x')", NULL, "0: NumberLong needs a whole number of 64 bits"},
    {"Double(1)", "{ \"$numberDouble\" : \"1.0\" }", NULL},
    {"NumberDecimal('1.50')", "{ \"$numberDecimal\" : \"1.50\" }", NULL},
    {"NumberDecimal(1)", "{ \"$numberDecimal\" : \"1\" }", NULL},
    {"Decimal128('NaN')", "{ \"$numberDecimal\" : \"NaN\" }", NULL},
    {"NumberDecimal('x')", NULL,
     "0: NumberDecimal needs a decimal number as a string"},
    {"UUID('01234567-89ab-cdef-0123-456789abcdef')",
     "{ \"$binary\" : { \"base64\" : \"ASNFZ4mrze8BI0VniavN7w==\", "
     "\"subType\" : \"04\" } }",
     NULL},
    {"UUID('01')", NULL, "0: UUID needs a string of 32 hexadecimal digits"},
    {"BinData(0, 'AQID')",
     "{ \"$binary\" : { \"base64\" : \"AQID\", \"subType\" : \"00\" } }", NULL},
    {"BinData(128, '-_8=')",
     "{ \"$binary\" : { \"base64\" : \"+/8=\", \"subType\" : \"80\" } }", NULL},
    {"Binary.createFromBase64('AQID', 5)",
     "{ \"$binary\" : { \"base64\" : \"AQID\", \"subType\" : \"05\" } }", NULL},
    {"HexData(0, '010203')",
     "{ \"$binary\" : { \"base64\" : \"AQID\", \"subType\" : \"00\" } }", NULL},
    {"BinData(256, 'AQID')", NULL, "0: BinData needs a subtype from 0 to 255"},
    {"BinData(0, 'A')", NULL, "0: BinData needs bytes as a string in base64"},
    {"BinData(0, 'A*==')", NULL,
     "0: BinData needs bytes as a string in base64"},
    {"HexData(0, '01020')", NULL,
     "0: HexData needs a subtype and a string of hexadecimal digits"},
    {"Timestamp(1, 2)", "{ \"$timestamp\" : { \"t\" : 1, \"i\" : 2 } }", NULL},
    {"Timestamp({t: 1, i: 2})", "{ \"$timestamp\" : { \"t\" : 1, \"i\" : 2 } }",
     NULL},
    {"Timestamp(-1, 2)", NULL,
     "0: Timestamp needs seconds and an ordinal, of 32 bits each"},
    {"Code('f()')", "{ \"$code\" : \"f()\" }", NULL},
    {"Code('f()', {a: true})",
     "{ \"$code\" : \"f()\", \"$scope\" : { \"a\" : true } }", NULL},
    {"BSONSymbol('a')", "{ \"$symbol\" : \"a\" }", NULL},
    {"DBRef('c', true)", "{ \"$ref\" : \"c\", \"$id\" : true }", NULL},
    {"DBRef('c', true, 'd')",
     "{ \"$ref\" : \"c\", \"$id\" : true, \"$db\" : \"d\" }", NULL},
    {"new", NULL, "3 end: expected a name after \"new\", found the end"},
    {"new Foo()", NULL, "4: \"Foo\" is not a value that is known here"},
    /* extended JSON */
    {"{\"$oid\": \"65a1b2c3d4e5f60718293a4b\"}",
     "{ \"$oid\" : \"65a1b2c3d4e5f60718293a4b\" }", NULL},
    {"{\"$oid\": 1}", NULL, "0: $oid needs a string of 24 hexadecimal digits"},
    {"{$numberInt: '7'}", "{ \"$numberInt\" : \"7\" }", NULL},
    {"{$numberLong: '7'}", "{ \"$numberLong\" : \"7\" }", NULL},
    {"{$numberDouble: '7'}", "{ \"$numberDouble\" : \"7.0\" }", NULL},
    {"{$numberDouble: '-Infinity'}",
     "{ \"$numberDouble\" : \"-Infinity\" }", NULL},
    {"{$numberDecimal: '7.0'}", "{ \"$numberDecimal\" : \"7.0\" }", NULL},
    {"{$date: '2026-01-31T00:00:00Z'}",
     "{ \"$date\" : { \"$numberLong\" : \"1769817600000\" } }", NULL},
    {"{$date: {$numberLong: '5'}}",
     "{ \"$date\" : { \"$numberLong\" : \"5\" } }", NULL},
    {"{$date: null}", NULL,
     "0: $date needs a date such as \"2026-01-31T12:00:00Z\""},
    {"{$binary: {base64: 'AQID', subType: '05'}}",
     "{ \"$binary\" : { \"base64\" : \"AQID\", \"subType\" : \"05\" } }", NULL},
    {"{$binary: 'AQID', $type: '05'}",
     "{ \"$binary\" : { \"base64\" : \"AQID\", \"subType\" : \"05\" } }", NULL},
    {"{$binary: 'AQID'}", NULL, "0: $binary needs \"base64\" and \"subType\""},
    {"{$uuid: '01234567-89ab-cdef-0123-456789abcdef'}",
     "{ \"$binary\" : { \"base64\" : \"ASNFZ4mrze8BI0VniavN7w==\", "
     "\"subType\" : \"04\" } }",
     NULL},
    {"{$regularExpression: {pattern: 'a', options: 'xi'}}",
     "{ \"$regularExpression\" : { \"pattern\" : \"a\", \"options\" : \"ix\" } "
     "}",
     NULL},
    {"{$timestamp: {t: 1, i: 2}}",
     "{ \"$timestamp\" : { \"t\" : 1, \"i\" : 2 } }", NULL},
    {"{$code: 'f', $scope: {}}", "{ \"$code\" : \"f\", \"$scope\" : { } }",
     NULL},
    {"{$symbol: 's'}", "{ \"$symbol\" : \"s\" }", NULL},
    {"{$minKey: 1}", "{ \"$minKey\" : 1 }", NULL},
    {"{$maxKey: 1}", "{ \"$maxKey\" : 1 }", NULL},
    {"{$undefined: true}", "{ \"$undefined\" : true }", NULL},
    {"{$regex: 'a', $options: 'i'}",
     "{ \"$regex\" : \"a\", \"$options\" : \"i\" }", NULL},
    {"{$oid: 'x', other: true}", "{ \"$oid\" : \"x\", \"other\" : true }",
     NULL},
};

START_TEST(value_is_read)
{
    size_t len = strlen(values[_i].text);
    char *text = at_the_end(values[_i].text, len);
    dmongo__source src = {.text = text, .len = len};
    bson_t out = BSON_INITIALIZER;
    int result = dmongo__literal_read(&src, &out, "v");
    if (values[_i].error != NULL) {
        char got[300];
        describe_error(&src, got, sizeof got);
        ck_assert_int_eq(result, -1);
        ck_assert_str_eq(got, values[_i].error);
    } else {
        ck_assert_msg(result == 0, "%s: %s", values[_i].text,
                      src.error.message);
        ck_assert_uint_eq(src.pos, len);
        ck_assert(bson_validate(&out, BSON_VALIDATE_UTF8, NULL));
        char *json = bson_as_canonical_extended_json(&out, NULL);
        char want[500];
        snprintf(want, sizeof want, "{ \"v\" : %s }", values[_i].want);
        ck_assert_str_eq(squeezed(json), squeezed(want));
        bson_free(json);
    }
    bson_destroy(&out);
    free(text);
}
END_TEST

/* A value that is cut short anywhere is an error, not a crash: unless what is
 * left happens to be a value too. */
START_TEST(value_may_be_cut_anywhere)
{
    size_t len = strlen(values[_i].text);
    for (size_t cut = 0; cut < len; cut++) {
        char *text = at_the_end(values[_i].text, cut);
        dmongo__source src = {.text = text, .len = cut};
        bson_t out = BSON_INITIALIZER;
        if (dmongo__literal_read(&src, &out, "v") < 0)
            ck_assert_str_ne(src.error.message, "");
        else
            ck_assert_uint_le(src.pos, cut);
        bson_destroy(&out);
        free(text);
    }
}
END_TEST

START_TEST(ids_are_made)
{
    static const char *const texts[] = {"ObjectId()", "UUID()", "new Date()",
                                        "ISODate()"};
    static const bson_type_t types[] = {BSON_TYPE_OID, BSON_TYPE_BINARY,
                                        BSON_TYPE_DATE_TIME,
                                        BSON_TYPE_DATE_TIME};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        dmongo__source src = {.text = texts[i], .len = strlen(texts[i])};
        bson_t out = BSON_INITIALIZER;
        bson_iter_t iter;
        ck_assert_int_eq(dmongo__literal_read(&src, &out, "v"), 0);
        bson_iter_init_find(&iter, &out, "v");
        ck_assert_int_eq(bson_iter_type(&iter), types[i]);
        if (types[i] == BSON_TYPE_DATE_TIME)
            ck_assert_int_lt(llabs(bson_iter_date_time(&iter) / 1000 -
                                   (int64_t)time(NULL)),
                             5);
        bson_destroy(&out);
    }
}
END_TEST

START_TEST(depth_is_limited)
{
    char text[400];
    for (int depth = DMONGO__DEPTH_MAX; depth <= DMONGO__DEPTH_MAX + 1;
         depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        dmongo__source src = {.text = text, .len = (size_t)depth * 2};
        bson_t out = BSON_INITIALIZER;
        int result = dmongo__literal_read(&src, &out, "v");
        ck_assert_int_eq(result, depth > DMONGO__DEPTH_MAX ? -1 : 0);
        if (result < 0)
            ck_assert_str_eq(src.error.message,
                             "more than 100 values inside each other");
        bson_destroy(&out);
    }
}
END_TEST

/* Statements. */

static void describe_call(const dmongo__call *call, FILE *out)
{
    char *args = bson_array_as_json(call->args, NULL);
    fprintf(out, ".%s%s", call->method->name, args);
    bson_free(args);
}

static void describe(const dmongo__statement *s, char *out, size_t size)
{
    static const char *const kinds[] = {"nothing", "db", "command", "show",
                                        "use"};
    FILE *f = fmemopen(out, size, "w");
    fputs(kinds[s->kind], f);
    if (s->database != NULL)
        fprintf(f, "(%s)", s->database);
    if (s->collection != NULL)
        fprintf(f, "[%s]", s->collection);
    if (s->word != NULL)
        fprintf(f, " %s", s->word);
    for (size_t i = 0; i < s->call_count; i++)
        describe_call(&s->calls[i], f);
    if (s->kind == DMONGO__COMMAND) {
        char *json = bson_as_json(s->command, NULL);
        fprintf(f, " %s", json);
        bson_free(json);
    }
    fclose(f);
}

static const struct {
    const char *text;
    const char *want; /* the statements, parted by " ; ", and then the error */
} statements[] = {
    {"", ""},
    {" ;; \n; // nothing\n /* at all */", ""},
    {"db", "db"},
    {"db.users.find()", "db[users].find[  ]"},
    {"db.users.find({age: {$gt: 30}})",
     "db[users].find[ { \"age\" : { \"$gt\" : 30 } } ]"},
    {"db . users\n  .find ( )\n  .limit(5)\n\n",
     "db[users].find[  ].limit[ 5 ]"},
    {"db.users.find() /* why */ .limit(5) // so",
     "db[users].find[  ].limit[ 5 ]"},
    {"db.system.views.findOne()", "db[system.views].findOne[  ]"},
    {"db['a b'].c.drop()", "db[a b.c].drop[  ]"},
    {"db.getCollection(\"x-y\").find()", "db[x-y].find[  ]"},
    {"db.getCollection('x').y.find()", "db[x.y].find[  ]"},
    {"db.getSiblingDB('other').c.drop()", "db(other)[c].drop[  ]"},
    {"db.getSiblingDB('other')", "db(other)"},
    {"db.getSiblingDB('a').getSiblingDB('b').stats()", "db(b).stats[  ]"},
    {"db.find.find()", "db[find].find[  ]"},
    {"db.stats.drop()", "db[stats].drop[  ]"},
    {"db.h\xc3\xa9.drop()", "db[h\xc3\xa9].drop[  ]"},
    {"db.c.updateOne({a: 1}, {$set: {b: 2}}, {upsert: true})",
     "db[c].updateOne[ { \"a\" : 1 }, { \"$set\" : { \"b\" : 2 } }, { "
     "\"upsert\" : true } ]"},
    {"db.c.updateMany({}, [{$set: {b: 2}}])",
     "db[c].updateMany[ { }, [ { \"$set\" : { \"b\" : 2 } } ] ]"},
    {"db.c.find(null, {a: 1})", "db[c].find[ null, { \"a\" : 1 } ]"},
    {"db.c.aggregate([]).toArray()", "db[c].aggregate[ [  ] ].toArray[  ]"},
    {"db.c.find().skip(1.0).hint('a_1')",
     "db[c].find[  ].skip[ 1 ].hint[ \"a_1\" ]"},
    {"db.runCommand({ping: 1})", "db.runCommand[ { \"ping\" : 1 } ]"},
    {"db.runCommand('ping')", "db.runCommand[ \"ping\" ]"},
    {"{ping: 1}", "command { \"ping\" : 1 }"},
    {"{\"find\": \"c\", \"filter\": {\"_id\": {\"$numberLong\": \"5\"}}}",
     "command { \"find\" : \"c\", \"filter\" : { \"_id\" : 5 } }"},
    {"show dbs", "show dbs"},
    {"show  collections;", "show collections"},
    {"use app", "use app"},
    {"use app\ndb.c.drop()", "use app ; db[c].drop[  ]"},
    {"db.a.drop(); db.b.drop()", "db[a].drop[  ] ; db[b].drop[  ]"},
    {"db.a.drop()\ndb.b.drop()", "db[a].drop[  ] ; db[b].drop[  ]"},
    {"db.a.drop()\n;\n.find()",
     "db[a].drop[  ] ; 14: expected a statement, found ."},
    {"db\n['a'].drop()", "db ; 3: expected a statement, found ["},
    {"\xef\xbb\xbf" "db.a.drop()", "db[a].drop[  ]"},
    /* errors */
    {"db.", "3 end: expected a name after the dot, found the end"},
    {"db.1", "3: expected a name after the dot, found 1"},
    {"db.users", "0: nothing is called on this collection: db.users.find() "
                 "shows its documents"},
    {"db.users.find", "0: nothing is called on this collection: "
                      "db.users.find.find() shows its documents"},
    {"db.users.fnd()", "9: a collection has no method fnd() here"},
    {"db.find()", "3: a database has no method find() here"},
    {"db.c.find().sort({a: 1}).foo()",
     "25: a cursor of find() has no method foo() here"},
    {"db.c.drop().limit(1)", "12: a result has no method limit() here"},
    {"db.c.findOne().name",
     "15: after a call only another one can follow, as in .limit(5)"},
    {"db.c.find()[0]", "12: expected a name in quotes, found 0"},
    {"db.c.find()['a']",
     "12: after a call only another one can follow, as in .limit(5)"},
    {"db['a", "3: this string is never closed"},
    {"db['a'", "6 end: expected \"]\", found the end"},
    {"db[''].drop()", "6: a collection's name cannot be empty"},
    {"db['a\\0b'].drop()", "10: a name cannot hold a zero byte"},
    {"db.getSiblingDB('').c.drop()",
     "3: a database's name cannot be empty, nor hold a zero byte"},
    {"db.getSiblingDB()", "3: getSiblingDB(name): argument 1 is missing"},
    {"db.c.insertOne()",
     "5: insertOne(document[, options]): argument 1 is missing"},
    {"db.c.insertOne([])",
     "5: insertOne(document[, options]): argument 1 must be a document"},
    {"db.c.insertOne(null)",
     "5: insertOne(document[, options]): argument 1 must be a document"},
    {"db.c.insertMany({})",
     "5: insertMany(documents[, options]): argument 1 must be an array"},
    {"db.c.updateOne({}, 5)", "5: updateOne(filter, update[, options]): "
                              "argument 2 must be a document or an array"},
    {"db.c.find(1)", "5: find([filter, projection, options]): argument 1 must "
                     "be a document"},
    {"db.c.find({}, {}, {}, {})",
     "5: find([filter, projection, options]): there are 4 arguments"},
    {"db.c.find().limit('a')",
     "12: limit(count): argument 1 must be a whole number"},
    {"db.c.find().limit(1.5)",
     "12: limit(count): argument 1 must be a whole number"},
    {"db.c.drop(1)", "5: drop(): there are 1 arguments"},
    {"db.c.find({", "11 end: expected a key, found the end"},
    {"db.c.find(", "10 end: expected a value, found the end"},
    {"db.c.find({}", "12 end: expected \",\" or \")\", found the end"},
    {"db.c.find({}))", "13: expected \";\" or the end of the statement, found "
                       ")"},
    {"db.a.drop() db.b.drop()",
     "12: expected \";\" or the end of the statement, found d"},
    {"{}", "0: a command has at least one key"},
    {"{$oid: '65a1b2c3d4e5f60718293a4b'}", "0: this value is no command"},
    {"show", "4 end: expected dbs or collections, found the end"},
    {"show users", "5: only dbs and collections can be shown"},
    {"use", "3 end: expected a database's name, found the end"},
    {"use a b", "6: expected \";\" or the end of the statement, found b"},
    {"let x = 1",
     "0: \"let\" begins no statement here: db, show, use and {...} do"},
    {"dbx.find()",
     "0: \"dbx\" begins no statement here: db, show, use and {...} do"},
    {"5", "0: expected a statement, found 5"},
    {"/* x", "0 end: this comment never ends"},
};

START_TEST(statements_are_read)
{
    size_t len = strlen(statements[_i].text);
    char *text = at_the_end(statements[_i].text, len);
    dmongo__source src = {.text = text, .len = len};
    char got[600] = "";
    for (;;) {
        dmongo__statement statement;
        int result = dmongo__statement_read(&src, &statement);
        size_t used = strlen(got);
        bool more = result < 0 || statement.kind != DMONGO__NOTHING;
        if (more && used > 0) {
            strcat(got, " ; ");
            used += 3;
        }
        if (result < 0)
            describe_error(&src, got + used, sizeof got - used);
        else if (more)
            describe(&statement, got + used, sizeof got - used);
        dmongo__statement_clear(&statement);
        if (result < 0 || !more)
            break;
    }
    char want[600];
    snprintf(want, sizeof want, "%s", statements[_i].want);
    ck_assert_str_eq(squeezed(got), squeezed(want));
    free(text);
}
END_TEST

START_TEST(text_must_be_utf8)
{
    dmongo__source src = {.text = "db.a\xff.drop()", .len = 12};
    ck_assert_int_eq(dmongo__source_check(&src), -1);
    ck_assert_uint_eq(src.error.at, 4);
    ck_assert_str_eq(src.error.message, "byte 0xff is not UTF-8");
}
END_TEST

static const struct {
    const char *text;
    size_t at, line, column;
    const char *shown;
} places[] = {
    {"", 0, 1, 1, "    \n    ^\n"},
    {"abc", 1, 1, 2, "    abc\n     ^\n"},
    {"abc", 3, 1, 4, "    abc\n       ^\n"},
    {"abc\nde\nf", 5, 2, 2, "    de\n     ^\n"},
    {"abc\n", 4, 2, 1, "    \n    ^\n"},
    {"h\xc3\xa9llo", 3, 1, 3, "    h\xc3\xa9llo\n      ^\n"},
    {"a\tb\x01" "c", 4, 1, 5, "    a b?c\n        ^\n"},
};

/* The text stays until the next call. */
static const char *shown_at(const char *text, size_t at)
{
    static char shown[512];
    FILE *out = fmemopen(shown, sizeof shown, "w");
    ck_assert_ptr_nonnull(out);
    dmongo__source_show(text, strlen(text), at, out);
    fclose(out);
    return shown;
}

START_TEST(place_is_shown)
{
    size_t line, column, len = strlen(places[_i].text);
    dmongo__source_place(places[_i].text, len, places[_i].at, &line, &column);
    ck_assert_uint_eq(line, places[_i].line);
    ck_assert_uint_eq(column, places[_i].column);
    ck_assert_str_eq(shown_at(places[_i].text, places[_i].at), places[_i].shown);
}
END_TEST

START_TEST(long_line_is_cut_around_the_place)
{
    char text[201];
    memset(text, '-', 200);
    text[200] = '\0';
    text[150] = 'X';
    const char *shown = shown_at(text, 150);
    const char *second = strchr(shown, '\n') + 1;
    size_t caret = strcspn(second, "^");
    ck_assert_uint_eq((size_t)(second - shown - 1), 4 + 72);
    ck_assert_int_eq(shown[caret], 'X');
}
END_TEST

int main(void)
{
    setenv("TZ", "EST5", 1);
    tzset();
    Suite *suite = suite_create("dmongo_parse");
    TCase *tc = tcase_create("parse");
    tcase_add_loop_test(tc, value_is_read, 0,
                        (int)(sizeof values / sizeof values[0]));
    tcase_add_loop_test(tc, value_may_be_cut_anywhere, 0,
                        (int)(sizeof values / sizeof values[0]));
    tcase_add_test(tc, ids_are_made);
    tcase_add_test(tc, depth_is_limited);
    tcase_add_loop_test(tc, statements_are_read, 0,
                        (int)(sizeof statements / sizeof statements[0]));
    tcase_add_test(tc, text_must_be_utf8);
    tcase_add_loop_test(tc, place_is_shown, 0,
                        (int)(sizeof places / sizeof places[0]));
    tcase_add_test(tc, long_line_is_cut_around_the_place);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
