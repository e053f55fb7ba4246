/* SPDX-License-Identifier: MIT */
/*
 * The entities of a test.
 */
#include "unified.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int unified_fail(unified_world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(world->why, sizeof world->why, format, args);
    va_end(args);
    return -1;
}

int unified_prefix(unified_world *world, const char *format, ...)
{
    char what[UNIFIED_WHY / 4], why[UNIFIED_WHY];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    memcpy(why, world->why, sizeof why);
    return unified_fail(world, "%s: %.290s", what, why);
}

unified_entity *unified_find(unified_world *world, const char *id)
{
    for (unified_entity *e = world->entities; e != NULL && id != NULL; e = e->next)
        if (strcmp(e->id, id) == 0)
            return e;
    return NULL;
}

unified_entity *unified_add(unified_world *world, const char *id,
                            unified_kind kind)
{
    unified_entity *e = calloc(1, sizeof *e);
    snprintf(e->id, sizeof e->id, "%s", id);
    e->kind = kind;
    e->next = world->entities; /* the newest first: they are closed in this order */
    world->entities = e;
    return e;
}

static void close_one(unified_entity *e)
{
    dmongo_cursor_close(e->cursor);
    dmongo_gridfs_close(e->bucket);
    dmongo_session_close(e->session);
    dmongo_close(e->mongo);
    unified_proxy_close(e);
    unified_events_clear(e);
    unified_logs_clear(e);
    bson_destroy(e->observed);
    bson_destroy(e->session_id);
    bson_destroy(e->value);
    bson_destroy(e->ignored);
    bson_destroy(e->options);
    free(e);
}

void unified_close_all(unified_world *world)
{
    while (world->entities != NULL) {
        unified_entity *e = world->entities;
        world->entities = e->next;
        close_one(e);
    }
}

/* Every key must be in the list of those that the runner knows. */
static int check_keys(unified_world *world, const bson_t *doc,
                      const char *const *known)
{
    bson_iter_t iter;
    for (bson_iter_init(&iter, doc); bson_iter_next(&iter);) {
        const char *const *k = known;
        while (*k != NULL && strcmp(*k, bson_iter_key(&iter)) != 0)
            k++;
        if (*k == NULL)
            return unified_fail(world, "runner: unknown key %s of an entity",
                                bson_iter_key(&iter));
    }
    return 0;
}

static int observe(unified_world *world, unified_entity *e, const bson_t *doc)
{
    bson_t list;
    bson_iter_t iter;
    e->sees_secrets = dmongo_get_bool(doc, "observeSensitiveCommands", false);
    if (dmongo_get_doc(doc, "ignoreCommandMonitoringEvents", &list)) {
        e->ignored = bson_new();
        bson_append_array(e->ignored, "names", -1, &list);
    }
    if (!dmongo_get_doc(doc, "observeEvents", &list))
        return 0;
    for (bson_iter_init(&iter, &list); bson_iter_next(&iter);) {
        const char *name = bson_iter_utf8(&iter, NULL);
        if (strncmp(name, "command", 7) != 0 && strncmp(name, "pool", 4) != 0 &&
            strncmp(name, "connection", 10) != 0)
            return unified_fail(world, "observes %s", name);
    }
    e->observed = bson_new();
    bson_append_array(e->observed, "names", -1, &list);
    return 0;
}

/* The options of a connection string, one behind the other. */
static void add_uri_options(FILE *out, const bson_t *doc)
{
    bson_t options;
    bson_iter_t iter;
    if (!dmongo_get_doc(doc, "uriOptions", &options))
        return;
    for (bson_iter_init(&iter, &options); bson_iter_next(&iter);) {
        fprintf(out, "&%s=", bson_iter_key(&iter));
        if (BSON_ITER_HOLDS_UTF8(&iter))
            fputs(bson_iter_utf8(&iter, NULL), out);
        else if (BSON_ITER_HOLDS_BOOL(&iter))
            fputs(bson_iter_bool(&iter) ? "true" : "false", out);
        else
            fprintf(out, "%lld", (long long)bson_iter_as_int64(&iter));
    }
}

