/* SPDX-License-Identifier: MIT */
/*
 * Connection strings: their options. One table says each option's name, type,
 * range and default; the readers below it, one per type, say what is wrong with a
 * value. Then come the rules that tie options together.
 *
 * A value that is wrong is ignored with a warning, as MongoDB's specification wants
 * it. Where ignoring would break a promise that the program relies on - how many
 * servers have a write, whose user it is, through which proxy - it is an
 * error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "uri_internal.h"

static const char *const compressors[] = {"snappy", "zlib", "zstd", NULL};
static const char *const read_preferences[] = {
    "primary", "primaryPreferred",   "secondary",
    "nearest", "secondaryPreferred", NULL};
static const char *const monitoring_modes[] = {"auto", "poll", "stream", NULL};

#define AT(field) offsetof(struct dmongo__uri_options, field)
#define BOOL(name, field, fallback)                                            \
    {name, DMONGO__OPTION_BOOL, AT(field), fallback, 0, 0, NULL}
#define INT(name, field, fallback, min, max)                                   \
    {name, DMONGO__OPTION_INT, AT(field), fallback, min, max, NULL}
#define MS(name, field, fallback) INT(name, field, fallback, 0, INT32_MAX)
#define STRING(name, field)                                                    \
    {name, DMONGO__OPTION_STRING, AT(field), 0, 0, 0, NULL}
#define CHOICE(name, field, choices)                                           \
    {name, DMONGO__OPTION_CHOICE, AT(field), 0, 0, 0, choices}
#define OTHER(name, field, type, choices)                                      \
    {name, type, AT(field), 0, 0, 0, choices}

const struct dmongo__uri_option dmongo__uri_option_table[] = {
    STRING("appName", app_name),
    STRING("authMechanism", auth_mechanism),
    OTHER("authMechanismProperties", auth_mechanism_properties,
          DMONGO__OPTION_PAIRS, NULL),
    STRING("authSource", auth_source),
    OTHER("compressors", compressors, DMONGO__OPTION_LIST, compressors),
    MS("connectTimeoutMS", connect_timeout_ms, 10000),
    BOOL("directConnection", direct_connection, false),
    BOOL("enableOverloadRetargeting", enable_overload_retargeting, false),
    INT("heartbeatFrequencyMS", heartbeat_frequency_ms, 10000, 500, INT32_MAX),
    BOOL("journal", journal, false),
    BOOL("loadBalanced", load_balanced, false),
    MS("localThresholdMS", local_threshold_ms, 15),
    INT("maxAdaptiveRetries", max_adaptive_retries, 0, 0, INT32_MAX),
    INT("maxConnecting", max_connecting, 2, 1, INT32_MAX),
    MS("maxIdleTimeMS", max_idle_time_ms, 0),
    INT("maxPoolSize", max_pool_size, 100, 0, INT32_MAX),
    INT("maxStalenessSeconds", max_staleness_seconds, -1, -1, INT32_MAX),
    INT("minPoolSize", min_pool_size, 0, 0, INT32_MAX),
    STRING("proxyHost", proxy_host),
    STRING("proxyPassword", proxy_password),
    INT("proxyPort", proxy_port, 1080, 1, 65535),
    STRING("proxyUsername", proxy_username),
    STRING("readConcernLevel", read_concern_level),
    CHOICE("readPreference", read_preference, read_preferences),
    OTHER("readPreferenceTags", read_preference_tags, DMONGO__OPTION_TAG_SETS,
          NULL),
    STRING("replicaSet", replica_set),
    BOOL("retryReads", retry_reads, true),
    BOOL("retryWrites", retry_writes, true),
    CHOICE("serverMonitoringMode", server_monitoring_mode, monitoring_modes),
    MS("serverSelectionTimeoutMS", server_selection_timeout_ms, 30000),
    BOOL("serverSelectionTryOnce", server_selection_try_once, false),
    MS("socketTimeoutMS", socket_timeout_ms, 0),
    INT("srvMaxHosts", srv_max_hosts, 0, 0, INT32_MAX),
    STRING("srvServiceName", srv_service_name),
    MS("timeoutMS", timeout_ms, 0),
    BOOL("tls", tls, false),
    BOOL("tlsAllowInvalidCertificates", tls_allow_invalid_certificates, false),
    BOOL("tlsAllowInvalidHostnames", tls_allow_invalid_hostnames, false),
    STRING("tlsCAFile", tls_ca_file),
    STRING("tlsCertificateKeyFile", tls_certificate_key_file),
    STRING("tlsCertificateKeyFilePassword", tls_certificate_key_file_password),
    BOOL("tlsDisableCertificateRevocationCheck",
         tls_disable_certificate_revocation_check, false),
    BOOL("tlsDisableOCSPEndpointCheck", tls_disable_ocsp_endpoint_check, false),
    BOOL("tlsInsecure", tls_insecure, false),
    OTHER("w", w, DMONGO__OPTION_W, NULL),
    MS("waitQueueTimeoutMS", wait_queue_timeout_ms, 0),
    MS("wTimeoutMS", w_timeout_ms, 0),
    INT("zlibCompressionLevel", zlib_compression_level, -1, -1, 9),
};

const size_t dmongo__uri_option_count =
    sizeof dmongo__uri_option_table / sizeof dmongo__uri_option_table[0];

_Static_assert(sizeof dmongo__uri_option_table /
                       sizeof dmongo__uri_option_table[0] <= 64,
               "struct dmongo__uri.given has 64 bits");

/* Other names. What is deprecated gets a warning, and gives way to the new name
 * if both are there. */
