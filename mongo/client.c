/* SPDX-License-Identifier: MIT */
/*
 * The client's life, and commands.
 *
 * A client is counted: the program has one reference, and each call under way and
 * each open cursor has one. dmongo_close() gives up the program's and shuts every
 * connection, so calls that wait fail soon; the memory goes with the last one to
 * leave.
 */
#include "client_internal.h"

#include <string.h>

#include <diesel/memory.h>
#include <diesel/time.h>

#include "console_internal.h"
#include "log_internal.h"
#include "meter_internal.h"

static int unsupported(diesel_error *err, const char *what)
{
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                            "connection string: %s is not supported yet", what);
}

/* What can be asked for but not be done. Better an error than a connection that is
 * not what the program asked for. */
static int check_supported(const struct dmongo__uri *uri, diesel_error *err)
{
    if (uri->options.load_balanced)
        return unsupported(err, "loadBalanced=true");
    if (uri->options.proxy_host != NULL)
        return unsupported(err, "proxyHost");
    return 0;
}

/* Passes what happens in a pool on to whoever watches; arg is the server. */
static void tell_pool_event(void *arg, dmongo_pool_event *event)
{
    const struct dmongo__server *server = arg;
    const dmongo_events *events = &server->client->events;
    event->server = server->name;
    dmongo__meter_pool(server->meter, event);
    if (events->pool != NULL)
        events->pool(event, events->arg);
    if (dmongo__logs(&dmongo__connection_log))
        dmongo__log_pool(server, event);
}

static void init_pool(struct dmongo__server *server)
{
    const struct dmongo__uri_options *o = &server->client->uri->options;
    server->pool = (struct dmongo__pool){
        .min = (size_t)o->min_pool_size,
        .max = o->max_pool_size > 0 ? (size_t)o->max_pool_size : SIZE_MAX,
        .max_connecting = (size_t)o->max_connecting,
        .max_idle_ms = o->max_idle_time_ms,
        .wait_ms = o->wait_queue_timeout_ms,
        .make = dmongo__handshake,
        .greet = dmongo__greet,
        .forget = dmongo__greeting_forget,
        .arg = server,
        .tell = tell_pool_event,
        .is_quiet = server->client->events.pool == NULL && server->meter == NULL,
    };
    dmongo__pool_open(&server->pool);
}

/* After the string's tls options. What the file of the client's certificate holds is
 * the key, too. */
static int init_tls(dmongo *client, diesel_error *err)
{
    const struct dmongo__uri_options *o = &client->uri->options;
    if (!o->tls)
        return 0;
    client->tls = diesel_tls_new(
        &(diesel_tls_options){
            .ca_file = o->tls_ca_file,
            .cert_file = o->tls_certificate_key_file,
            .key_password = o->tls_certificate_key_file_password,
            .allow_invalid_certificates =
                o->tls_insecure || o->tls_allow_invalid_certificates,
            .allow_invalid_hostnames =
                o->tls_insecure || o->tls_allow_invalid_hostnames,
        },
        err);
    return client->tls != NULL ? 0 : -1;
}

static int init_servers(dmongo *client, dmongo_metrics metrics,
                        diesel_error *err)
{
    size_t count = client->uri->host_count;
    client->servers = diesel_calloc(count, sizeof *client->servers);
    if (client->servers == NULL)
        return diesel_error_nomem(err, "a client");
    for (size_t i = 0; i < count; i++) {
        struct dmongo__server *server = &client->servers[i];
        server->client = client;
        server->host = &client->uri->hosts[i];
        server->name = dmongo__host_name(server->host, err);
        if (server->name == NULL)
            return -1;
        if (metrics != DMONGO_METRICS_NONE) {
            server->meter = dmongo__meter_new(
                server->name, metrics == DMONGO_METRICS_COMMANDS);
            if (server->meter == NULL)
                return diesel_error_nomem(err, "a client");
        }
        init_pool(server);
    }
    return 0;
}

