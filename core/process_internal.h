/* SPDX-License-Identifier: MIT */
/*
 * Child processes inside: what process.c (life) and process_spawn.c share.
 */
#ifndef DIESEL_PROCESS_INTERNAL_H
#define DIESEL_PROCESS_INTERNAL_H

#include <diesel/process.h>

/* Starts a program whose three descriptors are, if not -1, these. Its process ID, or
 * -1. */
pid_t diesel__spawn(const char *const *argv,
                    const diesel_process_options *options, const int *stdio,
                    diesel_error *err);

/* For tests: as on a kernel without pidfd_open(2). */
extern bool diesel__process_without_pidfd
    __attribute__((visibility("hidden")));

#endif
