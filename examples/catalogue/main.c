/* SPDX-License-Identifier: MIT */
/*
 * catalogue: puts the packages of a Debian machine, some 60,000, into MongoDB and
 * Redis, serves look-ups from there, and checks that nothing was lost on the way.
 *
 * This is the place to begin reading. See catalogue.h for the parts.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalogue.h"

static const char usage[] =
    "usage: catalogue [OPTION...] [FILE]\n"
    "Stores a list of Debian packages in MongoDB and counts its words in Redis,\n"
    "then looks packages up and checks what it reads against what it wrote.\n"
    "FILE is such a list, - is standard input; without it, the packages that this\n"
    "machine knows of are taken (apt-cache dumpavail).\n"
    "\n"
    "  --redis URL     default: $REDIS_URL or redis://localhost\n"
    "  --mongodb URI   default: $MONGODB_URI or mongodb://localhost\n"
    "  --fibers N      how many fibers look packages up; default: 1000\n"
    "  --lookups N     how many packages they look up altogether; default: 10000\n"
    "  --help          print this\n"
    "\n"
    "What an earlier run left in the database \"catalogue\" and in the keys that\n"
    "begin with \"catalogue:\" is removed first.\n";

static const struct {
    diesel_fn *run;
    int64_t timeout_ms; /* 0: none for all of it */
} phases[] = {{clear, 60000}, {store, 0}, {look_up, 0}, {verify, 120000}};

/* Runs the phases. Each is a fiber, waited for before the next begins. */
static int run_phases(struct catalogue *catalogue, diesel_error *err)
{
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        diesel_scope *phase = diesel_scope_open(
            &(diesel_scope_options){.timeout_ms = phases[i].timeout_ms});
        diesel_go(phase, phases[i].run, catalogue);
        if (diesel_scope_wait(phase, err) < 0)
            return -1;
    }
    return 0;
}

/* One server: when it is gone for this long, there is no use in waiting. */
static const dmongo_options mongo_options = {.server_selection_timeout_ms = 3000};

/* The first fiber. */
static int app(void *arg)
{
    struct catalogue *catalogue = arg;
    diesel_error err;
    int status = -1;

    catalogue->redis = dredis_open(catalogue->redis_url, NULL, &err);
    if (catalogue->redis != NULL)
        catalogue->mongo = dmongo_open(catalogue->mongodb_uri, &mongo_options, &err);
    if (catalogue->mongo != NULL)
        status = run_phases(catalogue, &err);
    dmongo_close(catalogue->mongo);
    dredis_close(catalogue->redis);
    records_clear(&catalogue->written);
    return status < 0 ? diesel_fail(&err) : 0;
}

void report(uint64_t count, const char *what, int64_t since)
{
    int64_t ms = diesel_now() - since;

    printf("%10" PRIu64 " %-34s %7.2f s  %9.0f/s\n", count, what,
           (double)ms / 1000,
           (double)count * 1000 / (double)(ms > 0 ? ms : 1));
    fflush(stdout);
}

/* Reads a number from 1 on, or ends the program. */
static size_t number(const char *text, const char *option)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || n < 1 || n > 1000000000) {
        fprintf(stderr, "catalogue: --%s: %s is no number from 1 on\n", option,
                text);
        exit(2);
    }
    return (size_t)n;
}

static const char *from_environment(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : fallback;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"redis", required_argument, NULL, 'r'},
        {"mongodb", required_argument, NULL, 'm'},
        {"fibers", required_argument, NULL, 'f'},
        {"lookups", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct catalogue catalogue = {
        .redis_url = from_environment("REDIS_URL", "redis://localhost"),
        .mongodb_uri = from_environment("MONGODB_URI", "mongodb://localhost"),
        .fibers = 1000,
        .look_ups = 10000,
    };

    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'r':
            catalogue.redis_url = optarg;
            break;
        case 'm':
            catalogue.mongodb_uri = optarg;
            break;
        case 'f':
            catalogue.fibers = number(optarg, "fibers");
            break;
        case 'l':
            catalogue.look_ups = number(optarg, "lookups");
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default: /* getopt_long() has said what is wrong */
            return 2;
        }
    if (argc - optind > 1) {
        fprintf(stderr, "catalogue: more than one file\n");
        return 2;
    }
    catalogue.file = argv[optind];
    return diesel_main(app, &catalogue);
}
