/* SPDX-License-Identifier: MIT */
/*
 * A very small MongoDB for loops of faults: a scripted server that has a plausible
 * answer to every command of the driver, authenticates by SCRAM-SHA-256, and counts
 * what it is asked.
 *
 *     mongo_small_reset();
 *     mongo_script *server = mongo_script_open(mongo_small, NULL,
 *                                              &mongo_small_options);
 *
 * Of "t.many" a find has three batches of two documents, of "t.none" none;
 * "t.refused" refuses writes and meets no write concern. "t.fs.files" has one file of
 * six bytes in chunks of four, with _id 1 and the name "f".
 */
#ifndef TESTS_MONGO_SMALL_H
#define TESTS_MONGO_SMALL_H

#include "mongo_script.h"

#define MONGO_SMALL_USER "ann"
#define MONGO_SMALL_PASSWORD "pencil"

enum { MONGO_SMALL_CURSOR = 77 };

/* How often each has come since mongo_small_reset(). */
extern struct mongo_small_counts {
    long requests; /* but for hellos and killCursors */
    long get_mores, kills, ended_sessions;
    bool is_open; /* the cursor: it was told of, and neither read to its end
                     nor killed                                              */
} mongo_small_counts;

/* The request of that number, counted from 1, gets no answer, ever. 0: all get one. */
extern long mongo_small_silent_at;

void mongo_small_reset(void);
int mongo_small(mongo_script_peer *peer, const mongo_script_request *request,
                void *arg);
extern const mongo_script_options mongo_small_options;

/* Writes "mongodb://..." with user and password and further options, for a server
 * that listens on a Unix socket. */
void mongo_small_uri(const mongo_script *server, const char *password,
                     const char *options, char uri[600]);

#endif
