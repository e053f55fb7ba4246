/* SPDX-License-Identifier: MIT */
/*
 * Selling what is in stock, from ten tills at once: a sale reads the stock, decides,
 * and writes only if nobody changed it meanwhile; otherwise it looks again.
 *
 *     REDIS_URL=redis://localhost redis_transaction
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>

enum { TILLS = 10, STOCK = 25 };

static const char stock[] = "example:stock", sales[] = "example:sales";

static int look(dredis_transaction *t, int64_t *left, diesel_error *err)
{
    if (dredis_transaction_watch(t, DREDIS_LIST(stock), err) < 0)
        return -1;
    dredis_reply *reply = dredis_transaction_call(t, err, "GET", stock);
    int result = reply != NULL ? dredis_reply_int(reply, left, err) : -1;
    dredis_reply_free(reply);
    return result;
}

/* Sells one: 1; 0: there is none left; or -1. */
static int sell_one(dredis_transaction *t, diesel_error *err)
{
    int64_t left;
    int done;
    do {
        if (look(t, &left, err) < 0)
            return -1;
        if (left == 0)
            return dredis_transaction_discard(t, err);
        if (dredis_transaction_add(t, err, "SET", stock, left - 1) < 0 ||
            dredis_transaction_add(t, err, "INCR", sales) < 0)
            return -1;
        done = dredis_transaction_run(t, err);
    } while (done == 0); /* somebody else was faster */
    return done;
}

static int till(void *arg)
{
    diesel_error err;
    int sold = -1;
    dredis_transaction *t = dredis_transaction_new(
        arg, &(dredis_transaction_options){.max_attempts = 1000}, &err);
    while (t != NULL && (sold = sell_one(t, &err)) > 0)
        ;
    dredis_transaction_free(t);
    return sold < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    diesel_error err;
    char *sold;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL ||
        dredis_mset(redis, DREDIS_LIST(stock, STOCK, sales, 0), &err) < 0)
        return diesel_fail(&err);
    diesel_scope *all = diesel_scope_open(NULL);
    for (int i = 0; i < TILLS; i++)
        diesel_go(all, till, redis);
    if (diesel_scope_wait(all, &err) < 0 ||
        dredis_get(redis, sales, &sold, NULL, &err) < 0) {
        dredis_close(redis);
        return diesel_fail(&err);
    }
    printf("%s of %d sold by %d tills\n", sold, STOCK, TILLS);
    diesel_free(sold);
    dredis_close(redis);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