static int copy_string(const char *s, char **out, diesel_error *err)
{
    *out = diesel_strndup(s, strlen(s));
    return *out != NULL ? 0 : diesel_error_nomem(err, "a client");
}

/* Who the client is: the options' user and password go before the string's. */
static int init_credential(dmongo *client, const dmongo_options *options,
                           diesel_error *err)
{
    struct dmongo__uri *uri = client->uri;
    if (options->user != NULL) {
        if (copy_string(options->user, &client->owned_user, err) < 0)
            return -1;
        uri->user = client->owned_user;
        uri->password = NULL;
    }
    if (options->password != NULL) {
        if (copy_string(options->password, &client->owned_password, err) < 0)
            return -1;
        uri->password = client->owned_password;
    }
    if ((options->user != NULL || options->password != NULL) &&
        dmongo__uri_find_credential(uri, err) < 0)
        return -1;
    client->user = uri->credential.user;
    client->password = uri->credential.password;
    return 0;
}

static int init_write_concern(dmongo *client, diesel_error *err)
{
    const struct dmongo__uri *uri = client->uri;
    const struct dmongo__uri_options *o = &uri->options;
    bool has_w = dmongo__uri_has(uri, "w");
    bool has_journal = dmongo__uri_has(uri, "journal");
    if (!has_w && !has_journal && o->w_timeout_ms == 0)
        return 0;
    client->unacknowledged = has_w && o->w.name == NULL && o->w.number == 0;
    client->write_concern_doc = dmongo_doc_to_bson(
        dmongo_doc("w", !has_w ? dmongo_absent()
                        : o->w.name != NULL
                            ? dmongo_str(o->w.name)
                            : dmongo_int32((int32_t)o->w.number),
                   "j", has_journal ? dmongo_bool(o->journal) : dmongo_absent(),
                   "wtimeout",
                   o->w_timeout_ms > 0 ? dmongo_int64(o->w_timeout_ms)
                                       : dmongo_absent()),
        err);
    if (client->write_concern_doc == NULL)
        return -1;
    client->write_concern = dmongo_bson(client->write_concern_doc);
    return 0;
}

static int init_read_concern(dmongo *client, diesel_error *err)
{
    const char *level = client->uri->options.read_concern_level;
    if (level == NULL)
        return 0;
    client->read_concern_doc =
        dmongo_doc_to_bson(dmongo_doc("level", level), err);
    if (client->read_concern_doc == NULL)
        return -1;
    client->read_concern = dmongo_bson(client->read_concern_doc);
    return 0;
}

/* The string's compressors that there are here; about others there is a warning. */
static int init_compressors(dmongo *client, diesel_error *err)
{
    const struct dmongo__list *list = &client->uri->options.compressors;
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i];
        size_t most = sizeof client->compressors / sizeof *client->compressors;
        if (dmongo__compressor_find(name) == DMONGO__NO_COMPRESSOR) {
            if (dmongo__uri_warn(client->uri, err,
                                 "option compressors: Diesel was built without "
                                 "%s; it is ignored", name) < 0)
                return -1;
        } else if (client->compressor_count < most) {
            client->compressors[client->compressor_count++] = dmongo_str(name);
        }
    }
    return 0;
}

/* [{tag: value, ...}, ...] of values in memory of its own: diesel_free(*room), NULL
 * without memory. */
static dmongo_value tag_sets(const struct dmongo__tag_sets *sets,
                             dmongo_value **room)
{
    size_t n = sets->count;
    for (size_t i = 0; i < sets->count; i++)
        n += 2 * sets->items[i].count;
    *room = diesel_realloc_array(NULL, n, sizeof **room);
    if (*room == NULL)
        return dmongo_absent();
    dmongo_value *field = *room + sets->count;
    for (size_t i = 0; i < sets->count; i++) {
        dmongo_value *first = field;
        for (size_t j = 0; j < sets->items[i].count; j++) {
            *field++ = dmongo_str(sets->items[i].items[j].key);
            *field++ = dmongo_str(sets->items[i].items[j].value);
        }
        (*room)[i] = dmongo_doc_of(first, (size_t)(field - first));
    }
    return dmongo_array_of(*room, sets->count);
}

