/* SPDX-License-Identifier: MIT */
/* Calls of scripts in batches, where the server's answer cannot be waited for. */
#ifndef DREDIS_SCRIPT_INTERNAL_H
#define DREDIS_SCRIPT_INTERNAL_H

#include <diesel/redis_script.h>

#include "typed_internal.h"

/* The scripts whose text a batch holds; {0} are none. */
typedef struct dredis__scripts {
    const dredis_script **known;
    size_t n, room;
} dredis__scripts;

/* Puts together a call for a batch: by the digest if the batch holds the text, by
 * the text otherwise. dredis__words_end(w) in any case. 0, or -1 with NOMEM. */
int dredis__scripts_call(dredis__scripts *scripts, dredis__words *w,
                         dredis_script *script, const diesel_value *keys,
                         size_t n_keys, const diesel_value *args, size_t n_args,
                         diesel_error *err);

/* The batch holds the text now, for which dredis__scripts_call() has made room. */
void dredis__scripts_added(dredis__scripts *scripts, const dredis_script *script);


/* A new batch begins. */
void dredis__scripts_reset(dredis__scripts *scripts);
void dredis__scripts_clear(dredis__scripts *scripts);

#endif
