/* SPDX-License-Identifier: MIT */
/*
 * What events say, as records with the messages and the names of fields that MongoDB's
 * specifications give them: command logging and monitoring, connection monitoring and
 * pooling, server selection. How they are configured is in the logging specification; the
 * environment only says what the program has not said itself.
 */
#include "log_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <diesel/value.h>

#include "client_internal.h"
#include "topology_internal.h"

#define USUAL_DOCUMENT_LENGTH 1000
#define DESCRIPTION_ROOM 600

diesel_logger dmongo__command_log = DIESEL_LOGGER("mongo.command");
diesel_logger dmongo__connection_log = DIESEL_LOGGER("mongo.connection");
diesel_logger dmongo__selection_log = DIESEL_LOGGER("mongo.serverSelection");

/* --- The environment */

static const struct {
    const char *logger, *variable;
} components[] = {
    {"mongo.command", "MONGODB_LOG_COMMAND"},
    {"mongo.connection", "MONGODB_LOG_CONNECTION"},
    {"mongo.serverSelection", "MONGODB_LOG_SERVER_SELECTION"},
    {"mongo.topology", "MONGODB_LOG_TOPOLOGY"},
};

/* Levels that the core does not have are the next less severe one that it has. */
static const struct {
    const char *name;
    int level;
} levels[] = {
    {"off", DIESEL_OFF},         {"emergency", DIESEL_ERROR},
    {"alert", DIESEL_ERROR},     {"critical", DIESEL_ERROR},
    {"error", DIESEL_ERROR},     {"warn", DIESEL_WARNING},
    {"notice", DIESEL_INFO},     {"info", DIESEL_INFO},
    {"debug", DIESEL_DEBUG},     {"trace", DIESEL_TRACE},
};

/* The level that a variable asks for; DIESEL_INHERIT: none, or it makes no sense. */
static int level_of(const char *variable)
{
    const char *text = getenv(variable);
    for (size_t i = 0; text != NULL && i < sizeof levels / sizeof *levels; i++)
        if (strcasecmp(levels[i].name, text) == 0)
            return levels[i].level;
    return DIESEL_INHERIT;
}

static void take_levels(void)
{
    int all = level_of("MONGODB_LOG_ALL");
    for (size_t i = 0; i < sizeof components / sizeof *components; i++) {
        int own = level_of(components[i].variable);
        int level = own != DIESEL_INHERIT ? own : all;
        if (level != DIESEL_INHERIT) /* without memory there are fewer records */
            (void)diesel_log_level_default(components[i].logger, level, NULL);
    }
}

/* Where all records of the driver go, if the environment says so. A file stays open for
 * as long as the process lives; one that cannot be opened is as if none were named. */
static void take_path(void)
{
    static diesel_log_file file;
    const char *path = getenv("MONGODB_LOG_PATH");
    if (path == NULL || *path == 0)
        return;
    if (strcasecmp(path, "stderr") == 0)
        file.fd = STDERR_FILENO;
    else if (strcasecmp(path, "stdout") == 0)
        file.fd = STDOUT_FILENO;
    else
        file.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file.fd < 0)
        diesel_log(&dmongo__connection_log, DIESEL_WARNING,
                   "MONGODB_LOG_PATH cannot be opened", "path", path, "error",
                   strerror(errno));
    else
        (void)diesel_log_route_set(
            "mongo", &(diesel_log_sink){diesel_log_human, &file}, NULL);
}

void dmongo__log_open(void)
{
    static bool done;
    if (__atomic_exchange_n(&done, true, __ATOMIC_RELAXED))
        return;
    take_levels();
    take_path();
}

static size_t document_length(void)
{
    const char *text = getenv("MONGODB_LOG_MAX_DOCUMENT_LENGTH");
    char *end;
    if (text == NULL || *text < '0' || *text > '9')
        return USUAL_DOCUMENT_LENGTH;
    unsigned long number = strtoul(text, &end, 10);
    return *end == 0 && number <= INT32_MAX / 2 ? number : USUAL_DOCUMENT_LENGTH;
}

/* --- Fields */

