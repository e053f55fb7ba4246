/* SPDX-License-Identifier: MIT */
/*
 * A leaderboard: a sorted set of players by points, counted up by many fibers at
 * once, and read from the top.
 *
 *     REDIS_URL=redis://localhost redis_leaderboard
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/redis.h>

enum { GAMES = 200 };

static const char board[] = "example:leaderboard";
static const char *const players[] = {"ann", "bob", "cleo", "dan", "eve"};

struct game {
    dredis *redis;
    unsigned number;
};

/* One game: somebody gets points. */
static int play(void *arg)
{
    const struct game *game = arg;
    diesel_error err;
    const char *who = players[game->number * 7 % 5];
    if (dredis_zincrby(game->redis, board, game->number % 10, who, NULL, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

/* The members of the set with the highest scores, and where one of them stands. */
static int show(dredis *redis, diesel_error *err)
{
    dredis_reply *top = dredis_zrange_scores(
        redis, board, 0, 2, &(dredis_zrange_scores_options){.rev = true}, err);
    if (top == NULL)
        return -1;
    const dredis_reply *who, *points;
    for (size_t i = 0; dredis_reply_pair(top, i, &who, &points); i++)
        printf("%zu. %s with %s points\n", i + 1, who->str, points->str);
    dredis_reply_free(top);

    int64_t rank;
    int found = dredis_zrevrank(redis, board, "ann", &rank, err);
    if (found > 0)
        printf("ann is number %" PRId64 "\n", rank + 1);
    return found < 0 ? -1 : 0;
}

static int app(void *arg)
{
    struct game games[GAMES];
    diesel_error err;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL || dredis_del(redis, board, &err) < 0)
        return diesel_fail(&err);
    diesel_scope *all = diesel_scope_open(NULL);
    for (unsigned i = 0; i < GAMES; i++) {
        games[i] = (struct game){redis, i};
        diesel_go(all, play, &games[i]);
    }
    int result = diesel_scope_wait(all, &err);
    if (result == 0)
        result = show(redis, &err);
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
