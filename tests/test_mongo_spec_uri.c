/* SPDX-License-Identifier: MIT */
/*
 * MongoDB's own test cases of connection strings, URI options, credentials and
 * concerns, read from the folder $DIESEL_MONGODB_SPECS, or else
 * ../shared/mongodb-specs beside the source tree. They are not part of this
 * project; without them this test is skipped.
 *
 * Each family is a list of cases {description, uri, valid, warning, ...}; what
 * else a case has is asserted as well, and what is null or not there is not.
 * One line is printed per case that fails, and the totals at the end.
 */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <bson/bson.h>

#include <diesel/doc.h>

#include "mongo/uri_internal.h"

/* Cases that are not passed, with the reason. */
static const struct {
    const char *description;
    const char *reason;
} exceptions[] = {
    {"should throw an exception if username and password provided "
     "(MONGODB-AWS)",
     "contradicts \"should use username and password if specified "
     "(MONGODB-AWS)\" of the same file"},
    {"wtimeoutMS as an invalid number",
     "contradicts \"Too low wTimeoutMS causes a warning\" of uri-options"},
};

static struct {
    int passed, failed, excepted;
} totals;

/* The case that is being run, and whether something is wrong with it. */
struct run {
    const char *file;
    const char *description;
    char why[256];
};

