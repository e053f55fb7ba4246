/* SPDX-License-Identifier: MIT */
/*
 * mongodb+srv://: the hosts of a connection string from SRV records, and some
 * options from a TXT record, after MongoDB's "Initial DNS Seedlist Discovery".
 *
 * Records are not authenticated. So hosts must lie in the domain of the name that
 * was given, and no option can come from a record that could weaken TLS.
 */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <diesel/dns.h>
#include <diesel/memory.h>

#include "uri_internal.h"

static int refuse(diesel_error *err, const char *why)
{
    return diesel_error_set(err, DIESEL_E_RESOLVE, DIESEL_DOM_MONGO, 0, "%s",
                            why);
}

static size_t length_without_dot(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && name[n - 1] == '.' ? n - 1 : n;
}

/* The domain that hosts must be below of: of a.b.c it is b.c; a name of less than
 * three parts is one itself. */
static const char *domain_of(const char *host)
{
    const char *first = strchr(host, '.');
    return first != NULL && strchr(first + 1, '.') != NULL ? first + 1 : host;
}

static bool is_below(const char *target, const char *domain)
{
    size_t n = length_without_dot(target), tail = strlen(domain);
    return n > tail + 1 && target[n - tail - 1] == '.' &&
           strncasecmp(target + n - tail, domain, tail) == 0;
}

/* Puts `wanted` of the records, any with the same chance, to the front. */
static int choose(diesel_dns_srv *found, size_t count, size_t wanted,
                  diesel_error *err)
{
    for (size_t i = 0; i < wanted; i++) {
        uint64_t bits;
        if (RAND_bytes((unsigned char *)&bits, sizeof bits) != 1)
            return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_MONGO, 0,
                                    "no random numbers for srvMaxHosts");
        size_t other = i + (size_t)(bits % (count - i));
        diesel_dns_srv kept = found[i];
        found[i] = found[other];
        found[other] = kept;
    }
    return 0;
}

static int set_hosts(struct dmongo__uri *uri, const diesel_dns_srv *found,
                     size_t count, diesel_error *err)
{
    struct dmongo__host *hosts =
        dmongo__uri_alloc(uri, count * sizeof *hosts, err);
    if (hosts == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t n = length_without_dot(found[i].target);
        char *name = dmongo__uri_alloc(uri, n + 1, err);
        if (name == NULL)
            return -1;
        memcpy(name, found[i].target, n);
        hosts[i] = (struct dmongo__host){.kind = DMONGO__HOSTNAME,
                                         .name = name,
                                         .port = found[i].port,
                                         .has_port = true};
    }
    uri->hosts = hosts;
    uri->host_count = count;
    return 0;
}

static int take_hosts(struct dmongo__uri *uri, const char *host,
                      diesel_dns_srv *found, size_t count, diesel_error *err)
{
    const char *domain = domain_of(host);
    for (size_t i = 0; i < count; i++)
        if (!is_below(found[i].target, domain))
            return diesel_error_set(err, DIESEL_E_RESOLVE, DIESEL_DOM_MONGO, 0,
                                    "%.100s is not in the domain %.100s",
                                    found[i].target, domain);
    size_t most = (size_t)uri->options.srv_max_hosts;
    if (most > 0 && most < count) {
        if (choose(found, count, most, err) < 0)
            return -1;
        count = most;
    }
    return set_hosts(uri, found, count, err);
}

static int take_options(struct dmongo__uri *uri, const diesel_dns_txt *found,
                        size_t count, diesel_error *err)
{
    if (count != 1)
        return refuse(err, "there is more than one record");
    if (memchr(found->text, 0, found->length) != NULL)
        return refuse(err, "the record has a zero byte in it");
    return dmongo__uri_read_txt(uri, found->text, found->length, err);
}

/* That there is no TXT record is fine; that a server does not say so is not. */
static bool is_absent(const diesel_error *err)
{
    return err->code == DIESEL_E_RESOLVE && err->domain == DIESEL_DOM_DNS &&
           (err->flags & DIESEL_EF_RETRYABLE) == 0;
}

static int find_options(struct dmongo__uri *uri, const char *host,
                        diesel_error *err)
{
    size_t count;
    diesel_dns_txt *found =
        diesel_dns_find_txt(NULL, host, &count, DIESEL_FOREVER, err);
    int result = found != NULL ? take_options(uri, found, count, err)
                 : is_absent(err) ? 0
                                  : -1;
    diesel_free(found);
    if (result < 0)
        diesel_error_prefix(err, "TXT of %.100s", host);
    return result;
}

static int find_hosts(struct dmongo__uri *uri, const char *host,
                      diesel_error *err)
{
    const char *service = uri->options.srv_service_name;
    if (service == NULL)
        service = "mongodb";
    size_t size = strlen(service) + strlen(host) + sizeof "_._tcp.";
    char *query = dmongo__uri_alloc(uri, size, err);
    if (query == NULL)
        return -1;
    snprintf(query, size, "_%s._tcp.%s", service, host);

    size_t count;
    diesel_dns_srv *found =
        diesel_dns_find_srv(NULL, query, &count, DIESEL_FOREVER, err);
    int result =
        found != NULL ? take_hosts(uri, host, found, count, err) : -1;
    diesel_free(found);
    if (result < 0)
        diesel_error_prefix(err, "SRV of %.150s", query);
    return result;
}

int dmongo__srv_resolve(struct dmongo__uri *uri, diesel_error *err)
{
    diesel_error why;
    if (!uri->is_srv)
        return 0;
    size_t n = length_without_dot(uri->hosts[0].name);
    char *host = dmongo__uri_alloc(uri, n + 1, &why);
    if (host != NULL) {
        memcpy(host, uri->hosts[0].name, n);
        if (find_hosts(uri, host, &why) == 0 &&
            find_options(uri, host, &why) == 0 &&
            dmongo__uri_check_options(uri, &why) == 0 &&
            dmongo__uri_find_credential(uri, &why) == 0)
            return 0;
    }
    if (err != NULL)
        *err = why;
    return -1;
}
