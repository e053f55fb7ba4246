/* SPDX-License-Identifier: MIT */
/*
 * Rate limits: the generic cell rate algorithm. The key holds the theoretical arrival
 * time, in microseconds: when the next thing would come if all that was allowed had
 * come at the even rate. What would push it further ahead of the clock than a burst
 * lasts is refused.
 */
#include <diesel/redis_limiter.h>

#include <diesel/fiber.h>
#include <diesel/redis_script.h>

/* Numbers of Lua are doubles; microseconds since 1970 fit until the year 2255. */
static const char code[] =
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000000 + t[2]\n"
    "local each, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), "
    "tonumber(ARGV[3])\n"
    "local tat = tonumber(redis.call('GET', KEYS[1]) or now)\n"
    "if tat < now then tat = now end\n"
    "local next = tat + each * cost\n"
    "local free = now - (next - each * burst)\n"
    "if free < 0 then\n"
    "  return {0, math.floor((now - tat) / each + burst), math.ceil(-free / 1000), "
    "math.ceil((tat - now) / 1000)}\n"
    "end\n"
    "if cost > 0 then\n"
    "  redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', "
    "math.ceil((next - now) / 1000))\n"
    "end\n"
    "return {1, math.floor(free / each), 0, math.ceil((next - now) / 1000)}";

static int check(const dredis_limit *limit, int64_t cost, diesel_error *err)
{
    if (limit->count > 0 && limit->per_ms > 0 && limit->burst >= 0 && cost >= 0 &&
        limit->per_ms <= INT64_MAX / 1000)
        return 0;
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "a rate limit needs a count and a time above 0, and a "
                            "burst and a cost that are not negative");
}

static bool is_sound(const dredis_reply *reply)
{
    if (reply->type != DREDIS_ARRAY || reply->elements != 4)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (reply->element[i].type != DREDIS_INTEGER)
            return false;
    return true;
}

int dredis_limit_take(dredis *client, const char *key, const dredis_limit *limit,
                      int64_t cost, dredis_verdict *verdict, diesel_error *err)
{
    static __thread dredis_script script = DREDIS_SCRIPT(code);
    if (check(limit, cost, err) < 0)
        return -1;
    int64_t burst = limit->burst > 0 ? limit->burst : limit->count;
    double each = (double)limit->per_ms * 1000 / (double)limit->count;
    const diesel_value keys[] = {diesel_str(key)};
    const diesel_value args[] = {diesel_double(each), diesel_int(burst),
                                 diesel_int(cost)};
    dredis_reply *reply =
        dredis_script_call(client, &script, keys, 1, args, 3, err);
    if (reply == NULL)
        return -1;
    if (!is_sound(reply)) {
        dredis_reply_free(reply);
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "redis %s: the reply of a rate limit is of another "
                                "shape",
                                dredis_name(client));
    }
    int allowed = reply->element[0].integer != 0;
    if (verdict != NULL)
        *verdict = (dredis_verdict){
            .left = reply->element[1].integer,
            .retry_ms = cost > burst ? -1 : reply->element[2].integer,
            .reset_ms = reply->element[3].integer};
    dredis_reply_free(reply);
    return allowed;
}

int dredis_limit_await(dredis *client, const char *key, const dredis_limit *limit,
                       int64_t cost, diesel_error *err)
{
    dredis_verdict verdict;
    int may;
    while ((may = dredis_limit_take(client, key, limit, cost, &verdict, err)) == 0) {
        if (verdict.retry_ms < 0)
            return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                    "%lld are more than the limit %s ever allows",
                                    (long long)cost, key);
        if (diesel_sleep(verdict.retry_ms > 0 ? verdict.retry_ms : 1, err) < 0)
            return -1;
    }
    return may < 0 ? -1 : 0;
}