/* Waits until the pool is as large as it shall be, and forgets how it became so. */
static int await_min_pool_size(unified_world *world, unified_entity *client,
                               const bson_t *doc)
{
    int64_t ms = dmongo_get_int(doc, "awaitMinPoolSizeMS", 0);
    int64_t wanted = dmongo_get_int(doc, "uriOptions.minPoolSize", 0);
    int64_t deadline = diesel_now() + ms;
    while (ms > 0 && client->made < wanted) {
        if (diesel_now() > deadline || diesel_sleep(1, NULL) < 0)
            return unified_fail(world, "the pool has %d connections after %d ms",
                                client->made, (int)ms);
    }
    if (ms > 0)
        unified_events_clear(client);
    return 0;
}

static int create_client(unified_world *world, unified_entity *e,
                         const bson_t *doc)
{
    static const char *const known[] = {
        "id", "uriOptions", "useMultipleMongoses", "observeEvents",
        "ignoreCommandMonitoringEvents", "observeSensitiveCommands", "serverApi",
        "observeLogMessages", "awaitMinPoolSizeMS", NULL};
    uint16_t port;
    diesel_error err;
    char *uri = NULL;
    size_t size;
    const char *login = strrchr(world->server->uri, '@');
    if (check_keys(world, doc, known) < 0 || observe(world, e, doc) < 0 ||
        unified_observe_logs(world, e, doc) < 0 ||
        unified_proxy_open(world, e, &port) < 0)
        return -1;
    FILE *out = open_memstream(&uri, &size);
    if (login != NULL) /* "mongodb://user:password@..." */
        fprintf(out, "%.*s127.0.0.1:%u/?authSource=admin",
                (int)(login - world->server->uri) + 1, world->server->uri, port);
    else
        fprintf(out, "mongodb://127.0.0.1:%u/?heartbeatFrequencyMS=10000", port);
    add_uri_options(out, doc);
    fclose(out);
    dmongo_options options = {
        .events = unified_events(e),
        .api = {.version = dmongo_get_str(doc, "serverApi.version", NULL),
                .strict = dmongo_get_bool(doc, "serverApi.strict", false),
                .deprecation_errors =
                    dmongo_get_bool(doc, "serverApi.deprecationErrors", false)}};
    e->mongo = dmongo_open(uri, &options, &err);
    e->client = e;
    free(uri);
    if (e->mongo == NULL)
        return unified_fail(world, "%s", err.message);
    return await_min_pool_size(world, e, doc);
}

/* The entity that a key of the document names. */
static unified_entity *parent_of(unified_world *world, const bson_t *doc,
                                 const char *key)
{
    unified_entity *e = unified_find(world, dmongo_get_str(doc, key, NULL));
    if (e == NULL)
        unified_fail(world, "runner: there is no %s %s", key,
                     dmongo_get_str(doc, key, ""));
    return e;
}

static int create_database(unified_world *world, unified_entity *e,
                           const bson_t *doc)
{
    static const char *const known[] = {"id", "client", "databaseName",
                                        "databaseOptions", NULL};
    unified_entity *client = parent_of(world, doc, "client");
    bson_t options;
    if (client == NULL || check_keys(world, doc, known) < 0)
        return -1;
    e->client = client;
    snprintf(e->name, sizeof e->name, "%s",
             dmongo_get_str(doc, "databaseName", ""));
    if (dmongo_get_doc(doc, "databaseOptions", &options))
        e->options = bson_copy(&options);
    return 0;
}

static int create_collection(unified_world *world, unified_entity *e,
                             const bson_t *doc)
{
    static const char *const known[] = {"id", "database", "collectionName",
                                        "collectionOptions", NULL};
    unified_entity *database = parent_of(world, doc, "database");
    bson_t options;
    if (database == NULL || check_keys(world, doc, known) < 0)
        return -1;
    e->client = database->client;
    snprintf(e->name, sizeof e->name, "%.60s.%.120s", database->name,
             dmongo_get_str(doc, "collectionName", ""));
    if (dmongo_get_doc(doc, "collectionOptions", &options))
        e->options = bson_copy(&options);
    else if (database->options != NULL)
        e->options = bson_copy(database->options);
    return 0;
}

