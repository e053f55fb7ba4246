/* SPDX-License-Identifier: MIT */
/* A chat over Redis: redis_chat ROOM NAME. Each line of standard input goes to the
 * room; what others say there comes out. One fiber waits for both at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/select.h>

struct chat {
    const char *room, *name;
};

static int speak(dredis *redis, const struct chat *chat, const char *words,
                 diesel_error *err)
{
    char text[600];
    snprintf(text, sizeof text, "%s: %s", chat->name, words);
    dredis_reply *reply = dredis_call(redis, err, "PUBLISH", chat->room, text);
    dredis_reply_free(reply);
    return reply != NULL ? 0 : -1;
}

/* Passes on what comes from both sides until the input ends. */
static int talk(dredis *redis, dredis_subscription *room, diesel_stream *input,
                const struct chat *chat, diesel_error *err)
{
    char words[512];
    dredis_message message;
    for (;;) {
        diesel_case cases[] = {diesel_case_message(room, &message),
                               diesel_case_readable(input)};
        int which = diesel_select(cases, 2, DIESEL_FOREVER, err);
        if (which < 0)
            return -1;
        if (which == 0) {
            if (cases[0].result <= 0)
                return dredis_receive(room, &message, DIESEL_NOW, err);
            puts(message.type == DREDIS_GAP ? "(something was missed)"
                                            : message.data);
            dredis_message_clear(&message);
            continue;
        }
        ssize_t n = diesel_stream_read(input, words, sizeof words - 1,
                                       DIESEL_FOREVER, err);
        if (n <= 0)
            return (int)n;
        words[n] = '\0';
        words[strcspn(words, "\n")] = '\0';
        if (speak(redis, chat, words, err) < 0)
            return -1;
    }
}

static int app(void *arg)
{
    const struct chat *chat = arg;
    diesel_error err;
    int result = -1;
    diesel_stream *input = diesel_stream_from_fd(dup(STDIN_FILENO), "input", &err);
    dredis *redis =
        input != NULL ? dredis_open(getenv("REDIS_URL"), NULL, &err) : NULL;
    dredis_subscription *room =
        redis != NULL ? dredis_subscription_open(redis, NULL, &err) : NULL;
    if (room != NULL && dredis_subscribe(room, chat->room, &err) == 0) {
        printf("%s is in %s\n", chat->name, chat->room);
        result = talk(redis, room, input, chat, &err);
    }
    dredis_subscription_close(room);
    dredis_close(redis);
    if (input != NULL)
        diesel_stream_close(input);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: redis_chat ROOM NAME\n");
        return 2;
    }
    return diesel_main(app, &(struct chat){argv[1], argv[2]});
}
