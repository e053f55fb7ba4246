/* SPDX-License-Identifier: MIT */
/*
 * What a client was opened with. What the URL says is put in first, then the
 * options, then defaults for what is still missing; then the whole is checked.
 *
 * The URL's parts are spans of the string until they are decoded. The part before
 * the @ may be a secret (without a colon it is the password, as for redis-cli), so
 * messages quote neither it nor the URL as a whole.
 */
#include "config_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <diesel/memory.h>

#include "watch_internal.h"

struct span {
    const char *at;
    size_t len;
};

static int invalid(diesel_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int invalid(diesel_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diesel_error_setv(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0, format, args);
    va_end(args);
    return -1;
}

static void wipe_free(char *s)
{
    if (s != NULL)
        explicit_bzero(s, strlen(s));
    diesel_free(s);
}

void dredis__config_clear(dredis__config *config)
{
    dredis__watch_free(config->watch);
    diesel_free(config->host);
    diesel_free(config->unix_path);
    diesel_free(config->client_name);
    diesel_free(config->lib_name);
    diesel_free(config->tls_name);
    diesel_tls_free(config->tls);
    diesel_free(config->name);
    wipe_free(config->user);
    wipe_free(config->password);
    *config = (dredis__config){0};
}

/* Takes what lies before the first of `ends`, or everything, out of *rest. */
static struct span take_until(struct span *rest, const char *ends)
{
    struct span taken = {rest->at, 0};
    while (taken.len < rest->len && strchr(ends, rest->at[taken.len]) == NULL)
        taken.len++;
    rest->at += taken.len;
    rest->len -= taken.len;
    return taken;
}

static bool take_char(struct span *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    rest->at++;
    rest->len--;
    return true;
}

static bool contains(struct span s, char c)
{
    return memchr(s.at, c, s.len) != NULL;
}

static bool is_word(struct span s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that %XX at s[i] stands for; 0 if it is none that may be there. */
static int decoded_byte(struct span s, size_t i)
{
    if (s.len - i < 3)
        return 0;
    int high = hex_digit(s.at[i + 1]), low = hex_digit(s.at[i + 2]);
    return high < 0 || low < 0 ? 0 : high * 16 + low;
}

/* Replaces *field by the decoded text of the span. */
static int set_text(char **field, struct span s, const char *what,
                    diesel_error *err)
{
    char *text = diesel_strndup(s.at, s.len), *end = text;
    if (text == NULL)
        return diesel_error_nomem(err, "a Redis URL");
    wipe_free(*field);
    *field = text;
    for (size_t i = 0; i < s.len; i++) {
        int byte = (unsigned char)s.at[i];
        if (byte == '%') {
            byte = decoded_byte(s, i);
            if (byte == 0)
                return invalid(err, "the %s in the Redis URL has a %% that two "
                                    "hexadecimal digits do not follow", what);
            i += 2;
        }
        *end++ = (char)byte;
    }
    *end = '\0';
    return 0;
}

static int set_number(int64_t *field, struct span s, int64_t least, int64_t most,
                      const char *what, diesel_error *err)
{
    int64_t value = 0;
    size_t i = s.len > 0 && s.at[0] == '-';
    bool negative = i == 1, digits = i < s.len;
    for (; i < s.len && digits; i++) {
        digits = s.at[i] >= '0' && s.at[i] <= '9' &&
                 value <= (INT64_MAX - 9) / 10;
        if (digits)
            value = value * 10 + (s.at[i] - '0');
    }
    if (negative)
        value = -value;
    if (!digits || value < least || value > most)
        return invalid(err, "the %s in the Redis URL is no number from %" PRId64
                            " to %" PRId64, what, least, most);
    *field = value;
    return 0;
}

/* The query parameters; `field` is where in the configuration it goes. */
static const struct parameter {
    const char *name;
    size_t field;
    int64_t least, most; /* of a number; 0 and 0: it is text */
} parameters[] = {
    {"db", offsetof(dredis__config, db), 0, INT_MAX},
    {"user", offsetof(dredis__config, user), 0, 0},
    {"password", offsetof(dredis__config, password), 0, 0},
    {"client_name", offsetof(dredis__config, client_name), 0, 0},
    {"tls_name", offsetof(dredis__config, tls_name), 0, 0},
    {"resp", offsetof(dredis__config, resp), 2, 3},
    {"connect_timeout_ms", offsetof(dredis__config, connect_timeout_ms), 1,
     INT_MAX},
    {"reconnect_timeout_ms", offsetof(dredis__config, reconnect_timeout_ms), -1,
     INT_MAX},
};

#define PARAMETERS (sizeof parameters / sizeof parameters[0])

/* A URL while it is read: which of the parameters it has given. */
struct url {
    dredis__config *config;
    bool given[PARAMETERS];
};

static int set_parameter(struct url *url, struct span name, struct span value,
                         diesel_error *err)
{
    size_t i = 0;
    while (i < PARAMETERS && !is_word(name, parameters[i].name))
        i++;
    if (i == PARAMETERS)
        return invalid(err, "the Redis URL has a parameter \"%.*s\", which does "
                            "not exist", (int)(name.len < 40 ? name.len : 40),
                       name.at);
    const struct parameter *p = &parameters[i];
    if (url->given[i])
        return invalid(err, "the Redis URL gives the %s twice", p->name);
    url->given[i] = true;
    void *field = (char *)url->config + p->field;
    if (p->least == 0 && p->most == 0)
        return set_text(field, value, p->name, err);
    return set_number(field, value, p->least, p->most, p->name, err);
}

static struct span word(const char *s)
{
    return (struct span){s, strlen(s)};
}

static int read_user(struct url *url, struct span who, diesel_error *err)
{
    struct span secret = who;
    if (contains(who, ':')) {
        struct span user = take_until(&secret, ":");
        take_char(&secret, ':');
        if (user.len > 0 && set_parameter(url, word("user"), user, err) < 0)
            return -1;
        if (user.len == 0 && secret.len == 0)
            return 0;
    }
    return set_parameter(url, word("password"), secret, err);
}

static int read_port(struct url *url, struct span digits, diesel_error *err)
{
    int64_t port;
    if (set_number(&port, digits, 1, UINT16_MAX, "port", err) < 0) {
        if (err != NULL)
            diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                             "the port in the Redis URL is no number from 1 to "
                             "65535 (in a password, / ? # @ : are written as "
                             "%%2F %%3F %%23 %%40 %%3A)");
        return -1;
    }
    url->config->port = (uint16_t)port;
    return 0;
}

static int read_host(struct url *url, struct span rest, diesel_error *err)
{
    struct span host;
    if (take_char(&rest, '[')) {
        host = take_until(&rest, "]");
        if (!take_char(&rest, ']'))
            return invalid(err, "the address in the Redis URL has no ]");
    } else {
        host = take_until(&rest, ":");
    }
    if (contains(host, '@'))
        return invalid(err, "the Redis URL has more than one @; in a password "
                            "it is written as %%40");
    if (host.len > 0 && set_text(&url->config->host, host, "host", err) < 0)
        return -1;
    if (take_char(&rest, ':'))
        return read_port(url, rest, err);
    return rest.len == 0 ? 0 : invalid(err, "the Redis URL has something between "
                                            "the address and the port");
}

static int read_query(struct url *url, struct span rest, diesel_error *err)
{
    if (!take_char(&rest, '?'))
        return 0;
    do {
        struct span item = take_until(&rest, "&");
        struct span name = take_until(&item, "=");
        if (!take_char(&item, '='))
            return invalid(err, "a parameter in the Redis URL has no value");
        if (set_parameter(url, name, item, err) < 0)
            return -1;
    } while (take_char(&rest, '&'));
    return 0;
}

/* [[user]:password@]host[:port][/db] */
static int read_tcp(struct url *url, struct span rest, diesel_error *err)
{
    struct span authority = take_until(&rest, "/?");
    struct span after = authority, who = take_until(&after, "@");
    if (take_char(&after, '@')) {
        if (read_user(url, who, err) < 0)
            return -1;
        authority = after;
    }
    if (read_host(url, authority, err) < 0)
        return -1;
    if (take_char(&rest, '/')) {
        struct span db = take_until(&rest, "?");
        if (db.len > 0 && set_parameter(url, word("db"), db, err) < 0)
            return -1;
    }
    return read_query(url, rest, err);
}

/* [[user]:password@]/path */
static int read_unix(struct url *url, struct span rest, diesel_error *err)
{
    struct span path = take_until(&rest, "?");
    struct span after = path, who = take_until(&after, "@/");
    if (take_char(&after, '@')) {
        if (read_user(url, who, err) < 0)
            return -1;
        path = after;
    }
    if (path.len == 0 || path.at[0] != '/')
        return invalid(err, "the Redis URL has no path that begins with /; it "
                            "would be as unix:///run/redis.sock");
    if (set_text(&url->config->unix_path, path, "path", err) < 0)
        return -1;
    return read_query(url, rest, err);
}

static int read_tls(struct url *url, struct span rest, diesel_error *err)
{
    url->config->wants_tls = true;
    return read_tcp(url, rest, err);
}

static const struct {
    const char *name;
    int (*read)(struct url *url, struct span rest, diesel_error *err);
} schemes[] = {
    {"redis", read_tcp},      {"valkey", read_tcp},
    {"unix", read_unix},      {"redis+unix", read_unix},
    {"redis-socket", read_unix}, {"rediss", read_tls},
    {"valkeys", read_tls},    {"redis+tls", read_tls},
    {"valkey+tls", read_tls},
};

static int read_url(dredis__config *config, const char *text, diesel_error *err)
{
    struct span rest = word(text);
    for (size_t i = 0; i < rest.len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == '#')
            return invalid(err, "the Redis URL has a character that must be "
                                "written as %%XX at position %zu", i);
    struct span scheme = take_until(&rest, ":");
    if (rest.len >= 3 && memcmp(rest.at, "://", 3) == 0) {
        rest.at += 3;
        rest.len -= 3;
        struct url url = {.config = config};
        for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
            if (is_word(scheme, schemes[i].name))
                return schemes[i].read(&url, rest, err);
    }
    return invalid(err, "the Redis URL does not begin with redis:// or unix://");
}

static int copy_option(char **field, const char *value, diesel_error *err)
{
    if (value == NULL)
        return 0;
    char *copy = diesel_strndup(value, strlen(value));
    if (copy == NULL)
        return diesel_error_nomem(err, "a Redis client");
    wipe_free(*field);
    *field = copy;
    return 0;
}

/* Where to connect: an option for one kind of address puts the other, which the
 * URL may have given, out of force. */
static int take_address(dredis__config *config, const dredis_options *o,
                        diesel_error *err)
{
    char **other = o->host != NULL ? &config->unix_path : &config->host;
    if (o->host != NULL && o->unix_path != NULL)
        return invalid(err, "both host and unix_path are given");
    if (o->host != NULL || o->unix_path != NULL) {
        diesel_free(*other);
        *other = NULL;
    }
    if (o->port != 0)
        config->port = o->port;
    if (copy_option(&config->host, o->host, err) < 0)
        return -1;
    return copy_option(&config->unix_path, o->unix_path, err);
}

static int64_t first_set(int64_t option, int64_t from_url, int64_t standard)
{
    if (option != 0)
        return option;
    return from_url != 0 ? from_url : standard;
}

static int check_watch(const dredis_options *o, diesel_error *err)
{
    if (o->slow_ms < 0 || o->slow_ms > INT_MAX)
        return invalid(err, "slow_ms is %" PRId64 ", which is not from 0 to %d",
                       o->slow_ms, INT_MAX);
    if (o->metrics > DREDIS_METRICS_COMMANDS)
        return invalid(err, "metrics is none of DREDIS_METRICS_*");
    return 0;
}

static int take_options(dredis__config *config, const dredis_options *o,
                        diesel_error *err)
{
    if (take_address(config, o, err) < 0 ||
        copy_option(&config->user, o->user, err) < 0 ||
        copy_option(&config->password, o->password, err) < 0 ||
        copy_option(&config->client_name, o->client_name, err) < 0 ||
        copy_option(&config->tls_name, o->tls_name, err) < 0)
        return -1;
    const char *lib_name = o->lib_name != NULL ? o->lib_name : "diesel-c";
    if (lib_name[0] != '\0' && copy_option(&config->lib_name, lib_name, err) < 0)
        return -1;
    config->credentials = o->credentials;
    config->credentials_arg = o->credentials_arg;
    config->no_evict = o->no_evict;
    config->no_touch = o->no_touch;
    config->db = first_set(o->db, config->db, 0);
    config->resp = first_set(o->resp, config->resp, 3);
    config->connect_timeout_ms =
        first_set(o->connect_timeout_ms, config->connect_timeout_ms, 5000);
    config->reconnect_timeout_ms =
        first_set(o->reconnect_timeout_ms, config->reconnect_timeout_ms, 2000);
    config->backoff_ms = first_set(o->backoff_ms, 0, 20);
    config->backoff_max_ms = first_set(o->backoff_max_ms, 0, 1000);
    config->max_pending = o->max_pending ? o->max_pending : 1u << 20;
    config->max_output = o->max_output ? o->max_output : 4u << 20;
    config->max_dedicated = o->max_dedicated ? o->max_dedicated : 256;
    config->connections = o->connections ? o->connections : 1;
    config->dedicated_wait_ms = o->dedicated_wait_ms;
    config->dedicated_idle_ms = first_set(o->dedicated_idle_ms, 0, 60000);
    config->dedicated_life_ms = o->dedicated_life_ms;
    config->dedicated_check_ms = first_set(o->dedicated_check_ms, 0, 30000);
    config->silence_ms = o->silence_ms;
    config->dead_after_ms = first_set(o->dead_after_ms, 0, 30000);
    config->max_retries = o->max_retries < 0 ? 0
                          : o->max_retries == 0 ? 3
                                                : (unsigned)o->max_retries;
    config->repeat_all = o->repeat_all;
    config->limits.depth = o->max_depth ? o->max_depth : 128;
    config->limits.elements = o->max_elements ? o->max_elements : 256u << 20;
    config->limits.bulk = o->max_bulk ? o->max_bulk : 512u << 20;
    config->keepalive_s = o->keepalive_s != 0 ? o->keepalive_s : 60;
    if (config->keepalive_s < 0)
        config->keepalive_s = 0;
    return 0;
}

static int check_numbers(const dredis__config *config, diesel_error *err)
{
    const struct {
        const char *name;
        int64_t value, least, most;
    } rows[] = {
        {"db", config->db, 0, INT_MAX},
        {"resp", config->resp, 2, 3},
        {"connect_timeout_ms", config->connect_timeout_ms, 1, INT_MAX},
        {"reconnect_timeout_ms", config->reconnect_timeout_ms, -1, INT_MAX},
        {"backoff_ms", config->backoff_ms, 1, INT_MAX},
        {"backoff_max_ms", config->backoff_max_ms, 1, INT_MAX},
        {"silence_ms", config->silence_ms, 0, INT_MAX},
        {"dead_after_ms", config->dead_after_ms, -1, INT_MAX},
        {"connections", (int64_t)config->connections, 1, 1024},
        {"dedicated_wait_ms", config->dedicated_wait_ms, 0, INT_MAX},
        {"dedicated_idle_ms", config->dedicated_idle_ms, -1, INT_MAX},
        {"dedicated_life_ms", config->dedicated_life_ms, 0, INT_MAX},
        {"dedicated_check_ms", config->dedicated_check_ms, -1, INT_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value < rows[i].least || rows[i].value > rows[i].most)
            return invalid(err, "%s is %" PRId64 ", which is not from %" PRId64
                                " to %" PRId64, rows[i].name, rows[i].value,
                           rows[i].least, rows[i].most);
    return 0;
}

/* Redis takes such names only. */
static int check_name(const char *what, const char *name, diesel_error *err)
{
    for (const char *c = name; c != NULL && *c != '\0'; c++)
        if (*c < '!' || *c > '~')
            return invalid(err, "%s has a space or a character that is not "
                                "printable", what);
    return 0;
}

static int set_name(dredis__config *config, diesel_error *err)
{
    if (config->unix_path != NULL)
        return copy_option(&config->name, config->unix_path, err);
    size_t size = strlen(config->host) + sizeof "[]:65535";
    config->name = diesel_malloc(size);
    if (config->name == NULL)
        return diesel_error_nomem(err, "a Redis client");
    bool ipv6 = strchr(config->host, ':') != NULL;
    snprintf(config->name, size, ipv6 ? "[%s]:%u" : "%s:%u", config->host,
             (unsigned)config->port);
    return 0;
}

static int make_tls(dredis__config *config, const dredis_options *o,
                    diesel_error *err)
{
    if (o->tls == NULL && !config->wants_tls)
        return 0;
    if (o->tls != NULL && o->tls->server)
        return invalid(err, "the TLS options are those of a server");
    if (config->unix_path != NULL && config->tls_name == NULL)
        return invalid(err, "TLS over a Unix socket needs tls_name");
    config->tls = diesel_tls_new(o->tls, err);
    return config->tls != NULL ? 0 : -1;
}

static int complete(dredis__config *config, diesel_error *err)
{
    if (config->unix_path == NULL && config->host == NULL &&
        copy_option(&config->host, "127.0.0.1", err) < 0)
        return -1;
    if (config->port == 0)
        config->port = 6379;
    if (config->user != NULL && config->password == NULL &&
        copy_option(&config->password, "", err) < 0)
        return -1;
    if (config->resp == 3 && !dredis__reply_reader_knows_resp3())
        config->resp = 2;
    return set_name(config, err);
}

int dredis__config_init(dredis__config *config, const char *url,
                        const dredis_options *options, diesel_error *err)
{
    static const dredis_options none;
    if (options == NULL)
        options = &none;
    *config = (dredis__config){0};
    if ((url != NULL && read_url(config, url, err) < 0) ||
        take_options(config, options, err) < 0 ||
        check_numbers(config, err) < 0 || check_watch(options, err) < 0 ||
        check_name("client_name", config->client_name, err) < 0 ||
        check_name("lib_name", config->lib_name, err) < 0 ||
        complete(config, err) < 0 || make_tls(config, options, err) < 0 ||
        dredis__watch_new(&config->watch, config, options, err) < 0) {
        dredis__config_clear(config);
        return -1;
    }
    return 0;
}
