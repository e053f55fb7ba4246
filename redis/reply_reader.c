/* SPDX-License-Identifier: MIT */
/*
 * The parser: hiredis's reader behind a face of our own. This is the one file that
 * knows hiredis.
 *
 * hiredis finds the items; the object functions below build them into the arena
 * of one reply. What hiredis 0.14 to 1.2 do not do is done here:
 *
 *  - Limits are checked before memory is taken for what a header only announces:
 *    depth and elements by the object functions, the length of a string or a line
 *    by look_ahead() after each bite of the input. A large array gets its room
 *    step by step, as its elements come.
 *  - The CR LF behind a string is checked.
 *  - Attributes. The input is cut before each '|', which makes it plain whether
 *    the reader waits for a type there. If so, a second reader, `inner`, is fed
 *    the attribute as a map, and the map is hung to the next object.
 *  - strtod() obeys the program's locale, so parsing switches to the C locale.
 *
 * hiredis moves the rest of its buffer after each KiB that it has used up, so it is
 * fed in bites of little more than that.
 */
#include <config.h>

#include "reply_reader_internal.h"

#include <hiredis/read.h>
#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include <diesel/memory.h>

#include "reply_internal.h"

#define BITE 1200
#define KEEP_BUFFER (1024 * 1024) /* hiredis frees an empty buffer beyond this */
#define LONGEST_NUMBER 64         /* bytes of the line that announces a length */
#define LONGEST_LINE (1024 * 1024)
#define STEP 4096 /* elements that get room at once; a power of two */

#ifdef HAVE_HIREDIS_RESP3
typedef size_t array_size;
#else
typedef int array_size;
#define REDIS_REPLY_DOUBLE -100 /* types that never come */
#define REDIS_REPLY_BOOL -101
#define REDIS_REPLY_MAP -102
#define REDIS_REPLY_SET -103
#define REDIS_REPLY_PUSH -104
#define REDIS_REPLY_BIGNUM -105
#define REDIS_REPLY_VERB -106
#endif

/* Why an object function refused; hiredis itself says "out of memory" then. */
enum refusal {
    NOT_REFUSED,
    NO_MEMORY,
    TOO_DEEP,
    TOO_MANY_ELEMENTS,
    TOO_LONG,
    UNTERMINATED,
    ENDLESS
};

struct dredis__reply_reader {
    redisReader *hiredis;
    locale_t c_locale;
    dredis__limits limits;
    dredis__arena arena;
    enum refusal refusal;
    bool failed;    /* with the error below: nothing can be understood since */
    diesel_error error;
    size_t base;    /* how deep the attribute that it reads lies; else 0     */
    size_t missing; /* bytes that the string in hand still needs, if known */
    dredis__reply_reader *inner; /* reads an attribute; NULL outside of one */
    dredis_reply *attribute;     /* for the next object                     */
    uint64_t given; /* bytes that dredis__reply_reader_parse() got, ever */
    size_t rest;    /* of these, that hiredis had not got at the last reply */
};

static dredis__reply_reader *reader_of(const redisReadTask *task)
{
    return task->privdata;
}

static void *refuse(dredis__reply_reader *reader, enum refusal why)
{
    reader->refusal = why;
    return NULL;
}

/* Where the next element of an aggregate goes. In a large one the room ends at
 * each power of two from STEP on, and is doubled there. */
static dredis_reply *element_of(dredis_reply *parent, size_t i)
{
    if (i >= STEP && (i & (i - 1)) == 0) {
        size_t room = parent->elements - i > i ? 2 * i : parent->elements;
        dredis_reply *moved = dredis__block_grow(parent->element, room);
        if (moved == NULL)
            return NULL;
        parent->element = moved;
    }
    dredis_reply *element = &parent->element[i];
    *element = (dredis_reply){.type = DREDIS_NIL};
    return element;
}

/* A new object of the type: the root, with room for `room` bytes, or the next
 * element of the aggregate in hand, whose strings come from the arena. */