/* A record being put together; no caller adds more fields than fit. */
struct record {
    diesel_value fields[32];
    size_t count;
};

static void add(struct record *record, const char *name, diesel_value value)
{
    record->fields[record->count++] = diesel_str(name);
    record->fields[record->count++] = value;
}

static void add_server(struct record *record, const struct dmongo__server *server)
{
    add(record, "serverHost", diesel_str(server->host->name));
    if (server->host->kind != DMONGO__UNIX)
        add(record, "serverPort", diesel_int(server->host->port));
}

static void add_duration(struct record *record, int64_t duration_us)
{
    add(record, "durationMS", diesel_double((double)duration_us / 1000));
}

/* The document as relaxed extended JSON, cut if it is long, but within no character.
 * Owned: bson_free(); NULL if it has no such form. */
static char *to_text(const bson_t *doc)
{
    size_t n, most = document_length();
    /* A little more than is needed tells that there is more. */
    bson_json_opts_t *options =
        bson_json_opts_new(BSON_JSON_MODE_RELAXED, (int32_t)most + 8);
    char *json = bson_as_json_with_opts(doc, &n, options);
    bson_json_opts_destroy(options);
    if (json == NULL || n <= most)
        return json;
    while (most > 0 && ((unsigned char)json[most] & 0xc0) == 0x80)
        most--;
    char *cut = bson_strdup_printf("%.*s...", (int)most, json);
    bson_free(json);
    return cut;
}

/* --- Commands */

static void write_command(const struct dmongo__server *server, const char *message,
                          const dmongo_command_event *event, struct record *record)
{
    add(record, "commandName", diesel_str(event->name));
    add(record, "databaseName", diesel_str(event->database));
    add(record, "requestId", diesel_uint(event->request_id));
    add(record, "operationId", diesel_uint(event->operation_id));
    add(record, "driverConnectionId", diesel_uint(event->connection_id));
    if (event->server_connection_id != 0)
        add(record, "serverConnectionId", diesel_int(event->server_connection_id));
    add_server(record, server);
    diesel_log_write(&dmongo__command_log, DIESEL_DEBUG, NULL, message,
                     record->fields, record->count);
}

static void write_document(const struct dmongo__server *server, const char *message,
                           const dmongo_command_event *event, const char *name,
                           const bson_t *doc)
{
    struct record record = {.count = 0};
    char *text = to_text(doc);
    if (text != NULL)
        add(&record, name, diesel_str(text));
    if (event->command == NULL)
        add_duration(&record, event->duration_us);
    write_command(server, message, event, &record);
    bson_free(text);
}

void dmongo__log_command(const struct dmongo__server *server,
                         const dmongo_command_event *event)
{
    if (event->command != NULL) {
        write_document(server, "Command started", event, "command", event->command);
    } else if (event->error == NULL) {
        write_document(server, "Command succeeded", event, "reply", event->reply);
    } else {
        struct record record = {.count = 0};
        add(&record, "failure", diesel_str(event->error->message));
        add_duration(&record, event->duration_us);
        write_command(server, "Command failed", event, &record);
    }
}

/* --- Pools */

static const char *const pool_messages[] = {
    [DMONGO_POOL_CREATED] = "Connection pool created",
    [DMONGO_POOL_READY] = "Connection pool ready",
    [DMONGO_POOL_CLEARED] = "Connection pool cleared",
    [DMONGO_POOL_CLOSED] = "Connection pool closed",
    [DMONGO_CONNECTION_CREATED] = "Connection created",
    [DMONGO_CONNECTION_READY] = "Connection ready",
    [DMONGO_CONNECTION_CLOSED] = "Connection closed",
    [DMONGO_CHECK_OUT_STARTED] = "Connection checkout started",
    [DMONGO_CHECK_OUT_FAILED] = "Connection checkout failed",
    [DMONGO_CHECKED_OUT] = "Connection checked out",
    [DMONGO_CHECKED_IN] = "Connection checked in",
};

