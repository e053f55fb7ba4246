/* SPDX-License-Identifier: MIT */
/*
 * Debian's control files; see control.h. Each function looks at whole lines,
 * with memchr() for their ends, and moves on to the next.
 */
#include "control.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r';
}

static struct span trim(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    while (at < end && is_space(end[-1]))
        end--;
    return (struct span){at, (size_t)(end - at)};
}

/* Behind the line that begins at `at`: behind its line end, or `end`. */
static const char *next_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline + 1 : end;
}

/* Whether a line has nothing but white space: such a line ends a stanza. */
static bool is_empty(const char *line, const char *behind)
{
    return trim(line, behind).len == 0;
}

size_t control_stanza(struct span text, bool all)
{
    const char *end = text.at + text.len;
    bool begun = false;

    for (const char *line = text.at, *behind; line < end; line = behind) {
        behind = next_line(line, end);
        if (behind == end && end[-1] != '\n' && !all)
            return 0;
        if (!is_empty(line, behind))
            begun = true;
        else if (begun)
            return (size_t)(behind - text.at);
    }
    return all && begun ? text.len : 0;
}

int control_field(struct span *rest, struct control_field *field)
{
    const char *line = rest->at, *end = rest->at + rest->len;

    const char *behind = line;
    while (line < end && is_empty(line, behind = next_line(line, end)))
        line = behind;
    *rest = (struct span){line, (size_t)(end - line)};
    if (line == end)
        return 0;

    const char *colon = memchr(line, ':', (size_t)(behind - line));
    if (colon == NULL || colon == line || is_blank(*line))
        return -1;
    while (behind < end && is_blank(*behind))
        behind = next_line(behind, end);
    field->name = trim(line, colon);
    field->value = trim(colon + 1, behind);
    *rest = (struct span){behind, (size_t)(end - behind)};
    return 1;
}

bool control_item(struct span *rest, struct span *item)
{
    while (rest->len > 0) {
        const char *end = rest->at + rest->len;
        const char *comma = memchr(rest->at, ',', rest->len);
        *item = trim(rest->at, comma != NULL ? comma : end);
        const char *behind = comma != NULL ? comma + 1 : end;
        *rest = (struct span){behind, (size_t)(end - behind)};
        if (item->len > 0)
            return true;
    }
    return false;
}

size_t control_unfold(struct span value, char *out)
{
    const char *end = value.at + value.len;
    char *to = out;

    for (const char *line = value.at, *behind; line < end; line = behind) {
        behind = next_line(line, end);
        if (line > value.at && is_blank(*line)) {
            line++;
            if (line < behind && *line == '.' && is_empty(line + 1, behind))
                line++;
        }
        memcpy(to, line, (size_t)(behind - line));
        to += behind - line;
    }
    return (size_t)(to - out);
}
