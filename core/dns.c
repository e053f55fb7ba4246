/* SPDX-License-Identifier: MIT */
/*
 * The resolver: c-ares on the loop, queries under way, and those who wait for
 * them. dns_find.c makes results of the answers; dns_message.c reads them;
 * dns_cache.c keeps them.
 *
 * c-ares says which of its sockets it waits for, and is called back when they are
 * ready or its next time-out is due. c-ares cannot take back a single query, and
 * needs not: fibers come and go as waiters of a query, which lives until its
 * callback, and whose answer goes to the cache.
 *
 * Invariants:
 * 1. A query is in dns->queries until its callback; `users` counts that, and the
 *    waits that refer to it.
 * 2. A wait's status is -1 as long as its query is under way.
 * 3. After the callback a query is not in touch with its resolver any more, so
 *    that the resolver may be closed while fibers are yet to run.
 */
#define CARES_NO_DEPRECATED
#include "dns_internal.h"

#include <ares.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <diesel/memory.h>

#include "dns_cache_internal.h"
#include "loop_internal.h"
#include "sched_internal.h"
#include "sys_internal.h"

#define MOST_SOCKETS 64
#define MOST_DOMAINS 8
#define MOST_SECONDS 86400u /* that an answer is kept */

struct dns_socket {
    struct diesel_dns *dns;
    ares_socket_t fd;
    diesel__watch *watch; /* NULL: this place is free */
};

struct diesel_dns {
    diesel__sched *sched;
    ares_channel channel;
    diesel__timer timer;
    diesel__dns_cache *cache; /* NULL: none */
    diesel__link queries;
    bool nomem; /* there is no memory for the timer: all queries end */
    uint64_t random_state;
    diesel_dns_options options;
    struct dns_socket sockets[MOST_SOCKETS];
};

struct diesel__dns_query {
    diesel__link link; /* in dns->queries */
    diesel_dns *dns;
    unsigned users;
    diesel__link waits;
    int kind;
    char name[];
};

/* Sets the timer to c-ares's next time-out. */
static void rearm(diesel_dns *dns)
{
    struct timeval tv;
    diesel__timer_disarm(dns->sched, &dns->timer);
    if (ares_timeout(dns->channel, NULL, &tv) == NULL)
        return;
    int64_t wait = (int64_t)tv.tv_sec * 1000000000 + tv.tv_usec * 1000;
    if (diesel__timer_arm(dns->sched, &dns->timer, diesel__clock() + wait) == 0)
        return;
    dns->nomem = true;
    ares_cancel(dns->channel);
    dns->nomem = false;
}

static void on_timer(diesel__timer *timer)
{
    diesel_dns *dns = DIESEL__HOLDER(timer, diesel_dns, timer);
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(dns);
}

static void on_ready(void *arg, unsigned what)
{
    struct dns_socket *socket = arg;
    diesel_dns *dns = socket->dns;
    ares_socket_t fd = socket->fd;
    ares_process_fd(dns->channel,
                    what & DIESEL__READABLE ? fd : ARES_SOCKET_BAD,
                    what & DIESEL__WRITABLE ? fd : ARES_SOCKET_BAD);
    rearm(dns);
}

static struct dns_socket *find_socket(diesel_dns *dns, ares_socket_t fd,
                                      bool used)
{
    for (size_t i = 0; i < MOST_SOCKETS; i++) {
        struct dns_socket *socket = &dns->sockets[i];
        if ((socket->watch != NULL) == used && (!used || socket->fd == fd))
            return socket;
    }
    return NULL;
}

/* c-ares tells what it wants to know of a socket; nothing: it will close it. A
 * socket that cannot be watched makes its query time out and be tried again. */
static void on_socket_state(void *arg, ares_socket_t fd, int read, int write)
{
    diesel_dns *dns = arg;
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
            return;
        socket->dns = dns;
        socket->fd = fd;
        socket->watch =
            diesel__watch_open_level(dns->sched, fd, on_ready, socket);
    }
    if (socket->watch != NULL)
        diesel__watch_level(socket->watch, read != 0, write != 0);
}

static void query_unref(diesel__dns_query *query)
{
    if (--query->users == 0)
        diesel_free(query);
}

