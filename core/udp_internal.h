/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets inside: what udp.c (datagrams) and udp_options.c (opening, and what
 * is set) share.
 */
#ifndef DIESEL_UDP_INTERNAL_H
#define DIESEL_UDP_INTERNAL_H

#include <stdbool.h>

#include <diesel/udp.h>

#include "list_internal.h"
#include "loop_internal.h"

struct diesel__sched;

struct diesel_udp {
    struct diesel__sched *sched;
    int fd;         /* -1 after diesel_udp_close()                          */
    unsigned users; /* calls that are in it, perhaps suspended              */
    int family;     /* AF_INET or AF_INET6                                  */
    bool readable;  /* a receive may find something                         */
    bool blocked;   /* the kernel takes no more; the loop will tell of room */
    diesel__watch *watch;
    diesel__link receivers, senders;
    diesel__link cases; /* of selects that wait for input */
    char name[DIESEL_ADDRESS_TEXT + 4]; /* "udp 127.0.0.1:53" */
};

/* Called by the loop when the socket is ready. */
void diesel__udp_ready(void *arg, unsigned what);

#endif