static void wrong(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void wrong(struct run *run, const char *format, ...)
{
    if (run->why[0] != 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(run->why, sizeof run->why, format, args);
    va_end(args);
}

static bool is_null(const bson_t *doc, const char *path)
{
    return dmongo_get_value(doc, path).type == BSON_TYPE_NULL;
}

static bool is_set(const bson_t *doc, const char *path)
{
    return dmongo_has(doc, path) && !is_null(doc, path);
}

/* A string that may be null; an absent one is no assertion. */
static void check_string(struct run *run, const bson_t *doc, const char *path,
                         const char *got)
{
    if (!dmongo_has(doc, path))
        return;
    const char *want = dmongo_get_str(doc, path, NULL);
    if (want == NULL ? got != NULL : got == NULL || strcmp(want, got) != 0)
        wrong(run, "%s is %s and not %s", path, got != NULL ? got : "unset",
              want != NULL ? want : "unset");
}

static void check_host(struct run *run, const struct dmongo__host *host,
                       const bson_t *want)
{
    static const char *const kinds[] = {[DMONGO__HOSTNAME] = "hostname",
                                        [DMONGO__IPV4] = "ipv4",
                                        [DMONGO__IP_LITERAL] = "ip_literal",
                                        [DMONGO__UNIX] = "unix"};
    check_string(run, want, "type", kinds[host->kind]);
    check_string(run, want, "host", host->name);
    if (is_set(want, "port") && dmongo_get_int(want, "port", 0) != host->port)
        wrong(run, "port is %u", (unsigned)host->port);
    if (is_null(want, "port") && host->has_port)
        wrong(run, "port is given");
}

static void check_hosts(struct run *run, const struct dmongo__uri *uri,
                        const bson_t *test)
{
    bson_t hosts, host;
    char index[24];
    if (!dmongo_get_doc(test, "hosts", &hosts))
        return;
    size_t i = 0;
    for (; i < uri->host_count; i++) {
        snprintf(index, sizeof index, "%zu", i);
        if (!dmongo_get_doc(&hosts, index, &host)) {
            wrong(run, "%zu hosts are too many", uri->host_count);
            return;
        }
        check_host(run, &uri->hosts[i], &host);
    }
    snprintf(index, sizeof index, "%zu", i);
    if (dmongo_has(&hosts, index))
        wrong(run, "%zu hosts are too few", i);
}

static void check_auth(struct run *run, const struct dmongo__uri *uri,
                       const bson_t *test)
{
    bson_t auth;
    if (!dmongo_get_doc(test, "auth", &auth))
        return;
    check_string(run, &auth, "username", uri->user);
    check_string(run, &auth, "password", uri->password);
    check_string(run, &auth, "db", uri->database);
}

static const char *pair(const struct dmongo__pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcasecmp(pairs->items[i].key, key) == 0)
            return pairs->items[i].value;
    return NULL;
}

static void check_pairs(struct run *run, const struct dmongo__pairs *pairs,
                        const bson_t *want)
{
    bson_iter_t at;
    size_t count = 0;
    if (!bson_iter_init(&at, want))
        return;
    for (; bson_iter_next(&at); count++) {
        const char *value = pair(pairs, bson_iter_key(&at));
        const char *text =
            BSON_ITER_HOLDS_UTF8(&at) ? bson_iter_utf8(&at, NULL)
            : bson_iter_as_bool(&at)  ? "true"
                                      : "false";
        if (value == NULL || strcmp(value, text) != 0)
            wrong(run, "%s is %s", bson_iter_key(&at),
                  value != NULL ? value : "unset");
    }
    if (count != pairs->count)
        wrong(run, "%zu pairs and not %zu", pairs->count, count);
}

static void check_list(struct run *run, const struct dmongo__list *list,
                       const bson_t *want)
{
    bson_iter_t at;
    size_t i = 0;
    if (!bson_iter_init(&at, want))
        return;
    for (; bson_iter_next(&at); i++)
        if (i >= list->count ||
            strcmp(list->items[i], bson_iter_utf8(&at, NULL)) != 0)
            wrong(run, "item %zu is another one", i);
    if (i != list->count)
        wrong(run, "%zu items", list->count);
}

static void check_tag_sets(struct run *run, const struct dmongo__tag_sets *sets,
                           const bson_t *want)
{
    bson_t set;
    char index[24];
    for (size_t i = 0; i < sets->count; i++) {
        snprintf(index, sizeof index, "%zu", i);
        if (dmongo_get_doc(want, index, &set))
            check_pairs(run, &sets->items[i], &set);
        else
            wrong(run, "%zu tag sets", sets->count);
    }
    snprintf(index, sizeof index, "%zu", sets->count);
    if (dmongo_has(want, index))
        wrong(run, "%zu tag sets are too few", sets->count);
}

static void check_w(struct run *run, const struct dmongo__w *w,
                    const bson_t *want, const char *key)
{
    const char *name = dmongo_get_str(want, key, NULL);
    if (name != NULL ? w->name == NULL || strcmp(name, w->name) != 0
                     : w->name != NULL ||
                           w->number != dmongo_get_int(want, key, -1))
        wrong(run, "w is another one");
}

static const struct dmongo__uri_option *find_option(const char *name)
{
    if (strcasecmp(name, "ssl") == 0)
        name = "tls";
    for (size_t i = 0; i < dmongo__uri_option_count; i++)
        if (strcasecmp(dmongo__uri_option_table[i].name, name) == 0)
            return &dmongo__uri_option_table[i];
    return NULL;
}

/* One expected option, the field `key` of `want`. */
static void check_option(struct run *run, const struct dmongo__uri *uri,
                         const bson_t *want, const char *key)
{
    const struct dmongo__uri_option *option = find_option(key);
    if (option == NULL) {
        wrong(run, "option %s is not known", key);
        return;
    }
    if (!dmongo__uri_has(uri, option->name)) {
        wrong(run, "option %s was not taken", key);
        return;
    }
    const void *at = (const char *)&uri->options + option->offset;
    bson_t doc;
    switch (option->type) {
    case DMONGO__OPTION_BOOL:
        if (*(const bool *)at != dmongo_get_bool(want, key, !*(const bool *)at))
            wrong(run, "%s is another one", key);
        break;
    case DMONGO__OPTION_INT:
        if (*(const int64_t *)at != dmongo_get_int(want, key, INT64_MIN))
            wrong(run, "%s is another one", key);
        break;
    case DMONGO__OPTION_STRING:
    case DMONGO__OPTION_CHOICE:
        check_string(run, want, key, *(const char *const *)at);
        break;
    case DMONGO__OPTION_LIST:
        if (dmongo_get_doc(want, key, &doc))
            check_list(run, at, &doc);
        break;
    case DMONGO__OPTION_PAIRS:
        if (dmongo_get_doc(want, key, &doc))
            check_pairs(run, at, &doc);
        break;
    case DMONGO__OPTION_TAG_SETS:
        if (dmongo_get_doc(want, key, &doc))
            check_tag_sets(run, at, &doc);
        break;
    case DMONGO__OPTION_W:
        check_w(run, at, want, key);
        break;
    }
}

/* The options in the case's document at `path`, if there is one. */
static void check_options(struct run *run, const struct dmongo__uri *uri,
                          const bson_t *test, const char *path)
{
    bson_t options;
    bson_iter_t at;
    if (!dmongo_get_doc(test, path, &options) || !bson_iter_init(&at, &options))
        return;
    while (bson_iter_next(&at))
        check_option(run, uri, &options, bson_iter_key(&at));
}

static void check_credential(struct run *run, const struct dmongo__uri *uri,
                             const bson_t *test)
{
    const struct dmongo__credential *c = &uri->credential;
    bson_t want, properties;
    if (is_null(test, "credential") && c->is_set)
        wrong(run, "there is a credential");
    if (!dmongo_get_doc(test, "credential", &want))
        return;
    if (!c->is_set)
        wrong(run, "there is no credential");
    check_string(run, &want, "username", c->user);
    check_string(run, &want, "password", c->password);
    check_string(run, &want, "source", c->source);
    check_string(run, &want, "mechanism", c->mechanism);
    if (dmongo_get_doc(&want, "mechanism_properties", &properties))
        check_pairs(run, &c->properties, &properties);
    else if (is_null(&want, "mechanism_properties") && c->properties.count > 0)
        wrong(run, "there are mechanism properties");
}

static void check_valid(struct run *run, const struct dmongo__uri *uri,
                        const bson_t *test)
{
    if (is_set(test, "warning")) {
        bool want = dmongo_get_bool(test, "warning", false);
        if (want != (uri->warning_count > 0))
            wrong(run, "%s",
                  want ? "there is no warning" : uri->warnings[0]);
    }
    check_hosts(run, uri, test);
    check_auth(run, uri, test);
    check_options(run, uri, test, "options");
    check_options(run, uri, test, "readConcern");
    check_options(run, uri, test, "writeConcern");
    check_credential(run, uri, test);
}

static bool is_excepted(const char *description)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (strcmp(exceptions[i].description, description) == 0)
            return true;
    return false;
}

