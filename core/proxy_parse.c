/* SPDX-License-Identifier: MIT */
/*
 * Headers of the PROXY protocol, after HAProxy's proxy-protocol.txt. Pure.
 *
 * A reader must not take what follows the header, so what is missing is a lower
 * bound: of version 2 it is exact as soon as the length is there; a line is at
 * first known to have the length of the shortest of its kind, and then to need
 * a byte more until its "\n".
 */
#include "proxy_parse_internal.h"

#include <arpa/inet.h>
#include <string.h>

/* Section 2.2: 12 bytes, version and command, family and protocol, length. */
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define SIGNATURE_SIZE (sizeof SIGNATURE - 1)
#define HEAD_SIZE (SIGNATURE_SIZE + 4)
#define CRC32C 0x03

#define LINE_START "PROXY "
#define LINE_START_SIZE (sizeof LINE_START - 1)
#define LINE_MOST 107 /* with "\r\n", section 2.1 */

static ssize_t bad(const char *what, diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                            "a bad PROXY header: %s", what);
}

static ssize_t go_on(size_t have, size_t want, size_t *missing)
{
    *missing = want - have;
    return 0;
}

/* Whether the first n bytes can begin so. */
static bool may_begin(const uint8_t *bytes, size_t n, const char *start,
                      size_t size)
{
    return memcmp(bytes, start, n < size ? n : size) == 0;
}

/* --- Version 1. */

/* Cuts the next word off a line. */
static char *next_word(char **rest)
{
    char *word = *rest, *space = strchr(word, ' ');
    if (space != NULL)
        *space = '\0';
    *rest = space != NULL ? space + 1 : word + strlen(word);
    return word;
}