/* Keeps the answer, as long as it may be. */
static void remember(diesel_dns *dns, const diesel__dns_query *query,
                     diesel__dns_answer *answer)
{
    if (dns->cache == NULL || dns->nomem)
        return;
    int64_t now = diesel__clock(), keep;
    uint32_t seconds = answer->ttl < MOST_SECONDS ? answer->ttl : MOST_SECONDS;
    keep = (int64_t)seconds * 1000000000;
    int64_t most = (int64_t)dns->options.negative_ms * 1000000;
    if (answer->count == 0 && keep > most)
        keep = most;
    diesel__dns_cache_put(dns->cache, query->kind, query->name, answer, now,
                          now + keep);
}

/* The query is over: tells all who wait. `answer` (NULL: none) is taken. */
static void finish(diesel__dns_query *query, int status,
                   diesel__dns_answer *answer)
{
    diesel_dns *dns = query->dns;
    if (dns->nomem && status != ARES_SUCCESS)
        status = ARES_ENOMEM;
    if (answer != NULL)
        remember(dns, query, answer);
    for (diesel__link *l = query->waits.next; l != &query->waits; l = l->next) {
        diesel__dns_wait *wait = DIESEL__HOLDER(l, diesel__dns_wait, link);
        wait->status = status;
        if (answer != NULL)
            wait->answer = diesel__dns_answer_ref(answer);
        diesel__wake(dns->sched, wait->fiber, 0);
    }
    diesel__dns_answer_unref(answer);
    query->dns = NULL;
    diesel__link_unlink(&query->link);
    query_unref(query);
}

