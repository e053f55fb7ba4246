/* SPDX-License-Identifier: MIT */
/*
 * How dmongo lays out extended JSON.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mongo/cli/print_internal.h"

static const struct {
    const char *json, *line, *pretty;
} rows[] = {
    {"1", "1", "1"},
    {" \"a , b : { \\\" \" ", "\"a , b : { \\\" \"", "\"a , b : { \\\" \""},
    {"{ }", "{}", "{}"},
    {"{  }", "{}", "{}"},
    {"[  ]", "[]", "[]"},
    {"{ \"a\" : 1 }", "{\"a\": 1}", "{\"a\": 1}"},
    {"{ \"a\" : [ 1, { \"b\" : null } ], \"c\":{}}",
     "{\"a\": [1, {\"b\": null}], \"c\": {}}",
     "{\"a\": [1, {\"b\": null}], \"c\": {}}"},
    /* Exactly 79 columns, which leave room for a comma; and 80. */
    {"{\"a\": \"0123456789012345678901234567890123456789012345678901234567890"
     "123456789\"}",
     NULL,
     "{\"a\": \"0123456789012345678901234567890123456789012345678901234567890"
     "123456789\"}"},
    {"{\"a\": \"0123456789012345678901234567890123456789012345678901234567890"
     "123456789X\"}",
     "{\"a\": \"0123456789012345678901234567890123456789012345678901234567890"
     "123456789X\"}",
     "{\n"
     "  \"a\": \"0123456789012345678901234567890123456789012345678901234567890"
     "123456789X\"\n"
     "}"},
    {"{\"_id\": {\"$oid\": \"65a1b2c3d4e5f60718293a4b\"}, \"tags\": [\"one\", "
     "\"two\"], \"deep\": {\"er\": [\"0123456789012345678901234567890123456789\", "
     "\"0123456789012345678901234567890123456789\"]}}",
     NULL,
     "{\n"
     "  \"_id\": {\"$oid\": \"65a1b2c3d4e5f60718293a4b\"},\n"
     "  \"tags\": [\"one\", \"two\"],\n"
     "  \"deep\": {\n"
     "    \"er\": [\n"
     "      \"0123456789012345678901234567890123456789\",\n"
     "      \"0123456789012345678901234567890123456789\"\n"
     "    ]\n"
     "  }\n"
     "}"},
    /* Columns are counted in characters, not in bytes. */
    {"{\"h\": \"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "01234567890123456789012345678901234567890123456789\"}",
     NULL,
     "{\"h\": \"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "01234567890123456789012345678901234567890123456789\"}"},
    /* What is cut short is no crash. */
    {"", "", ""},
    {"{\"a", "{\"a", "{\"a"},
    {"{\"a\\", "{\"a\\", "{\"a\\"},
    {"{\"a\":", "{\"a\": ", "{\"a\": "},
};

static char *laid_out(const char *json, bool pretty)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    dmongo__print_json(json, pretty, out);
    fclose(out);
    return text;
}

START_TEST(json_takes_one_line)
{
    char *text = laid_out(rows[_i].json, false);
    if (rows[_i].line != NULL)
        ck_assert_str_eq(text, rows[_i].line);
    ck_assert_ptr_null(strchr(text, '\n'));
    free(text);
}
END_TEST

START_TEST(json_is_indented)
{
    char *text = laid_out(rows[_i].json, true);
    ck_assert_str_eq(text, rows[_i].pretty);
    free(text);
}
END_TEST

static const struct {
    const char *json; /* {"v": value} */
    const char *relaxed, *canonical;
} values[] = {
    {"{\"v\": 1}", "1\n", "{\"$numberInt\": \"1\"}\n"},
    {"{\"v\": {\"$numberLong\": \"5\"}}", "5\n", "{\"$numberLong\": \"5\"}\n"},
    {"{\"v\": \"a}: b\"}", "\"a}: b\"\n", "\"a}: b\"\n"},
    {"{\"v\": [1, \"x\"]}", "[1, \"x\"]\n",
     "[{\"$numberInt\": \"1\"}, \"x\"]\n"},
    {"{\"v\": {\"a\": null}}", "{\"a\": null}\n", "{\"a\": null}\n"},
    {"{\"v\": {}}", "{}\n", "{}\n"},
    {"{\"v\": true}", "true\n", "true\n"},
    {"{\"v\": {\"$date\": \"2026-01-31T00:00:00Z\"}}",
     "{\"$date\": \"2026-01-31T00:00:00Z\"}\n",
     "{\"$date\": {\"$numberLong\": \"1769817600000\"}}\n"},
};

START_TEST(value_is_printed)
{
    for (int canonical = 0; canonical < 2; canonical++) {
        bson_error_t bad;
        bson_iter_t iter;
        bson_t *doc = bson_new_from_json((const uint8_t *)values[_i].json, -1,
                                         &bad);
        ck_assert_msg(doc != NULL, "%s", bad.message);
        bson_iter_init_find(&iter, doc, "v");
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        dmongo__layout layout = {.canonical = canonical};
        ck_assert_int_eq(dmongo__print_value(&iter, layout, out, NULL), 0);
        fclose(out);
        ck_assert_str_eq(text, canonical ? values[_i].canonical
                                         : values[_i].relaxed);
        free(text);
        bson_destroy(doc);
    }
}
END_TEST

START_TEST(malformed_document_is_an_error)
{
    /* An int32 field that is cut short. */
    static const uint8_t bytes[] = {10, 0, 0, 0, 0x10, 'a', 0, 1, 0, 0};
    bson_t doc;
    diesel_error err;
    ck_assert(bson_init_static(&doc, bytes, sizeof bytes));
    ck_assert_int_eq(dmongo__print(&doc, (dmongo__layout){0}, stdout, &err),
                     -1);
    ck_assert_int_eq(err.code, DIESEL_E_INVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dmongo_print");
    TCase *tc = tcase_create("print");
    int count = (int)(sizeof rows / sizeof rows[0]);
    tcase_add_loop_test(tc, json_takes_one_line, 0, count);
    tcase_add_loop_test(tc, json_is_indented, 0, count);
    tcase_add_loop_test(tc, value_is_printed, 0,
                        (int)(sizeof values / sizeof values[0]));
    tcase_add_test(tc, malformed_document_is_an_error);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
