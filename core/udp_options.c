/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets: opening, connecting, and their options, among them multicast
 * groups by the calls of RFC 3678, which are the same for both families.
 */
#include <diesel/udp.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "sys_internal.h"
#include "udp_internal.h"

static int set(const diesel_udp *udp, int level, int option, int value,
               diesel_error *err)
{
    if (diesel__sys.setsockopt(udp->fd, level, option, &value, sizeof value) == 0)
        return 0;
    return diesel_error_sys(err, errno, "%s: setting socket options", udp->name);
}

static int set_options(const diesel_udp *udp, const diesel_udp_options *options,
                       diesel_error *err)
{
    bool v6 = udp->family == AF_INET6;
    const struct {
        bool wanted;
        int level, option, value;
    } settings[] = {
        {options->broadcast, SOL_SOCKET, SO_BROADCAST, 1},
        {options->reuse_address, SOL_SOCKET, SO_REUSEADDR, 1},
        {options->reuse_port, SOL_SOCKET, SO_REUSEPORT, 1},
        {v6, IPPROTO_IPV6, IPV6_V6ONLY, options->v6_only},
        {options->ttl > 0, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
         v6 ? IPV6_UNICAST_HOPS : IP_TTL, options->ttl},
        {options->receive_buffer > 0, SOL_SOCKET, SO_RCVBUF,
         options->receive_buffer},
        {options->send_buffer > 0, SOL_SOCKET, SO_SNDBUF, options->send_buffer},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (settings[i].wanted && set(udp, settings[i].level, settings[i].option,
                                      settings[i].value, err) < 0)
            return -1;
    return 0;
}

/* Options first: some have no effect on a socket that is bound. */
static int start(diesel_udp *udp, const diesel_address *where,
                 const diesel_udp_options *options, diesel_error *err)
{
    udp->fd = diesel__sys.socket(udp->family,
                                 SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->fd < 0)
        return diesel_error_sys(err, errno, "%s: making a socket", udp->name);
    if (set_options(udp, options, err) == 0) {
        if (diesel__sys.bind(udp->fd, &where->any, where->size) < 0)
            diesel_error_sys(err, errno, "%s: binding", udp->name);
        else
            udp->watch = diesel__watch_open(udp->sched, udp->fd,
                                            diesel__udp_ready, udp, err);
    }
    if (udp->watch != NULL)
        return 0;
    diesel__sys.close(udp->fd);
    return -1;
}

/* Names the socket by the address that it really has. */
static void give_name(diesel_udp *udp)
{
    diesel_address local;
    char text[DIESEL_ADDRESS_TEXT];
    if (diesel_udp_local(udp, &local, NULL) == 0)
        snprintf(udp->name, sizeof udp->name, "udp %s",
                 diesel_address_text(&local, text, sizeof text));
}

diesel_udp *diesel_udp_open(const char *address, uint16_t port,
                            const diesel_udp_options *options,
                            diesel_error *err)
{
    static const diesel_udp_options none;
    diesel_address where;
    char text[DIESEL_ADDRESS_TEXT];
    if (diesel_address_parse(address, port, &where, err) < 0) {
        diesel_error_prefix(err, "opening a UDP socket");
        return NULL;
    }
    diesel_udp *udp = diesel_calloc(1, sizeof *udp);
    if (udp == NULL) {
        diesel_error_nomem(err, "a UDP socket");
        return NULL;
    }
    udp->sched = diesel__sched_need("diesel_udp_open");
    udp->family = where.any.sa_family;
    diesel__link_init(&udp->receivers);
    diesel__link_init(&udp->senders);
    diesel__link_init(&udp->cases);
    snprintf(udp->name, sizeof udp->name, "udp %s",
             diesel_address_text(&where, text, sizeof text));
    if (start(udp, &where, options != NULL ? options : &none, err) < 0) {
        diesel_free(udp);
        return NULL;
    }
    give_name(udp);
    return udp;
}

/* Calls after diesel_udp_close() are possible while a fiber is still in it. */
static int check_open(const diesel_udp *udp, diesel_error *err)
{
    if (udp->fd >= 0)
        return 0;
    return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                            "%s: the socket has been closed", udp->name);
}

int diesel_udp_connect(diesel_udp *udp, const diesel_address *peer,
                       diesel_error *err)
{
    char text[DIESEL_ADDRESS_TEXT];
    if (check_open(udp, err) < 0)
        return -1;
    int result;
    do
        result = diesel__sys.connect(udp->fd, &peer->any, peer->size);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return 0;
    return diesel_error_sys(err, errno, "%s: connecting to %s", udp->name,
                            diesel_address_text(peer, text, sizeof text));
}

static int change_membership(const diesel_udp *udp, const diesel_address *group,
                             unsigned interface_index, int option,
                             const char *doing, diesel_error *err)
{
    char text[DIESEL_ADDRESS_TEXT];
    struct group_req request = {.gr_interface = interface_index};
    if (check_open(udp, err) < 0)
        return -1;
    memcpy(&request.gr_group, &group->any, group->size);
    int level = group->any.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    if (diesel__sys.setsockopt(udp->fd, level, option, &request,
                               sizeof request) == 0)
        return 0;
    return diesel_error_sys(err, errno, "%s: %s %s", udp->name, doing,
                            diesel_address_text(group, text, sizeof text));
}

int diesel_udp_join(diesel_udp *udp, const diesel_address *group,
                    unsigned interface_index, diesel_error *err)
{
    return change_membership(udp, group, interface_index, MCAST_JOIN_GROUP,
                             "joining", err);
}

int diesel_udp_leave(diesel_udp *udp, const diesel_address *group,
                     unsigned interface_index, diesel_error *err)
{
    return change_membership(udp, group, interface_index, MCAST_LEAVE_GROUP,
                             "leaving", err);
}

static int multicast_v4(const diesel_udp *udp, unsigned interface_index, int ttl,
                        bool loop, diesel_error *err)
{
    struct ip_mreqn out = {.imr_ifindex = (int)interface_index};
    if (diesel__sys.setsockopt(udp->fd, IPPROTO_IP, IP_MULTICAST_IF, &out,
                               sizeof out) < 0)
        return diesel_error_sys(err, errno, "%s: choosing interface %u",
                                udp->name, interface_index);
    if (set(udp, IPPROTO_IP, IP_MULTICAST_TTL, ttl, err) < 0)
        return -1;
    return set(udp, IPPROTO_IP, IP_MULTICAST_LOOP, loop, err);
}

int diesel_udp_multicast(diesel_udp *udp, unsigned interface_index, int ttl,
                         bool loop, diesel_error *err)
{
    if (check_open(udp, err) < 0)
        return -1;
    if (udp->family == AF_INET)
        return multicast_v4(udp, interface_index, ttl, loop, err);
    if (set(udp, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface_index, err) < 0 ||
        set(udp, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl, err) < 0)
        return -1;
    return set(udp, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop, err);
}

int diesel_udp_local(const diesel_udp *udp, diesel_address *address,
                     diesel_error *err)
{
    if (check_open(udp, err) < 0)
        return -1;
    memset(address, 0, sizeof *address);
    address->size = sizeof address->room;
    if (diesel__sys.getsockname(udp->fd, &address->any, &address->size) == 0)
        return 0;
    address->size = 0;
    return diesel_error_sys(err, errno, "%s: its address", udp->name);
}

int diesel_udp_fd(const diesel_udp *udp)
{
    return udp->fd;
}