static bool says_nothing_there(int status)
{
    return status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

/* An answer without records, for the cache; NULL without memory. */
static diesel__dns_answer *nothing(int status, uint32_t ttl)
{
    char *data;
    diesel__dns_answer *answer = diesel__dns_answer_new(0, 0, &data);
    if (answer != NULL) {
        answer->status = status;
        answer->ttl = ttl;
    }
    return answer;
}

static void on_message(void *arg, int status, int timeouts,
                       unsigned char *message, int size)
{
    (void)timeouts;
    diesel__dns_query *query = arg;
    diesel__dns_answer *answer = NULL;
    bool there = status == ARES_SUCCESS;
    if ((there || says_nothing_there(status)) && message != NULL) {
        int read = diesel__dns_read(message, (size_t)size, (uint16_t)query->kind,
                                    &answer);
        if (there)
            status = read;
        else if (answer != NULL)
            answer->status = status;
    }
    /* Whether there is nothing for long is for the zone to say (RFC 2308, 5). */
    if (answer != NULL && answer->count == 0 && answer->ttl == UINT32_MAX)
        answer->ttl = 0;
    finish(query, status, answer);
}

/* The addresses that c-ares has found, which it has put in order (RFC 6724). */
static diesel__dns_answer *from_nodes(const struct ares_addrinfo *found, int v6)
{
    size_t count = 0, size = v6 ? 16 : 4;
    char *data;
    for (struct ares_addrinfo_node *a = found->nodes; a != NULL; a = a->ai_next)
        count += a->ai_family == (v6 ? AF_INET6 : AF_INET);
    diesel__dns_answer *answer =
        diesel__dns_answer_new(count, count * (size + 1), &data);
    if (answer == NULL)
        return NULL;
    answer->status = count > 0 ? ARES_SUCCESS : ARES_ENODATA;
    diesel__dns_record *to = answer->records;
    for (struct ares_addrinfo_node *a = found->nodes; a != NULL; a = a->ai_next) {
        if (a->ai_family != (v6 ? AF_INET6 : AF_INET))
            continue;
        const void *ip =
            v6 ? (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr
               : (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr;
        uint32_t ttl = a->ai_ttl > 0 ? (uint32_t)a->ai_ttl : 0;
        memcpy(data, ip, size);
        data[size] = '\0';
        *to++ = (diesel__dns_record){.ttl = ttl, .length = size, .data = data};
        answer->ttl = ttl < answer->ttl ? ttl : answer->ttl;
        data += size + 1;
    }
    return answer;
}

static void on_addresses(void *arg, int status, int timeouts,
                         struct ares_addrinfo *found)
{
    (void)timeouts;
    diesel__dns_query *query = arg;
    diesel__dns_answer *answer = NULL;
    if (status == ARES_SUCCESS && found != NULL) {
        answer = from_nodes(found, query->kind == DIESEL__DNS_HOST_V6);
        status = answer != NULL ? answer->status : ARES_ENOMEM;
    } else if (says_nothing_there(status)) {
        answer = nothing(status, MOST_SECONDS);
    }
    if (found != NULL)
        ares_freeaddrinfo(found);
    finish(query, status, answer);
}

/* RFC 6761, 6.3: these names are this machine, whatever a server says. (c-ares
 * 1.18 leaks memory when it finds that out itself.) */
static bool is_localhost(const char *name)
{
    static const char local[] = "localhost";
    size_t length = strlen(name), n = sizeof local - 1;
    if (length > 0 && name[length - 1] == '.')
        length--;
    return length >= n && strncasecmp(name + length - n, local, n) == 0 &&
           (length == n || name[length - n - 1] == '.');
}

/* The loopback address; NULL without memory. */
static diesel__dns_answer *loopback(int kind)
{
    static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    bool six = kind == DIESEL__DNS_HOST_V6;
    size_t size = six ? sizeof v6 : sizeof v4;
    char *data;
    diesel__dns_answer *answer = diesel__dns_answer_new(1, size + 1, &data);
    if (answer == NULL)
        return NULL;
    memcpy(data, six ? v6 : v4, size);
    data[size] = '\0';
    answer->status = ARES_SUCCESS;
    answer->records[0] = (diesel__dns_record){.length = size, .data = data};
    return answer;
}

static void launch(diesel_dns *dns, diesel__dns_query *query)
{
    struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
    switch (query->kind) {
    case DIESEL__DNS_HOST_V4:
    case DIESEL__DNS_HOST_V6:
        hints.ai_family =
            query->kind == DIESEL__DNS_HOST_V6 ? AF_INET6 : AF_INET;
        ares_getaddrinfo(dns->channel, query->name, NULL, &hints, on_addresses,
                         query);
        break;
    default:
        ares_query(dns->channel, query->name, 1 /* IN */, query->kind,
                   on_message, query);
    }
    rearm(dns);
}

static diesel__dns_query *find_query(diesel_dns *dns, int kind, const char *name)
{
    for (diesel__link *l = dns->queries.next; l != &dns->queries; l = l->next) {
        diesel__dns_query *query = DIESEL__HOLDER(l, diesel__dns_query, link);
        if (query->kind == kind && strcasecmp(query->name, name) == 0)
            return query;
    }
    return NULL;
}

static diesel__dns_query *query_new(diesel_dns *dns, int kind, const char *name)
{
    size_t size = strlen(name) + 1;
    diesel__dns_query *query = diesel_malloc(sizeof *query + size);
    if (query == NULL)
        return NULL;
    *query = (diesel__dns_query){.dns = dns, .users = 1, .kind = kind};
    memcpy(query->name, name, size);
    diesel__link_init(&query->waits);
    diesel__list_append(&dns->queries, &query->link);
    return query;
}

int diesel__dns_begin(diesel_dns *dns, int kind, const char *name,
                      diesel__dns_wait *wait, diesel_error *err)
{
    *wait = (diesel__dns_wait){.fiber = dns->sched->current, .status = -1};
    if (name[0] == '\0' || strlen(name) > 1024)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "a host name has 1 to 255 characters");
    if (kind >= DIESEL__DNS_HOST_V4 && is_localhost(name)) {
        wait->answer = loopback(kind);
        if (wait->answer == NULL)
            return diesel_error_nomem(err, "an address");
    } else if (dns->cache != NULL)
        wait->answer = diesel__dns_cache_find(dns->cache, kind, name,
                                              diesel__clock(), &wait->age);
    if (wait->answer != NULL) {
        wait->status = wait->answer->status;
        return 0;
    }
    diesel__dns_query *query = find_query(dns, kind, name);
    bool new = query == NULL;
    if (new)
        query = query_new(dns, kind, name);
    if (query == NULL)
        return diesel_error_nomem(err, "a query for a name");
    wait->query = query;
    query->users++;
    diesel__list_append(&query->waits, &wait->link);
    if (new)
        launch(dns, query);
    return 0;
}

void diesel__dns_end(diesel__dns_wait *wait)
{
    diesel__dns_answer_unref(wait->answer);
    wait->answer = NULL;
    if (wait->query == NULL)
        return;
    diesel__link_unlink(&wait->link);
    query_unref(wait->query);
    wait->query = NULL;
}

static const char *kind_name(int kind)
{
    switch (kind) {
    case DIESEL__DNS_A:
        return "A ";
    case DIESEL__DNS_AAAA:
        return "AAAA ";
    case DIESEL__DNS_SRV:
        return "SRV ";
    case DIESEL__DNS_TXT:
        return "TXT ";
    default:
        return "";
    }
}

int diesel__dns_failed(int status, int kind, const char *name,
                       diesel_error *err)
{
    static const struct {
        int status, code;
        unsigned flags;
    } map[] = {
        {ARES_ENOMEM, DIESEL_E_NOMEM, 0},
        {ARES_ETIMEOUT, DIESEL_E_TIMEDOUT, DIESEL_EF_RETRYABLE},
        {ARES_EDESTRUCTION, DIESEL_E_CLOSED, 0},
        {ARES_ESERVFAIL, DIESEL_E_RESOLVE, DIESEL_EF_RETRYABLE},
        {ARES_ECONNREFUSED, DIESEL_E_RESOLVE, DIESEL_EF_RETRYABLE},
        {ARES_EREFUSED, DIESEL_E_RESOLVE, DIESEL_EF_RETRYABLE},
        {ARES_EBADRESP, DIESEL_E_RESOLVE, DIESEL_EF_RETRYABLE},
    };
    size_t i = 0, count = sizeof map / sizeof map[0];
    while (i < count && map[i].status != status)
        i++;
    int code = i < count ? map[i].code : DIESEL_E_RESOLVE;
    diesel_error_set(err, code, DIESEL_DOM_DNS, status, "resolving %s%s: %s",
                     kind_name(kind), name,
                     status == ARES_EDESTRUCTION ? "the resolver has been closed"
                                                 : ares_strerror(status));
    if (err != NULL && i < count)
        err->flags = map[i].flags;
    return -1;
}

/* xorshift64*; what is drawn decides about load only. */
uint32_t diesel__dns_random(diesel__dns_dice *dice)
{
    if (dice->random != NULL)
        return dice->random(dice->arg);
    uint64_t x = dice->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    dice->state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1DULL) >> 32);
}

