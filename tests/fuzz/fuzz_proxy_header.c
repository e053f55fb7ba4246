/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of PROXY headers. What comes out must be in what went in, and a
 * header that is cut must be found to go on, by no more than is cut off.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/proxy_parse_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

static void check_fields(const diesel__proxy_header *header, const uint8_t *data,
                         size_t length)
{
    if (header->fields == NULL) {
        CHECK(header->fields_size == 0);
        return;
    }
    CHECK(header->fields + header->fields_size == data + length);
    for (int type = 0; type < 256; type++) {
        size_t n;
        const uint8_t *value = diesel__proxy_find(
            header->fields, header->fields_size, (uint8_t)type, &n);
        CHECK(value == NULL ||
              (value >= header->fields + 3 && n <= header->fields_size &&
               value + n <= data + length));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diesel__proxy_header header;
    diesel_error err;
    size_t missing = 0;
    ssize_t length = diesel__proxy_parse(data, size, &header, &missing, &err);
    CHECK(length <= (ssize_t)size);
    if (length == 0)
        CHECK(missing > 0 && size + missing <= DIESEL_PROXY_HEADER_MOST);
    if (length < 0)
        CHECK(err.code == DIESEL_E_PROTOCOL || err.code == DIESEL_E_LIMIT);
    if (length <= 0)
        return 0;
    check_fields(&header, data, (size_t)length);
    char text[DIESEL_ADDRESS_TEXT];
    diesel_address_text(&header.source, text, sizeof text);
    diesel_address_text(&header.destination, text, sizeof text);
    for (size_t cut = 0; cut < (size_t)length; cut++)
        CHECK(diesel__proxy_parse(data, cut, &header, &missing, &err) == 0 &&
              missing > 0 && cut + missing <= (size_t)length);
    return 0;
}
