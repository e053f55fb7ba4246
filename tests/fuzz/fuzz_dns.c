/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of name servers' answers. The first byte chooses the type of
 * record that is looked for; the rest is the message.
 */
#include <ares.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/dns_message_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

static void check_record(const diesel__dns_record *record, int type)
{
    CHECK(record->data[record->length] == '\0');
    CHECK(record->ttl <= INT32_MAX);
    if (type == DIESEL__DNS_SRV)
        CHECK(record->length > 0 && record->length == strlen(record->data));
    if (type == DIESEL__DNS_A)
        CHECK(record->length == 4);
    if (type == DIESEL__DNS_AAAA)
        CHECK(record->length == 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t types[] = {DIESEL__DNS_A, DIESEL__DNS_AAAA,
                                     DIESEL__DNS_SRV, DIESEL__DNS_TXT};
    diesel__dns_answer *answer;
    if (size == 0)
        return 0;
    int type = types[data[0] % 4];
    int status = diesel__dns_read(data + 1, size - 1, (uint16_t)type, &answer);
    CHECK((answer == NULL) == (status == ARES_EBADRESP));
    if (answer == NULL)
        return 0;
    CHECK(status == (answer->count > 0 ? ARES_SUCCESS : ARES_ENODATA));
    for (size_t i = 0; i < answer->count; i++)
        check_record(&answer->records[i], type);
    diesel__dns_answer_unref(answer);
    return 0;
}
