/* SPDX-License-Identifier: MIT */
/*
 * Scopes nested without limit: opened one inside the other by one fiber, and by a chain
 * of fibers each of which waits for the next. What goes through them all, from the
 * outside in or from the inside out, must not need a stack that grows with them.
 */
#include <stdint.h>

#include "test_util.h"

/* How each end comes: a cancellation, a deadline, a failure at the bottom; with
 * deadlines of the scopes' own, each sooner than the one around it, and without. */
static const struct {
    char end;
    bool deadlines;
} ways[] = {{'c', false}, {'c', true}, {'d', false}, {'f', false}, {'f', true}};

static bool with_deadlines;
static char end;
static int reached, alive;

static diesel_scope *open_inside(int left, int outermost_ms)
{
    diesel_scope_options options = {.timeout_ms = outermost_ms};
    if (outermost_ms == 0 && with_deadlines)
        options.timeout_ms = 3600 * 1000 + left;
    diesel_scope *scope = diesel_scope_open(&options);
    ck_assert_ptr_nonnull(scope);
    return scope;
}

static int bottom(void)
{
    diesel_error err;
    reached = 1;
    if (end == 'f') {
        diesel_error_set(&err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "it went wrong at the bottom");
        return diesel_fail(&err);
    }
    ck_assert_int_lt(diesel_sleep(3600 * 1000, &err), 0);
    return diesel_fail(&err);
}

static int at_the_bottom(void *arg)
{
    (void)arg;
    return bottom();
}

/* What the scopes inside the outermost have to say, and what that has. */
static int code_inside(void)
{
    return end == 'c'   ? DIESEL_E_CANCELLED
           : end == 'd' ? DIESEL_E_TIMEDOUT
                        : DIESEL_E_CANCELLED;
}

static void wait_until_reached(void)
{
    diesel_error err;
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    while (reached == 0)
        assert_ok(diesel_yield(&err));
    assert_ok(diesel_scope_wait(shield, &err));
}

FIBER_TEST(one_fiber_leaves_as_many_as_it_has_opened)
{
    diesel_error err;
    int depth = test_many(100000, 5000);
    with_deadlines = ways[row].deadlines;
    end = ways[row].end;
    diesel_scope **scopes = calloc((size_t)depth, sizeof(diesel_scope *));
    for (int i = 0; i < depth; i++)
        scopes[i] =
            open_inside(depth - i, i == 0 && end == 'd' ? 500 : 0);
    diesel_go(scopes[depth - 1], at_the_bottom, NULL);
    wait_until_reached();
    if (end == 'c')
        diesel_scope_cancel(scopes[0]);
    int code = end == 'f' ? DIESEL_E_INVAL : code_inside();
    for (int i = depth - 1; i > 0; i--) {
        int result = diesel_scope_wait(scopes[i], &err);
        if (end == 'f' && i < depth - 1) { /* the error was the innermost's */
            assert_ok(result);
            continue;
        }
        ck_assert_int_eq(result, -1);
        ck_assert_int_eq(err.code, code);
    }
    if (end == 'd')
        assert_fails(diesel_scope_wait(scopes[0], &err), DIESEL_E_TIMEDOUT);
    else
        assert_ok(diesel_scope_wait(scopes[0], &err));
    assert_ok(diesel_yield(&err)); /* nothing is left of it */
    free(scopes);
    return 0;
}
END_TEST

static int descend(void *arg)
{
    int left = (int)(intptr_t)arg;
    diesel_error err;
    if (left == 0)
        return bottom();
    alive++;
    diesel_scope *scope = open_inside(left, 0);
    diesel_go(scope, descend, (void *)(intptr_t)(left - 1));
    int result = diesel_scope_wait(scope, &err);
    alive--;
    return result < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(a_chain_of_fibers_ends_whichever_way)
{
    diesel_error err;
    int depth = test_many(100000, 2000);
    with_deadlines = ways[row].deadlines;
    end = ways[row].end;
    diesel_scope *top = open_inside(depth + 1, end == 'd' ? 2000 : 0);
    diesel_go(top, descend, (void *)(intptr_t)depth);
    wait_until_reached();
    if (end == 'c') {
        ck_assert_int_eq(alive, depth);
        diesel_scope_cancel(top);
    }
    switch (end) {
    case 'c':
        assert_ok(diesel_scope_wait(top, &err));
        break;
    case 'd':
        assert_fails(diesel_scope_wait(top, &err), DIESEL_E_TIMEDOUT);
        break;
    default:
        assert_fails(diesel_scope_wait(top, &err), DIESEL_E_INVAL);
        ck_assert_str_eq(err.message, "it went wrong at the bottom");
    }
    ck_assert_int_eq(alive, 0);
    assert_ok(diesel_yield(&err));
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scope_deep");
    test_case_rows(suite, "one fiber", one_fiber_leaves_as_many_as_it_has_opened,
                   TEST_COUNT(ways));
    test_case_rows(suite, "chain", a_chain_of_fibers_ends_whichever_way,
                   TEST_COUNT(ways));
    return test_suite_run(suite);
}
