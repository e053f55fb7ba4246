/* SPDX-License-Identifier: MIT */
/*
 * redis/commands.c: what each function sends, and what it makes of the replies.
 */
#include <inttypes.h>

#include <diesel/redis.h>

#include "redis_script.h"
#include "test_util.h"

static redis_script *server;
static dredis *client;
static char heard[256];
static const char *answer;

static int listen_and_answer(redis_script_peer *peer,
                             const redis_script_command *command, void *arg)
{
    (void)arg;
    snprintf(heard, sizeof heard, "%s", command->text);
    return redis_script_say(peer, answer);
}

static void begin(void)
{
    diesel_error err;
    server = redis_script_open(listen_and_answer, NULL, NULL);
    assert_made(client = dredis_open(redis_script_url(server), NULL, &err));
}

static void end(void)
{
    dredis_close(client);
    redis_script_close(server);
}

/* With this reply the call gives this result, having sent this. */
#define assert_call(reply, call, result, sent)                                 \
    do {                                                                       \
        answer = reply;                                                        \
        int got_ = (call);                                                     \
        ck_assert_msg(got_ == (result), "%s gave %d: %s", #call, got_,         \
                      got_ < 0 ? err.message : "");                            \
        ck_assert_str_eq(heard, sent);                                         \
    } while (0)

FIBER_TEST(get_gives_a_string_of_its_own)
{
    diesel_error err;
    char *value, *other;
    size_t len;
    begin();
    assert_call("$5\r\nhello\r\n", dredis_get(client, "k", &value, &len, &err),
                1, "GET k");
    ck_assert_uint_eq(len, 5);
    assert_call("$0\r\n\r\n", dredis_get(client, 42, &other, NULL, &err), 1,
                "GET 42");
    ck_assert_str_eq(value, "hello");
    ck_assert_str_eq(other, "");
    diesel_free(value);
    diesel_free(other);
    assert_call("$-1\r\n",
                dredis_get(client, diesel_bytes("kx", 1), &value, &len, &err), 0,
                "GET k");
    ck_assert_ptr_null(value);
    assert_call("_\r\n", dredis_get(client, "k", &value, &len, &err), 0, "GET k");
    assert_call("-WRONGTYPE x\r\n", dredis_get(client, "k", &value, &len, &err),
                -1, "GET k");
    ck_assert_ptr_null(value);
    ck_assert_int_eq(err.detail, DREDIS_ERR_WRONGTYPE);
    assert_call(":1\r\n", dredis_get(client, "k", &value, &len, &err), -1,
                "GET k");
    assert_error(DIESEL_E_PROTOCOL);
    assert_contains(err.message, "GET k: the reply is of type integer");
    end();
    return 0;
}
END_TEST

FIBER_TEST(what_is_not_wanted_may_be_left_out)
{
    diesel_error err;
    size_t len;
    begin();
    assert_call("$3\r\n1-1\r\n",
                dredis_xadd(client, "x", "*", DREDIS_LIST("a", 1), NULL, NULL, NULL,
                            &err),
                1, "XADD x * a 1");
    assert_call("$5\r\nhello\r\n", dredis_get(client, "k", NULL, &len, &err), 1,
                "GET k");
    ck_assert_uint_eq(len, 5);
    assert_call("$-1\r\n", dredis_get(client, "k", NULL, &len, &err), 0, "GET k");
    ck_assert_uint_eq(len, 0);
    assert_call("$1\r\nx\r\n", dredis_echo(client, "x", NULL, NULL, &err), 0,
                "ECHO x");
    assert_call("-ERR x\r\n", dredis_echo(client, "x", NULL, NULL, &err), -1,
                "ECHO x");
    assert_call(":7\r\n", dredis_incr(client, "k", NULL, &err), 0, "INCR k");
    assert_call(":1\r\n", dredis_echo(client, "x", NULL, NULL, &err), -1,
                "ECHO x");
    assert_error(DIESEL_E_PROTOCOL);
    end();
    return 0;
}
END_TEST

