/* SPDX-License-Identifier: MIT */
/*
 * Host names, by c-ares: /etc/hosts, search domains and name servers as the
 * system's resolver has them.
 *
 * c-ares says which of its sockets it waits for, and is called back when they
 * are ready or its next time-out is due; a fiber parks until its query's
 * callback. A fiber that gives up leaves the query behind, because c-ares cannot
 * take back a single one; the callback then frees it.
 */
#include "dns_internal.h"

#include <ares.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#include "loop_internal.h"
#include "sched_internal.h"

#define MOST_SOCKETS 64

struct dns_socket {
    struct diesel__dns *dns;
    ares_socket_t fd;
    diesel__watch *watch; /* NULL: this place is free */
};

struct diesel__dns {
    diesel__sched *sched;
    ares_channel channel;
    diesel__timer timer;
    struct dns_socket sockets[MOST_SOCKETS];
};

struct query {
    diesel_fiber *fiber; /* NULL: it has given up */
    int status;
    struct ares_addrinfo *found;
};

/* Sets the timer to c-ares's next time-out. */
static void rearm(struct diesel__dns *dns)
{
    struct timeval tv;
    diesel__timer_disarm(dns->sched, &dns->timer);
    if (ares_timeout(dns->channel, NULL, &tv) == NULL)
        return;
    int64_t wait = (int64_t)tv.tv_sec * 1000000000 + tv.tv_usec * 1000;
    /* Without memory for the timer, the query ends by its fiber's deadline. */
    (void)diesel__timer_arm(dns->sched, &dns->timer, diesel__clock() + wait);
}

static void on_timer(diesel__timer *timer)
{
    struct diesel__dns *dns = DIESEL__HOLDER(timer, struct diesel__dns, timer);
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(dns);
}

static void on_ready(void *arg, unsigned what)
{
    struct dns_socket *socket = arg;
    struct diesel__dns *dns = socket->dns;
    ares_socket_t fd = socket->fd;
    ares_process_fd(dns->channel,
                    what & DIESEL__READABLE ? fd : ARES_SOCKET_BAD,
                    what & DIESEL__WRITABLE ? fd : ARES_SOCKET_BAD);
    rearm(dns);
}

static struct dns_socket *find_socket(struct diesel__dns *dns, ares_socket_t fd,
                                      bool used)
{
    for (size_t i = 0; i < MOST_SOCKETS; i++) {
        struct dns_socket *socket = &dns->sockets[i];
        if ((socket->watch != NULL) == used && (!used || socket->fd == fd))
            return socket;
    }
    return NULL;
}

/* c-ares tells what it wants to know of a socket; nothing: it will close it. */
static void on_socket_state(void *arg, ares_socket_t fd, int read, int write)
{
    struct diesel__dns *dns = arg;
    struct dns_socket *socket = find_socket(dns, fd, true);
    if (!read && !write) {
        if (socket != NULL) {
            diesel__watch_close(socket->watch);
            socket->watch = NULL;
        }
        return;
    }
    if (socket == NULL) {
        socket = find_socket(dns, fd, false);
        if (socket == NULL)
            return; /* the query will time out and be tried elsewhere */
        socket->dns = dns;
        socket->fd = fd;
        socket->watch =
            diesel__watch_open_level(dns->sched, fd, on_ready, socket);
    }
    if (socket->watch != NULL)
        diesel__watch_level(socket->watch, read != 0, write != 0);
}

static int dns_failed(diesel_error *err, int status, const char *host)
{
    if (status == ARES_ENOMEM)
        return diesel_error_nomem(err, "resolving a host name");
    return diesel_error_set(err, DIESEL_E_RESOLVE, DIESEL_DOM_DNS, status,
                            "resolving %s: %s", host, ares_strerror(status));
}

/* The scheduler's resolver, made on first use. */
static struct diesel__dns *resolver(diesel__sched *s, const char *host,
                                    diesel_error *err)
{
    if (s->dns != NULL)
        return s->dns;
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status != ARES_SUCCESS) {
        dns_failed(err, status, host);
        return NULL;
    }
    struct diesel__dns *dns = diesel_calloc(1, sizeof *dns);
    if (dns == NULL) {
        diesel_error_nomem(err, "a resolver");
        goto fail_library;
    }
    dns->sched = s;
    dns->timer.fire = on_timer;
    struct ares_options options = {.sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = dns};
    status = ares_init_options(&dns->channel, &options, ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS) {
        s->dns = dns;
        return dns;
    }
    dns_failed(err, status, host);
    diesel_free(dns);
fail_library:
    ares_library_cleanup();
    return NULL;
}

