/* SPDX-License-Identifier: MIT */
/*
 * Pages as tables and as JSON; see page_internal.h. A table is kept as cells until
 * a row with other names comes, since the widths of its columns are known only then.
 */
#include "page_internal.h"

#include <string.h>

void diesel__page_init(diesel_console_page *page, bool json, size_t limit)
{
    page->json = json;
    page->columns = page->rows = 0;
    diesel__text_init(&page->text, limit);
    diesel__text_init(&page->names, limit);
    diesel__text_init(&page->cells, limit);
    if (json)
        diesel__text_putc(&page->text, '[');
}

void diesel__page_clear(diesel_console_page *page)
{
    diesel__text_clear(&page->text);
    diesel__text_clear(&page->names);
    diesel__text_clear(&page->cells);
}

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* Writes one row of cells, each behind the other with a zero byte; returns what
 * follows. Blanks at the end of a line are left out. */
static const char *add_line(diesel_console_page *page, const char *cell)
{
    size_t blanks = 0;
    for (size_t i = 0; i < page->columns; i++) {
        size_t width = characters(cell);
        if (width > 0) {
            while (blanks > 0) {
                diesel__text_putc(&page->text, ' ');
                blanks--;
            }
            diesel__text_puts(&page->text, cell);
        }
        if (page->widths[i] > width)
            blanks += page->widths[i] - width;
        blanks += 2;
        cell += strlen(cell) + 1;
    }
    diesel__text_putc(&page->text, '\n');
    return cell;
}

static void flush_table(diesel_console_page *page)
{
    if (page->columns == 0)
        return;
    if (page->text.len > 0)
        diesel__text_putc(&page->text, '\n');
    page->text.cut |= page->names.cut || page->cells.cut;
    if (!page->text.cut) {
        add_line(page, page->names.p);
        const char *cell = page->cells.p, *end = cell + page->cells.len;
        while (cell < end)
            cell = add_line(page, cell);
    }
    diesel__text_clear(&page->names);
    diesel__text_clear(&page->cells);
    page->columns = 0;
}

/* Whether the row belongs to the present table. */
static bool has_same_names(const diesel_console_page *page,
                           const diesel_value *fields, size_t columns)
{
    const char *name = page->names.p;
    if (columns != page->columns)
        return false;
    for (size_t i = 0; i < columns; i++) {
        if (strcmp(name, fields[2 * i].s) != 0)
            return false;
        name += strlen(name) + 1;
    }
    return true;
}

static void widen(diesel_console_page *page, size_t column, const char *cell)
{
    size_t width = characters(cell);
    if (width > page->widths[column])
        page->widths[column] = width;
}

static void begin_table(diesel_console_page *page, const diesel_value *fields,
                        size_t columns)
{
    flush_table(page);
    page->columns = columns;
    for (size_t i = 0; i < columns; i++) {
        page->widths[i] = 0;
        widen(page, i, fields[2 * i].s);
        diesel__text_add(&page->names, fields[2 * i].s,
                         strlen(fields[2 * i].s) + 1);
    }
}

/* Text is shown without quotes here: a table's columns part it. */
static void add_cell(diesel_console_page *page, size_t column,
                     const diesel_value *value)
{
    size_t start = page->cells.len;
    if (value->type == DIESEL_VALUE_STR)
        diesel__text_escaped(&page->cells, value->s, value->len);
    else if (value->type == DIESEL_VALUE_NULL)
        diesel__text_putc(&page->cells, '-');
    else
        diesel__text_human(&page->cells, value);
    diesel__text_putc(&page->cells, '\0');
    if (!page->cells.cut)
        widen(page, column, page->cells.p + start);
}

static void add_object(diesel_console_page *page, const diesel_value *fields,
                       size_t columns)
{
    diesel__text_puts(&page->text, page->rows > 0 ? ",\n{" : "\n{");
    for (size_t i = 0; i < columns; i++) {
        if (i > 0)
            diesel__text_putc(&page->text, ',');
        diesel__text_json_string(&page->text, fields[2 * i].s,
                                 fields[2 * i].len);
        diesel__text_putc(&page->text, ':');
        diesel__text_json(&page->text, &fields[2 * i + 1]);
    }
    diesel__text_putc(&page->text, '}');
}

void diesel_console_row_values(diesel_console_page *page,
                               const diesel_value *fields, size_t count)
{
    size_t columns = count / 2;
    if (columns > DIESEL__PAGE_COLUMNS)
        columns = DIESEL__PAGE_COLUMNS;
    for (size_t i = 0; i < columns; i++)
        if (fields[2 * i].type != DIESEL_VALUE_STR)
            columns = i; /* a name that is none ends the row */
    if (columns == 0)
        return;
    if (page->json) {
        add_object(page, fields, columns);
    } else {
        if (!has_same_names(page, fields, columns))
            begin_table(page, fields, columns);
        for (size_t i = 0; i < columns; i++)
            add_cell(page, i, &fields[2 * i + 1]);
    }
    page->rows++;
}

void diesel__page_say(diesel_console_page *page, const char *text, size_t len)
{
    if (page->json) {
        diesel__text_puts(&page->text, page->rows++ > 0 ? ",\n" : "\n");
        diesel__text_json_string(&page->text, text, len);
        return;
    }
    flush_table(page);
    diesel__text_add(&page->text, text, len);
}

void diesel__page_finish(diesel_console_page *page)
{
    if (page->json)
        diesel__text_puts(&page->text, "\n]\n");
    else
        flush_table(page);
}
