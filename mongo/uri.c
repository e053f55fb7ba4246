/* SPDX-License-Identifier: MIT */
/*
 * Connection strings: taking one apart into user, hosts, database and options.
 *
 *     mongodb://user:password@host:port,host:port/database?name=value&name=value
 *     `-scheme-'`-userinfo---'`-----hosts-------' `------'  `--------options---'
 *
 * The string is cut at its reserved characters first and each part is decoded
 * afterwards, so an escaped character never cuts. A reserved character that stands
 * in a part unescaped is an error and not a guess, since the commonest mistake is a
 * password that should have been escaped.
 *
 * Everything lives in blocks that hang on the URI and are freed with it.
 */
#include "uri_internal.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <diesel/memory.h>

#include "utf8_internal.h"

#define DEFAULT_PORT 27017
#define SCHEME "mongodb://"
#define SRV_SCHEME "mongodb+srv://"

/* A part of the string: from `at` up to `end`. */
struct span {
    const char *at;
    const char *end;
};

struct block {
    struct block *next;
    size_t size;
    /* The memory follows. */
};

static size_t length(struct span s)
{
    return (size_t)(s.end - s.at);
}

static const char *find(struct span s, char c)
{
    return s.at < s.end ? memchr(s.at, c, length(s)) : NULL;
}

static bool has_any(struct span s, const char *chars)
{
    for (const char *p = s.at; p < s.end; p++)
        if (strchr(chars, *p) != NULL)
            return true;
    return false;
}

int dmongo__uri_refuse(diesel_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diesel_error_setv(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0, format, args);
    va_end(args);
    diesel_error_prefix(err, "connection string");
    return -1;
}

void *dmongo__uri_alloc(struct dmongo__uri *uri, size_t size, diesel_error *err)
{
    struct block *block = diesel_calloc(1, sizeof *block + size);
    if (block == NULL) {
        diesel_error_nomem(err, "the connection string");
        return NULL;
    }
    block->size = size;
    block->next = uri->blocks;
    uri->blocks = block;
    return block + 1;
}

void dmongo__uri_free(struct dmongo__uri *uri)
{
    if (uri == NULL)
        return;
    struct block *block = uri->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        explicit_bzero(block, sizeof *block + block->size);
        diesel_free(block);
        block = next;
    }
    diesel_free(uri->warnings);
    diesel_free(uri);
}