/* Decimal, up to 65535, without zeros before it. */
static bool read_port(const char *word, uint16_t *port)
{
    size_t digits = strspn(word, "0123456789");
    unsigned long value = 0;
    if (digits == 0 || digits > 5 || word[digits] != '\0' ||
        (digits > 1 && word[0] == '0'))
        return false;
    for (const char *c = word; *c != '\0'; c++)
        value = value * 10 + (unsigned)(*c - '0');
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

static void set_v4(diesel_address *address, const void *host, uint16_t port)
{
    *address = (diesel_address){.size = sizeof address->v4};
    address->v4.sin_family = AF_INET;
    memcpy(&address->v4.sin_addr, host, 4);
    address->v4.sin_port = htons(port);
}

static void set_v6(diesel_address *address, const void *host, uint16_t port)
{
    *address = (diesel_address){.size = sizeof address->v6};
    address->v6.sin6_family = AF_INET6;
    memcpy(&address->v6.sin6_addr, host, 16);
    address->v6.sin6_port = htons(port);
}

static bool read_address(int family, const char *host, const char *port,
                         diesel_address *address)
{
    unsigned char bytes[16];
    uint16_t number;
    if (inet_pton(family, host, bytes) != 1 || !read_port(port, &number))
        return false;
    if (family == AF_INET)
        set_v4(address, bytes, number);
    else
        set_v6(address, bytes, number);
    return true;
}

/* A whole line, without its end. */
static int read_line(char *line, diesel__proxy_header *header, diesel_error *err)
{
    char *rest = line + LINE_START_SIZE;
    const char *kind = next_word(&rest);
    if (strcmp(kind, "UNKNOWN") == 0)
        return 0; /* whatever follows */
    bool v4 = strcmp(kind, "TCP4") == 0;
    if (!v4 && strcmp(kind, "TCP6") != 0)
        return (int)bad("neither TCP4, TCP6 nor UNKNOWN", err);
    const char *from = next_word(&rest), *to = next_word(&rest);
    const char *from_port = next_word(&rest);
    int family = v4 ? AF_INET : AF_INET6;
    if (!read_address(family, from, from_port, &header->source) ||
        !read_address(family, to, rest, &header->destination))
        return (int)bad("the addresses of its line", err);
    header->has_addresses = true;
    return 0;
}

/* The least length of a line that begins so. */
static size_t least_line(const uint8_t *bytes, size_t n)
{
    static const char *const least[] = {
        "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "PROXY TCP6 :: :: 0 0\r\n"};
    for (size_t i = 0; i < sizeof least / sizeof *least; i++)
        if (n >= LINE_START_SIZE + 4 &&
            memcmp(bytes, least[i], LINE_START_SIZE + 4) == 0)
            return strlen(least[i]);
    return strlen("PROXY UNKNOWN\r\n");
}

static ssize_t parse_line(const uint8_t *bytes, size_t n,
                          diesel__proxy_header *header, size_t *missing,
                          diesel_error *err)
{
    char line[LINE_MOST];
    size_t seen = n < LINE_MOST ? n : LINE_MOST;
    const uint8_t *end = memchr(bytes, '\n', seen);
    if (end == NULL) {
        size_t least = least_line(bytes, seen);
        if (seen == LINE_MOST)
            return bad("a line without end", err);
        return go_on(n, n < least ? least : n + 1, missing);
    }
    size_t length = (size_t)(end - bytes);
    if (bytes[length - 1] != '\r')
        return bad("a line that does not end in \"\\r\\n\"", err);
    if (memchr(bytes, '\0', length) != NULL)
        return bad("a zero byte in its line", err);
    memcpy(line, bytes, length - 1);
    line[length - 1] = '\0';
    return read_line(line, header, err) < 0 ? -1 : (ssize_t)length + 1;
}

/* --- Version 2. */

static uint16_t read_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* A path of 108 bytes, filled up with zeros; an abstract name begins with one. */
static void set_unix(diesel_address *address, const uint8_t *path)
{
    size_t most = sizeof address->un.sun_path, n = most;
    while (n > 0 && path[n - 1] == 0)
        n--;
    *address = (diesel_address){0};
    address->un.sun_family = AF_UNIX;
    memcpy(address->un.sun_path, path, n);
    address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

/* Reads the addresses and gives the bytes that they have; -1. */
static ssize_t read_addresses(uint8_t kind, const uint8_t *at, size_t n,
                              diesel__proxy_header *header, diesel_error *err)
{
    static const size_t sizes[] = {0, 12, 36, 216};
    unsigned family = kind >> 4;
    if (family > 3 || (kind & 15) > 2)
        return bad("an unknown family or protocol", err);
    if (n < sizes[family])
        return bad("too short for its addresses", err);
    header->has_addresses = family != 0;
    if (family == 1) {
        set_v4(&header->source, at, read_16(at + 8));
        set_v4(&header->destination, at + 4, read_16(at + 10));
    } else if (family == 2) {
        set_v6(&header->source, at, read_16(at + 32));
        set_v6(&header->destination, at + 16, read_16(at + 34));
    } else if (family == 3) {
        set_unix(&header->source, at);
        set_unix(&header->destination, at + 108);
    }
    return (ssize_t)sizes[family];
}

const uint8_t *diesel__proxy_find(const uint8_t *fields, size_t size,
                                  uint8_t type, size_t *length)
{
    for (size_t at = 0; at + 3 <= size; at += 3 + *length) {
        *length = read_16(fields + at + 1);
        if (fields[at] == type)
            return fields + at + 3;
    }
    return NULL;
}

static bool are_well_formed(const uint8_t *fields, size_t size)
{
    size_t at = 0;
    while (size - at >= 3 && size - at - 3 >= read_16(fields + at + 1))
        at += 3u + read_16(fields + at + 1);
    return at == size;
}

static uint32_t crc32c_step(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int i = 0; i < 8; i++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    return crc;
}

/* Of the header, with zeros in the place of its checksum (section 2.2.3). */
static uint32_t crc32c(const uint8_t *bytes, size_t n, size_t place)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < n; i++)
        crc = crc32c_step(crc, i >= place && i < place + 4 ? 0 : bytes[i]);
    return ~crc;
}

static int check_sum(const uint8_t *bytes, size_t n,
                     const diesel__proxy_header *header, diesel_error *err)
{
    size_t length;
    const uint8_t *sum = diesel__proxy_find(header->fields, header->fields_size,
                                            CRC32C, &length);
    if (sum == NULL)
        return 0;
    if (length != 4)
        return (int)bad("a checksum that is not of 4 bytes", err);
    uint32_t want = (uint32_t)read_16(sum) << 16 | read_16(sum + 2);
    return crc32c(bytes, n, (size_t)(sum - bytes)) == want
               ? 0
               : (int)bad("its checksum is wrong", err);
}

static ssize_t parse_binary(const uint8_t *bytes, size_t n,
                            diesel__proxy_header *header, size_t *missing,
                            diesel_error *err)
{
    if (n > SIGNATURE_SIZE && (bytes[SIGNATURE_SIZE] >> 4 != 2 ||
                               (bytes[SIGNATURE_SIZE] & 15) > 1))
        return bad("an unknown version or command", err);
    if (n < HEAD_SIZE)
        return go_on(n, HEAD_SIZE, missing);
    size_t rest = read_16(bytes + HEAD_SIZE - 2), length = HEAD_SIZE + rest;
    if (length > DIESEL_PROXY_HEADER_MOST)
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "a PROXY header of %zu bytes, where %d are the "
                                "limit", length, DIESEL_PROXY_HEADER_MOST);
    if (n < length)
        return go_on(n, length, missing);
    if ((bytes[SIGNATURE_SIZE] & 15) == 0) /* LOCAL: all else is passed over */
        return (ssize_t)length;
    ssize_t used = read_addresses(bytes[SIGNATURE_SIZE + 1], bytes + HEAD_SIZE,
                                  rest, header, err);
    if (used < 0)
        return -1;
    header->fields = bytes + HEAD_SIZE + used;
    header->fields_size = rest - (size_t)used;
    if (!are_well_formed(header->fields, header->fields_size))
        return bad("a field that is longer than the header", err);
    return check_sum(bytes, length, header, err) < 0 ? -1 : (ssize_t)length;
}

ssize_t diesel__proxy_parse(const uint8_t *bytes, size_t n,
                            diesel__proxy_header *header, size_t *missing,
                            diesel_error *err)
{
    *header = (diesel__proxy_header){0};
    if (n == 0)
        return go_on(n, strlen("PROXY UNKNOWN\r\n"), missing);
    if (may_begin(bytes, n, LINE_START, LINE_START_SIZE))
        return parse_line(bytes, n, header, missing, err);
    if (may_begin(bytes, n, SIGNATURE, SIGNATURE_SIZE))
        return parse_binary(bytes, n, header, missing, err);
    return bad("it begins otherwise", err);
}
