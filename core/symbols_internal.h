/* SPDX-License-Identifier: MIT */
/*
 * Names of functions, static ones too: from the symbol tables of the program's files,
 * which dladdr(3) does not look into.
 */
#ifndef DIESEL_SYMBOLS_INTERNAL_H
#define DIESEL_SYMBOLS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The function at `offset` in the ELF file, as its addresses are counted from where
 * it is loaded: its name into `name`, and how far in it is. False if the file
 * does not tell (it was stripped, is gone, is no ELF file of this machine).
 * Reads the file; allocates nothing. */
bool diesel__symbol_find(const char *path, uintptr_t offset, char *name,
                         size_t size, uintptr_t *distance);

#endif
