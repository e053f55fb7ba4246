/* SPDX-License-Identifier: MIT */
/*
 * Connection strings: who the client says it is. Each authentication mechanism has
 * its own rules for what must, may and must not be given; the table has one row
 * per mechanism, and its checks for mechanism properties follow.
 *
 * That a string is well-formed says nothing about whether the mechanism can be
 * used here; that is found out when a connection is to be authenticated.
 */
#include <string.h>
#include <strings.h>

#include "uri_internal.h"

enum {
    NEEDS_USER = 1,
    NO_PASSWORD = 2,
    EXTERNAL = 4,         /* the source is $external and nothing else */
    EXTERNAL_DEFAULT = 8, /* the source is $external unless it is given */
};

struct mechanism {
    const char *name;
    unsigned rules;
    int (*check)(struct dmongo__uri *uri, struct dmongo__credential *c,
                 diesel_error *err);
};

static const char *property(const struct dmongo__pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->items[i].key, key) == 0)
            return pairs->items[i].value;
    return NULL;
}

static bool is_one_of(const char *value, const char *const *words)
{
    while (*words != NULL && strcmp(*words, value) != 0)
        words++;
    return *words != NULL;
}

/* SERVICE_NAME is "mongodb" unless it is given. */
static int check_gssapi(struct dmongo__uri *uri, struct dmongo__credential *c,
                        diesel_error *err)
{
    static const char *const ways[] = {
        "none", "forward", "forwardAndReverse", "true", "false", NULL};
    const char *way = property(&c->properties, "CANONICALIZE_HOST_NAME");
    if (way != NULL && !is_one_of(way, ways))
        return dmongo__uri_refuse(err, "CANONICALIZE_HOST_NAME:%.40s is not known",
                                  way);
    if (property(&c->properties, "SERVICE_NAME") != NULL)
        return 0;
    size_t count = c->properties.count;
    struct dmongo__pair *items =
        dmongo__uri_alloc(uri, (count + 1) * sizeof *items, err);
    if (items == NULL)
        return -1;
    if (count > 0)
        memcpy(items, c->properties.items, count * sizeof *items);
    items[count] = (struct dmongo__pair){"SERVICE_NAME", "mongodb"};
    c->properties = (struct dmongo__pairs){items, count + 1};
    return 0;
}

static int check_aws(struct dmongo__uri *uri, struct dmongo__credential *c,
                     diesel_error *err)
{
    (void)uri;
    if (c->user != NULL && c->password == NULL)
        return dmongo__uri_refuse(err, "MONGODB-AWS needs a password for its user");
    if (c->user == NULL && property(&c->properties, "AWS_SESSION_TOKEN") != NULL)
        return dmongo__uri_refuse(err, "AWS_SESSION_TOKEN needs a user");
    return 0;
}

static int check_oidc(struct dmongo__uri *uri, struct dmongo__credential *c,
                      diesel_error *err)
{
    static const char *const keys[] = {"ENVIRONMENT", "TOKEN_RESOURCE", NULL};
    static const char *const environments[] = {"azure", "gcp", "k8s", "test",
                                               NULL};
    (void)uri;
    for (size_t i = 0; i < c->properties.count; i++)
        if (!is_one_of(c->properties.items[i].key, keys))
            return dmongo__uri_refuse(
                err, "MONGODB-OIDC does not know the property %.40s",
                c->properties.items[i].key);
    const char *environment = property(&c->properties, "ENVIRONMENT");
    if (environment == NULL || !is_one_of(environment, environments))
        return dmongo__uri_refuse(err, "MONGODB-OIDC needs an ENVIRONMENT: azure, "
                                       "gcp, k8s or test");
    bool azure = strcmp(environment, "azure") == 0;
    if ((azure || strcmp(environment, "gcp") == 0) &&
        property(&c->properties, "TOKEN_RESOURCE") == NULL)
        return dmongo__uri_refuse(err, "ENVIRONMENT:%s needs a TOKEN_RESOURCE",
                                  environment);
    if (!azure && c->user != NULL)
        return dmongo__uri_refuse(err, "ENVIRONMENT:%s takes no user",
                                  environment);
    return 0;
}

static const struct mechanism mechanisms[] = {
    {"GSSAPI", NEEDS_USER | EXTERNAL, check_gssapi},
    {"MONGODB-AWS", EXTERNAL, check_aws},
    {"MONGODB-OIDC", NO_PASSWORD | EXTERNAL, check_oidc},
    {"MONGODB-X509", NO_PASSWORD | EXTERNAL, NULL},
    {"PLAIN", NEEDS_USER | EXTERNAL_DEFAULT, NULL},
    {"SCRAM-SHA-1", NEEDS_USER, NULL},
    {"SCRAM-SHA-256", NEEDS_USER, NULL},
};

/* What is negotiated when the string names no mechanism. */
static const struct mechanism negotiated = {NULL, NEEDS_USER, NULL};

static const struct mechanism *find_mechanism(const char *name)
{
    if (name == NULL)
        return &negotiated;
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++)
        if (strcasecmp(mechanisms[i].name, name) == 0)
            return &mechanisms[i];
    return NULL;
}

static int find_source(const struct dmongo__uri *uri,
                       const struct mechanism *mechanism,
                       struct dmongo__credential *c, diesel_error *err)
{
    const char *given = uri->options.auth_source;
    if (mechanism->rules & EXTERNAL) {
        if (given != NULL && strcmp(given, "$external") != 0)
            return dmongo__uri_refuse(err, "%s needs authSource=$external",
                                      mechanism->name);
        c->source = "$external";
    } else if (given != NULL) {
        c->source = given;
    } else if (uri->database != NULL) {
        c->source = uri->database;
    } else {
        c->source = mechanism->rules & EXTERNAL_DEFAULT ? "$external" : "admin";
    }
    return 0;
}

int dmongo__uri_find_credential(struct dmongo__uri *uri, diesel_error *err)
{
    struct dmongo__credential *c = &uri->credential;
    const char *name = uri->options.auth_mechanism;
    if (name == NULL && uri->user == NULL)
        return 0;
    const struct mechanism *mechanism = find_mechanism(name);
    if (mechanism == NULL)
        return dmongo__uri_refuse(err, "authMechanism=%.40s is not known", name);
    if (mechanism->rules & NEEDS_USER && uri->user == NULL)
        return dmongo__uri_refuse(err, "%s needs a user", mechanism->name);
    if (mechanism->rules & NO_PASSWORD && uri->password != NULL)
        return dmongo__uri_refuse(err, "%s takes no password", mechanism->name);

    *c = (struct dmongo__credential){
        .is_set = true,
        .mechanism = mechanism->name,
        .user = uri->user,
        .password = uri->password,
        .properties = uri->options.auth_mechanism_properties,
    };
    if (find_source(uri, mechanism, c, err) < 0)
        return -1;
    return mechanism->check != NULL ? mechanism->check(uri, c, err) : 0;
}