static inline dredis_reply *new_object(const redisReadTask *task,
                                       dredis_type type, size_t room)
{
    dredis__reply_reader *reader = reader_of(task);
    dredis_reply *object;
    if (task->parent == NULL)
        object = dredis__arena_begin(&reader->arena, type, room);
    else
        object = element_of(task->parent->obj, (size_t)task->idx);
    if (object == NULL)
        return refuse(reader, NO_MEMORY);
    object->type = type;
    if (__builtin_expect(reader->attribute != NULL, 0)) {
        object->attribute = reader->attribute;
        reader->attribute = NULL;
        dredis__arena_adopt(&reader->arena, object->attribute);
    }
    return object;
}

/* The object's string, copied. */
static inline dredis_reply *set_string(const redisReadTask *task,
                                       dredis_reply *object, const char *s,
                                       size_t len)
{
    char *copy = dredis__arena_bytes(&reader_of(task)->arena, len + 1);
    if (copy == NULL)
        return refuse(reader_of(task), NO_MEMORY);
    memcpy(copy, s, len);
    copy[len] = '\0';
    object->str = copy;
    object->len = len;
    return object;
}

static dredis_type string_type(int hiredis_type)
{
    switch (hiredis_type) {
    case REDIS_REPLY_STATUS:
        return DREDIS_STATUS;
    case REDIS_REPLY_ERROR:
        return DREDIS_ERROR;
    case REDIS_REPLY_BIGNUM:
        return DREDIS_BIGNUM;
    case REDIS_REPLY_VERB:
        return DREDIS_VERBATIM;
    default:
        return DREDIS_STRING;
    }
}

/* When a root is refused after its memory was taken, hiredis does not know of it
 * yet, so it must be freed here. */
static void *give_up(const redisReadTask *task, dredis_reply *object)
{
    if (task->parent == NULL)
        dredis_reply_free(object);
    return NULL;
}

static void *create_string(const redisReadTask *task, char *s, size_t len)
{
    dredis__reply_reader *reader = reader_of(task);
    if (s[len] != '\r' || s[len + 1] != '\n')
        return refuse(reader, UNTERMINATED);
    if (len > reader->limits.bulk)
        return refuse(reader, TOO_LONG);
    dredis_reply *object = new_object(task, string_type(task->type), len + 1);
    if (object == NULL)
        return NULL;
    if (object->type == DREDIS_VERBATIM) { /* "txt:" and the text */
        memcpy(object->format, s, 3);
        s += 4;
        len -= 4;
    } else if (object->type == DREDIS_ERROR) {
        object->integer = dredis_error_detail(s, len);
    }
    if (set_string(task, object, s, len) == NULL)
        return give_up(task, object);
    return object;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    dredis_reply *object = new_object(task, DREDIS_INTEGER, 0);
    if (object != NULL)
        object->integer = value;
    return object;
}

static void *create_nil(const redisReadTask *task)
{
    return new_object(task, DREDIS_NIL, 0);
}

static dredis_type aggregate_type(int hiredis_type)
{
    switch (hiredis_type) {
    case REDIS_REPLY_MAP:
        return DREDIS_MAP;
    case REDIS_REPLY_SET:
        return DREDIS_SET;
    case REDIS_REPLY_PUSH:
        return DREDIS_PUSH;
    default:
        return DREDIS_ARRAY;
    }
}

/* Short strings beside the elements, so that most arrays are one allocation. */
static size_t room_for(size_t elements)
{
    return elements <= STEP ? elements * (sizeof(dredis_reply) + 24) + 8 : 0;
}

