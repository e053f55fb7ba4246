/* SPDX-License-Identifier: MIT */
/*
 * Which connection a command may go over. Most commands are independent of each
 * other and share one; the table names the exceptions, sorted by first letter, so
 * that finding out that a command is none takes a look at a handful of lengths.
 *
 * A command whose name is not a string goes the common way, and the server says
 * what it thinks of it.
 */
#include "route_internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char subscribes[] =
    "would turn the connection that all fibers share into a subscriber's; "
    "use a dredis_subscription";
static const char transaction[] =
    "would put other fibers' commands into the transaction; "
    "use a dredis_transaction, a dredis_session, or a script";
static const char session[] =
    "would change the connection that all fibers share; "
    "set it in the URL or the options of dredis_open(), or use a dredis_session";
static const char silences[] =
    "would leave the fibers that share the connection without replies";
static const char streams[] =
    "would turn the connection that all fibers share into a stream of commands";
static const char monitors[] =
    "would turn the connection that all fibers share into a stream of commands; "
    "use a dredis_monitor";
static const char ends[] = "is what dredis_close() is for";
static const char next_only[] =
    "would affect the next command of whichever fiber comes next; "
    "use a dredis_session";
static const char waits_for_writes[] =
    "waits for the writes of its own connection: "
    "put it behind them in a dredis_pipeline";

struct special {
    const char *name;
    size_t len;
    const char *word; /* only with this word among the arguments; NULL: always */
    size_t last;      /* the last argument that may be the word; 0: any        */
    dredis__route route;
    const char *why;
};

#define ROW(name, word, last, route, why)                                      \
    {name, sizeof name - 1, word, last, route, why}
#define WAITS(name) ROW(name, NULL, 0, DREDIS__DEDICATED, NULL)
#define OWN(name, why) ROW(name, NULL, 0, DREDIS__SESSION, why)
#define NEVER(name, why) ROW(name, NULL, 0, DREDIS__REFUSED, why)

static const struct special with_a[] = {
    OWN("ASKING", next_only),
    OWN("AUTH", session),
    {0},
};
static const struct special with_b[] = {
    WAITS("BLMOVE"),   WAITS("BLMPOP"),     WAITS("BLPOP"),
    WAITS("BRPOP"),    WAITS("BRPOPLPUSH"), WAITS("BZMPOP"),
    WAITS("BZPOPMAX"), WAITS("BZPOPMIN"),   {0},
};
static const struct special with_c[] = {
    ROW("CLIENT", "REPLY", 1, DREDIS__REFUSED, silences),
    {0},
};
static const struct special with_d[] = {
    OWN("DISCARD", transaction),
    {0},
};
static const struct special with_e[] = {
    OWN("EXEC", transaction),
    {0},
};
static const struct special with_h[] = {
    OWN("HELLO", session),
    {0},
};
static const struct special with_m[] = {
    NEVER("MONITOR", monitors),
    OWN("MULTI", transaction),
    {0},
};
static const struct special with_p[] = {
    NEVER("PSUBSCRIBE", subscribes),
    NEVER("PSYNC", streams),
    NEVER("PUNSUBSCRIBE", subscribes),
    {0},
};
static const struct special with_q[] = {
    OWN("QUIT", ends),
    {0},
};
static const struct special with_r[] = {
    OWN("RESET", session),
    {0},
};
static const struct special with_s[] = {
    OWN("SELECT", session),
    NEVER("SSUBSCRIBE", subscribes),
    NEVER("SUBSCRIBE", subscribes),
    NEVER("SUNSUBSCRIBE", subscribes),
    NEVER("SYNC", streams),
    {0},
};
static const struct special with_u[] = {
    NEVER("UNSUBSCRIBE", subscribes),
    OWN("UNWATCH", transaction),
    {0},
};
static const struct special with_w[] = {
    ROW("WAIT", NULL, 0, DREDIS__PIPELINED, waits_for_writes),
    ROW("WAITAOF", NULL, 0, DREDIS__PIPELINED, waits_for_writes),
    OWN("WATCH", transaction),
    {0},
};
static const struct special with_x[] = {
    ROW("XREAD", "BLOCK", 0, DREDIS__DEDICATED, NULL),
    ROW("XREADGROUP", "BLOCK", 0, DREDIS__DEDICATED, NULL),
    {0},
};

static const struct special *const by_letter[26] = {
    ['a' - 'a'] = with_a, ['b' - 'a'] = with_b, ['c' - 'a'] = with_c,
    ['d' - 'a'] = with_d, ['e' - 'a'] = with_e, ['h' - 'a'] = with_h,
    ['m' - 'a'] = with_m, ['p' - 'a'] = with_p, ['q' - 'a'] = with_q,
    ['r' - 'a'] = with_r, ['s' - 'a'] = with_s, ['u' - 'a'] = with_u,
    ['w' - 'a'] = with_w, ['x' - 'a'] = with_x,
};

static bool is_word(const diesel_value *arg, const char *word, size_t len)
{
    return arg->len == len && arg->s != NULL &&
           (arg->type == DIESEL_VALUE_STR || arg->type == DIESEL_VALUE_BYTES) &&
           strncasecmp(arg->s, word, len) == 0;
}

/* Whether the word that makes it special is there. In XREAD the keys, which begin
 * at STREAMS, may be called anything. */
static bool applies(const struct special *special, const diesel_value *args,
                    size_t n)
{
    if (special->word == NULL)
        return true;
    size_t end = special->last > 0 && special->last < n ? special->last + 1 : n;
    for (size_t i = 1; i < end && !is_word(&args[i], "STREAMS", 7); i++)
        if (is_word(&args[i], special->word, strlen(special->word)))
            return true;
    return false;
}

static __attribute__((noinline)) dredis__route
look_up(const struct special *special, const diesel_value *args, size_t n,
        const char **why)
{
    for (; special->name != NULL; special++) {
        if (is_word(&args[0], special->name, special->len) &&
            applies(special, args, n)) {
            *why = special->why;
            return special->route;
        }
    }
    return DREDIS__SHARED;
}

dredis__route dredis__route_of(const diesel_value *args, size_t n,
                               const char **why)
{
    const diesel_value *name = &args[0];
    if ((name->type != DIESEL_VALUE_STR && name->type != DIESEL_VALUE_BYTES) ||
        name->len == 0 || name->s == NULL)
        return DREDIS__SHARED;
    unsigned letter = ((unsigned char)name->s[0] | 0x20u) - 'a';
    const struct special *special = letter < 26 ? by_letter[letter] : NULL;
    return special == NULL ? DREDIS__SHARED : look_up(special, args, n, why);
}