static const struct {
    const char *reason, *text;
} reasons[] = {
    {"stale", "Connection became stale because the pool was cleared"},
    {"idle", "Connection has been available but unused for longer than the configured "
             "max idle time"},
    {"error", "An error occurred while using the connection"},
    {"poolClosed", "Connection pool was closed"},
    {"timeout", "Wait queue timeout elapsed without a connection becoming available"},
    {"connectionError", "An error occurred while trying to establish a new connection"},
};

static const char *reason_text(const char *reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].reason, reason) == 0)
            return reasons[i].text;
    return reason;
}

/* Those that the connection string has. */
static void add_options(struct record *record, const struct dmongo__uri *uri)
{
    const struct dmongo__uri_options *o = &uri->options;
    const struct {
        const char *name;
        int64_t value;
    } options[] = {
        {"maxIdleTimeMS", o->max_idle_time_ms},
        {"minPoolSize", o->min_pool_size},
        {"maxPoolSize", o->max_pool_size},
        {"maxConnecting", o->max_connecting},
        {"waitQueueTimeoutMS", o->wait_queue_timeout_ms},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (dmongo__uri_has(uri, options[i].name))
            add(record, options[i].name, diesel_int(options[i].value));
}

void dmongo__log_pool(const struct dmongo__server *server,
                      const dmongo_pool_event *event)
{
    struct record record = {.count = 0};
    bool has_duration = event->kind == DMONGO_CONNECTION_READY ||
                        event->kind == DMONGO_CHECK_OUT_FAILED ||
                        event->kind == DMONGO_CHECKED_OUT;
    add_server(&record, server);
    if (event->connection_id != 0)
        add(&record, "driverConnectionId", diesel_uint(event->connection_id));
    if (event->reason != NULL)
        add(&record, "reason", diesel_str(reason_text(event->reason)));
    if (event->error != NULL)
        add(&record, "error", diesel_str(event->error->message));
    if (has_duration)
        add_duration(&record, event->duration_us);
    if (event->kind == DMONGO_POOL_CREATED)
        add_options(&record, server->client->uri);
    diesel_log_write(&dmongo__connection_log, DIESEL_DEBUG, NULL,
                     pool_messages[event->kind], record.fields, record.count);
}

/* --- Server selection */

/* What the operation wants of a server. */
static const char *selector_of(const struct dmongo__call *call)
{
    const char *mode = call->client->uri->options.read_preference;
    if (!(call->op->flags & (DMONGO__READS | DMONGO__PREFERS)) || mode == NULL)
        return "primary";
    return mode;
}

/* What all records about a selection have; `text` lives as long as the record. */
static void add_selection(struct record *record, const struct dmongo__call *call,
                          char text[DESCRIPTION_ROOM])
{
    dmongo__topology_describe(call->client, text, DESCRIPTION_ROOM);
    add(record, "selector", diesel_str(selector_of(call)));
    if (call->watching != 0)
        add(record, "operationId", diesel_uint(call->watched.operation_id));
    add(record, "operation", diesel_str(call->op->what));
    add(record, "topologyDescription", diesel_str(text));
}

void dmongo__log_selection(const struct dmongo__call *call,
                           const struct dmongo__server *server,
                           const diesel_error *error)
{
    char text[DESCRIPTION_ROOM];
    struct record record = {.count = 0};
    add_selection(&record, call, text);
    if (server != NULL)
        add_server(&record, server);
    if (error != NULL)
        add(&record, "failure", diesel_str(error->message));
    diesel_log_write(&dmongo__selection_log, DIESEL_DEBUG, NULL,
                     server != NULL  ? "Server selection succeeded"
                     : error != NULL ? "Server selection failed"
                                     : "Server selection started",
                     record.fields, record.count);
}

void dmongo__log_waiting(const struct dmongo__call *call, int64_t remaining_ms)
{
    char text[DESCRIPTION_ROOM];
    struct record record = {.count = 0};
    if (!diesel_log_is_on(&dmongo__selection_log, DIESEL_INFO))
        return;
    add_selection(&record, call, text);
    add(&record, "remainingTimeMS", diesel_int(remaining_ms));
    diesel_log_write(&dmongo__selection_log, DIESEL_INFO,
                     &call->client->waiting_site,
                     "Waiting for suitable server to become available",
                     record.fields, record.count);
}