static void *create_array(const redisReadTask *task, array_size count)
{
    dredis__reply_reader *reader = reader_of(task);
    size_t n = (size_t)count;
    if (reader->base + (size_t)reader->hiredis->ridx >= reader->limits.depth)
        return refuse(reader, TOO_DEEP);
    if (n > reader->limits.elements)
        return refuse(reader, TOO_MANY_ELEMENTS);
    dredis_reply *object =
        new_object(task, aggregate_type(task->type), room_for(n));
    if (object == NULL || n == 0)
        return object;
    object->element = n <= STEP ? dredis__arena_elements(&reader->arena, n)
                                : dredis__arena_block(&reader->arena, STEP);
    if (object->element == NULL) {
        refuse(reader, NO_MEMORY);
        return give_up(task, object);
    }
    object->elements = n;
    return object;
}

static void free_object(void *object)
{
    dredis_reply_free(object);
}

#ifdef HAVE_HIREDIS_RESP3

static void *create_double(const redisReadTask *task, double value, char *s,
                           size_t len)
{
    dredis__reply_reader *reader = reader_of(task);
    if (len > reader->limits.bulk)
        return refuse(reader, TOO_LONG);
    dredis_reply *object = new_object(task, DREDIS_DOUBLE, len + 1);
    if (object == NULL)
        return NULL;
    object->dval = value;
    if (set_string(task, object, s, len) == NULL)
        return give_up(task, object);
    return object;
}

static void *create_bool(const redisReadTask *task, int value)
{
    dredis_reply *object = new_object(task, DREDIS_BOOL, 0);
    if (object != NULL)
        object->integer = value;
    return object;
}

static redisReplyObjectFunctions functions = {
    create_string, create_array, create_integer, create_double,
    create_nil,    create_bool,  free_object,
};

static const redisReadTask *task_in_hand(const redisReader *hiredis)
{
    return hiredis->task[hiredis->ridx];
}

/* Leaves the limit to create_array(). Half the numbers, because hiredis doubles
 * the pairs of a map. */
static void lift_limit(redisReader *hiredis)
{
    hiredis->maxelements = LLONG_MAX / 2;
}

#else

static redisReplyObjectFunctions functions = {
    create_string, create_array, create_integer, create_nil, free_object,
};

static const redisReadTask *task_in_hand(const redisReader *hiredis)
{
    return &hiredis->rstack[hiredis->ridx];
}

static void lift_limit(redisReader *hiredis)
{
    (void)hiredis; /* has none but that of an int */
}

#endif

bool dredis__reply_reader_knows_resp3(void)
{
#ifdef HAVE_HIREDIS_RESP3
    return true;
#else
    return false;
#endif
}

dredis__reply_reader *dredis__reply_reader_new(const dredis__limits *limits)
{
    dredis__reply_reader *reader = diesel_calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->limits = *limits;
    if (reader->limits.elements > INT_MAX) /* hiredis counts them in an int */
        reader->limits.elements = INT_MAX;
    reader->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    reader->hiredis = redisReaderCreateWithFunctions(&functions);
    if (reader->c_locale == (locale_t)0 || reader->hiredis == NULL) {
        dredis__reply_reader_free(reader);
        return NULL;
    }
    reader->hiredis->privdata = reader;
    reader->hiredis->maxbuf = KEEP_BUFFER;
    lift_limit(reader->hiredis);
    return reader;
}

void dredis__reply_reader_free(dredis__reply_reader *reader)
{
    if (reader == NULL)
        return;
    dredis__reply_reader_free(reader->inner);
    dredis_reply_free(reader->attribute);
    if (reader->hiredis != NULL)
        redisReaderFree(reader->hiredis);
    if (reader->c_locale != (locale_t)0)
        freelocale(reader->c_locale);
    diesel_free(reader);
}

static int refused(const dredis__reply_reader *reader, enum refusal why,
                   diesel_error *err)
{
    const dredis__limits *max = &reader->limits;
    switch (why) {
    case TOO_DEEP:
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "a reply is nested deeper than %zu levels",
                                max->depth);
    case TOO_MANY_ELEMENTS:
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "a reply has more than %zu elements",
                                max->elements);
    case TOO_LONG:
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "a string in a reply has more than %zu bytes",
                                max->bulk);
    case UNTERMINATED:
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "not RESP: no CR LF after a string");
    case ENDLESS:
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "not RESP: a line without an end");
    default:
        return diesel_error_nomem(err, "a reply");
    }
}

