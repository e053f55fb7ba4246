/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of MongoDB's connection strings: any text is refused with a
 * message or gives hosts and options that hold together. A TXT record's options,
 * which come from the network, are read on top: what is behind the input's first line
 * feed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mongo/uri_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

static void check_refusal(const diesel_error *err)
{
    CHECK(err->code == DIESEL_E_INVAL);
    CHECK(err->message[0] != '\0');
    CHECK(memchr(err->message, '\0', sizeof err->message) != NULL);
}

static void check_hosts(const struct dmongo__uri *uri)
{
    CHECK(uri->host_count > 0);
    for (size_t i = 0; i < uri->host_count; i++) {
        const struct dmongo__host *host = &uri->hosts[i];
        CHECK(host->name != NULL && host->name[0] != '\0');
        CHECK((host->port == 0) == (host->kind == DMONGO__UNIX));
    }
    CHECK(!uri->is_srv || uri->host_count == 1);
}

/* Numbers lie within the bounds of their rows, lists have all their items. */
static void check_options(const struct dmongo__uri *uri)
{
    for (size_t i = 0; i < dmongo__uri_option_count; i++) {
        const struct dmongo__uri_option *row = &dmongo__uri_option_table[i];
        const void *at = (const char *)&uri->options + row->offset;
        if (row->type == DMONGO__OPTION_INT && dmongo__uri_has(uri, row->name)) {
            CHECK(*(const int64_t *)at >= row->min);
            CHECK(*(const int64_t *)at <= row->max);
        } else if (row->type == DMONGO__OPTION_LIST) {
            const struct dmongo__list *list = at;
            for (size_t j = 0; j < list->count; j++)
                CHECK(list->items[j] != NULL);
        } else if (row->type == DMONGO__OPTION_PAIRS) {
            const struct dmongo__pairs *pairs = at;
            for (size_t j = 0; j < pairs->count; j++)
                CHECK(pairs->items[j].key != NULL && pairs->items[j].value != NULL);
        }
    }
}

static void check_rest(const struct dmongo__uri *uri)
{
    const struct dmongo__credential *credential = &uri->credential;
    for (size_t i = 0; i < uri->warning_count; i++)
        CHECK(uri->warnings[i][0] != '\0');
    CHECK(!credential->is_set || credential->source != NULL);
    CHECK(uri->password == NULL || uri->user != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diesel_error err;
    char *text = malloc(size + 1);
    CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *txt = strchr(text, '\n');
    if (txt != NULL)
        *txt++ = '\0';
    struct dmongo__uri *uri = dmongo__uri_parse(text, &err);
    if (uri != NULL) {
        check_hosts(uri);
        check_options(uri);
        check_rest(uri);
        if (txt != NULL && dmongo__uri_read_txt(uri, txt, strlen(txt), &err) < 0)
            check_refusal(&err);
        check_options(uri);
    } else {
        check_refusal(&err);
    }
    dmongo__uri_free(uri);
    free(text);
    return 0;
}
