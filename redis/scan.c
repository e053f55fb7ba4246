/* SPDX-License-Identifier: MIT */
/*
 * Scans: pages that the server gives, one after the other, each with the cursor of
 * the next one. All that is to be known of the walk is that cursor, which is kept as
 * text, since a server may count in more than 64 bits.
 *
 * The command's words lie behind the scan in one piece of memory:
 *
 *     SCAN cursor MATCH pattern ...     HSCAN key cursor MATCH pattern ...
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_scan.h>

#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "client_internal.h"
#include "encode_internal.h"
#include "typed_internal.h"

#define LONGEST_CURSOR 40

struct dredis_scan {
    dredis *client;
    diesel_value words[10];
    size_t n, cursor_at; /* of the words */
    char cursor[LONGEST_CURSOR];
    bool ended;          /* the page in hand is the last one */
    dredis_reply *page;  /* [cursor, items]; NULL: none yet */
    size_t next;         /* of its items */
    char texts[];        /* copies: of the key, the pattern, the type */
};

static size_t size_of(const diesel_value *value)
{
    return value->type == DIESEL_VALUE_STR || value->type == DIESEL_VALUE_BYTES
               ? value->len
               : 0;
}

/* A value whose bytes are copied to *at. */
static diesel_value keep(char **at, diesel_value value)
{
    size_t len = size_of(&value);
    if (len == 0)
        return value;
    memcpy(*at, value.s, len);
    value.s = *at;
    *at += len;
    return value;
}

static void add_options(dredis_scan *scan, char *at,
                        const dredis_scan_options *options)
{
    const struct {
        const char *word;
        diesel_value value;
    } rows[] = {
        {"MATCH", diesel_str(options->match)},
        {"COUNT", options->count != 0 ? diesel_int(options->count)
                                      : (diesel_value){0}},
        {"TYPE", diesel_str(options->type)},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].value.type == DIESEL_VALUE_NULL)
            continue;
        scan->words[scan->n++] = diesel_str(rows[i].word);
        scan->words[scan->n++] = keep(&at, rows[i].value);
    }
    if (options->no_values)
        scan->words[scan->n++] = WORD_OF("NOVALUES");
}

static dredis_scan *open_scan(dredis *client, const char *command,
                              const diesel_value *key,
                              const dredis_scan_options *options,
                              diesel_error *err)
{
    static const dredis_scan_options none;
    if (options == NULL)
        options = &none;
    size_t size = key != NULL ? size_of(key) : 0;
    size += options->match != NULL ? strlen(options->match) : 0;
    size += options->type != NULL ? strlen(options->type) : 0;
    dredis_scan *scan = diesel_calloc(1, sizeof *scan + size);
    if (scan == NULL) {
        diesel_error_nomem(err, "a scan");
        return NULL;
    }
    char *at = scan->texts;
    scan->client = client;
    scan->words[scan->n++] = diesel_str(command);
    if (key != NULL)
        scan->words[scan->n++] = keep(&at, *key);
    strcpy(scan->cursor, "0");
    scan->cursor_at = scan->n++;
    add_options(scan, at, options);
    return scan;
}

dredis_scan *dredis_scan_open(dredis *client,
                              const dredis_scan_options *options,
                              diesel_error *err)
{
    return open_scan(client, "SCAN", NULL, options, err);
}

dredis_scan *dredis_hscan_open(dredis *client, diesel_value key,
                               const dredis_scan_options *options,
                               diesel_error *err)
{
    return open_scan(client, "HSCAN", &key, options, err);
}

dredis_scan *dredis_sscan_open(dredis *client, diesel_value key,
                               const dredis_scan_options *options,
                               diesel_error *err)
{
    return open_scan(client, "SSCAN", &key, options, err);
}

dredis_scan *dredis_zscan_open(dredis *client, diesel_value key,
                               const dredis_scan_options *options,
                               diesel_error *err)
{
    return open_scan(client, "ZSCAN", &key, options, err);
}

void dredis_scan_close(dredis_scan *scan)
{
    if (scan == NULL)
        return;
    dredis_reply_free(scan->page);
    diesel_free(scan);
}

static bool is_page(const dredis_reply *reply)
{
    return reply->type == DREDIS_ARRAY && reply->elements == 2 &&
           reply->element[0].type == DREDIS_STRING &&
           reply->element[0].len > 0 &&
           reply->element[0].len < LONGEST_CURSOR &&
           (reply->element[1].type == DREDIS_ARRAY ||
            reply->element[1].type == DREDIS_SET ||
            reply->element[1].type == DREDIS_MAP);
}

static int no_page(const dredis_scan *scan, dredis_reply *reply,
                   diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                     "redis %s: %s: the reply, of type %s, is no page of a scan",
                     dredis_name(scan->client),
                     dredis__command_text(text, scan->words, scan->n),
                     dredis_type_name(reply->type));
    dredis_reply_free(reply);
    return -1;
}

/* Fetches the next page; what was borrowed from the one before goes. */
static int turn_page(dredis_scan *scan, diesel_error *err)
{
    dredis_reply_free(scan->page);
    scan->page = NULL;
    scan->next = 0;
    scan->words[scan->cursor_at] = diesel_str(scan->cursor);
    dredis_reply *reply =
        dredis_call_array(scan->client, scan->words, scan->n, err);
    if (reply == NULL)
        return -1;
    if (!is_page(reply))
        return no_page(scan, reply, err);
    memcpy(scan->cursor, reply->element[0].str, reply->element[0].len + 1);
    scan->ended = strcmp(scan->cursor, "0") == 0;
    scan->page = reply;
    return 0;
}

/* Makes sure that the page in hand has n more items: 1, 0 or -1. */
static int have(dredis_scan *scan, size_t n, diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    while (scan->page == NULL ||
           scan->page->element[1].elements - scan->next < n) {
        if (scan->ended && scan->page != NULL)
            return 0;
        if (turn_page(scan, err) < 0)
            return -1;
    }
    return 1;
}

int dredis_scan_next(dredis_scan *scan, const dredis_reply **item,
                     diesel_error *err)
{
    int got = have(scan, 1, err);
    if (got > 0)
        *item = &scan->page->element[1].element[scan->next++];
    return got;
}

int dredis_scan_next_pair(dredis_scan *scan, const dredis_reply **first,
                          const dredis_reply **second, diesel_error *err)
{
    int got = have(scan, 2, err);
    if (got > 0) {
        *first = &scan->page->element[1].element[scan->next++];
        *second = &scan->page->element[1].element[scan->next++];
    }
    return got;
}