static int parse_failed(const dredis__reply_reader *reader, diesel_error *err)
{
    const redisReader *hiredis = reader->hiredis;
    if (reader->refusal != NOT_REFUSED)
        return refused(reader, reader->refusal, err);
    if (hiredis->err == REDIS_ERR_OOM)
        return refused(reader, NO_MEMORY, err);
    size_t len = strlen(hiredis->errstr);
    while (len > 0 && hiredis->errstr[len - 1] == '.')
        len--;
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                            "not RESP: %.*s", (int)len, hiredis->errstr);
}

static bool is_string(int hiredis_type)
{
    return hiredis_type == REDIS_REPLY_STRING ||
           hiredis_type == REDIS_REPLY_VERB;
}

/* Looks at the item that is not complete: notes how much of it is missing, and
 * refuses what will be too long. hiredis has checked a length's syntax. */
static enum refusal look_ahead(dredis__reply_reader *reader)
{
    const redisReader *hiredis = reader->hiredis;
    reader->missing = 0;
    if (hiredis->ridx < 0 || hiredis->len == hiredis->pos)
        return NOT_REFUSED;
    const char *item = hiredis->buf + hiredis->pos;
    size_t have = hiredis->len - hiredis->pos;
    if (!is_string(task_in_hand(hiredis)->type))
        return have > LONGEST_LINE ? ENDLESS : NOT_REFUSED;
    const char *cr = memchr(item, '\r', have);
    if (cr == NULL || cr + 1 == item + have || cr[1] != '\n')
        return have > LONGEST_NUMBER ? ENDLESS : NOT_REFUSED;
    size_t len = 0;
    for (const char *digit = item; digit < cr; digit++)
        len = len * 10 + (size_t)(*digit - '0');
    if (len > reader->limits.bulk)
        return TOO_LONG;
    reader->missing = (size_t)(cr + 2 - item) + len + 2 - have;
    return NOT_REFUSED;
}

/* The next reply from what hiredis has got: 1, or 0: it needs more; or -1. */
static int next_reply(dredis__reply_reader *reader, dredis_reply **reply,
                      diesel_error *err)
{
    void *object;
    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK)
        return parse_failed(reader, err);
    *reply = object;
    if (object != NULL)
        return 1;
    reader->refusal = look_ahead(reader);
    return reader->refusal != NOT_REFUSED ? parse_failed(reader, err) : 0;
}

/* Whether the next byte of the input is that of a type. */
static bool expects_type(const redisReader *hiredis)
{
    return hiredis->pos == hiredis->len &&
           (hiredis->ridx < 0 || task_in_hand(hiredis)->type < 0);
}

/* How many of the n bytes to feed at once: a string at hand whole, otherwise a
 * bite, but not beyond the next '|' that may be an attribute's type. */
static size_t bite(const dredis__reply_reader *reader, const char *bytes,
                   size_t n)
{
    if (reader->missing > BITE)
        return n < reader->missing ? n : reader->missing;
    if (n > BITE)
        n = BITE;
    size_t inside = reader->missing > 0 ? reader->missing : 1;
    if (dredis__reply_reader_knows_resp3() && inside < n) {
        const char *bar = memchr(bytes + inside, '|', n - inside);
        if (bar != NULL)
            return (size_t)(bar - bytes);
    }
    return n;
}

static int feed(dredis__reply_reader *reader, const char *bytes, size_t n,
                diesel_error *err)
{
    if (redisReaderFeed(reader->hiredis, bytes, n) != REDIS_OK)
        return parse_failed(reader, err);
    return 0;
}