static int create_session(unified_world *world, unified_entity *e,
                          const bson_t *doc)
{
    static const char *const known[] = {"id", "client", "sessionOptions", NULL};
    unified_entity *client = parent_of(world, doc, "client");
    diesel_error err;
    bson_t options = BSON_INITIALIZER;
    if (client == NULL || check_keys(world, doc, known) < 0)
        return -1;
    dmongo_get_doc(doc, "sessionOptions", &options);
    if (dmongo_has(&options, "defaultTransactionOptions"))
        return unified_fail(world, "needs transactions");
    e->client = client;
    e->session = dmongo_session_open(
        client->mongo,
        &(dmongo_session_options){
            .not_causal = !dmongo_get_bool(&options, "causalConsistency", true),
            .snapshot = dmongo_get_bool(&options, "snapshot", false)},
        &err);
    if (e->session == NULL)
        return unified_fail(world, "%s", err.message);
    e->session_id = bson_copy(dmongo_session_id(e->session));
    return 0;
}

static int create_bucket(unified_world *world, unified_entity *e,
                         const bson_t *doc)
{
    static const char *const known[] = {"id", "database", "bucketOptions", NULL};
    unified_entity *database = parent_of(world, doc, "database");
    diesel_error err;
    if (database == NULL || check_keys(world, doc, known) < 0)
        return -1;
    e->client = database->client;
    snprintf(e->name, sizeof e->name, "%s", database->name);
    e->bucket = dmongo_gridfs_open(
        database->client->mongo, database->name,
        &(dmongo_gridfs_options){
            .bucket = dmongo_get_str(doc, "bucketOptions.bucketName", NULL),
            .chunk_size = (int32_t)dmongo_get_int(
                doc, "bucketOptions.chunkSizeBytes", 0)},
        &err);
    return e->bucket != NULL ? 0 : unified_fail(world, "%s", err.message);
}

static const struct {
    const char *name;
    unified_kind kind;
    int (*create)(unified_world *world, unified_entity *e, const bson_t *doc);
} kinds[] = {
    {"client", UNIFIED_CLIENT, create_client},
    {"database", UNIFIED_DATABASE, create_database},
    {"collection", UNIFIED_COLLECTION, create_collection},
    {"session", UNIFIED_SESSION, create_session},
    {"bucket", UNIFIED_BUCKET, create_bucket},
};

static int create_one(unified_world *world, const bson_t *doc)
{
    bson_iter_t iter;
    bson_t inner;
    if (!bson_iter_init(&iter, doc) || !bson_iter_next(&iter) ||
        !dmongo_get_doc(doc, bson_iter_key(&iter), &inner))
        return unified_fail(world, "runner: malformed entity");
    const char *id = dmongo_get_str(&inner, "id", "");
    if (unified_find(world, id) != NULL)
        return unified_fail(world, "runner: a second entity %s", id);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(bson_iter_key(&iter), kinds[i].name) == 0)
            return kinds[i].create(
                world, unified_add(world, id, kinds[i].kind), &inner);
    return unified_fail(world, "needs entities of the kind %s",
                        bson_iter_key(&iter));
}

int unified_create(unified_world *world, const bson_t *list)
{
    bson_iter_t iter;
    for (bson_iter_init(&iter, list); bson_iter_next(&iter);) {
        const uint8_t *bytes;
        uint32_t n;
        bson_t doc;
        if (!BSON_ITER_HOLDS_DOCUMENT(&iter))
            return unified_fail(world, "runner: malformed entity");
        bson_iter_document(&iter, &n, &bytes);
        if (!bson_init_static(&doc, bytes, n) || create_one(world, &doc) < 0)
            return -1;
    }
    return 0;
}