diesel__dns_dice diesel__dns_take_dice(diesel_dns *dns)
{
    diesel__dns_dice dice = {.state = dns->random_state};
    (void)diesel__dns_random(&dice);
    dns->random_state = dice.state;
    dice.state ^= 0x9E3779B97F4A7C15ULL; /* not the resolver's next numbers */
    dice.state |= dice.state == 0;
    dice.random = dns->options.random;
    dice.arg = dns->options.random_arg;
    return dice;
}

static int opening_failed(int status, diesel_error *err)
{
    if (status == ARES_ENOMEM)
        return diesel_error_nomem(err, "a resolver");
    return diesel_error_set(err, DIESEL_E_RESOLVE, DIESEL_DOM_DNS, status,
                            "making a resolver: %s", ares_strerror(status));
}

/* Splits the search domains in place. */
static int split_domains(char *text, char *domains[MOST_DOMAINS],
                         diesel_error *err)
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ,", &rest); word != NULL;
         word = strtok_r(NULL, " ,", &rest)) {
        if (count == MOST_DOMAINS)
            return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                    "at most %d search domains", MOST_DOMAINS);
        domains[count++] = word;
    }
    return count;
}

/* Opens c-ares's channel as the options say. */
static int open_channel(diesel_dns *dns, char *search, diesel_error *err)
{
    char *domains[MOST_DOMAINS];
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
    struct ares_options options = {.sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = dns,
                                   .timeout = dns->options.timeout_ms,
                                   .tries = dns->options.tries};
    if (search != NULL) {
        options.domains = domains;
        options.ndomains = split_domains(search, domains, err);
        if (options.ndomains < 0)
            return -1;
        mask |= ARES_OPT_DOMAINS;
    }
#ifdef ARES_OPT_QUERY_CACHE
    mask |= ARES_OPT_QUERY_CACHE; /* with options.qcache_max_ttl 0: none */
#endif
    int status = ares_init_options(&dns->channel, &options, mask);
    if (status != ARES_SUCCESS)
        return opening_failed(status, err);
    if (dns->options.servers == NULL)
        return 0;
    status = ares_set_servers_ports_csv(dns->channel, dns->options.servers);
    if (status == ARES_SUCCESS)
        return 0;
    ares_destroy(dns->channel);
    if (status == ARES_ENOMEM)
        return opening_failed(status, err);
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_DNS, status,
                            "%s: these are no name servers",
                            dns->options.servers);
}

