/* SPDX-License-Identifier: MIT */
/*
 * redis/command.c and its table: what is known of commands by their names.
 */
#include "redis/batch_internal.h"
#include "redis/command_internal.h"
#include "redis_command_rows.h"

START_TEST(commands_are_known_by_name)
{
    diesel_value args[16];
    size_t at[16], n = command_row_split(command_rows[_i].text, args);
    ck_assert_int_eq(dredis__command_only_reads(args, n), command_rows[_i].reads);
    size_t found = dredis__command_keys(args, n, at, TEST_COUNT(at));
    char shown[64] = "";
    for (size_t i = 0; i < found; i++)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%zu",
                 i > 0 ? " " : "", at[i]);
    ck_assert_str_eq(shown, command_rows[_i].keys);
    ck_assert_uint_eq(dredis__command_keys(args, n, at, 0), found);
}
END_TEST

START_TEST(arguments_of_other_types_are_no_names)
{
    ck_assert_ptr_null(dredis__command_find(NULL, 0));
    ck_assert_ptr_null(dredis__command_find(DIESEL_VALUES(42), 1));
    ck_assert_ptr_null(dredis__command_find(DIESEL_VALUES("XINFO", 1), 2));
    ck_assert_ptr_null(dredis__command_find(DIESEL_VALUES(""), 1));
    size_t at[4];
    ck_assert_uint_eq(
        dredis__command_keys(DIESEL_VALUES("EVAL", "", 1, "k"), 4, at, 4), 1);
    ck_assert_uint_eq(at[0], 3);
}
END_TEST

START_TEST(the_table_is_sorted)
{
    for (size_t i = 1; i < dredis__command_count; i++)
        ck_assert_int_lt(strcmp(dredis__command_rows[i - 1].name,
                                dredis__command_rows[i].name),
                         0);
    for (size_t i = 0; i < dredis__command_count; i++) {
        const dredis__command_row *row = &dredis__command_rows[i];
        ck_assert(!(row->flags & DREDIS__COMMAND_READS) ||
                  !(row->flags & DREDIS__COMMAND_WRITES));
    }
}
END_TEST

START_TEST(a_batch_only_reads_if_all_of_it_does)
{
    diesel_error err;
    dredis__batch batch = {0};
    assert_ok(dredis__batch_add(&batch, DIESEL_VALUES("GET", "k"), 2, &err));
    assert_ok(dredis__batch_add(&batch, DIESEL_VALUES("XINFO", "STREAM", ""), 3,
                                &err));
    ck_assert(dredis__batch_only_reads(batch.bytes, batch.size));
    assert_ok(dredis__batch_add(&batch, DIESEL_VALUES("DEL", "\r\nGET"), 2, &err));
    ck_assert(!dredis__batch_only_reads(batch.bytes, batch.size));
    dredis__batch_clear(&batch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_command");
    test_case_rows(suite, "rows", commands_are_known_by_name, TEST_COUNT(command_rows));
    test_case(suite, "others", arguments_of_other_types_are_no_names,
              the_table_is_sorted, a_batch_only_reads_if_all_of_it_does);
    return test_suite_run(suite);
}
