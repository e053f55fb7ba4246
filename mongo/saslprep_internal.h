/* SPDX-License-Identifier: MIT */
/* SASLprep (RFC 4013): how SCRAM-SHA-256 wants passwords to be prepared. */
#ifndef DIESEL_MONGO_SASLPREP_INTERNAL_H
#define DIESEL_MONGO_SASLPREP_INTERNAL_H

#include <stdbool.h>

#include <diesel/error.h>

/* Whether a password can be prepared here; *why gets the reason if not. */
bool dmongo__saslprep_can(const char *password, const char **why);

/* The prepared password, owned by the caller: wipe and diesel_free() it. NULL:
 * INVAL with the reason, or NOMEM. */
char *dmongo__saslprep(const char *password, diesel_error *err);

#endif