static void set_defaults(diesel_dns_options *options)
{
    if (options->timeout_ms <= 0)
        options->timeout_ms = 2000;
    if (options->tries <= 0)
        options->tries = 3;
    if (options->cache_entries == 0)
        options->cache_entries = 1024;
    if (options->negative_ms <= 0)
        options->negative_ms = 5000;
}

static void seed(diesel_dns *dns)
{
    if (diesel__sys.getrandom(&dns->random_state, sizeof dns->random_state,
                              GRND_NONBLOCK) !=
        sizeof dns->random_state)
        dns->random_state = (uint64_t)diesel__clock();
    dns->random_state |= 1; /* never 0 */
}

/* c-ares counts who has initialised it without a lock. */
static int library_status;

static void init_library(void)
{
    library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

diesel_dns *diesel_dns_open(const diesel_dns_options *options,
                            diesel_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    if (library_status != ARES_SUCCESS) {
        opening_failed(library_status, err);
        return NULL;
    }
    diesel_dns *dns = diesel_calloc(1, sizeof *dns);
    char *search = NULL;
    if (dns == NULL)
        goto nomem;
    dns->sched = diesel__sched_need("diesel_dns_open");
    dns->timer.fire = on_timer;
    diesel__link_init(&dns->queries);
    if (options != NULL)
        dns->options = *options;
    set_defaults(&dns->options);
    seed(dns);
    if (!dns->options.no_cache) {
        dns->cache = diesel__dns_cache_new(dns->options.cache_entries);
        if (dns->cache == NULL)
            goto nomem;
    }
    if (dns->options.search != NULL) {
        search = diesel_strndup(dns->options.search, strlen(dns->options.search));
        if (search == NULL)
            goto nomem;
    }
    if (open_channel(dns, search, err) < 0)
        goto fail;
    diesel_free(search);
    dns->options.search = dns->options.servers = NULL; /* they were borrowed */
    return dns;

nomem:
    diesel_error_nomem(err, "a resolver");
fail:
    diesel_free(search);
    if (dns != NULL)
        diesel__dns_cache_free(dns->cache);
    diesel_free(dns);
    return NULL;
}

void diesel_dns_close(diesel_dns *dns)
{
    if (dns == NULL)
        return;
    diesel__sched *s = dns->sched;
    if (s->dns == dns)
        s->dns = NULL;
    ares_destroy(dns->channel); /* calls back every query under way */
    diesel__timer_disarm(s, &dns->timer);
    diesel__dns_cache_free(dns->cache);
    diesel_free(dns);
}

void diesel_dns_flush(diesel_dns *dns)
{
    diesel__sched *s = diesel__sched_need("diesel_dns_flush");
    if (dns == NULL)
        dns = s->dns != NULL ? s->dns : s->dns_own;
    if (dns != NULL && dns->cache != NULL)
        diesel__dns_cache_clear(dns->cache);
}

void diesel_dns_use(diesel_dns *dns)
{
    diesel__sched_need("diesel_dns_use")->dns = dns;
}

diesel_dns *diesel__dns_pick(diesel_dns *dns, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_dns");
    if (dns != NULL)
        return dns;
    if (s->dns != NULL)
        return s->dns;
    if (s->dns_own == NULL)
        s->dns_own = diesel_dns_open(NULL, err);
    return s->dns_own;
}

void diesel__dns_close(diesel__sched *s)
{
    s->dns = NULL;
    diesel_dns_close(s->dns_own);
    s->dns_own = NULL;
}