static int init_read_preference(dmongo *client, diesel_error *err)
{
    const struct dmongo__uri_options *o = &client->uri->options;
    if (o->read_preference == NULL ||
        strcmp(o->read_preference, "primary") == 0)
        return 0;
    dmongo_value *room = NULL, tags = dmongo_absent();
    if (o->read_preference_tags.count > 0) {
        tags = tag_sets(&o->read_preference_tags, &room);
        if (room == NULL)
            return diesel_error_nomem(err, "a read preference");
    }
    client->read_preference_doc = dmongo_doc_to_bson(
        dmongo_doc("mode", o->read_preference,
                   "tags", tags,
                   "maxStalenessSeconds",
                   o->max_staleness_seconds > 0
                       ? dmongo_int64(o->max_staleness_seconds)
                       : dmongo_absent()),
        err);
    diesel_free(room);
    return client->read_preference_doc != NULL ? 0 : -1;
}

/* apiVersion and its like, in every command. */
static int init_api(dmongo *client, const dmongo_api *api, diesel_error *err)
{
    if (api->version == NULL)
        return 0;
    if (copy_string(api->version, &client->owned_api_version, err) < 0)
        return -1;
    client->api_version = dmongo_str(client->owned_api_version);
    if (api->strict)
        client->api_strict = dmongo_bool(true);
    if (api->deprecation_errors)
        client->api_deprecation_errors = dmongo_bool(true);
    return 0;
}

static int init(dmongo *client, const char *uri, const dmongo_options *options,
                diesel_error *err)
{
    client->uri = dmongo__uri_parse(uri, err);
    if (client->uri == NULL || dmongo__srv_resolve(client->uri, err) < 0 ||
        check_supported(client->uri, err) < 0)
        return -1;
    const char *app_name = options->app_name != NULL
                               ? options->app_name
                               : client->uri->options.app_name;
    if (app_name != NULL && strlen(app_name) > 128)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "app_name is longer than 128 bytes");
    if (options->server_selection_timeout_ms < 0)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "server_selection_timeout_ms is negative");
    if (options->server_selection_timeout_ms > 0)
        client->uri->options.server_selection_timeout_ms =
            options->server_selection_timeout_ms;
    client->max_reply = options->max_reply;
    client->checksums = options->checksums;
    client->events = options->events;
    if (options->events.started != NULL || options->events.succeeded != NULL ||
        options->events.failed != NULL)
        client->watching |= DMONGO__TELLS;
    if (options->metrics != DMONGO_METRICS_NONE)
        client->watching |= DMONGO__MEASURES;
    if (app_name != NULL && copy_string(app_name, &client->app_name, err) < 0)
        return -1;
    client->socket_timeout_ms = client->uri->options.socket_timeout_ms;
    client->metadata = dmongo__hello_metadata(app_name, err);
    if (client->metadata == NULL || init_tls(client, err) < 0 ||
        init_servers(client, options->metrics, err) < 0 ||
        init_credential(client, options, err) < 0 ||
        init_write_concern(client, err) < 0 ||
        init_read_concern(client, err) < 0 ||
        init_compressors(client, err) < 0 ||
        init_api(client, &options->api, err) < 0)
        return -1;
    return init_read_preference(client, err);
}

static void free_client(dmongo *client)
{
    if (client->uri != NULL && client->servers != NULL)
        for (size_t i = 0; i < client->uri->host_count; i++) {
            dmongo__meter_free(client->servers[i].meter);
            diesel_free(client->servers[i].name);
        }
    diesel_free(client->servers);
    dmongo__uri_free(client->uri);
    diesel_tls_free(client->tls);
    bson_destroy(client->metadata);
    bson_destroy(client->write_concern_doc);
    bson_destroy(client->read_concern_doc);
    bson_destroy(client->read_preference_doc);
    dmongo__buffer_clear(&client->cluster_time.bytes);
    diesel_free(client->owned_api_version);
    diesel_free(client->app_name);
    if (client->owned_password != NULL)
        explicit_bzero(client->owned_password, strlen(client->owned_password));
    diesel_free(client->owned_password);
    diesel_free(client->owned_user);
    explicit_bzero(&client->keys, sizeof client->keys);
    diesel_free(client);
}

