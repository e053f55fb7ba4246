/* SPDX-License-Identifier: MIT */
/*
 * The scripted name server. It reads the question of a query and nothing else,
 * and writes names without compression.
 */
#include "dns_script.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <diesel/core.h>

#define MOST_HELD 8

struct message {
    uint8_t bytes[2048];
    size_t size;
};

struct held {
    struct message answer;
    diesel_address to;
};

struct dns_script {
    const dns_record *records;
    size_t count;
    diesel_udp *udp;
    diesel_listener *tcp;
    diesel_scope *scope;
    char address[DIESEL_ADDRESS_TEXT];
    int fail, ignore, hold;
    bool truncate;
    const void *garble;
    size_t garble_size;
    int asked[64];
    struct held held[MOST_HELD];
    int held_count;
};

static void put(struct message *m, const void *bytes, size_t n)
{
    ck_assert_uint_le(m->size + n, sizeof m->bytes);
    memcpy(m->bytes + m->size, bytes, n);
    m->size += n;
}

static void put_16(struct message *m, unsigned n)
{
    put(m, (uint8_t[]){(uint8_t)(n >> 8), (uint8_t)n}, 2);
}

static void put_32(struct message *m, uint32_t n)
{
    put_16(m, n >> 16);
    put_16(m, n & 0xFFFF);
}

/* A name; a lone "." is the root. */
static void put_name(struct message *m, const char *name)
{
    while (*name != '\0' && strcmp(name, ".") != 0) {
        size_t n = strcspn(name, ".");
        put(m, (uint8_t[]){(uint8_t)n}, 1);
        put(m, name, n);
        name += n + (name[n] == '.');
    }
    put(m, "", 1);
}

static void put_strings(struct message *m, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, "|");
        put(m, (uint8_t[]){(uint8_t)n}, 1);
        put(m, text, n);
        if (text[n] == '\0')
            return;
        text += n + 1;
    }
}

static void put_srv(struct message *m, const char *data)
{
    unsigned priority, weight, port;
    char target[256];
    ck_assert_int_eq(sscanf(data, "%u %u %u %255s", &priority, &weight, &port,
                            target), 4);
    put_16(m, priority);
    put_16(m, weight);
    put_16(m, port);
    put_name(m, target);
}

static void put_soa(struct message *m, const char *minimum)
{
    put_name(m, "ns.example");
    put_name(m, "keeper.example");
    for (int i = 0; i < 4; i++)
        put_32(m, 1);
    put_32(m, (uint32_t)atol(minimum));
}

static void put_data(struct message *m, const dns_record *record)
{
    uint8_t ip[16];
    switch (record->type) {
    case DNS_A:
    case DNS_AAAA:
        ck_assert_int_eq(inet_pton(record->type == DNS_A ? AF_INET : AF_INET6,
                                   record->data, ip), 1);
        put(m, ip, record->type == DNS_A ? 4 : 16);
        break;
    case DNS_SRV:
        put_srv(m, record->data);
        break;
    case DNS_TXT:
        put_strings(m, record->data);
        break;
    case DNS_SOA:
        put_soa(m, record->data);
        break;
    default:
        put_name(m, record->data);
    }
}

static void put_record(struct message *m, const dns_record *record)
{
    put_name(m, record->name);
    put_16(m, (unsigned)record->type);
    put_16(m, 1);
    put_32(m, record->ttl);
    size_t at = m->size;
    put_16(m, 0);
    put_data(m, record);
    m->bytes[at] = (uint8_t)((m->size - at - 2) >> 8);
    m->bytes[at + 1] = (uint8_t)(m->size - at - 2);
}

/* Puts the records of a name and a type, behind its aliases; their count. *exists
 * is set if the name has any record. */
static int put_answers(const dns_script *server, struct message *m,
                       const char *name, int type, bool *exists)
{
    int count = 0;
    for (size_t i = 0; i < server->count; i++) {
        const dns_record *record = &server->records[i];
        if (record->type == DNS_SOA || strcasecmp(record->name, name) != 0)
            continue;
        *exists = true;
        if (record->type != type && record->type != DNS_CNAME)
            continue;
        put_record(m, record);
        count++;
        if (record->type == DNS_CNAME && type != DNS_CNAME)
            count += put_answers(server, m, record->data, type, exists);
    }
    return count;
}