void diesel__dns_close(diesel__sched *s)
{
    struct diesel__dns *dns = s->dns;
    if (dns == NULL)
        return;
    ares_destroy(dns->channel); /* calls back every query left behind */
    diesel__timer_disarm(s, &dns->timer);
    diesel_free(dns);
    ares_library_cleanup();
    s->dns = NULL;
}

static void query_free(struct query *query)
{
    if (query->found != NULL)
        ares_freeaddrinfo(query->found);
    diesel_free(query);
}

static void on_answer(void *arg, int status, int timeouts,
                      struct ares_addrinfo *found)
{
    (void)timeouts;
    struct query *query = arg;
    query->status = status;
    query->found = found;
    if (query->fiber == NULL)
        query_free(query);
    else
        diesel__wake(diesel__current, query->fiber, 0);
}

/* Copies what was found, in the order of RFC 6724 that c-ares gives. */
static int copy_addresses(const struct query *query, uint16_t port,
                          diesel__address **list, size_t *count,
                          diesel_error *err)
{
    size_t n = 0;
    for (struct ares_addrinfo_node *a = query->found->nodes; a; a = a->ai_next)
        n++;
    *list = diesel_calloc(n, sizeof **list);
    if (*list == NULL)
        return diesel_error_nomem(err, "addresses of a host");
    *count = n;
    diesel__address *to = *list;
    for (struct ares_addrinfo_node *a = query->found->nodes; a;
         a = a->ai_next, to++) {
        to->size = (socklen_t)a->ai_addrlen;
        memcpy(&to->sa, a->ai_addr, a->ai_addrlen);
        if (a->ai_family == AF_INET6)
            ((struct sockaddr_in6 *)&to->sa)->sin6_port = htons(port);
        else
            ((struct sockaddr_in *)&to->sa)->sin_port = htons(port);
    }
    return 0;
}

static int ask(diesel__sched *s, struct diesel__dns *dns, const char *host,
               struct query *query, int64_t deadline, diesel_error *err)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                        .ai_socktype = SOCK_STREAM};
    query->fiber = s->current;
    query->status = -1;
    ares_getaddrinfo(dns->channel, host, NULL, &hints, on_answer, query);
    rearm(dns);
    while (query->status == -1) {
        int woken =
            diesel__park(s, "a host name", diesel__deadline_ns(deadline));
        if (woken < 0 && query->status == -1) {
            query->fiber = NULL; /* on_answer() will free it */
            diesel__park_failed(woken, "a host name", err);
            diesel_error_prefix(err, "resolving %s", host);
            return -1;
        }
    }
    return 0;
}

int diesel__address_parse(const char *text, uint16_t port,
                          diesel__address *address, diesel_error *err)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->sa;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address->size = sizeof *v4;
        return 0;
    }
    char host[INET6_ADDRSTRLEN];
    const char *zone = strchr(text, '%');
    size_t length = zone != NULL ? (size_t)(zone - text) : strlen(text);
    if (length < sizeof host) {
        memcpy(host, text, length);
        host[length] = '\0';
        if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
            v6->sin6_family = AF_INET6;
            v6->sin6_port = htons(port);
            v6->sin6_scope_id = zone != NULL ? if_nametoindex(zone + 1) : 0;
            address->size = sizeof *v6;
            return 0;
        }
    }
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "%s is not a numeric address", text);
}

int diesel__resolve(const char *host, uint16_t port, int64_t deadline,
                    diesel__address **list, size_t *count, diesel_error *err)
{
    diesel__address numeric;
    if (diesel__address_parse(host, port, &numeric, NULL) == 0) {
        *list = diesel_malloc(sizeof **list);
        if (*list == NULL)
            return diesel_error_nomem(err, "an address");
        **list = numeric;
        *count = 1;
        return 0;
    }
    diesel__sched *s = diesel__current;
    struct diesel__dns *dns = resolver(s, host, err);
    if (dns == NULL)
        return -1;
    struct query *query = diesel_calloc(1, sizeof *query);
    if (query == NULL)
        return diesel_error_nomem(err, "resolving a host name");
    if (ask(s, dns, host, query, deadline, err) < 0)
        return -1;
    int result = query->status == ARES_SUCCESS && query->found->nodes != NULL
                     ? copy_addresses(query, port, list, count, err)
                     : dns_failed(err,
                                  query->status == ARES_SUCCESS
                                      ? ARES_ENODATA
                                      : query->status,
                                  host);
    query_free(query);
    return result;
}

const char *diesel__address_text(const diesel__address *address, char *buf,
                                 size_t size)
{
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], port[8];
    if (getnameinfo((const struct sockaddr *)&address->sa, address->size, host,
                    sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(buf, size, "?");
    else if (strchr(host, ':') != NULL)
        snprintf(buf, size, "[%s]:%s", host, port);
    else
        snprintf(buf, size, "%s:%s", host, port);
    return buf;
}
