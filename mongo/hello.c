/* SPDX-License-Identifier: MIT */
/*
 * The hello's two documents.
 *
 * The client's part goes into the server's log, and must not be larger than 512
 * bytes: if it is, less important things are left out until it fits, in the order that
 * MongoDB's handshake specification gives. The server's part says what it takes;
 * its numbers are brought into sane bounds here, so that nobody else need ask.
 */
#include "hello_internal.h"

#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <diesel/doc.h>

#include "reply_internal.h"

#define MOST_METADATA 512
#define MOST_LIMIT (1 << 30) /* of bytes or documents, whatever a server says */

/* The versions of the protocol that this driver speaks: MongoDB 4.2 to 8. */
#define MIN_WIRE_VERSION 8
#define MAX_WIRE_VERSION 29

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static bson_t *metadata(const char *app_name, const struct utsname *os,
                        bool whole_os, const char *platform, diesel_error *err)
{
    dmongo_value application =
        app_name != NULL ? dmongo_doc("name", app_name) : dmongo_absent();
    return dmongo_doc_to_bson(
        dmongo_doc("application", application,
                   "driver", dmongo_doc("name", "diesel-c",
                                        "version", PACKAGE_VERSION),
                   "os", dmongo_doc(
                             "type", os->sysname,
                             "architecture",
                             whole_os ? dmongo_str(os->machine) : dmongo_absent(),
                             "version",
                             whole_os ? dmongo_str(os->release) : dmongo_absent()),
                   "platform",
                   *platform != 0 ? dmongo_str(platform) : dmongo_absent()),
        err);
}

bson_t *dmongo__hello_metadata(const char *app_name, diesel_error *err)
{
    struct utsname os;
    if (uname(&os) < 0)
        strcpy(os.sysname, "unknown");
    char platform[128];
    snprintf(platform, sizeof platform, "C%ld, %s, libbson %s", __STDC_VERSION__,
             COMPILER, bson_get_version());

    bson_t *doc = metadata(app_name, &os, true, platform, err);
    if (doc != NULL && doc->len > MOST_METADATA) {
        bson_destroy(doc);
        doc = metadata(app_name, &os, false, platform, err);
    }
    if (doc != NULL && doc->len > MOST_METADATA) {
        size_t excess = doc->len - MOST_METADATA;
        size_t n = strlen(platform);
        platform[excess < n ? n - excess : 0] = 0;
        bson_destroy(doc);
        doc = metadata(app_name, &os, false, platform, err);
    }
    return doc;
}

static size_t limit(const bson_t *reply, const char *key, size_t fallback,
                    size_t least)
{
    int64_t n = dmongo_get_int(reply, key, (int64_t)fallback);
    if (n < (int64_t)least)
        return least;
    return n < MOST_LIMIT ? (size_t)n : MOST_LIMIT;
}

static void read_limits(const bson_t *reply, size_t max_reply,
                        struct dmongo__limits *limits)
{
    limits->document = limit(reply, "maxBsonObjectSize", 16777216, 1024);
    limits->message = limit(reply, "maxMessageSizeBytes", 48000000, 32 * 1024);
    limits->batch = limit(reply, "maxWriteBatchSize", 1000, 1);
    limits->reply = max_reply != 0 ? max_reply : limits->message;
}

static int check_versions(const struct dmongo__hello *hello, diesel_error *err)
{
    if (hello->min_wire_version <= MAX_WIRE_VERSION &&
        hello->max_wire_version >= MIN_WIRE_VERSION)
        return 0;
    return diesel_error_set(
        err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
        "it speaks wire versions %" PRId64 " to %" PRId64
        ", but this driver needs one from %d (MongoDB 4.2) to %d",
        hello->min_wire_version, hello->max_wire_version, MIN_WIRE_VERSION,
        MAX_WIRE_VERSION);
}

int dmongo__hello_read(const bson_t *reply, size_t max_reply,
                       struct dmongo__hello *hello, diesel_error *err)
{
    if (dmongo__reply_check(bson_get_data(reply), reply->len, err) < 0)
        return -1;
    memset(hello, 0, sizeof *hello);
    hello->is_writable =
        dmongo_get_bool(reply, "isWritablePrimary",
                        dmongo_get_bool(reply, "ismaster", false));
    hello->is_mongos =
        strcmp(dmongo_get_str(reply, "msg", ""), "isdbgrid") == 0;
    hello->is_uninitiated = dmongo_get_bool(reply, "isreplicaset", false);
    snprintf(hello->set_name, sizeof hello->set_name, "%s",
             dmongo_get_str(reply, "setName", ""));
    snprintf(hello->primary, sizeof hello->primary, "%s",
             dmongo_get_str(reply, "primary", ""));
    hello->min_wire_version = dmongo_get_int(reply, "minWireVersion", 0);
    hello->max_wire_version = dmongo_get_int(reply, "maxWireVersion", 0);
    hello->session_timeout_minutes =
        dmongo_get_int(reply, "logicalSessionTimeoutMinutes", 0);
    hello->connection_id = dmongo_get_int(reply, "connectionId", 0);
    read_limits(reply, max_reply, &hello->limits);
    return check_versions(hello, err);
}
