/* SPDX-License-Identifier: MIT */
/*
 * Logs: named loggers, levels that change at run time, typed fields, a context
 * per fiber, and sinks that an application can replace.
 *
 *     static diesel_logger logger = DIESEL_LOGGER("shop.cart");
 *
 *     diesel_log(&logger, DIESEL_INFO, "paid", "user", user, "cents", 1250);
 *
 * writes to stderr, unless the application has chosen other sinks,
 *
 *     10:54:59.123 INFO    shop.cart: paid user=ada cents=1250 fiber=serve
 *
 * A field is a name and a value of any type that <diesel/value.h> takes; an odd
 * number of words does not compile. A disabled level costs a load and a compare;
 * its fields are not evaluated.
 *
 * Names are hierarchical: a level that is set for "shop" holds for "shop.cart"
 * too, unless that has one of its own. The environment variable DIESEL_LOG sets
 * levels from outside, as "shop=debug,*=warning"; without it, INFO and above are
 * written.
 *
 * What blocks: nothing here switches fibers. Writing to a file or to stderr is a
 * write(2), which blocks the thread, with all its fibers, while a pipe is full or
 * a terminal is stopped; a descriptor that is non-blocking loses the record then
 * instead. syslog and the journal never block: what they do not take at once is
 * lost. diesel_log_lost() counts what was lost.
 *
 * Every call may be made from any thread, and outside fibers. In C++, which has no
 * _Generic, diesel_log_write() takes an array of values.
 */
#ifndef DIESEL_LOG_H
#define DIESEL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Levels, of a record and of what a logger lets through. */
enum {
    DIESEL_INHERIT = 0, /* as a level to be set: that of the name around it  */
    DIESEL_TRACE,       /* each step, for the developers of a part           */
    DIESEL_DEBUG,       /* what happens, for those who look for a fault      */
    DIESEL_INFO,        /* what the operator of a healthy service likes to see */
    DIESEL_WARNING,     /* not as it should be; the program copes            */
    DIESEL_ERROR,       /* something that was asked for was not done         */
    DIESEL_OFF          /* as a level to be set: nothing                     */
};

/* A logger is a static variable that lasts as long as the process. Several may
 * have one name. */
typedef struct diesel_logger {
    const char *name;           /* parts joined by dots: "shop.cart"          */
    int threshold;              /* private; 0: not used yet                   */
    struct diesel_logger *next; /* private                                    */
} diesel_logger;

#define DIESEL_LOGGER(name) {(name), 0, NULL}

/* A place in the source that logs; a static variable made by diesel_log(). */
typedef struct diesel_log_site {
    const char *file;
    const char *function;
    int line;
    int every_ms;        /* at most one record in this time; 0: all of them  */
    int64_t quiet_until; /* private; ms                                      */
    uint64_t suppressed; /* private; records since the last that was written */
} diesel_log_site;

#ifndef __cplusplus

/* Logs a message, which is a constant text, and fields: name, value, name,
 * value ..., at most 31 of them. */
#define diesel_log(logger, level, ...)                                         \
    DIESEL__LOG(0, (logger), (level), __VA_ARGS__)

/* The same, but from this place at most one record in `ms` milliseconds; the
 * next one that is written says how many were left out: suppressed=12. */
#define diesel_log_every(ms, logger, level, ...)                               \
    DIESEL__LOG((ms), (logger), (level), __VA_ARGS__)

#define DIESEL__LOG(ms, logger_, level_, message_, ...)                        \
    do {                                                                       \
        _Static_assert(DIESEL_COUNT(__VA_ARGS__) % 2 == 0,                     \
                       "a field is a name and a value");                       \
        static diesel_log_site diesel__site = {__FILE__, __func__, __LINE__,   \
                                               (ms),     0,        0};         \
        diesel_logger *diesel__logger = (logger_);                             \
        int diesel__level = (level_);                                          \
        if (diesel__level >= __atomic_load_n(&diesel__logger->threshold,       \
                                             __ATOMIC_RELAXED))                \
            diesel_log_write(diesel__logger, diesel__level, &diesel__site,     \
                             (message_), DIESEL_VALUES(__VA_ARGS__),           \
                             DIESEL_COUNT(__VA_ARGS__));                       \
    } while (0)

/* A field's value that must not be seen: `"pin", DIESEL_REDACTED(pin)` logs
 * pin=[redacted]. No sink gets the value itself. The values of fields whose names
 * end in password, passwd, secret, token or authorization are redacted anyway. */
#define DIESEL_REDACTED(x) diesel_redacted(DIESEL_VALUE(x))

#endif /* !__cplusplus */

/* The same for a value made by hand. */
static inline diesel_value diesel_redacted(diesel_value value)
{
    (void)value;
    return diesel_str("[redacted]");
}

/* What the macros call: `fields` are count values, name and value by turns. The
 * site may be NULL. errno is kept. */
void diesel_log_write(diesel_logger *logger, int level, diesel_log_site *site,
                      const char *message, const diesel_value *fields,
                      size_t count);

/* Whether the logger lets records of this level through: for fields that are
 * expensive to find out. Where it does not, a load and a compare; the macro
 * evaluates its arguments twice. */
bool diesel_log_is_on(diesel_logger *logger, int level);
#ifndef __cplusplus
#define diesel_log_is_on(logger, level)                                        \
    ((level) >= __atomic_load_n(&(logger)->threshold, __ATOMIC_RELAXED) &&     \
     (diesel_log_is_on)((logger), (level)))
#endif

/* --- Levels */

/* Sets the level of a name and all below it; "*" is the root of all names.
 * DIESEL_INHERIT takes the name's own level back. 0, or -1: INVAL, NOMEM. */
