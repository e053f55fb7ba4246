/* SPDX-License-Identifier: MIT */
/*
 * Reading the server's name as mongosh does.
 *
 * A text with "://" is a connection string and is left to the driver; options
 * that would say the same once more are refused rather than guessed at. Anything
 * else is put together from its parts, with those characters escaped that would
 * mean something in a connection string.
 */
#include "mongo/cli/address_internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(diesel_error *err, const char *what)
{
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0, "%s",
                            what);
}

/* Writes text with all but letters, digits and "-._~" as %XX. */
static void put_escaped(const char *text, size_t len, FILE *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) || memchr("-._~", c, 4) != NULL)
            fputc(c, out);
        else
            fprintf(out, "%%%02X", c);
    }
}

/* The parts of what is no connection string; spans of the user's text. */
struct parts {
    const char *host, *db;
    size_t host_len, db_len;
    bool is_socket;
    bool has_port;
};

/* A socket's path, as far as its ".sock"; behind it may be "/db". */
static bool read_socket(const char *text, struct parts *parts)
{
    const char *end = strstr(text, ".sock");
    if (text[0] != '/' || end == NULL)
        return false;
    end += strlen(".sock");
    if (*end != '\0' && *end != '/')
        return false;
    parts->host = text;
    parts->host_len = (size_t)(end - text);
    parts->is_socket = true;
    parts->db = *end == '/' ? end + 1 : end;
    parts->db_len = strlen(parts->db);
    return true;
}

static void read_parts(const char *text, struct parts *parts)
{
    if (read_socket(text, parts))
        return;
    if (strpbrk(text, ".:/") == NULL && strcmp(text, "localhost") != 0) {
        parts->db = text;
        parts->db_len = strlen(text);
        return;
    }
    parts->host = text;
    parts->host_len = strcspn(text, "/");
    parts->has_port =
        memchr(text, ':', parts->host_len) != NULL && text[0] != '[';
    if (text[0] == '[')
        parts->has_port = strstr(text, "]:") != NULL;
    if (text[parts->host_len] == '/') {
        parts->db = text + parts->host_len + 1;
        parts->db_len = strlen(parts->db);
    }
}

/* A host's name; an IPv6 address gets the brackets that a port needs. */
static void put_host(const struct parts *parts, FILE *out)
{
    const char *host = parts->host;
    const char *colon = memchr(host, ':', parts->host_len);
    bool bare_v6 = host[0] != '[' && colon != NULL &&
                   memchr(colon + 1, ':',
                          parts->host_len - (size_t)(colon + 1 - host)) != NULL;
    if (parts->is_socket)
        put_escaped(host, parts->host_len, out);
    else
        fprintf(out, bare_v6 ? "[%.*s]" : "%.*s", (int)parts->host_len, host);
}

static int compose(const dmongo__address *address, FILE *out,
                   diesel_error *err)
{
    struct parts parts = {0};
    if (address->uri != NULL)
        read_parts(address->uri, &parts);
    if (address->host != NULL) {
        struct parts given = parts;
        if (parts.host != NULL)
            return refuse(err, "option --host and a host before it: give one");
        memset(&parts, 0, sizeof parts);
        parts.host = address->host;
        parts.host_len = strlen(address->host);
        parts.is_socket = address->host[0] == '/';
        parts.has_port = strchr(address->host, ':') != NULL;
        parts.db = given.db;
        parts.db_len = given.db_len;
    }
    if (address->port != 0 && (parts.has_port || parts.is_socket))
        return refuse(err, "option --port: the host has a port already, or is a "
                           "socket");
    fputs("mongodb://", out);
    if (parts.host != NULL)
        put_host(&parts, out);
    else
        fputs("127.0.0.1", out);
    if (address->port != 0)
        fprintf(out, ":%" PRId64, address->port);
    fputc('/', out);
    if (parts.db != NULL)
        put_escaped(parts.db, parts.db_len, out);
    return 0;
}

/* Adds authSource, which a connection string might have in it. */
static int add_auth_db(const char *auth_db, const char *uri, FILE *out,
                       diesel_error *err)
{
    const char *query = uri != NULL ? strchr(uri, '?') : NULL;
    if (query != NULL && strcasestr(query, "authSource=") != NULL)
        return refuse(err, "option --authenticationDatabase: the connection "
                           "string has an authSource");
    const char *authority = uri != NULL ? strstr(uri, "://") + 3 : "/";
    bool has_slash = authority[strcspn(authority, "/?")] == '/';
    bool open = query != NULL &&
                (query[1] == '\0' || query[strlen(query) - 1] == '&');
    fputs(query == NULL ? has_slash ? "?" : "/?" : open ? "" : "&", out);
    fputs("authSource=", out);
    put_escaped(auth_db, strlen(auth_db), out);
    return 0;
}

char *dmongo__address_uri(const dmongo__address *address, diesel_error *err)
{
    bool is_uri = address->uri != NULL && strstr(address->uri, "://") != NULL;
    if (is_uri && (address->host != NULL || address->port != 0)) {
        refuse(err, "options --host and --port: the connection string names the "
                    "server already");
        return NULL;
    }
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        diesel_error_nomem(err, "the connection string");
        return NULL;
    }
    int result = 0;
    if (is_uri)
        fputs(address->uri, out);
    else
        result = compose(address, out, err);
    if (result == 0 && address->auth_db != NULL)
        result = add_auth_db(address->auth_db, is_uri ? address->uri : NULL,
                             out, err);
    if (fclose(out) != 0 && result == 0)
        result = diesel_error_nomem(err, "the connection string");
    if (result == 0)
        return text;
    free(text);
    return NULL;
}
