/* SPDX-License-Identifier: MIT */
/*
 * Addresses of sockets: text to address and back. Pure, but for the zones of
 * IPv6 addresses, which are the system's interfaces.
 */
#include <diesel/address.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_v4(const char *text, uint16_t port, diesel_address *address)
{
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) != 1)
        return false;
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(port);
    address->size = sizeof address->v4;
    return true;
}

/* The index of a zone, which is an interface's name or number; 0: no such. */
static uint32_t parse_zone(const char *zone)
{
    unsigned index = if_nametoindex(zone);
    char *end;
    if (index == 0 && zone[0] >= '0' && zone[0] <= '9') {
        unsigned long number = strtoul(zone, &end, 10);
        if (*end == '\0' && number <= UINT32_MAX)
            index = (unsigned)number;
    }
    return index;
}

static bool parse_v6(const char *text, uint16_t port, diesel_address *address)
{
    char host[INET6_ADDRSTRLEN];
    const char *zone = strchr(text, '%');
    size_t length = zone != NULL ? (size_t)(zone - text) : strlen(text);
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1)
        return false;
    if (zone != NULL) {
        address->v6.sin6_scope_id = parse_zone(zone + 1);
        if (address->v6.sin6_scope_id == 0)
            return false;
    }
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    address->size = sizeof address->v6;
    return true;
}

int diesel_address_parse(const char *text, uint16_t port,
                         diesel_address *address, diesel_error *err)
{
    memset(address, 0, sizeof *address);
    if (parse_v4(text, port, address) || parse_v6(text, port, address))
        return 0;
    memset(address, 0, sizeof *address);
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "%s is not a numeric address", text);
}

static void show_v6(const diesel_address *address, char *buf, size_t size)
{
    char host[INET6_ADDRSTRLEN], name[IF_NAMESIZE] = "", zone[IF_NAMESIZE + 1] = "";
    uint32_t index = address->v6.sin6_scope_id;
    inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof host);
    if (index != 0 && if_indextoname(index, name) == NULL)
        snprintf(name, sizeof name, "%u", index);
    if (index != 0)
        snprintf(zone, sizeof zone, "%%%s", name);
    snprintf(buf, size, "[%s%s]:%u", host, zone, ntohs(address->v6.sin6_port));
}

/* An unnamed socket's address ends before sun_path; an abstract name has a zero
 * byte first and none at its end. */
static void show_path(const diesel_address *address, char *buf, size_t size)
{
    const char *path = address->un.sun_path;
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t length = address->size > head ? address->size - head : 0;
    if (length == 0)
        snprintf(buf, size, "unnamed");
    else if (path[0] == '\0')
        snprintf(buf, size, "@%.*s", (int)(length - 1), path + 1);
    else
        snprintf(buf, size, "%.*s", (int)length, path);
}

const char *diesel_address_text(const diesel_address *address, char *buf,
                                size_t size)
{
    char host[INET_ADDRSTRLEN];
    switch (address->size != 0 ? address->any.sa_family : AF_UNSPEC) {
    case AF_INET:
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof host);
        snprintf(buf, size, "%s:%u", host, ntohs(address->v4.sin_port));
        break;
    case AF_INET6:
        show_v6(address, buf, size);
        break;
    case AF_UNIX:
        show_path(address, buf, size);
        break;
    default:
        snprintf(buf, size, "unnamed");
    }
    return buf;
}

uint16_t diesel_address_port(const diesel_address *address)
{
    if (address->size != 0 && address->any.sa_family == AF_INET)
        return ntohs(address->v4.sin_port);
    if (address->size != 0 && address->any.sa_family == AF_INET6)
        return ntohs(address->v6.sin6_port);
    return 0;
}

void diesel_address_set_port(diesel_address *address, uint16_t port)
{
    if (address->size == 0)
        return;
    if (address->any.sa_family == AF_INET)
        address->v4.sin_port = htons(port);
    else if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
}

/* The IPv4 address that it is or holds; NULL: neither. */
static const void *as_v4(const diesel_address *address)
{
    if (address->any.sa_family == AF_INET)
        return &address->v4.sin_addr;
    if (address->any.sa_family == AF_INET6 &&
        IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
        return (const char *)&address->v6.sin6_addr + 12;
    return NULL;
}

bool diesel_address_is_same_host(const diesel_address *a,
                                 const diesel_address *b)
{
    if (a->size == 0 || b->size == 0)
        return a->size == b->size;
    const void *a4 = as_v4(a), *b4 = as_v4(b);
    if (a4 != NULL || b4 != NULL)
        return a4 != NULL && b4 != NULL && memcmp(a4, b4, 4) == 0;
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET6)
        return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16) == 0 &&
               a->v6.sin6_scope_id == b->v6.sin6_scope_id;
    return a->size == b->size && memcmp(&a->any, &b->any, a->size) == 0;
}