static const struct {
    const char *old;
    const char *name;
    bool deprecated;
} aliases[] = {
    {"ssl", "tls", false},
    {"j", "journal", true},
    {"wtimeout", "wTimeoutMS", true},
};

/* Pairs that must not both be given, whatever their values. */
static const char *const exclusive[][2] = {
    {"tlsInsecure", "tlsAllowInvalidCertificates"},
    {"tlsInsecure", "tlsAllowInvalidHostnames"},
    {"tlsInsecure", "tlsDisableOCSPEndpointCheck"},
    {"tlsInsecure", "tlsDisableCertificateRevocationCheck"},
    {"tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"},
    {"tlsAllowInvalidCertificates", "tlsDisableCertificateRevocationCheck"},
    {"tlsDisableOCSPEndpointCheck", "tlsDisableCertificateRevocationCheck"},
};

/* Options of which the second makes no sense without the first. */
static const char *const needed[][2] = {
    {"proxyHost", "proxyPort"},         {"proxyHost", "proxyUsername"},
    {"proxyHost", "proxyPassword"},     {"proxyUsername", "proxyPassword"},
    {"proxyPassword", "proxyUsername"},
};

/* One occurrence of an option while it is read. */
struct reading {
    struct dmongo__uri *uri;
    const struct dmongo__uri_option *option;
    char *value; /* decoded; the readers may cut it up */
    diesel_error *err;
    bool taken; /* false at the end: ignored with a warning */
};

