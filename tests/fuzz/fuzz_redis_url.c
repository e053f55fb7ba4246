/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of Redis URLs: any text is refused with a message or gives a
 * configuration that holds together.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redis/config_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diesel_error err;
    dredis__config config;
    char *url = malloc(size + 1);
    CHECK(url != NULL);
    memcpy(url, data, size);
    url[size] = '\0';
    if (dredis__config_init(&config, url, NULL, &err) == 0) {
        CHECK(config.name != NULL && config.name[0] != '\0');
        CHECK(config.unix_path != NULL || config.host != NULL);
        CHECK(config.port != 0);
        CHECK(config.user == NULL || config.password != NULL);
        CHECK(config.db >= 0 && (config.resp == 2 || config.resp == 3));
        dredis__config_clear(&config);
    } else {
        CHECK(err.code == DIESEL_E_INVAL || err.code == DIESEL_E_TLS);
        CHECK(memchr(err.message, '\0', sizeof err.message) != NULL);
        CHECK(config.password == NULL && config.host == NULL);
    }
    free(url);
    return 0;
}
