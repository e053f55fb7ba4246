/* SPDX-License-Identifier: MIT */
/*
 * Backtraces: of the running code, and of a fiber that does not run.
 *
 * The unwinder of the compiler's run-time library always begins where it is
 * called. To begin it in a suspended fiber, diesel__unwind_from() calls a function,
 * and says in its unwind information that its own caller is not who called
 * it, but the suspended context, whose registers lie where the switch saved them.
 * Nothing runs on the fiber's stack; it is only read.
 */
#ifndef DIESEL_BACKTRACE_INTERNAL_H
#define DIESEL_BACKTRACE_INTERNAL_H

#include "text_internal.h"

struct diesel_fiber;

/* The return addresses of the running code, innermost first, at most `most` of
 * them. May be called in a signal handler if it was called before. */
int diesel__backtrace(void **frames, int most);

/* Those of a fiber that does not run; 0 where that is not possible (fibers that are
 * switched with ucontext). */
int diesel__backtrace_of(const struct diesel_fiber *fiber, void **frames,
                         int most);

/* "function+0x1f"; or "module+0x1234", for addr2line -e module, where no name is
 * known. Reads the program's files, and allocates nothing if the text has room: so a
 * program that is about to end may do it in a signal handler. */
void diesel__backtrace_frame(diesel__text *text, void *frame);

/* All of them, with " < " between. */
void diesel__backtrace_line(diesel__text *text, void *const *frames, int count);

#endif