static int put_authority(const dns_script *server, struct message *m)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->records[i].type == DNS_SOA) {
            put_record(m, &server->records[i]);
            return 1;
        }
    return 0;
}

/* Reads the question: its name and type; returns where it ends. */
static size_t read_question(const struct message *query, char name[256],
                            int *type)
{
    size_t at = 12, length = 0;
    while (query->bytes[at] != 0) {
        size_t n = query->bytes[at];
        ck_assert_uint_lt(at + n + 5, query->size);
        memcpy(name + length, query->bytes + at + 1, n);
        length += n;
        name[length++] = '.';
        at += n + 1;
    }
    name[length > 0 ? length - 1 : 0] = '\0';
    *type = query->bytes[at + 1] << 8 | query->bytes[at + 2];
    return at + 5;
}

static void answer(const dns_script *server, const struct message *query,
                   const char *name, int type, size_t end, bool truncate,
                   struct message *m)
{
    bool exists = false;
    int count = 0, code = server->fail;
    m->size = 0;
    put(m, query->bytes, 2);
    if (server->garble != NULL) {
        put(m, server->garble, server->garble_size);
        return;
    }
    put(m, query->bytes + 2, end - 2);
    memset(m->bytes + 6, 0, 6);
    if (code == 0 && !truncate) {
        count = put_answers(server, m, name, type, &exists);
        code = exists ? 0 : 3;
    }
    m->bytes[2] = (uint8_t)(0x81 | 0x04 | (truncate ? 0x02 : 0));
    m->bytes[3] = (uint8_t)(0x80 | code);
    m->bytes[7] = (uint8_t)count;
    if (count == 0 && !truncate && server->fail == 0)
        m->bytes[9] = (uint8_t)put_authority(server, m);
}

/* Makes the answer to a query; false: there will be none. */
static bool respond(dns_script *server, const struct message *query, bool udp,
                    struct message *m, int *type)
{
    char name[256];
    ck_assert_uint_gt(query->size, 16);
    size_t end = read_question(query, name, type);
    server->asked[*type < 64 ? *type : 63]++;
    server->asked[0]++;
    if (server->ignore > 0) {
        server->ignore--;
        return false;
    }
    answer(server, query, name, *type, end, udp && server->truncate, m);
    return true;
}

static int serve_udp(void *arg)
{
    dns_script *server = arg;
    struct message query, m;
    diesel_address from;
    for (;;) {
        int type;
        ssize_t n = diesel_udp_recv(server->udp, query.bytes, sizeof query.bytes,
                                    &from, DIESEL_FOREVER, NULL);
        if (n < 0)
            return 0;
        query.size = (size_t)n;
        if (!respond(server, &query, true, &m, &type))
            continue;
        if (type == server->hold) {
            ck_assert_int_lt(server->held_count, MOST_HELD);
            server->held[server->held_count++] = (struct held){m, from};
        } else if (diesel_udp_send(server->udp, m.bytes, m.size, &from,
                                   DIESEL_FOREVER, NULL) < 0) {
            return 0;
        }
    }
}

/* RFC 1035, 4.2.2: each message has its length before it. */
static int serve_connection(void *arg)
{
    void **in = arg;
    dns_script *server = in[0];
    diesel_stream *stream = in[1];
    struct message query, m;
    uint8_t head[2];
    int type;
    free(in);
    while (diesel_stream_read_exactly(stream, head, 2, DIESEL_FOREVER, NULL) ==
           0) {
        query.size = (size_t)head[0] << 8 | head[1];
        ck_assert_uint_le(query.size, sizeof query.bytes);
        if (diesel_stream_read_exactly(stream, query.bytes, query.size,
                                       DIESEL_FOREVER, NULL) < 0)
            break;
        if (!respond(server, &query, false, &m, &type))
            continue;
        head[0] = (uint8_t)(m.size >> 8);
        head[1] = (uint8_t)m.size;
        struct iovec pieces[] = {{head, 2}, {m.bytes, m.size}};
        if (diesel_stream_writev(stream, pieces, 2, DIESEL_FOREVER, NULL) < 0)
            break;
    }
    diesel_stream_close(stream);
    return 0;
}

