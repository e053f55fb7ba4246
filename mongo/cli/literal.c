/* SPDX-License-Identifier: MIT */
/*
 * The grammar of values: one function per kind, chosen by the first character.
 * See literal_internal.h for what is understood.
 *
 * An object is read into a document of its own first, since only its fields tell
 * whether it stands for a value of extended JSON; so is a list of arguments.
 * How such values are made is in constructor.c; here is only how they are
 * written.
 */
#include "mongo/cli/literal_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/utf8_internal.h"

static int no_memory(dmongo__source *src)
{
    return dmongo__source_fail(src, src->pos, "out of memory");
}

/* Every append ends here: libbson refuses what makes a document too large. */
static int appended(dmongo__source *src, bool ok)
{
    return ok ? 0 : dmongo__source_fail(src, src->pos, "too large for BSON");
}

/* Strings. */

/* The value of `count` hexadecimal digits at p, or -1. */
static int64_t hex_value(const char *p, const char *end, int count)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++) {
        if (p + i >= end)
            return -1;
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The code point of \uXXXX, \u{X...} or \xXX, where *p is behind the backslash;
 * moves *p behind it. -1: malformed. */
static int64_t read_code(const char **p, const char *end)
{
    char kind = *(*p)++;
    if (kind == 'u' && *p < end && **p == '{') {
        const char *close = memchr(*p, '}', (size_t)(end - *p));
        int digits = close != NULL && close - *p <= 7 ? (int)(close - *p - 1)
                                                      : 0;
        int64_t code = digits > 0 ? hex_value(*p + 1, end, digits) : -1;
        *p = close != NULL ? close + 1 : *p;
        return code > 0x10ffff ? -1 : code;
    }
    int digits = kind == 'u' ? 4 : 2;
    int64_t code = hex_value(*p, end, digits);
    *p += code >= 0 ? digits : 0;
    return code;
}

/* A code point that may be written as two, the halves of a surrogate pair. */
static int64_t read_escaped_character(const char **p, const char *end)
{
    int64_t code = read_code(p, end);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return -1;
    ++*p;
    int64_t low = read_code(p, end);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* One escape, where *p is behind the backslash. How many bytes it wrote to out,
 * or -1. */
static int read_escape(const char **p, const char *end, char *out)
{
    static const char letters[] = "nrtbfv0";
    static const char meanings[] = "\n\r\t\b\f\v";
    const char *letter = memchr(letters, **p, sizeof letters - 1);

    if (**p == 'u' || **p == 'x') {
        int64_t code = read_escaped_character(p, end);
        return code < 0 ? -1 : (int)diesel__utf8_put((uint32_t)code, out);
    }
    if (**p == '\n') { /* the string goes on in the next line */
        ++*p;
        return 0;
    }
    *out = letter != NULL ? meanings[letter - letters] : **p;
    ++*p;
    return 1;
}

/* Where the string that begins at `from` with a quote ends: at its closing
 * quote, or NULL. */
static const char *closing_quote(const char *from, const char *end)
{
    for (const char *p = from + 1; p < end; p++) {
        if (*p == *from)
            return p;
        if (*p == '\\')
            p++;
        else if (*p == '\n' && *from != '`')
            return NULL;
    }
    return NULL;
}

char *dmongo__literal_string(dmongo__source *src, size_t *len)
{
    size_t at = src->pos;
    const char *from = src->text + at;
    const char *close = closing_quote(from, src->text + src->len);
    if (close == NULL) {
        dmongo__source_fail(src, at, "this string is never closed");
        src->error.at_end = *from == '`';
        return NULL;
    }
    /* No escape is shorter than what it stands for. */
    char *string = malloc((size_t)(close - from));
    if (string == NULL) {
        no_memory(src);
        return NULL;
    }
    size_t n = 0;
    for (const char *p = from + 1; p < close;) {
        const char *escape = p;
        int bytes = 1;
        if (*p == '\\') {
            p++;
            bytes = read_escape(&p, close, string + n);
        } else if (*from == '`' && *p == '$' && p[1] == '{') {
            bytes = -1;
        } else {
            string[n] = *p++;
        }
        if (bytes < 0) {
            dmongo__source_fail(src, (size_t)(escape - src->text),
                                *escape == '$'
                                    ? "an expression in a string needs JavaScript"
                                    : "this escape is no character");
            free(string);
            return NULL;
        }
        n += (size_t)bytes;
    }
    string[n] = '\0';
    *len = n;
    src->pos = (size_t)(close + 1 - src->text);
    return string;
}

static int read_string(dmongo__source *src, bson_t *out, const char *key)
{
    size_t len;
    char *string = dmongo__literal_string(src, &len);
    if (string == NULL)
        return -1;
    bool ok = len <= INT32_MAX &&
              bson_append_utf8(out, key, -1, string, (int)len);
    free(string);
    return appended(src, ok);
}

/* Numbers. */

/* Copies the digits of a number, without the "_" between them, to `digits`; how
 * many bytes of the text they were, 0 if it is none. */
static size_t scan_number(const char *p, const char *end, char *digits,
                          size_t size)
{
    size_t n = 0;
    const char *start = p;
    bool radix = end - p > 2 && p[0] == '0' && strchr("xXoObB", p[1]) != NULL;
    for (; p < end && n + 1 < size; p++) {
        bool exponent = !radix && (*p == 'e' || *p == 'E');
        bool sign = (*p == '+' || *p == '-') && !radix && n > 0 &&
                    (p[-1] == 'e' || p[-1] == 'E');
        if (*p == '_' && n > 0 && p[-1] != '_')
            continue;
        if (!sign && !exponent && *p != '.' && !dmongo__is_word(*p))
            break;
        digits[n++] = *p;
    }
    digits[n] = '\0';
    return (size_t)(p - start);
}

/* Reads digits, of any radix, as an unsigned whole number. False if they are
 * none or too large. */
static bool whole_number(const char *digits, uint64_t *value)
{
    int base = 10;
    char *end;
    if (digits[0] == '0' && digits[1] != '\0') {
        base = strchr("xX", digits[1]) ? 16 : strchr("oO", digits[1]) ? 8 : 2;
        if (strchr("xXoObB", digits[1]) == NULL)
            return false;
        digits += 2;
    }
    if (!dmongo__is_word(*digits))
        return false;
    errno = 0;
    *value = strtoull(digits, &end, base);
    return *end == '\0' && errno == 0;
}

/* A decimal number in JavaScript's form, which has neither "0x1p3" nor "inf". */
static bool decimal_number(const char *digits, double *value)
{
    char *end;
    bool leading_zero = digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
    if (leading_zero || strspn(digits, "0123456789.eE+-") != strlen(digits) ||
        strpbrk(digits, "0123456789") == NULL)
        return false;
    *value = strtod(digits, &end);
    return *end == '\0';
}

static int append_double(dmongo__source *src, bson_t *out, const char *key,
                         double value)
{
    bool is_int = value >= INT32_MIN && value <= INT32_MAX &&
                  value == trunc(value) && !(value == 0 && signbit(value));
    return appended(src, is_int
                             ? bson_append_int32(out, key, -1, (int32_t)value)
                             : bson_append_double(out, key, -1, value));
}

/* A whole number as text: int32, double or int64, see literal_internal.h; with
 * an "n" behind it always int64. */
static int append_whole(dmongo__source *src, bson_t *out, const char *key,
                        uint64_t value, bool negative, bool big)
{
    const uint64_t exact = UINT64_C(1) << 53;
    bool fits = value <= (uint64_t)INT64_MAX + negative;
    if (big && !fits)
        return dmongo__source_fail(src, src->pos, "too large for an int64");
    if ((big || value > exact) && fits)
        return appended(src, bson_append_int64(out, key, -1,
                                               negative ? (int64_t)(0 - value)
                                                        : (int64_t)value));
    double number = negative ? -(double)value : (double)value;
    return append_double(src, out, key, number);
}

static int read_number(dmongo__source *src, bson_t *out, const char *key)
{
    size_t at = src->pos;
    bool negative = false;
    while (dmongo__source_peek(src, 0) == '-' ||
           dmongo__source_peek(src, 0) == '+') {
        negative ^= dmongo__source_peek(src, 0) == '-';
        src->pos++;
        if (dmongo__source_skip(src, NULL) < 0)
            return -1;
    }
    size_t word = dmongo__source_word(src);
    const char *p = src->text + src->pos;
    if (word == 8 && memcmp(p, "Infinity", 8) == 0) {
        src->pos += word;
        return append_double(src, out, key, negative ? -INFINITY : INFINITY);
    }

    char digits[400];
    size_t length = scan_number(p, src->text + src->len, digits, sizeof digits);
    size_t n = strlen(digits);
    uint64_t whole;
    double decimal;
    bool big = n > 1 && digits[n - 1] == 'n';
    if (big)
        digits[n - 1] = '\0';
    bool is_whole = whole_number(digits, &whole);
    if (!is_whole && (big || !decimal_number(digits, &decimal)))
        return dmongo__source_fail(src, at, "this is not a number");
    src->pos += length;
    if (is_whole)
        return append_whole(src, out, key, whole, negative, big);
    return append_double(src, out, key, negative ? -decimal : decimal);
}

/* Regular expressions. */

/* Where the "/" that ends the expression is: one in brackets does not. NULL:
 * there is none in the line. */
static const char *closing_slash(const char *p, const char *end)
{
    bool in_brackets = false;
    for (; p < end && *p != '\n'; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '[')
            in_brackets = true;
        else if (*p == ']')
            in_brackets = false;
        else if (*p == '/' && !in_brackets)
            return p;
    }
    return NULL;
}

static int read_regex(dmongo__source *src, bson_t *out, const char *key)
{
    size_t at = src->pos;
    const char *pattern = src->text + at + 1;
    const char *close = closing_slash(pattern, src->text + src->len);
    if (close == NULL)
        return dmongo__source_fail(src, at,
                                   "this regular expression is never closed");
    src->pos = (size_t)(close + 1 - src->text);
    size_t flags = dmongo__source_word(src);

    /* It is made as RegExp("pattern", "flags") is. */
    bson_t args = BSON_INITIALIZER;
    int result = appended(
        src, close - pattern <= INT32_MAX && flags <= INT32_MAX &&
                 bson_append_utf8(&args, "0", 1, pattern,
                                  (int)(close - pattern)) &&
                 bson_append_utf8(&args, "1", 1, close + 1, (int)flags));
    src->pos += flags;
    dmongo__making making = {.src = src, .at = at, .name = "RegExp",
                             .from = &args, .count = 2, .out = out, .key = key};
    if (result == 0 && dmongo__construct(&making) < 0)
        result = -1;
    bson_destroy(&args);
    return result;
}

/* Objects. */

/* Where each key of an object was written, to tell which one is there twice. */
struct keys {
    size_t *places;
    size_t count, room;
};

static int note_key(dmongo__source *src, struct keys *keys, size_t place)
{
    if (keys->count == keys->room) {
        size_t room = keys->room * 2 + 8;
        size_t *places = reallocarray(keys->places, room, sizeof *places);
        if (places == NULL)
            return no_memory(src);
        keys->places = places;
        keys->room = room;
    }
    keys->places[keys->count++] = place;
    return 0;
}

struct placed_key {
    const char *key;
    size_t place;
};

static int compare_keys(const void *a, const void *b)
{
    const struct placed_key *left = a, *right = b;
    int order = strcmp(left->key, right->key);
    return order != 0 ? order
                      : (left->place > right->place) -
                            (left->place < right->place);
}

/* JavaScript would silently take the last of two equal keys, and a server
 * whichever it likes: {age: {$gt: 1}, age: {$lt: 9}} is always a mistake. */
static int check_keys(dmongo__source *src, const struct keys *keys,
                      const bson_t *object)
{
    struct placed_key *sorted = calloc(keys->count + 1, sizeof *sorted);
    if (sorted == NULL)
        return no_memory(src);
    bson_iter_t iter;
    size_t n = 0;
    bson_iter_init(&iter, object);
    for (; n < keys->count && bson_iter_next(&iter); n++)
        sorted[n] = (struct placed_key){bson_iter_key(&iter), keys->places[n]};
    qsort(sorted, n, sizeof *sorted, compare_keys);
    int result = 0;
    for (size_t i = 1; i < n && result == 0; i++)
        if (strcmp(sorted[i - 1].key, sorted[i].key) == 0)
            result = dmongo__source_fail(
                src, sorted[i].place,
                "the key \"%.60s\" is in this object already", sorted[i].key);
    free(sorted);
    return result;
}

/* A key: a word, a string or a number. Owned by the caller: free(). */
static char *read_key(dmongo__source *src)
{
    char c = dmongo__source_peek(src, 0);
    size_t at = src->pos, len = dmongo__source_word(src);
    char *key;
    if (c == '"' || c == '\'') {
        key = dmongo__literal_string(src, &len);
        if (key == NULL)
            return NULL;
    } else {
        while (c >= '0' && c <= '9') {
            len++;
            c = dmongo__source_peek(src, len);
        }
        if (len == 0) {
            dmongo__source_expected(src, "a key");
            return NULL;
        }
        key = strndup(src->text + at, len);
        if (key == NULL) {
            no_memory(src);
            return NULL;
        }
        src->pos += len;
    }
    if (strlen(key) < len) {
        dmongo__source_fail(src, at, "a key cannot hold a zero byte");
        free(key);
        return NULL;
    }
    return key;
}

/* One "key: value". */
static int read_field(dmongo__source *src, bson_t *object, struct keys *keys)
{
    if (note_key(src, keys, src->pos) < 0)
        return -1;
    char *key = read_key(src);
    if (key == NULL)
        return -1;
    int got = dmongo__source_accept(src, ':');
    if (got == 0)
        got = dmongo__source_expected(src, "\":\" after the key");
    if (got > 0)
        got = dmongo__source_skip(src, NULL);
    if (got == 0)
        got = dmongo__literal_read(src, object, key);
    free(key);
    return got;
}

/* After an element: 1 if another one may follow, 0 after `close`, or -1. A comma
 * may stand before `close`. */
static int next_element(dmongo__source *src, char close, const char *expected)
{
    int comma = dmongo__source_accept(src, ',');
    if (comma < 0)
        return -1;
    int closed = dmongo__source_accept(src, close);
    if (closed != 0)
        return closed < 0 ? -1 : 0;
    return comma ? 1 : dmongo__source_expected(src, expected);
}

static int read_fields(dmongo__source *src, bson_t *object, struct keys *keys)
{
    src->pos++; /* the brace */
    int more = dmongo__source_accept(src, '}');
    more = more < 0 ? -1 : !more;
    while (more > 0) {
        if (read_field(src, object, keys) < 0)
            return -1;
        more = next_element(src, '}', "\",\" or \"}\"");
    }
    return more < 0 ? -1 : check_keys(src, keys, object);
}

static int read_object(dmongo__source *src, bson_t *out, const char *key)
{
    bson_t object = BSON_INITIALIZER;
    struct keys keys = {0};
    dmongo__making making = {.src = src, .at = src->pos, .from = &object,
                             .out = out, .key = key};
    int result = read_fields(src, &object, &keys);
    if (result == 0) {
        making.count = (int)keys.count;
        result = dmongo__unwrap(&making);
        if (result == 0)
            result = appended(src,
                              bson_append_document(out, key, -1, &object));
    }
    free(keys.places);
    bson_destroy(&object);
    return result < 0 ? -1 : 0;
}

/* Arrays, and arguments, which are arrays in other brackets. */

static int read_elements(dmongo__source *src, bson_t *out, char close,
                         const char *expected, int *count)
{
    src->pos++; /* the bracket */
    int more = dmongo__source_accept(src, close);
    more = more < 0 ? -1 : !more;
    *count = 0;
    while (more > 0) {
        char buf[16];
        const char *key;
        bson_uint32_to_string((uint32_t)*count, &key, buf, sizeof buf);
        if (dmongo__source_skip(src, NULL) < 0 ||
            dmongo__literal_read(src, out, key) < 0)
            return -1;
        ++*count;
        more = next_element(src, close, expected);
    }
    return more;
}

int dmongo__literal_arguments(dmongo__source *src, bson_t *args, int *count)
{
    return read_elements(src, args, ')', "\",\" or \")\"", count);
}

static int read_array(dmongo__source *src, bson_t *out, const char *key)
{
    bson_t array = BSON_INITIALIZER;
    int count;
    int result = read_elements(src, &array, ']', "\",\" or \"]\"", &count);
    if (result == 0)
        result = appended(src, bson_append_array(out, key, -1, &array));
    bson_destroy(&array);
    return result;
}

/* Words. */

static int append_true(bson_t *out, const char *key)
{
    return bson_append_bool(out, key, -1, true);
}

static int append_false(bson_t *out, const char *key)
{
    return bson_append_bool(out, key, -1, false);
}

static int append_null(bson_t *out, const char *key)
{
    return bson_append_null(out, key, -1);
}

static int append_nan(bson_t *out, const char *key)
{
    return bson_append_double(out, key, -1, (double)NAN);
}

static int append_infinity(bson_t *out, const char *key)
{
    return bson_append_double(out, key, -1, (double)INFINITY);
}

static const struct {
    const char *word;
    int (*append)(bson_t *out, const char *key);
} words[] = {
    {"true", append_true}, {"false", append_false},
    {"null", append_null}, {"undefined", append_null},
    {"NaN", append_nan},   {"Infinity", append_infinity},
};

/* Name(...); after "new", and where there are no arguments to give, the parentheses
 * may be left out. */
static int read_constructor(dmongo__source *src, bson_t *out, const char *key,
                            size_t at, bool is_new)
{
    char name[40];
    size_t len = dmongo__source_word(src);
    if (dmongo__source_peek(src, len) == '.') { /* as in Long.fromString */
        dmongo__source rest = *src;
        rest.pos += len + 1;
        len += 1 + dmongo__source_word(&rest);
    }
    int max = dmongo__constructor_arguments(src->text + src->pos, len);
    if (max < 0 || len >= sizeof name)
        return dmongo__source_fail(
            src, src->pos, "\"%.*s\" is not a value that is known here",
            len > 60 ? 60 : (int)len, src->text + src->pos);
    memcpy(name, src->text + src->pos, len);
    name[len] = '\0';
    src->pos += len;

    bson_t args = BSON_INITIALIZER;
    int count = 0;
    size_t after_name = src->pos;
    int result = dmongo__source_skip(src, NULL);
    if (result == 0 && dmongo__source_peek(src, 0) == '(')
        result = dmongo__literal_arguments(src, &args, &count);
    else if (result == 0 && max > 0 && !is_new)
        result = dmongo__source_expected(src, "\"(\"");
    else
        src->pos = after_name;
    dmongo__making making = {.src = src, .at = at, .name = name, .from = &args,
                             .count = count, .is_new = is_new, .out = out,
                             .key = key};
    if (result == 0 && dmongo__construct(&making) < 0)
        result = -1;
    bson_destroy(&args);
    return result;
}

static int read_word(dmongo__source *src, bson_t *out, const char *key)
{
    size_t at = src->pos;
    size_t len = dmongo__source_word(src);
    const char *word = src->text + at;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len &&
            memcmp(words[i].word, word, len) == 0) {
            src->pos += len;
            return appended(src, words[i].append(out, key));
        }
    }
    bool is_new = len == 3 && memcmp(word, "new", 3) == 0;
    if (is_new) {
        src->pos += len;
        if (dmongo__source_skip(src, NULL) < 0)
            return -1;
        if (dmongo__source_word(src) == 0)
            return dmongo__source_expected(src, "a name after \"new\"");
    }
    return read_constructor(src, out, key, at, is_new);
}

static int read_any(dmongo__source *src, bson_t *out, const char *key)
{
    char c = dmongo__source_peek(src, 0);
    switch (c) {
    case '{':
        return read_object(src, out, key);
    case '[':
        return read_array(src, out, key);
    case '"':
    case '\'':
    case '`':
        return read_string(src, out, key);
    case '/':
        return read_regex(src, out, key);
    }
    if ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+')
        return read_number(src, out, key);
    if (src->pos < src->len && dmongo__is_word_start(c))
        return read_word(src, out, key);
    return dmongo__source_expected(src, "a value");
}

int dmongo__literal_read(dmongo__source *src, bson_t *out, const char *key)
{
    if (src->depth >= DMONGO__DEPTH_MAX)
        return dmongo__source_fail(src, src->pos,
                                   "more than %d values inside each other",
                                   DMONGO__DEPTH_MAX);
    src->depth++;
    int result = read_any(src, out, key);
    src->depth--;
    return result;
}
