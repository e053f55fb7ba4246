/* SPDX-License-Identifier: MIT */
/*
 * Fibers whose stacks cannot be mapped or guarded, on kernels that guard them in the
 * one way or the other.
 */
#include <errno.h>

#include "fault_loop.h"

static int park_a_turn(void *arg)
{
    diesel_error err;
    (void)arg;
    return diesel_yield(&err) < 0 ? diesel_fail(&err) : 0;
}

/* More fibers than the first mapping has stacks for, at once. */
static int start_many(void *arg)
{
    diesel_error err;
    int result = 0;
    (void)arg;
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 40 && result == 0; i++)
        result = diesel_go(scope, park_a_turn, NULL);
    int waited = diesel_scope_wait(scope, &err);
    if (result < 0 && waited == 0)
        diesel_error_set(&err, DIESEL_E_NOMEM, DIESEL_DOM_CORE, 0, "no fiber");
    return result < 0 || waited < 0 ? diesel_fail(&err) : 0;
}

START_TEST(without_memory_for_stacks_no_fiber_is_started)
{
    ck_assert_int_ge(fault_loop_sys(start_many, NULL, FAULTY_mmap, ENOMEM), 2);
}
END_TEST

START_TEST(a_stack_without_guard_is_not_used)
{
    ck_assert_int_gt(fault_loop_sys(start_many, NULL, FAULTY_madvise, ENOMEM), 40);
}
END_TEST

START_TEST(an_older_kernel_guards_in_another_way)
{
    diesel_error err;
    faulty_sys_reset();
    faulty_sys_fail_from(FAULTY_madvise, 1, EINVAL);
    assert_ok(diesel_run(start_many, NULL, NULL, &err));
    ck_assert_int_gt(faulty_sys_calls(FAULTY_mprotect), 40);
    faulty_sys_reset();
    assert_ok(diesel_run(start_many, NULL, NULL, &err)); /* it is remembered */
    ck_assert_int_gt(faulty_sys_calls(FAULTY_mprotect), 40);
    ck_assert_int_gt(fault_loop_sys(start_many, NULL, FAULTY_mprotect, ENOMEM), 40);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stack_faults");
    test_case(suite, "stacks", without_memory_for_stacks_no_fiber_is_started,
              a_stack_without_guard_is_not_used,
              an_older_kernel_guards_in_another_way);
    return test_suite_run(suite);
}
