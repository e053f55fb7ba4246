/* SPDX-License-Identifier: MIT */
/*
 * UDP echo: answers each datagram with itself, as many at a time as there are.
 *
 *     udp_echo 7777      serves on port 7777 of this machine until it is ended
 *     udp_echo           serves a hundred questions of this program
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>

enum { QUESTIONS = 100, BATCH = 32, LONGEST = 1500 };

static int serve(void *arg)
{
    diesel_udp *udp = arg;
    static char room[BATCH][LONGEST];
    diesel_datagram batch[BATCH];
    diesel_error err;

    for (;;) {
        for (int i = 0; i < BATCH; i++)
            batch[i] = (diesel_datagram){.data = room[i], .size = LONGEST};
        ssize_t n = diesel_udp_recv_batch(udp, batch, BATCH, DIESEL_FOREVER, &err);
        if (n < 0)
            return diesel_fail(&err);
        for (ssize_t i = 0; i < n; i++) /* what was cut comes back as it is */
            if (batch[i].length < batch[i].size)
                batch[i].size = batch[i].length;
        if (diesel_udp_send_batch(udp, batch, (size_t)n, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    }
}

/* Datagrams may be lost: each is sent until its answer comes. */
static int ask(const diesel_address *server, int number)
{
    char question[24], answer[24];
    diesel_error err;
    int result = 0;

    diesel_udp *udp = diesel_udp_open("127.0.0.1", 0, NULL, &err);
    if (udp == NULL || diesel_udp_connect(udp, server, &err) < 0)
        result = -1;
    size_t n = (size_t)snprintf(question, sizeof question, "number %d", number);
    while (result == 0) {
        if (diesel_udp_send(udp, question, n, NULL, DIESEL_FOREVER, &err) < 0)
            result = -1;
        ssize_t got = diesel_udp_recv(udp, answer, sizeof answer, NULL,
                                      diesel_now() + 1000, &err);
        if (got == (ssize_t)n && memcmp(question, answer, n) == 0)
            break;
        if (got < 0 && err.code != DIESEL_E_TIMEDOUT)
            result = -1;
    }
    diesel_udp_close(udp);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    const char *port = ((char **)arg)[1];
    diesel_address here;
    diesel_error err;

    diesel_udp *udp = diesel_udp_open(
        "127.0.0.1", port != NULL ? (uint16_t)atoi(port) : 0, NULL, &err);
    if (udp == NULL || diesel_udp_local(udp, &here, &err) < 0)
        return diesel_fail(&err);

    diesel_scope *server = diesel_scope_open(NULL);
    diesel_go(server, serve, udp);
    int result = 0;
    for (int i = 0; i < QUESTIONS && port == NULL && result == 0; i++)
        result = ask(&here, i);
    if (port == NULL)
        diesel_scope_cancel(server);
    if (diesel_scope_wait(server, &err) < 0)
        result = diesel_fail(&err);
    diesel_udp_close(udp);
    if (result == 0)
        printf("%d questions were echoed\n", QUESTIONS);
    return result;
}

int main(int argc, char **argv)
{
    (void)argc;
    return diesel_main(app, argv);
}