FIBER_TEST(get_gives_every_byte)
{
    diesel_error err;
    char *value, text[5000];
    size_t len;
    begin();
    memset(text, 'x', sizeof text);
    memcpy(text, "$4900\r\n", 7);
    strcpy(text + 7 + 4900, "\r\n");
    answer = text;
    ck_assert_int_eq(dredis_get(client, "k", &value, &len, &err), 1);
    ck_assert_uint_eq(len, 4900);
    ck_assert_uint_eq(strspn(value, "x"), 4900);
    ck_assert_int_eq(value[4900], '\0');
    diesel_free(value);
    end();
    return 0;
}
END_TEST

FIBER_TEST(set_sends_its_options)
{
    diesel_error err;
    begin();
    assert_call("+OK\r\n", dredis_set(client, "k", "v", NULL, &err), 1,
                "SET k v");
    assert_call("+OK\r\n",
                dredis_set(client, "k", 3.5,
                           &(dredis_set_options){.px = 1500}, &err),
                1, "SET k 3.5 PX 1500");
    assert_call("$-1\r\n",
                dredis_set(client, "k", 1,
                           &(dredis_set_options){.nx = true}, &err),
                0, "SET k 1 NX");
    assert_call("_\r\n",
                dredis_set(client, "k", 1,
                           &(dredis_set_options){.px = 1, .xx = true},
                           &err),
                0, "SET k 1 XX PX 1");
    assert_call("-OOM command not allowed\r\n",
                dredis_set(client, "k", "v", NULL, &err), -1, "SET k v");
    ck_assert_int_eq(err.detail, DREDIS_ERR_OOM);
    assert_call(":1\r\n", dredis_set(client, "k", "v", NULL, &err), -1,
                "SET k v");
    assert_error(DIESEL_E_PROTOCOL);
    end();
    return 0;
}
END_TEST

FIBER_TEST(the_others_give_numbers)
{
    diesel_error err;
    int64_t n = -1;
    begin();
    assert_call(":1\r\n", dredis_del(client, "k", &err), 1, "DEL k");
    assert_call(":0\r\n", dredis_del(client, "k", &err), 0, "DEL k");
    assert_call(":1\r\n", dredis_exists(client, "k", &err), 1, "EXISTS k");
    assert_call(":0\r\n", dredis_exists(client, "k", &err), 0, "EXISTS k");
    assert_call(":1\r\n", dredis_expire(client, "k", 250, NULL, &err), 1,
                "EXPIRE k 250");
    assert_call(":43\r\n", dredis_incr(client, "k", &n, &err), 0, "INCR k");
    ck_assert_int_eq(n, 43);
    assert_call(":44\r\n", dredis_incr(client, "k", NULL, &err), 0, "INCR k");
    assert_call(":-9223372036854775808\r\n",
                dredis_incrby(client, "k", INT64_MIN, &n, &err), 0,
                "INCRBY k -9223372036854775808");
    ck_assert_int_eq(n, INT64_MIN);
    assert_call(":7\r\n", dredis_hincrby(client, "h", "f", 7, &n, &err), 0,
                "HINCRBY h f 7");
    ck_assert_int_eq(n, 7);
    assert_call("-ERR value is not an integer\r\n",
                dredis_incr(client, "k", &n, &err), -1, "INCR k");
    ck_assert_int_eq(n, 7);
    assert_call("+OK\r\n", dredis_incr(client, "k", &n, &err), -1, "INCR k");
    assert_error(DIESEL_E_PROTOCOL);
    assert_call("+OK\r\n", dredis_del(client, "k", NULL), -1, "DEL k");
    end();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_commands");
    test_case(suite, "commands", get_gives_a_string_of_its_own,
              what_is_not_wanted_may_be_left_out, get_gives_every_byte,
              set_sends_its_options,
              the_others_give_numbers);
    return test_suite_run(suite);
}