int diesel_log_level_set(const char *name, int level, diesel_error *err);

/* The same for a library that knows a level from elsewhere, say a variable of the
 * environment: if one has been set for the name, or for a name around it other
 * than "*", nothing changes. 0, or -1 as above. */
int diesel_log_level_default(const char *name, int level, diesel_error *err);

/* Sets several, written as in DIESEL_LOG: "shop=debug,*=warning"; a level alone
 * is that of "*". Levels are trace, debug, info, warning (or warn), error, off.
 * 0, or -1 and nothing has changed: INVAL names the wrong word; NOMEM. */
int diesel_log_configure(const char *levels, diesel_error *err);

/* The level that holds for a name. */
int diesel_log_level(const char *name);

/* "info" for DIESEL_INFO; "unknown" for a number that is no level. Static. */
const char *diesel_log_level_name(int level);

/* --- Context */

typedef struct diesel_log_context diesel_log_context;

/* Fields that every record of the running fiber has from now on, behind its own,
 * until diesel_log_pop(). Fibers that it starts meanwhile inherit them for their
 * whole life. Outside fibers: of the thread's code outside fibers.
 *
 *     diesel_log_context *context = diesel_log_push("request", id);
 *     ...
 *     diesel_log_pop(context);
 *
 * Names and values are copied. NULL without memory, or on a thread without a
 * scheduler, which need not be checked: the fields are then missing. */
#ifndef __cplusplus
#define diesel_log_push(...)                                                   \
    diesel_log_push_values(DIESEL_VALUES(__VA_ARGS__),                         \
                           DIESEL_COUNT(__VA_ARGS__))
#endif

/* The same from an array of `count` values, name and value by turns. */
diesel_log_context *diesel_log_push_values(const diesel_value *fields,
                                           size_t count);

/* Takes these fields off again, by the fiber that pushed them, innermost first;
 * anything else aborts the program. NULL does nothing. What a fiber has left
 * over is taken off when it ends. */
void diesel_log_pop(diesel_log_context *context);

/* --- Sinks */

/* What a sink gets; borrowed for the length of its call. */
typedef struct diesel_log_record {
    int64_t time_us;             /* of CLOCK_REALTIME, since 1970            */
    int level;                   /* DIESEL_INFO ...                          */
    const char *logger;          /* its name                                 */
    const char *message;
    const char *fiber;           /* the running fiber's label, or NULL       */
    uint64_t suppressed;         /* left out at this place before this one   */
    const diesel_log_site *site; /* or NULL                                  */
    const diesel_value *fields;  /* name, value, name, value ...: those of the
                                    record, then of the context, inner first */
    size_t count;                /* values, twice the number of fields       */
} diesel_log_record;

/* Takes a record. It may be called by several threads at once, must not switch
 * fibers, and what it logs itself is dropped. */
typedef void diesel_log_fn(void *arg, const diesel_log_record *record);

typedef struct diesel_log_sink {
    diesel_log_fn *write;
    void *arg; /* borrowed for as long as the sink is set */
} diesel_log_sink;

/* Sends all records to these sinks from now on, at most 8; none: nowhere. The
 * array is copied. Without a call there is one: diesel_log_human to stderr.
 * Returns when the former sinks are no longer in use. 0, or -1: LIMIT. Not to be
 * called by a sink. */
int diesel_log_sinks_set(const diesel_log_sink *sinks, size_t count,
                         diesel_error *err);

/* Sends the records of a name and all below it to this sink instead of the others;
 * NULL: to the others again. The name is borrowed until then, the sink is copied.
 * Returns when the former one is no longer in use. 0, or -1: LIMIT, for more than 4
 * names. Not to be called by a sink. */
int diesel_log_route_set(const char *name, const diesel_log_sink *sink,
                         diesel_error *err);

/* How many records a sink of Diesel's could not write. */
uint64_t diesel_log_lost(void);

/* Where diesel_log_human and diesel_log_json write. */
typedef struct diesel_log_file {
    int fd;
    int colour; /* of diesel_log_human: 0 on a terminal, unless NO_COLOR is set
                   to something; 1 always; -1 never */
} diesel_log_file;

/* A line for people, with local time. Control characters and what is no UTF-8
 * are escaped. `arg` is a diesel_log_file; NULL: stderr. */
void diesel_log_human(void *arg, const diesel_log_record *record);

/* A JSON object in a line (https://jsonlines.org): "time" (RFC 3339, UTC),
 * "level", "logger", "message", "fiber", "suppressed", "site", and "fields", an
 * object. What is no UTF-8 becomes U+FFFD, bytes become hexadecimal digits,
 * NaN and the infinities strings. `arg` as for diesel_log_human. */
void diesel_log_json(void *arg, const diesel_log_record *record);

/* Where diesel_log_syslog and diesel_log_journal write. */
typedef struct diesel_log_socket {
    const char *path;  /* NULL: /dev/log, /run/systemd/journal/socket         */
    const char *ident; /* NULL: the program's name                            */
    int facility;      /* of syslog, 1 to 23 (RFC 5424, 6.2.1); 0: user, 1    */
} diesel_log_socket;

/* The local syslog daemon, by datagrams as of RFC 3164, fields as name=value behind
 * the message. `arg` is a diesel_log_socket; NULL: the defaults. */
void diesel_log_syslog(void *arg, const diesel_log_record *record);

/* systemd's journal by its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): fields become fields of the
 * journal, in upper case, with what it does not allow as "_" and an "F" before
 * an underscore or a digit. `arg` is a diesel_log_socket; NULL: the defaults. */
void diesel_log_journal(void *arg, const diesel_log_record *record);

#ifdef __cplusplus
}
#endif
#endif