static int option_index(const char *name)
{
    for (size_t i = 0; i < dmongo__uri_option_count; i++)
        if (strcasecmp(dmongo__uri_option_table[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool dmongo__uri_has(const struct dmongo__uri *uri, const char *option)
{
    int i = option_index(option);
    return i >= 0 && uri->given >> i & 1;
}

static void *field(const struct reading *r)
{
    return (char *)&r->uri->options + r->option->offset;
}

/* What can be shown of a value: never one that may be a secret, as the readers
 * that use this are those of numbers and fixed words. */
static int ignore(struct reading *r, const char *wanted)
{
    return dmongo__uri_warn(r->uri, r->err,
                            "option %s: \"%.40s\" is not %s; it is ignored",
                            r->option->name, r->value, wanted);
}

/* The whole text as a number. */
static bool parse_int(const char *s, int64_t *out)
{
    bool negative = *s == '-';
    int64_t n = 0;
    s += negative;
    if (*s == 0)
        return false;
    for (; *s != 0; s++) {
        if (*s < '0' || *s > '9' || n > INT64_MAX / 10 - 1)
            return false;
        n = n * 10 + (*s - '0');
    }
    *out = negative ? -n : n;
    return true;
}

static int read_bool(struct reading *r)
{
    bool yes = strcmp(r->value, "true") == 0;
    if (!yes && strcmp(r->value, "false") != 0)
        return ignore(r, "true or false");
    *(bool *)field(r) = yes;
    r->taken = true;
    return 0;
}

static int read_int(struct reading *r)
{
    int64_t n;
    const struct dmongo__uri_option *o = r->option;
    if (!parse_int(r->value, &n) || n < o->min || n > o->max) {
        char wanted[64];
        snprintf(wanted, sizeof wanted,
                 "a number from %" PRId64 " to %" PRId64, o->min, o->max);
        return ignore(r, wanted);
    }
    *(int64_t *)field(r) = n;
    r->taken = true;
    return 0;
}

static int read_string(struct reading *r)
{
    if (*r->value == 0)
        return dmongo__uri_warn(r->uri, r->err,
                                "option %s is empty; it is ignored",
                                r->option->name);
    *(const char **)field(r) = r->value;
    r->taken = true;
    return 0;
}

static const char *choose(const char *const *choices, const char *value)
{
    while (*choices != NULL && strcasecmp(*choices, value) != 0)
        choices++;
    return *choices;
}

static int read_choice(struct reading *r)
{
    const char *choice = choose(r->option->choices, r->value);
    if (choice == NULL)
        return ignore(r, "known");
    *(const char **)field(r) = choice;
    r->taken = true;
    return 0;
}

/* Cuts the next piece off a text with `separator` in it; NULL after the last. */
static char *next_piece(char **rest, char separator)
{
    char *piece = *rest;
    if (piece == NULL)
        return NULL;
    char *end = strchr(piece, separator);
    *rest = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = 0;
    return piece;
}

static size_t count_pieces(const char *s, char separator)
{
    size_t count = 1;
    for (; *s != 0; s++)
        count += *s == separator;
    return count;
}

static int read_list(struct reading *r)
{
    struct dmongo__list *list = field(r);
    size_t most = count_pieces(r->value, ',');
    list->items =
        dmongo__uri_alloc(r->uri, most * sizeof *list->items, r->err);
    if (list->items == NULL)
        return -1;
    list->count = 0;
    char *rest = r->value;
    for (char *piece; (piece = next_piece(&rest, ',')) != NULL;) {
        const char *choice = choose(r->option->choices, piece);
        if (choice != NULL)
            list->items[list->count++] = choice;
        else if (dmongo__uri_warn(r->uri, r->err,
                                  "option %s: \"%.40s\" is not known; it is "
                                  "ignored",
                                  r->option->name, piece) < 0)
            return -1;
    }
    r->taken = list->count > 0;
    return 0;
}

/* "key:value,key:value". A piece without a colon is left out with a warning. */
static int split_pairs(struct reading *r, struct dmongo__pairs *pairs)
{
    size_t most = count_pieces(r->value, ',');
    pairs->items =
        dmongo__uri_alloc(r->uri, most * sizeof *pairs->items, r->err);
    if (pairs->items == NULL)
        return -1;
    pairs->count = 0;
    char *rest = r->value;
    for (char *piece; (piece = next_piece(&rest, ',')) != NULL;) {
        char *colon = strchr(piece, ':');
        if (colon != NULL) {
            *colon = 0;
            pairs->items[pairs->count++] =
                (struct dmongo__pair){.key = piece, .value = colon + 1};
        } else if (dmongo__uri_warn(r->uri, r->err,
                                    "option %s has a part without a colon; it "
                                    "is ignored",
                                    r->option->name) < 0) {
            return -1;
        }
    }
    return 0;
}

static int read_pairs(struct reading *r)
{
    struct dmongo__pairs *pairs = field(r);
    if (split_pairs(r, pairs) < 0)
        return -1;
    r->taken = pairs->count > 0;
    return 0;
}

/* May be given several times; an empty one is the set that fits every server. */
static int read_tag_set(struct reading *r)
{
    struct dmongo__tag_sets *sets = field(r);
    struct dmongo__pairs set = {NULL, 0};
    if (*r->value != 0) {
        if (split_pairs(r, &set) < 0)
            return -1;
        if (set.count == 0)
            return 0;
    }
    struct dmongo__pairs *grown = dmongo__uri_alloc(
        r->uri, (sets->count + 1) * sizeof *grown, r->err);
    if (grown == NULL)
        return -1;
    if (sets->count > 0)
        memcpy(grown, sets->items, sets->count * sizeof *grown);
    grown[sets->count++] = set;
    sets->items = grown;
    r->taken = true;
    return 0;
}

static int read_w(struct reading *r)
{
    struct dmongo__w *w = field(r);
    int64_t n;
    if (*r->value == 0)
        return ignore(r, "a number of servers or a name");
    w->name = NULL;
    if (!parse_int(r->value, &n))
        w->name = r->value;
    else if (n < 0 || n > INT32_MAX)
        return dmongo__uri_refuse(r->err, "w=%" PRId64 " is no number of servers",
                                  n);
    else
        w->number = n;
    r->taken = true;
    return 0;
}

static int (*const readers[])(struct reading *) = {
    [DMONGO__OPTION_BOOL] = read_bool,
    [DMONGO__OPTION_INT] = read_int,
    [DMONGO__OPTION_STRING] = read_string,
    [DMONGO__OPTION_CHOICE] = read_choice,
    [DMONGO__OPTION_LIST] = read_list,
    [DMONGO__OPTION_PAIRS] = read_pairs,
    [DMONGO__OPTION_TAG_SETS] = read_tag_set,
    [DMONGO__OPTION_W] = read_w,
};

/* What must be an error although the reader would only warn. */
static int check_value(const struct reading *r)
{
    const char *name = r->option->name;
    if (strcmp(name, "authSource") == 0 && *r->value == 0)
        return dmongo__uri_refuse(r->err, "authSource is empty");
    if (strcmp(name, "appName") == 0 && strlen(r->value) > 128)
        return dmongo__uri_refuse(r->err, "appName is longer than 128 bytes");
    return 0;
}

/* An option that is given again: the last one counts, with a warning. */
static int repeat(struct reading *r, const char *alias)
{
    const char *name = r->option->name;
    if (r->option->type == DMONGO__OPTION_TAG_SETS)
        return 0;
    if (strncmp(name, "proxy", 5) == 0)
        return dmongo__uri_refuse(r->err, "%s is given twice", name);
    if (strcmp(name, "tls") == 0) {
        bool before = r->uri->options.tls;
        if ((strcmp(r->value, "true") == 0) != before)
            return dmongo__uri_refuse(
                r->err, "ssl and tls contradict each other");
        return 0;
    }
    if (alias != NULL)
        return 0;
    return dmongo__uri_warn(r->uri, r->err,
                            "option %s is given more than once; the last one "
                            "counts",
                            name);
}

/* The row of an option; *alias is the old name if it was called by that, and
 * *deprecated says whether one should not. */
static const struct dmongo__uri_option *lookup(const char *name,
                                               const char **alias,
                                               bool *deprecated)
{
    *alias = NULL;
    *deprecated = false;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcasecmp(aliases[i].old, name) == 0) {
            *alias = aliases[i].old;
            *deprecated = aliases[i].deprecated;
            name = aliases[i].name;
            break;
        }
    int i = option_index(name);
    return i >= 0 ? &dmongo__uri_option_table[i] : NULL;
}

/* Reads one option whose name and value are decoded. `from_alias` has a bit for
 * each row that only a deprecated name has set so far. */
static int read_option(struct dmongo__uri *uri, const char *name, char *value,
                       uint64_t *from_alias, diesel_error *err)
{
    const char *alias;
    bool deprecated;
    const struct dmongo__uri_option *option = lookup(name, &alias, &deprecated);
    if (option == NULL)
        return dmongo__uri_warn(uri, err, "option %.60s is not known; it is "
                                          "ignored", name);
    if (deprecated &&
        dmongo__uri_warn(uri, err, "option %s is deprecated: write %s", alias,
                         option->name) < 0)
        return -1;

    uint64_t bit = UINT64_C(1) << (option - dmongo__uri_option_table);
    struct reading r = {.uri = uri, .option = option, .value = value, .err = err};
    if (check_value(&r) < 0)
        return -1;
    if (uri->given & bit) {
        bool replaces_alias = (*from_alias & bit) != 0;
        if (deprecated && !replaces_alias)
            return 0; /* the new name has been given and wins */
        if (!replaces_alias && repeat(&r, alias) < 0)
            return -1;
    }
    if (readers[option->type](&r) < 0)
        return -1;
    if (r.taken) {
        uri->given |= bit;
        *from_alias = deprecated ? *from_alias | bit : *from_alias & ~bit;
    }
    return 0;
}

static void set_defaults(struct dmongo__uri *uri)
{
    for (size_t i = 0; i < dmongo__uri_option_count; i++) {
        const struct dmongo__uri_option *o = &dmongo__uri_option_table[i];
        void *at = (char *)&uri->options + o->offset;
        if (o->type == DMONGO__OPTION_BOOL)
            *(bool *)at = o->fallback != 0;
        else if (o->type == DMONGO__OPTION_INT)
            *(int64_t *)at = o->fallback;
    }
    uri->options.tls = uri->is_srv;
}

/* Whether a TXT record may have the option, and in *kept whether the string has it,
 * too, whose value goes first. */
static bool may_be_in_txt(const char *name, uint64_t given, bool *kept)
{
    static const char *const names[] = {"authSource", "replicaSet",
                                        "loadBalanced"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i], name) == 0) {
            *kept = (given >> option_index(name) & 1) != 0;
            return true;
        }
    return false;
}

/* Reads "name=value&..." of n bytes; of a TXT record all but what is in `given`. */
static int read_all_pairs(struct dmongo__uri *uri, const char *s, size_t n,
                          bool is_txt, uint64_t given, diesel_error *err)
{
    uint64_t from_alias = 0;
    const char *end = s + n;
    while (s < end) {
        const char *amp = memchr(s, '&', (size_t)(end - s));
        const char *piece_end = amp != NULL ? amp : end;
        const char *equals = memchr(s, '=', (size_t)(piece_end - s));
        bool kept = false;
        if (equals == NULL || equals == s)
            return dmongo__uri_refuse(err, "an option is not of the form "
                                           "name=value");
        char *name = dmongo__uri_decode(uri, s, (size_t)(equals - s),
                                        "an option's name", err);
        if (name == NULL)
            return -1;
        if (is_txt && !may_be_in_txt(name, given, &kept))
            return dmongo__uri_refuse(
                err, "a TXT record must not have the option %.60s", name);
        char *value =
            dmongo__uri_decode(uri, equals + 1,
                               (size_t)(piece_end - equals - 1),
                               "an option's value", err);
        if (value == NULL ||
            (!kept && read_option(uri, name, value, &from_alias, err) < 0))
            return -1;
        s = amp != NULL ? amp + 1 : end;
    }
    return 0;
}

int dmongo__uri_read_options(struct dmongo__uri *uri, const char *s, size_t n,
                             diesel_error *err)
{
    set_defaults(uri);
    return read_all_pairs(uri, s, n, false, 0, err);
}

int dmongo__uri_read_txt(struct dmongo__uri *uri, const char *s, size_t n,
                         diesel_error *err)
{
    return read_all_pairs(uri, s, n, true, uri->given, err);
}

/* The rules that tie options together. */

static int check_pairs(const struct dmongo__uri *uri, diesel_error *err)
{
    for (size_t i = 0; i < sizeof exclusive / sizeof exclusive[0]; i++)
        if (dmongo__uri_has(uri, exclusive[i][0]) &&
            dmongo__uri_has(uri, exclusive[i][1]))
            return dmongo__uri_refuse(err, "%s and %s exclude each other",
                                      exclusive[i][0], exclusive[i][1]);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!dmongo__uri_has(uri, needed[i][0]) &&
            dmongo__uri_has(uri, needed[i][1]))
            return dmongo__uri_refuse(err, "%s needs %s", needed[i][1],
                                      needed[i][0]);
    return 0;
}

