/* SPDX-License-Identifier: MIT */
/*
 * ISO 8601 dates, as ISODate("...") and new Date("...") take them:
 *
 *     YYYY-MM-DD or YYYYMMDD, then perhaps "T" or a space, HH[:MM[:SS[.fff]]]
 *     (the colons may be missing), then perhaps a zone: Z, +HH, +HHMM, +HH:MM
 *
 * Every field is checked against the calendar, leap years included; a leap second
 * is not accepted, as dates in BSON have none.
 */
#include "mongo/cli/literal_internal.h"

#include <ctype.h>
#include <time.h>

/* Days since 1970-01-01 of a date of the Gregorian calendar. Years are counted
 * from March on, so that the leap day is the last of its year. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30,
                               31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Reads `count` digits at *p and steps over them. */
static bool digits(const char **p, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, ++*p) {
        if (!isdigit((unsigned char)**p))
            return false;
        *value = *value * 10 + (**p - '0');
    }
    return true;
}

static void accept(const char **p, char c)
{
    if (**p == c)
        ++*p;
}

/* HH[:MM[:SS[.fff]]], as milliseconds of the day. Further digits of the fraction
 * are dropped. */
static bool time_of_day(const char **p, int64_t *ms)
{
    int hour, minute = 0, second = 0, milli = 0;
    if (!digits(p, 2, &hour))
        return false;
    if (**p == ':' || isdigit((unsigned char)**p)) {
        accept(p, ':');
        if (!digits(p, 2, &minute))
            return false;
        if (**p == ':' || isdigit((unsigned char)**p)) {
            accept(p, ':');
            if (!digits(p, 2, &second))
                return false;
        }
    }
    if (**p == '.') {
        ++*p;
        if (!isdigit((unsigned char)**p))
            return false;
        for (int weight = 100; isdigit((unsigned char)**p); weight /= 10, ++*p)
            milli += weight * (**p - '0');
    }
    *ms = ((hour * INT64_C(60) + minute) * 60 + second) * 1000 + milli;
    return minute < 60 && second < 60 &&
           (hour < 24 || (hour == 24 && minute + second + milli == 0));
}

/* Z, +HH, +HHMM, +HH:MM, as milliseconds east of UTC. */
static bool zone(const char **p, int64_t *east)
{
    int hour, minute = 0;
    *east = 0;
    if (**p == 'Z' || **p == 'z') {
        ++*p;
        return true;
    }
    int sign = **p == '-' ? -1 : 1;
    ++*p;
    if (!digits(p, 2, &hour))
        return false;
    accept(p, ':');
    if (**p != '\0' && !digits(p, 2, &minute))
        return false;
    *east = sign * (hour * INT64_C(60) + minute) * 60000;
    return hour < 24 && minute < 60;
}

/* The date and the time of day as this machine's clocks on the wall show them. */
static int64_t in_local_time(int year, int month, int day, int64_t ms)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
                    .tm_hour = (int)(ms / 3600000),
                    .tm_min = (int)(ms / 60000 % 60),
                    .tm_sec = (int)(ms / 1000 % 60), .tm_isdst = -1};
    return (int64_t)mktime(&tm) * 1000 + ms % 1000;
}

bool dmongo__date_parse(const char *text, bool local, int64_t *ms)
{
    const char *p = text;
    int year, month, day;
    int64_t time = 0, east = 0;
    bool has_time = false, has_zone = false;

    if (!digits(&p, 4, &year))
        return false;
    accept(&p, '-');
    if (!digits(&p, 2, &month))
        return false;
    accept(&p, '-');
    if (!digits(&p, 2, &day) || month < 1 || month > 12 || day < 1 ||
        day > days_in(year, month))
        return false;
    if (*p == 'T' || *p == 't' || *p == ' ') {
        p++;
        has_time = true;
        if (!time_of_day(&p, &time))
            return false;
    }
    if (*p == 'Z' || *p == 'z' || (has_time && (*p == '+' || *p == '-'))) {
        has_zone = true;
        if (!zone(&p, &east))
            return false;
    }
    if (*p != '\0')
        return false;
    if (local && has_time && !has_zone)
        *ms = in_local_time(year, month, day, time);
    else
        *ms = days_of(year, month, day) * 86400000 + time - east;
    return true;
}
