/* SPDX-License-Identifier: MIT */
/*
 * Runs a test's body again and again, each time with one more thing going wrong:
 * the n-th system call of a kind, or the n-th allocation, for n = 1, 2, 3 ...
 * until there is no n-th. So each point where the world can fail is met once.
 *
 *     static int body(void *arg) { ... return result < 0 ? diesel_fail(&err) : 0; }
 *     ...
 *     fault_loop_sys(body, NULL, FAULTY_recvmsg, EIO);
 *     ck_assert_int_gt(fault_loop_memory(body, NULL, 0), 10);
 *
 * Each run has a scheduler of its own, as first fiber `body`. It ends well when
 * nothing goes wrong; else it may also fail, with a filled error. It must leave no
 * memory of Diesel's allocator and no descriptor behind.
 */
#ifndef TESTS_FAULT_LOOP_H
#define TESTS_FAULT_LOOP_H

#include "faulty_memory.h"
#include "faulty_sys.h"
#include "test_util.h"

/* One run; `what` and n are for the messages. */
static inline int fault_loop_run(diesel_fn *body, void *arg, const char *what,
                                 long n, diesel_error *err)
{
    int fds = test_open_fds();
    test_error_wipe(err);
    int result = diesel_run(body, arg, NULL, err);
    ck_assert_msg(faulty_alive == 0, "%s %ld: %ld blocks left", what, n,
                  faulty_alive);
    ck_assert_msg(test_open_fds() == fds, "%s %ld: %d descriptors became %d",
                  what, n, fds, test_open_fds());
    if (result < 0)
        test_message_is_sound(err);
    return result;
}

/* Returns how many calls of the kind the body makes; FAULTY_ANY: of all kinds. */
static inline long fault_loop_sys(diesel_fn *body, void *arg,
                                  enum faulty_kind kind, int errnum)
{
    diesel_error err;
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        faulty_memory_fail(0);
        faulty_sys_reset();
        faulty_sys_fail(kind, n, errnum);
        int result = fault_loop_run(body, arg, faulty_sys_name(kind), n, &err);
        bool met = faulty_sys_calls(kind) >= n;
        faulty_sys_reset();
        ck_assert_msg(met || result == 0, "without a fault: %s: %s",
                      diesel_error_name(err.code), err.message);
        if (!met)
            return n - 1;
    }
}

/* Returns how many allocations the body makes. What fails is NOMEM, or `also`. */
static inline long fault_loop_memory(diesel_fn *body, void *arg, int also)
{
    diesel_error err;
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        faulty_memory_fail(n);
        int result = fault_loop_run(body, arg, "allocation", n, &err);
        bool met = faulty_allocations >= n;
        ck_assert_msg(result == 0 || (met && (err.code == DIESEL_E_NOMEM ||
                                              err.code == also)),
                      "allocation %ld: %s: %s", n, diesel_error_name(err.code),
                      err.message);
        if (!met)
            return n - 1;
    }
}

/* With every call that may wait interrupted first, and with reads and writes of
 * `most` bytes; the body must not notice. */
static inline void fault_loop_short(diesel_fn *body, void *arg, size_t most)
{
    diesel_error err;
    diesel_allocator_set(&faulty_memory);
    faulty_memory_fail(0);
    faulty_sys_reset();
    faulty_sys_cut_reads(most);
    faulty_sys_cut_writes(most);
    faulty_sys_interrupt();
    int result = fault_loop_run(body, arg, "short", (long)most, &err);
    faulty_sys_reset();
    ck_assert_msg(result == 0, "%s: %s", diesel_error_name(err.code), err.message);
}

#endif