static int serve_tcp(void *arg)
{
    dns_script *server = arg;
    for (;;) {
        diesel_stream *stream = diesel_accept(server->tcp, DIESEL_FOREVER, NULL);
        if (stream == NULL)
            return 0;
        void **in = malloc(2 * sizeof *in);
        in[0] = server;
        in[1] = stream;
        diesel_go(server->scope, serve_connection, in);
    }
}

/* A port that is free for both. */
static void listen_both(dns_script *server)
{
    diesel_address local;
    diesel_error err;
    for (int i = 0; i < 100 && server->tcp == NULL; i++) {
        diesel_udp_close(server->udp);
        server->udp = diesel_udp_open("127.0.0.1", 0, NULL, &err);
        ck_assert_msg(server->udp != NULL, "%s", err.message);
        ck_assert_int_eq(diesel_udp_local(server->udp, &local, NULL), 0);
        server->tcp = diesel_tcp_listen("127.0.0.1", diesel_address_port(&local),
                                        NULL, &err);
    }
    ck_assert_msg(server->tcp != NULL, "%s", err.message);
    diesel_address_text(&local, server->address, sizeof server->address);
}

dns_script *dns_script_open(const dns_record *records, size_t count)
{
    dns_script *server = calloc(1, sizeof *server);
    ck_assert_ptr_nonnull(server);
    server->records = records;
    server->count = count;
    listen_both(server);
    server->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "name server", .detached = true});
    ck_assert_ptr_nonnull(server->scope);
    diesel_go(server->scope, serve_udp, server);
    diesel_go(server->scope, serve_tcp, server);
    return server;
}

void dns_script_close(dns_script *server)
{
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    diesel_scope_cancel(server->scope);
    (void)diesel_scope_wait(server->scope, NULL);
    (void)diesel_scope_wait(shield, NULL);
    diesel_udp_close(server->udp);
    diesel_listener_close(server->tcp);
    free(server);
}

diesel_dns *dns_script_resolver(dns_script *server,
                                const diesel_dns_options *options)
{
    diesel_error err;
    diesel_dns_options filled = {.timeout_ms = 2000, .tries = 2, .search = ""};
    if (options != NULL)
        filled = *options;
    filled.servers = server->address;
    diesel_dns *dns = diesel_dns_open(&filled, &err);
    ck_assert_msg(dns != NULL, "%s", err.message);
    return dns;
}

const char *dns_script_address(const dns_script *server)
{
    return server->address;
}

void dns_script_fail(dns_script *server, int code)
{
    server->fail = code;
}

void dns_script_ignore(dns_script *server, int n)
{
    server->ignore = n;
}

void dns_script_truncate(dns_script *server, bool on)
{
    server->truncate = on;
}

void dns_script_hold(dns_script *server, int type)
{
    server->hold = type;
}

void dns_script_release(dns_script *server)
{
    server->hold = 0;
    for (int i = 0; i < server->held_count; i++) {
        struct held *held = &server->held[i];
        ck_assert_int_eq(diesel_udp_send(server->udp, held->answer.bytes,
                                         held->answer.size, &held->to,
                                         DIESEL_FOREVER, NULL), 0);
    }
    server->held_count = 0;
}

void dns_script_garble(dns_script *server, const void *bytes, size_t n)
{
    server->garble = bytes;
    server->garble_size = n;
}

int dns_script_asked(const dns_script *server, int type)
{
    return server->asked[type < 64 ? type : 63];
}

void dns_script_await(const dns_script *server, int type, int n)
{
    while (dns_script_asked(server, type) < n)
        ck_assert_int_eq(diesel_yield(NULL), 0);
}
