/* SPDX-License-Identifier: MIT */
/*
 * Between MongoDB's clients and a server: prints every command and reply as it
 * passes, and can make commands slow.
 *
 *     mongo_proxy PORT SERVER [COMMAND MILLISECONDS]
 *     mongo_proxy 0 localhost:27017 insert 100
 */
#include <diesel/core.h>
#include <diesel/mongo.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct setup {
    uint16_t port;
    const char *server;
    const char *slow; /* the command that is made slow; or NULL */
    int64_t delay_ms;
};

static void watch(const dmongo_passing *m, dmongo_fate *fate, void *arg)
{
    const struct setup *setup = arg;
    const char *error = m->is_reply && m->body != NULL
                            ? dmongo_get_str(m->body, "errmsg", "")
                            : "";
    printf("%" PRIu64 " %s %s, %zu bytes%s%s%s%s\n", m->connection,
           m->is_reply ? "<-" : "->", m->command, m->size,
           m->compressor != NULL ? ", compressed with " : "",
           m->compressor != NULL ? m->compressor : "", *error ? ": " : "", error);
    fflush(stdout);
    if (!m->is_reply && setup->slow != NULL && strcmp(m->command, setup->slow) == 0)
        fate->delay_ms = setup->delay_ms;
}

static int app(void *arg)
{
    struct setup *setup = arg;
    diesel_error err;
    diesel_listener *listener =
        diesel_tcp_listen("127.0.0.1", setup->port, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    printf("listening on port %u\n", diesel_listener_port(listener));
    fflush(stdout);
    dmongo_proxy_options options = {.watch = watch, .arg = setup};
    dmongo_proxy(listener, setup->server, &options, &err);
    return diesel_fail(&err);
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: mongo_proxy PORT SERVER [COMMAND MILLISECONDS]\n");
        return 2;
    }
    struct setup setup = {.port = (uint16_t)atoi(argv[1]), .server = argv[2]};
    if (argc == 5) {
        setup.slow = argv[3];
        setup.delay_ms = atoi(argv[4]);
    }
    return diesel_main(app, &setup);
}
