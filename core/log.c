/* SPDX-License-Identifier: MIT */
/*
 * Loggers and their levels.
 *
 * A logger's threshold is all that a disabled diesel_log() looks at. It is 0 until
 * the logger is used for the first time, which lets everything through to here:
 * then the logger enters a list, and its threshold follows from the rules. A
 * rule is a name and a level; the longest name that is the logger's or one
 * around it counts. When a rule changes, all thresholds are computed anew.
 *
 * The list and the rules last as long as the process. A mutex guards them; it is
 * never held while a record is written.
 */
#include "log_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <diesel/memory.h>

#define STANDARD_LEVEL DIESEL_INFO

struct rule {
    struct rule *next;
    int level;
    char name[]; /* "" for the root */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule *rules;
static diesel_logger *loggers;
static pthread_once_t environment_once = PTHREAD_ONCE_INIT;
static diesel_error environment_error; /* code 0: none, or reported */

static const char *const level_names[] = {"inherit", "trace",   "debug", "info",
                                          "warning", "error", "off"};

const char *diesel_log_level_name(int level)
{
    if (level < DIESEL_INHERIT || level > DIESEL_OFF)
        return "unknown";
    return level_names[level];
}

/* The level with this name, or -1. */
static int level_named(const char *name, size_t len)
{
    for (int level = DIESEL_TRACE; level <= DIESEL_OFF; level++)
        if (strlen(level_names[level]) == len &&
            strncasecmp(level_names[level], name, len) == 0)
            return level;
    return len == 4 && strncasecmp(name, "warn", 4) == 0 ? DIESEL_WARNING : -1;
}

bool diesel__log_covers(const char *rule, const char *logger)
{
    size_t n = strlen(rule);
    return n == 0 || (strncmp(rule, logger, n) == 0 &&
                      (logger[n] == '\0' || logger[n] == '.'));
}

static int level_for(const char *name)
{
    const struct rule *best = NULL;
    for (const struct rule *r = rules; r != NULL; r = r->next)
        if (diesel__log_covers(r->name, name) &&
            (best == NULL || strlen(r->name) > strlen(best->name)))
            best = r;
    return best != NULL ? best->level : STANDARD_LEVEL;
}

static void set_thresholds(void)
{
    for (diesel_logger *l = loggers; l != NULL; l = l->next)
        __atomic_store_n(&l->threshold, level_for(l->name), __ATOMIC_RELAXED);
}

/* Where the rule for this name hangs, or the end of the list. */
static struct rule **find_rule(const char *name, size_t len)
{
    struct rule **r = &rules;
    while (*r != NULL &&
           (strlen((*r)->name) != len || memcmp((*r)->name, name, len) != 0))
        r = &(*r)->next;
    return r;
}

static struct rule *make_rule(const char *name, size_t len, int level)
{
    struct rule *rule = diesel_malloc(sizeof *rule + len + 1);
    if (rule == NULL)
        return NULL;
    rule->next = NULL;
    rule->level = level;
    memcpy(rule->name, name, len);
    rule->name[len] = '\0';
    return rule;
}

/* Makes the rules of the list count; each replaces the one that had its name. */
static void adopt(struct rule *list)
{
    while (list != NULL) {
        struct rule *rule = list;
        list = rule->next;
        struct rule **place = find_rule(rule->name, strlen(rule->name));
        rule->next = *place != NULL ? (*place)->next : NULL;
        diesel_free(*place);
        *place = rule;
    }
    set_thresholds();
}

/* "*" is written for the root, which is "" here. */
static size_t root_is_empty(const char *name, size_t len)
{
    return len == 1 && name[0] == '*' ? 0 : len;
}

/* Parses one "name=level" or "level" into a rule. */
static struct rule *parse_rule(const char *word, size_t len, diesel_error *err)
{
    const char *equals = memchr(word, '=', len);
    size_t name = equals != NULL ? (size_t)(equals - word) : 0;
    const char *value = equals != NULL ? equals + 1 : word;
    int level = level_named(value, len - (size_t)(value - word));
    if (level < 0 || (equals != NULL && name == 0)) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "\"%.*s\" is no level for a log (name=level; trace, "
                         "debug, info, warning, error, off)",
                         len > 60 ? 60 : (int)len, word);
        return NULL;
    }
    struct rule *rule = make_rule(word, root_is_empty(word, name), level);
    if (rule == NULL)
        diesel_error_nomem(err, "a level of the log");
    return rule;
}

