/* SPDX-License-Identifier: MIT */
/*
 * The log as lines, for people and as JSON. A line leaves with one write(2), so
 * that lines of several threads and processes do not mix in a file opened for
 * appending, nor in a pipe as long as they are shorter than PIPE_BUF.
 */
#include "log_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys_internal.h"
#include "text_internal.h"

static const diesel_log_file to_stderr = {STDERR_FILENO, 0};

/* Escape sequences of ECMA-48, SGR, by level. */
static const char *const colours[] = {
    "", "\033[2m", "\033[36m", "\033[32m", "\033[33m", "\033[1;31m", "",
};
static const char faint[] = "\033[2m";
static const char normal[] = "\033[0m";

static bool wants_colour(const diesel_log_file *file)
{
    if (file->colour != 0)
        return file->colour > 0;
    if (!isatty(file->fd))
        return false;
    const char *no = getenv("NO_COLOR"); /* https://no-color.org */
    const char *term = getenv("TERM");
    return (no == NULL || *no == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

/* Writes the line, or counts it as lost. A line that was cut is written: the
 * part that matters comes first. */
static void write_line(int fd, diesel__text *text)
{
    const char *p = text->p;
    size_t left = text->len;
    while (left > 0) {
        ssize_t n = diesel__sys.write(fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            diesel__log_lose();
            break;
        }
        p += n;
        left -= (size_t)n;
    }
    diesel__text_clear(text);
}

static void add_local_time(diesel__text *text, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    diesel__text_printf(text, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min,
                        tm.tm_sec, (int)(time_us / 1000 % 1000));
}

static void add_field(diesel__text *text, const diesel_value *name,
                      const diesel_value *value, bool colour)
{
    diesel__text_putc(text, ' ');
    if (colour)
        diesel__text_puts(text, faint);
    diesel__text_escaped(text, name->s, name->len);
    diesel__text_putc(text, '=');
    if (colour)
        diesel__text_puts(text, normal);
    diesel__text_human(text, value);
}

static void add_named(diesel__text *text, const char *name, diesel_value value,
                      bool colour)
{
    diesel_value named = diesel_str(name);
    add_field(text, &named, &value, colour);
}

static const char *level_label(int level)
{
    static const char *const labels[] = {"?    ",   "TRACE  ", "DEBUG  ",
                                         "INFO   ", "WARNING", "ERROR  "};
    return labels[level > 0 && level < DIESEL_OFF ? level : 0];
}

void diesel_log_human(void *arg, const diesel_log_record *record)
{
    const diesel_log_file *file = arg != NULL ? arg : &to_stderr;
    bool colour = wants_colour(file);
    int level = record->level > 0 && record->level < DIESEL_OFF ? record->level : 0;
    diesel__text text;
    diesel__text_init(&text, DIESEL__LOG_MOST);
    add_local_time(&text, record->time_us);
    diesel__text_putc(&text, ' ');
    if (colour)
        diesel__text_puts(&text, colours[level]);
    diesel__text_puts(&text, level_label(level));
    if (colour)
        diesel__text_puts(&text, normal);
    diesel__text_printf(&text, " %s: ", record->logger);
    diesel__text_escaped(&text, record->message, strlen(record->message));
    for (size_t i = 0; i < record->count; i += 2)
        add_field(&text, &record->fields[i], &record->fields[i + 1], colour);
    if (record->suppressed > 0)
        add_named(&text, "suppressed", diesel_uint(record->suppressed), colour);
    if (record->fiber != NULL)
        add_named(&text, "fiber", diesel_str(record->fiber), colour);
    text.p[text.len++] = '\n'; /* also when the line was cut: there is a byte of
                                  room for what diesel__text_string() writes */
    write_line(file->fd, &text);
}

static void add_utc(diesel__text *text, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    diesel__text_printf(text, "\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"",
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec,
                        (int)(time_us % 1000000));
}

static void add_member(diesel__text *text, const char *name, const char *value)
{
    diesel__text_printf(text, ",\"%s\":", name);
    diesel__text_json_string(text, value, strlen(value));
}

static void add_fields(diesel__text *text, const diesel_log_record *record)
{
    diesel__text_puts(text, ",\"fields\":{");
    for (size_t i = 0; i < record->count; i += 2) {
        const diesel_value *name = &record->fields[i];
        if (i > 0)
            diesel__text_putc(text, ',');
        diesel__text_json_string(text, name->s, name->len);
        diesel__text_putc(text, ':');
        diesel__text_json(text, name + 1);
    }
    diesel__text_putc(text, '}');
}

/* All of the object; without its fields where they do not fit. */
static void add_object(diesel__text *text, const diesel_log_record *record,
                       bool fields)
{
    diesel__text_puts(text, "{\"time\":");
    add_utc(text, record->time_us);
    add_member(text, "level", diesel_log_level_name(record->level));
    add_member(text, "logger", record->logger);
    add_member(text, "message", record->message);
    if (record->fiber != NULL)
        add_member(text, "fiber", record->fiber);
    if (record->suppressed > 0)
        diesel__text_printf(text, ",\"suppressed\":%llu",
                            (unsigned long long)record->suppressed);
    if (record->site != NULL) {
        diesel__text_puts(text, ",\"site\":\"");
        diesel__text_escaped(text, record->site->file,
                             strcspn(record->site->file, "\"\\"));
        diesel__text_printf(text, ":%d\"", record->site->line);
    }
    if (fields)
        add_fields(text, record);
    else
        diesel__text_puts(text, ",\"cut\":true");
    diesel__text_puts(text, "}\n");
}

void diesel_log_json(void *arg, const diesel_log_record *record)
{
    const diesel_log_file *file = arg != NULL ? arg : &to_stderr;
    diesel__text text;
    diesel__text_init(&text, DIESEL__LOG_MOST);
    add_object(&text, record, true);
    if (text.cut) {
        diesel__text_clear(&text);
        add_object(&text, record, false);
    }
    if (text.cut) {
        diesel__text_clear(&text);
        diesel__log_lose();
        return;
    }
    write_line(file->fd, &text);
}