static int begin_attribute(dredis__reply_reader *reader, diesel_error *err)
{
    int open = reader->hiredis->ridx; /* aggregates around it; -1: none begun */
    size_t base = reader->base + (open > 0 ? (size_t)open : 0) + 1;
    if (base >= reader->limits.depth)
        reader->refusal = TOO_DEEP;
    else if ((reader->inner = dredis__reply_reader_new(&reader->limits)) == NULL)
        reader->refusal = NO_MEMORY;
    if (reader->refusal != NOT_REFUSED)
        return parse_failed(reader, err);
    reader->inner->base = base;
    return feed(reader->inner, "%", 1, err);
}

/* The inner reader is done; what it was fed too much, all from its last bite, is
 * put back. */
static void end_attribute(dredis__reply_reader *reader, dredis_reply *attribute,
                          const char **bytes, size_t *n)
{
    const redisReader *hiredis = reader->inner->hiredis;
    size_t unread = hiredis->len - hiredis->pos;
    *bytes -= unread;
    *n += unread;
    dredis__reply_reader_free(reader->inner);
    reader->inner = NULL;
    dredis_reply_free(reader->attribute); /* of two in a row the last one counts */
    attribute->type = DREDIS_ATTRIBUTE;
    reader->attribute = attribute;
}

/* Reads from *bytes up to the end of the next reply: 1, or 0: all n bytes are used
 * up; or -1. */
static int step(dredis__reply_reader *reader, const char **bytes, size_t *n,
                dredis_reply **reply, diesel_error *err)
{
    for (;;) {
        int got = next_reply(reader, reply, err);
        if (got != 0 || *n == 0)
            return got;
        if (reader->inner != NULL) {
            dredis_reply *attribute;
            got = step(reader->inner, bytes, n, &attribute, err);
            if (got <= 0)
                return got;
            end_attribute(reader, attribute, bytes, n);
            continue;
        }
        size_t used;
        if (**bytes == '|' && dredis__reply_reader_knows_resp3() &&
            expects_type(reader->hiredis)) {
            used = 1;
            got = begin_attribute(reader, err);
        } else {
            used = bite(reader, *bytes, *n);
            got = feed(reader, *bytes, used, err);
        }
        if (got < 0)
            return -1;
        *bytes += used;
        *n -= used;
    }
}

bool dredis__reply_reader_is_empty(const dredis__reply_reader *reader)
{
    const redisReader *hiredis = reader->hiredis;
    return !reader->failed && reader->inner == NULL &&
           reader->attribute == NULL && hiredis->ridx <= 0 &&
           expects_type(hiredis);
}

static int report(const dredis__reply_reader *reader, diesel_error *err)
{
    if (err != NULL)
        *err = reader->error;
    return -1;
}

uint64_t dredis__reply_reader_consumed(const dredis__reply_reader *reader)
{
    const redisReader *hiredis = reader->hiredis;
    return reader->given - reader->rest - (hiredis->len - hiredis->pos);
}

int dredis__reply_reader_parse(dredis__reply_reader *reader, const char *bytes,
                               size_t n, dredis__reply_fn *take, void *arg,
                               diesel_error *err)
{
    dredis_reply *reply;
    int got = 0;
    if (!reader->failed) {
        locale_t before = uselocale(reader->c_locale);
        reader->given += n;
        while ((got = step(reader, &bytes, &n, &reply, &reader->error)) > 0) {
            reader->rest = n;
            take(arg, reply);
        }
        uselocale(before);
        reader->failed = got < 0;
    }
    return reader->failed ? report(reader, err) : got;
}

int dredis__reply_reader_next(dredis__reply_reader *reader, const char **bytes,
                              size_t *n, dredis_reply **reply,
                              diesel_error *err)
{
    if (!reader->failed) {
        locale_t before = uselocale(reader->c_locale);
        int got = step(reader, bytes, n, reply, &reader->error);
        uselocale(before);
        if (got >= 0)
            return got;
        reader->failed = true;
    }
    return report(reader, err);
}