int dmongo__uri_warn(struct dmongo__uri *uri, diesel_error *err,
                     const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    char *copy = dmongo__uri_alloc(uri, strlen(text) + 1, err);
    if (copy == NULL)
        return -1;
    strcpy(copy, text);
    const char **grown = diesel_realloc_array(
        uri->warnings, uri->warning_count + 1, sizeof *grown);
    if (grown == NULL)
        return diesel_error_nomem(err, "the connection string");
    uri->warnings = grown;
    uri->warnings[uri->warning_count++] = copy;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One character of an escaped text: its value, and *p behind it; -1 if it is a
 * broken escape or stands for a zero byte. */
static int decode_one(const char **p, const char *end)
{
    if (**p != '%')
        return (unsigned char)*(*p)++;
    if (end - *p < 3)
        return -1;
    int high = hex_digit((*p)[1]), low = hex_digit((*p)[2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return -1;
    *p += 3;
    return high << 4 | low;
}

char *dmongo__uri_decode(struct dmongo__uri *uri, const char *s, size_t n,
                         const char *what, diesel_error *err)
{
    char *out = dmongo__uri_alloc(uri, n + 1, err);
    if (out == NULL)
        return NULL;
    size_t used = 0;
    for (const char *p = s; p < s + n;) {
        int c = decode_one(&p, s + n);
        if (c < 0) {
            dmongo__uri_refuse(err,
                               "%s has a '%%' that two hexadecimal digits of a "
                               "character do not follow (write %%25 for it)",
                               what);
            return NULL;
        }
        out[used++] = (char)c;
    }
    if (!dmongo__is_utf8(out, used)) {
        dmongo__uri_refuse(err, "%s is not valid UTF-8", what);
        return NULL;
    }
    return out;
}

static int read_userinfo(struct dmongo__uri *uri, struct span s,
                         diesel_error *err)
{
    const char *colon = find(s, ':');
    struct span user = {s.at, colon != NULL ? colon : s.end};
    struct span password = {colon != NULL ? colon + 1 : s.end, s.end};
    if (has_any(user, "/?#[]@") || has_any(password, ":/?#[]@"))
        return dmongo__uri_refuse(err,
                                  "the user or the password has one of the "
                                  "characters :/?#[]@ in it that must be "
                                  "written as %%XX");
    if (length(user) == 0)
        return dmongo__uri_refuse(err, "there is no user before the '@'");
    uri->user = dmongo__uri_decode(uri, user.at, length(user), "the user", err);
    if (uri->user == NULL)
        return -1;
    if (colon == NULL)
        return 0;
    uri->password = dmongo__uri_decode(uri, password.at, length(password),
                                       "the password", err);
    return uri->password != NULL ? 0 : -1;
}

static int read_port(struct dmongo__host *host, struct span s,
                     diesel_error *err)
{
    unsigned long port = 0;
    for (const char *p = s.at; p < s.end && port <= 65535; p++)
        port = *p >= '0' && *p <= '9' ? port * 10 + (unsigned long)(*p - '0')
                                      : 65536;
    if (length(s) == 0 || port == 0 || port > 65535)
        /* The port is not shown: it may be a password with a '/' in it. */
        return dmongo__uri_refuse(
            err, "the port of %.80s is not a number from 1 to 65535", host->name);
    host->port = (uint16_t)port;
    host->has_port = true;
    return 0;
}

/* Which kind of host the decoded name is, not in brackets. */
static enum dmongo__host_kind kind_of(const char *name)
{
    struct in_addr unused;
    if (strchr(name, '/') != NULL)
        return DMONGO__UNIX;
    return inet_pton(AF_INET, name, &unused) == 1 ? DMONGO__IPV4
                                                  : DMONGO__HOSTNAME;
}

/* The span of a host's name, without brackets, and in *rest what follows. False if
 * it lacks the closing bracket. */
static bool cut_host(struct span s, struct span *name, struct span *rest)
{
    bool bracketed = s.at < s.end && *s.at == '[';
    const char *end = find(s, bracketed ? ']' : ':');
    if (bracketed && end == NULL)
        return false;
    if (end == NULL)
        end = s.end;
    *name = (struct span){s.at + bracketed, end};
    *rest = (struct span){end + bracketed, s.end};
    return true;
}

static int read_host(struct dmongo__uri *uri, struct dmongo__host *host,
                     struct span s, diesel_error *err)
{
    struct span name, rest;
    bool bracketed = s.at < s.end && *s.at == '[';
    if (!cut_host(s, &name, &rest))
        return dmongo__uri_refuse(err, "an IPv6 address lacks its ']'");
    if (length(name) == 0)
        return dmongo__uri_refuse(err, "there is an empty host name");
    if (has_any(name, "[]@"))
        return dmongo__uri_refuse(err, "a host name has one of []@ in it");
    host->name =
        dmongo__uri_decode(uri, name.at, length(name), "a host name", err);
    if (host->name == NULL)
        return -1;
    host->kind = bracketed ? DMONGO__IP_LITERAL : kind_of(host->name);
    if (length(rest) > 0 && *rest.at != ':')
        return dmongo__uri_refuse(err, "an IPv6 address has characters after its "
                                       "']' that are no port");
    if (host->kind == DMONGO__UNIX)
        return length(rest) == 0
                   ? 0
                   : dmongo__uri_refuse(err, "the Unix socket %.80s has a port",
                                        host->name);
    host->port = DEFAULT_PORT;
    return length(rest) == 0
               ? 0
               : read_port(host, (struct span){rest.at + 1, rest.end}, err);
}

static int read_hosts(struct dmongo__uri *uri, struct span s, diesel_error *err)
{
    size_t count = 1;
    for (const char *p = s.at; p < s.end; p++)
        count += *p == ',';
    uri->hosts = dmongo__uri_alloc(uri, count * sizeof *uri->hosts, err);
    if (uri->hosts == NULL)
        return -1;
    for (;;) {
        const char *comma = find(s, ',');
        struct span host = {s.at, comma != NULL ? comma : s.end};
        if (read_host(uri, &uri->hosts[uri->host_count], host, err) < 0)
            return -1;
        uri->host_count++;
        if (comma == NULL)
            return 0;
        s.at = comma + 1;
    }
}

static int check_srv_host(const struct dmongo__uri *uri, diesel_error *err)
{
    const struct dmongo__host *host = &uri->hosts[0];
    if (uri->host_count != 1)
        return dmongo__uri_refuse(err, "mongodb+srv:// takes exactly one host");
    if (host->has_port)
        return dmongo__uri_refuse(err, "mongodb+srv:// takes no port");
    if (host->kind != DMONGO__HOSTNAME)
        return dmongo__uri_refuse(err, "mongodb+srv:// needs a host name");
    return 0;
}

static int read_database(struct dmongo__uri *uri, struct span s,
                         diesel_error *err)
{
    if (length(s) == 0)
        return 0;
    if (has_any(s, "/@"))
        return dmongo__uri_refuse(err, "the database has a '/' or '@' in it; if it "
                                       "belongs to the user or the password, write "
                                       "it as %%XX");
    const char *name =
        dmongo__uri_decode(uri, s.at, length(s), "the database", err);
    if (name == NULL)
        return -1;
    if (strpbrk(name, "/\\ \"") != NULL)
        return dmongo__uri_refuse(err, "the database's name has a character in it "
                                       "that is not allowed there");
    uri->database = name;
    return 0;
}

/* Cuts `s`, which is behind the scheme, and reads the parts. */
static int read_parts(struct dmongo__uri *uri, struct span s, diesel_error *err)
{
    const char *slash = find(s, '/');
    const char *question = find(s, '?');
    /* A '/' behind the '?' belongs to an option's value. */
    if (slash != NULL && question != NULL && question < slash &&
        memchr(question, '@', (size_t)(slash - question)) == NULL)
        slash = NULL;
    else if (slash != NULL)
        question = find((struct span){slash, s.end}, '?');

    const char *options = question != NULL ? question : s.end;
    struct span authority = {s.at, slash != NULL ? slash : options};
    struct span database = {slash != NULL ? slash + 1 : options, options};

    const char *at = length(authority) > 0
                         ? memrchr(authority.at, '@', length(authority))
                         : NULL;
    if (at != NULL) {
        if (read_userinfo(uri, (struct span){authority.at, at}, err) < 0)
            return -1;
        authority.at = at + 1;
    }
    if (read_hosts(uri, authority, err) < 0 ||
        (uri->is_srv && check_srv_host(uri, err) < 0) ||
        read_database(uri, database, err) < 0)
        return -1;
    if (options < s.end)
        options++;
    return dmongo__uri_read_options(uri, options, (size_t)(s.end - options),
                                    err);
}

static int read_all(struct dmongo__uri *uri, const char *text,
                    diesel_error *err)
{
    size_t skip = 0;
    if (strncmp(text, SCHEME, strlen(SCHEME)) == 0)
        skip = strlen(SCHEME);
    else if (strncmp(text, SRV_SCHEME, strlen(SRV_SCHEME)) == 0)
        skip = strlen(SRV_SCHEME);
    else
        return dmongo__uri_refuse(
            err, "it begins with neither " SCHEME " nor " SRV_SCHEME);
    uri->is_srv = skip == strlen(SRV_SCHEME);
    struct span rest = {text + skip, text + strlen(text)};
    if (read_parts(uri, rest, err) < 0 ||
        dmongo__uri_check_options(uri, err) < 0)
        return -1;
    return dmongo__uri_find_credential(uri, err);
}

struct dmongo__uri *dmongo__uri_parse(const char *text, diesel_error *err)
{
    struct dmongo__uri *uri = diesel_calloc(1, sizeof *uri);
    if (uri == NULL) {
        diesel_error_nomem(err, "the connection string");
        return NULL;
    }
    if (read_all(uri, text, err) < 0) {
        dmongo__uri_free(uri);
        return NULL;
    }
    return uri;
}
