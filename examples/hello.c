/* SPDX-License-Identifier: MIT */
/*
 * Fibers and a scope.
 *
 * Three fibers take turns on one thread. Each gives way with diesel_yield(); the
 * scope is left when all three have ended.
 */
#include <stdio.h>

#include <diesel/core.h>

static int greet(void *arg)
{
    const char *name = arg;
    diesel_error err;

    for (int time = 1; time <= 3; time++) {
        printf("hello %s, number %d\n", name, time);
        if (diesel_yield(&err) < 0)
            return diesel_fail(&err);
    }
    return 0;
}

/* The first fiber. It starts the others, and waits for them. */
static int app(void *arg)
{
    (void)arg;
    diesel_error err;

    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, greet, "Ada");
    diesel_go(all, greet, "Grace");
    diesel_go(all, greet, "Radia");
    puts("three fibers are ready");
    if (diesel_scope_wait(all, &err) < 0)
        return diesel_fail(&err);
    puts("three fibers have ended");
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