static int check_topology(const struct dmongo__uri *uri, diesel_error *err)
{
    const struct dmongo__uri_options *o = &uri->options;
    if (o->direct_connection && uri->host_count > 1)
        return dmongo__uri_refuse(err,
                                  "directConnection=true takes only one host");
    if (o->direct_connection && uri->is_srv)
        return dmongo__uri_refuse(
            err, "directConnection=true does not go with mongodb+srv://");
    if (!o->load_balanced)
        return 0;
    if (uri->host_count > 1)
        return dmongo__uri_refuse(err, "loadBalanced=true takes only one host");
    if (o->replica_set != NULL)
        return dmongo__uri_refuse(
            err, "loadBalanced=true does not go with replicaSet");
    if (o->direct_connection)
        return dmongo__uri_refuse(
            err, "loadBalanced=true does not go with directConnection=true");
    return 0;
}

static int check_srv(const struct dmongo__uri *uri, diesel_error *err)
{
    const struct dmongo__uri_options *o = &uri->options;
    if (!uri->is_srv) {
        if (dmongo__uri_has(uri, "srvServiceName") ||
            dmongo__uri_has(uri, "srvMaxHosts"))
            return dmongo__uri_refuse(
                err, "srvServiceName and srvMaxHosts need mongodb+srv://");
        return 0;
    }
    if (o->srv_max_hosts > 0 && (o->replica_set != NULL || o->load_balanced))
        return dmongo__uri_refuse(
            err, "srvMaxHosts goes with neither replicaSet nor loadBalanced");
    return 0;
}

static int check_concerns(const struct dmongo__uri *uri, diesel_error *err)
{
    const struct dmongo__uri_options *o = &uri->options;
    if (dmongo__uri_has(uri, "w") && o->w.name == NULL && o->w.number == 0 &&
        o->journal)
        return dmongo__uri_refuse(err, "w=0 does not go with journal=true");
    bool primary = o->read_preference == NULL ||
                   strcmp(o->read_preference, "primary") == 0;
    if (primary &&
        (o->read_preference_tags.count > 0 || o->max_staleness_seconds > 0) &&
        dmongo__uri_has(uri, "readPreference"))
        return dmongo__uri_refuse(err, "readPreference=primary goes with neither "
                                       "readPreferenceTags nor "
                                       "maxStalenessSeconds");
    return 0;
}

int dmongo__uri_check_options(struct dmongo__uri *uri, diesel_error *err)
{
    if (check_pairs(uri, err) < 0 || check_topology(uri, err) < 0 ||
        check_srv(uri, err) < 0)
        return -1;
    return check_concerns(uri, err);
}
