/* SPDX-License-Identifier: MIT */
/* What the two programs that measure hiredis share. */
#ifndef BENCH_REDIS_HIREDIS_H
#define BENCH_REDIS_HIREDIS_H

#include <hiredis/hiredis.h>

#include "redis_work.h"

/* Ends the program unless the reply is of the expected shape. */
static inline void check_reply(const struct redis_work *work,
                               const redisReply *reply)
{
    bool good = work->elements > 0
                    ? reply->type == REDIS_REPLY_ARRAY &&
                          reply->elements == work->elements
                    : (reply->type == REDIS_REPLY_STRING ||
                       reply->type == REDIS_REPLY_STATUS) &&
                          (size_t)reply->len == work->reply_len;
    if (!good)
        bench_fail("hiredis: unexpected reply of type %d: %s", reply->type,
                   reply->str != NULL ? reply->str : "(no text)");
}

#endif
