/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of messages: reading, walking over their sections, and
 * unpacking compressed ones, over bytes that may be anything. What has been
 * accepted must lie within the bytes; a message in pieces must be waited for; and
 * what was unpacked is read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mongo/compress_internal.h"
#include "mongo/reply_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

enum { LIMIT = 1 << 16 };

static void check_message(const struct dmongo__message *m, const uint8_t *bytes,
                          size_t length)
{
    const uint8_t *at = NULL, *end = bytes + length;
    struct dmongo__section section;
    struct dmongo__reply reply;
    diesel_error err;
    CHECK(m->body >= bytes + DMONGO__HEADER_SIZE);
    CHECK(m->body + m->body_size <= end);
    if (m->operation == DMONGO__OP_COMPRESSED)
        return;
    while (dmongo__next_section(m, &at, &section) > 0) {
        CHECK(section.documents + section.size <= end);
        CHECK((const uint8_t *)section.name + strlen(section.name) < end);
    }
    (void)dmongo__reply_read(&reply, m->body, m->body_size, &err);
}

static void read_all(const uint8_t *bytes, size_t size, int depth)
{
    struct dmongo__message m, part;
    struct dmongo__buffer out = {0};
    diesel_error err;
    const char *why = NULL;
    ssize_t length = dmongo__message_read(&m, bytes, size, LIMIT, &why);
    CHECK(length <= (ssize_t)size);
    CHECK(length >= 0 || why != NULL);
    if (length <= 0)
        return;
    check_message(&m, bytes, (size_t)length);
    CHECK(dmongo__message_read(&part, bytes, (size_t)length - 1, LIMIT, &why) == 0);
    if (m.operation == DMONGO__OP_COMPRESSED && depth == 0) {
        int64_t n = dmongo__unpack(&m, LIMIT, &out, &err);
        CHECK(out.room <= LIMIT);
        if (n > 0)
            read_all(out.data, (size_t)n, 1);
        dmongo__buffer_clear(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size != 0 ? size : 1);
    if (bytes == NULL)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    read_all(bytes, size, 0);
    free(bytes);
    return 0;
}
