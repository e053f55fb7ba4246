/* SPDX-License-Identifier: MIT */
/*
 * Logs: a logger, fields, and a context that the fibers of a request inherit.
 *
 * The lines go to stdout as JSON here; without diesel_log_sinks_set() they would
 * go to stderr, for people. Try it with DIESEL_LOG=shop=debug, and with
 * DIESEL_LOG=shop.payment=off.
 */
#include <stdio.h>
#include <unistd.h>

#include <diesel/core.h>

static diesel_logger orders = DIESEL_LOGGER("shop.orders");
static diesel_logger payment = DIESEL_LOGGER("shop.payment");

static int pay(void *arg)
{
    int cents = *(int *)arg;
    diesel_error err;
    diesel_log(&payment, DIESEL_DEBUG, "asking the bank", "cents", cents);
    if (diesel_sleep(5, &err) < 0)
        return diesel_fail(&err);
    diesel_log(&payment, DIESEL_INFO, "paid", "cents", cents, "card",
               DIESEL_REDACTED("4111 1111 1111 1111"));
    return 0;
}

static int serve(void *arg)
{
    diesel_error err;
    int cents = 1250;
    diesel_log_context *context =
        diesel_log_push("order", *(int *)arg, "user", "ada");
    diesel_log(&orders, DIESEL_INFO, "received");

    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, pay, &cents); /* its records name the order, too */
    int result = diesel_scope_wait(scope, &err);
    if (result < 0)
        diesel_log(&orders, DIESEL_ERROR, "not paid", "error", err.message);

    diesel_log_pop(context);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;
    int numbers[] = {1, 2, 3};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 3; i++)
        diesel_go(scope, serve, &numbers[i]);
    if (diesel_scope_wait(scope, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

int main(void)
{
    static diesel_log_file out = {.fd = STDOUT_FILENO};
    diesel_error err;
    if (diesel_log_sinks_set(&(diesel_log_sink){diesel_log_json, &out}, 1,
                             &err) < 0)
        fprintf(stderr, "%s\n", err.message);
    return diesel_main(app, NULL);
}
