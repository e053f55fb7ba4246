/* SPDX-License-Identifier: MIT */
/*
 * What tests/gdb.sh looks into: fibers that wait, one that has not begun, and one
 * that calls stop_here(), where gdb stops.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <diesel/core.h>

static volatile int passed; /* something to do after a call: no tail calls */

__attribute__((noinline)) void stop_here(void);

static bool aborts; /* for the sake of a core dump */

__attribute__((noinline)) void stop_here(void)
{
    if (aborts)
        abort();
    passed++;
}

static __attribute__((noinline)) int wait_inside(diesel_channel *channel)
{
    int item;
    int got = diesel_channel_recv(channel, &item, DIESEL_FOREVER, NULL);
    passed++;
    return got;
}

static int wait_for_item(void *arg)
{
    int got = wait_inside(arg);
    passed++;
    return got;
}

static int sleep_long(void *arg)
{
    (void)arg;
    int slept = diesel_sleep(1 << 30, NULL);
    passed++;
    return slept;
}

static int never_begun(void *arg)
{
    (void)arg;
    return 0;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_channel *channel = diesel_channel_new(sizeof(int), 0, &err);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.label = "workers"});
    diesel_go(scope, wait_for_item, channel);
    diesel_go(scope, sleep_long, NULL);
    if (channel == NULL || diesel_yield(&err) < 0)
        return diesel_fail(&err);
    diesel_go(scope, never_begun, NULL);
    stop_here();
    diesel_scope_cancel(scope);
    int result = diesel_scope_wait(scope, &err);
    diesel_channel_free(channel);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    aborts = argc > 1;
    return diesel_main(app, NULL);
}
