/* SPDX-License-Identifier: MIT */
/*
 * The table of system calls, filled with the C library's. See sys_internal.h.
 */
#include "sys_internal.h"

struct diesel__sys diesel__sys = {
#define DIESEL__SYS_VALUE(call) .call = call,
    DIESEL__SYS_CALLS(DIESEL__SYS_VALUE)
#undef DIESEL__SYS_VALUE
};