static void run_case(const char *file, const bson_t *test)
{
    struct run run = {.file = file,
                      .description = dmongo_get_str(test, "description", "?")};
    diesel_error err;
    const char *text = dmongo_get_str(test, "uri", NULL);
    struct dmongo__uri *uri =
        text != NULL ? dmongo__uri_parse(text, &err) : NULL;
    bool valid = dmongo_get_bool(test, "valid", true);
    if (text == NULL)
        wrong(&run, "the case has no uri");
    else if (valid && uri == NULL)
        wrong(&run, "refused: %s", err.message);
    else if (!valid && uri != NULL)
        wrong(&run, "taken, but it is wrong");
    else if (valid)
        check_valid(&run, uri, test);
    dmongo__uri_free(uri);

    if (run.why[0] == 0) {
        totals.passed++;
        if (is_excepted(run.description))
            printf("needless exception: %s\n", run.description);
    } else if (is_excepted(run.description)) {
        totals.excepted++;
        printf("excepted: %s\n", run.description);
    } else {
        totals.failed++;
        printf("FAILED: %s: %s: %s\n", file, run.description, run.why);
    }
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) < 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    char *text = malloc((size_t)st.st_size + 1);
    size_t n = fread(text, 1, (size_t)st.st_size, f);
    text[n] = 0;
    fclose(f);
    return text;
}

static void run_file(const char *path)
{
    char *text = read_file(path);
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)text, -1, &error);
    free(text);
    bson_t tests, test;
    if (doc == NULL || !dmongo_get_doc(doc, "tests", &tests)) {
        printf("FAILED: %s: %s\n", path,
               doc == NULL ? error.message : "it has no tests");
        totals.failed++;
        bson_destroy(doc);
        return;
    }
    char index[24];
    for (unsigned i = 0;; i++) {
        snprintf(index, sizeof index, "%u", i);
        if (!dmongo_get_doc(&tests, index, &test))
            break;
        run_case(strrchr(path, '/') + 1, &test);
    }
    bson_destroy(doc);
}

int main(void)
{
    static const char *const families[] = {
        "connection-string/tests/*.json",
        "uri-options/tests/*.json",
        "auth/tests/legacy/*.json",
        "read-write-concern/tests/connection-string/*.json",
    };
    char folder[1024], pattern[1200];
    const char *named = getenv("DIESEL_MONGODB_SPECS");
    const char *top = getenv("top_srcdir");
    if (named != NULL)
        snprintf(folder, sizeof folder, "%s", named);
    else
        snprintf(folder, sizeof folder, "%s/../shared/mongodb-specs",
                 top != NULL ? top : ".");
    struct stat st;
    if (stat(folder, &st) < 0) {
        printf("skipped: MongoDB's specification tests are not in %s "
               "(DIESEL_MONGODB_SPECS)\n",
               folder);
        return 77;
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/%s", folder, families[i]);
        if (glob(pattern, 0, NULL, &found) != 0) {
            printf("FAILED: there are no files %s\n", pattern);
            totals.failed++;
            continue;
        }
        for (size_t j = 0; j < found.gl_pathc; j++)
            run_file(found.gl_pathv[j]);
        globfree(&found);
    }
    printf("%d cases passed, %d failed, %d excepted\n", totals.passed,
           totals.failed, totals.excepted);
    return totals.failed == 0 && totals.passed > 0 ? EXIT_SUCCESS
                                                   : EXIT_FAILURE;
}
