/* SPDX-License-Identifier: MIT */
/*
 * Fibers inside an application that has its own libevent loop.
 *
 * The application's timer ticks by call-backs, as ever; a fiber counts beside
 * it in the same loop, on the same thread, without a call-back.
 */
#include <stdio.h>
#include <sys/time.h>

#include <diesel/core.h>
#include <diesel/event.h>

/* The application's part. Call-backs run outside fibers: they may start and
 * cancel fibers, but not wait. */
static void tick(evutil_socket_t fd, short what, void *arg)
{
    int *ticks = arg;

    (void)fd;
    (void)what;
    ++*ticks;
}

/* The fiber's part. It ends the application's loop when it is done. */
static int count(void *arg)
{
    diesel_error err;

    for (int i = 1; i <= 5; i++) {
        if (diesel_sleep(20, &err) < 0)
            return diesel_fail(&err);
        printf("the fiber counts to %d\n", i);
    }
    event_base_loopbreak(arg);
    return 0;
}

int main(void)
{
    diesel_error err;
    int ticks = 0;

    struct event_base *base = event_base_new();
    struct event *timer = event_new(base, -1, EV_PERSIST, tick, &ticks);
    event_add(timer, &(struct timeval){.tv_usec = 10000});

    if (diesel_attach(base, NULL, &err) < 0) {
        fprintf(stderr, "event_loop: %s\n", err.message);
        return 1;
    }
    diesel_scope *fibers =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(fibers, count, base);

    event_base_dispatch(base);
    diesel_detach();

    printf("the application's timer %s meanwhile\n",
           ticks > 0 ? "ticked" : "did not tick");
    event_free(timer);
    event_base_free(base);
    return ticks > 0 ? 0 : 1;
}