/* Parses all words into a list of rules; -1 and no list on failure. */
static int parse(const char *levels, struct rule **list, diesel_error *err)
{
    static const char between[] = ", \t\n";
    struct rule **end = list;
    *list = NULL;
    for (const char *p = levels; p += strspn(p, between), *p != '\0';) {
        size_t len = strcspn(p, between);
        *end = parse_rule(p, len, err);
        if (*end == NULL) {
            while (*list != NULL) {
                struct rule *rule = *list;
                *list = rule->next;
                diesel_free(rule);
            }
            return -1;
        }
        end = &(*end)->next;
        p += len;
    }
    return 0;
}

static void read_environment(void)
{
    const char *levels = getenv("DIESEL_LOG");
    struct rule *list;
    if (levels == NULL)
        return;
    if (parse(levels, &list, &environment_error) < 0) {
        diesel_error_prefix(&environment_error, "DIESEL_LOG");
        return;
    }
    pthread_mutex_lock(&lock);
    adopt(list);
    pthread_mutex_unlock(&lock);
}

/* Says once, in the log itself, that the environment's levels are wrong. */
static void report_environment(void)
{
    static diesel_logger logger = DIESEL_LOGGER("diesel.log");
    static int reported;
    if (environment_error.code != DIESEL_OK &&
        !__atomic_exchange_n(&reported, 1, __ATOMIC_RELAXED))
        diesel_log(&logger, DIESEL_WARNING, "the environment is ignored",
                   "error", environment_error.message);
}

int diesel__log_threshold(diesel_logger *logger)
{
    int threshold = __atomic_load_n(&logger->threshold, __ATOMIC_RELAXED);
    if (threshold != 0)
        return threshold;
    pthread_once(&environment_once, read_environment);
    pthread_mutex_lock(&lock);
    threshold = logger->threshold;
    if (threshold == 0) {
        threshold = level_for(logger->name);
        logger->next = loggers;
        loggers = logger;
        __atomic_store_n(&logger->threshold, threshold, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&lock);
    report_environment();
    return threshold;
}

bool(diesel_log_is_on)(diesel_logger *logger, int level)
{
    return level >= diesel__log_threshold(logger);
}

int diesel_log_configure(const char *levels, diesel_error *err)
{
    struct rule *list;
    pthread_once(&environment_once, read_environment);
    if (parse(levels, &list, err) < 0)
        return -1;
    pthread_mutex_lock(&lock);
    adopt(list);
    pthread_mutex_unlock(&lock);
    return 0;
}

static void remove_rule(const char *name, size_t len)
{
    pthread_mutex_lock(&lock);
    struct rule **place = find_rule(name, len);
    struct rule *rule = *place;
    if (rule != NULL) {
        *place = rule->next;
        set_thresholds();
    }
    pthread_mutex_unlock(&lock);
    diesel_free(rule);
}

int diesel_log_level_set(const char *name, int level, diesel_error *err)
{
    if (level < DIESEL_INHERIT || level > DIESEL_OFF || name == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%d is no level of the log", level);
    pthread_once(&environment_once, read_environment);
    size_t len = root_is_empty(name, strlen(name));
    if (level == DIESEL_INHERIT) {
        remove_rule(name, len);
        return 0;
    }
    struct rule *rule = make_rule(name, len, level);
    if (rule == NULL)
        return diesel_error_nomem(err, "a level of the log");
    pthread_mutex_lock(&lock);
    adopt(rule);
    pthread_mutex_unlock(&lock);
    return 0;
}

/* Whether a rule other than the root's holds for the name. */
static bool has_rule(const char *name)
{
    for (const struct rule *r = rules; r != NULL; r = r->next)
        if (*r->name != '\0' && diesel__log_covers(r->name, name))
            return true;
    return false;
}

int diesel_log_level_default(const char *name, int level, diesel_error *err)
{
    pthread_once(&environment_once, read_environment);
    pthread_mutex_lock(&lock);
    bool is_set = has_rule(name);
    pthread_mutex_unlock(&lock);
    return is_set ? 0 : diesel_log_level_set(name, level, err);
}

int diesel_log_level(const char *name)
{
    pthread_once(&environment_once, read_environment);
    pthread_mutex_lock(&lock);
    int level = level_for(strcmp(name, "*") == 0 ? "" : name);
    pthread_mutex_unlock(&lock);
    return level;
}

void diesel__loggers_visit(void (*fn)(void *arg, const diesel_logger *logger),
                           void *arg)
{
    pthread_mutex_lock(&lock);
    for (const diesel_logger *l = loggers; l != NULL; l = l->next)
        fn(arg, l);
    pthread_mutex_unlock(&lock);
}