void dmongo__client_release(dmongo *client)
{
    if (--client->references == 0)
        free_client(client);
}

/* On the console's page. */
static int show(dmongo *client, diesel_error *err)
{
    client->shown =
        diesel_console_add("mongo", "Pools of connections to MongoDB servers.",
                           dmongo__console_client, client, err);
    return client->shown != NULL ? 0 : -1;
}

/* The pools' upkeep, if there is any to be done. */
static int start_background(dmongo *client, diesel_error *err)
{
    const struct dmongo__uri_options *o = &client->uri->options;
    if (o->min_pool_size == 0 && o->max_idle_time_ms == 0)
        return 0;
    client->background =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    if (client->background == NULL)
        return diesel_error_nomem(err, "a client");
    for (size_t i = 0; i < client->uri->host_count; i++)
        if (diesel_go(client->background, dmongo__pool_upkeep,
                      &client->servers[i].pool) < 0)
            return diesel_error_nomem(err, "a client");
    return 0;
}

/* Finds a server, and if there is a password, makes the first connection, so that a wrong
 * one is found out. */
static int connect_first(dmongo *client, diesel_error *err)
{
    int64_t deadline = 0;
    struct dmongo__server *server =
        dmongo__select_slowly(client, &deadline, NULL, err);
    if (server == NULL)
        return -1;
    bool is_needed = client->uri->credential.is_set ||
                     server->pool.max_idle_ms > 0; /* so that it is not kept for ever */
    if (!is_needed || dmongo__pool_add(&server->pool, err) == 0)
        return 0;
    diesel_error_prefix(err, "%s", server->name);
    return -1;
}

dmongo *dmongo_open(const char *uri, const dmongo_options *options,
                    diesel_error *err)
{
    static const dmongo_options defaults;
    diesel_error why;
    dmongo *client = diesel_calloc(1, sizeof *client);
    if (client == NULL) {
        diesel_error_nomem(err, "a client");
        return NULL;
    }
    client->references = 1;
    client->waiting_site = (diesel_log_site){__FILE__, __func__, __LINE__, 1000, 0, 0};
    dmongo__log_open();
    if (init(client, uri, options != NULL ? options : &defaults, &why) == 0 &&
        connect_first(client, &why) == 0 &&
        start_background(client, &why) == 0 && show(client, &why) == 0)
        return client;

    diesel_error_prefix(&why, "mongodb");
    if (err != NULL)
        *err = why;
    dmongo_close(client);
    return NULL;
}

void dmongo_close(dmongo *client)
{
    if (client == NULL)
        return;
    diesel_console_remove(client->shown);
    client->shown = NULL;
    if (client->servers != NULL)
        dmongo__sessions_end(client);
    client->is_closed = true;
    if (client->servers != NULL)
        for (size_t i = 0; i < client->uri->host_count; i++)
            dmongo__pool_close(&client->servers[i].pool);
    client->current = NULL;
    dmongo__wake_selecting(client);
    if (client->background != NULL) {
        diesel_scope_cancel(client->background);
        (void)diesel_scope_wait(client->background, NULL);
    }
    dmongo__client_release(client);
}

const char *dmongo_database(const dmongo *client)
{
    return client->uri->database;
}

const char *dmongo_server(const dmongo *client)
{
    const struct dmongo__server *server =
        client->current != NULL ? client->current : &client->servers[0];
    return server->name;
}

const char *dmongo_warning(const dmongo *client, size_t index)
{
    const struct dmongo__uri *uri = client->uri;
    return index < uri->warning_count ? uri->warnings[index] : NULL;
}
