/* SPDX-License-Identifier: MIT */
/*
 * The log's way to the system: syslog and systemd's journal, each a datagram per
 * record to a Unix socket. They are sent without waiting; what the daemon does
 * not take is lost and counted. The sockets are not connected, so a daemon that
 * is restarted is found again by itself.
 *
 * The journal's datagram is lines NAME=value, or for a value with a newline
 *
 *     NAME \n  <length: 64 bits, little endian>  <value>  \n
 *
 * and a record that is too long for a datagram is a sealed memfd, whose
 * descriptor is sent instead.
 */
#include "log_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <diesel/memory.h>

#include "sys_internal.h"
#include "text_internal.h"

#define USER_FACILITY 1
#define LONGEST_FIELD_NAME 64 /* the journal's limit */

static const diesel_log_socket standard;

/* Severities of RFC 5424, 6.2.1, by level. */
static int severity(int level)
{
    switch (level) {
    case DIESEL_ERROR: return 3;
    case DIESEL_WARNING: return 4;
    case DIESEL_INFO: return 6;
    default: return 7;
    }
}

static const char *ident_of(const diesel_log_socket *to)
{
    return to->ident != NULL ? to->ident : program_invocation_short_name;
}

/* One unconnected socket for all records, made on first use. Of two threads that
 * make one, the second closes its own. */
static int the_socket(void)
{
    static int fd = -1;
    int have = __atomic_load_n(&fd, __ATOMIC_ACQUIRE);
    if (have >= 0)
        return have;
    int made = diesel__sys.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return -1;
    if (__atomic_compare_exchange_n(&fd, &have, made, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return made;
    diesel__sys.close(made);
    return have;
}

/* 0, or an errno. Either bytes or, if fd is not -1, a descriptor. */
static int send_to(const char *path, const void *p, size_t n, int fd)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to.sun_path)
        return ENAMETOOLONG;
    strcpy(to.sun_path, path);
    struct iovec bytes = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof fd)];
    } control;
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to,
                             .msg_iov = &bytes, .msg_iovlen = n > 0};
    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    }
    ssize_t sent;
    do
        sent = diesel__sys.sendmsg(the_socket(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

void diesel_log_syslog(void *arg, const diesel_log_record *record)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const diesel_log_socket *to = arg != NULL ? arg : &standard;
    int facility = to->facility != 0 ? to->facility : USER_FACILITY;
    time_t seconds = (time_t)(record->time_us / 1000000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    diesel__text text;
    diesel__text_init(&text, DIESEL__LOG_MOST);
    diesel__text_printf(&text, "<%d>%s %2d %02d:%02d:%02d %s[%ld]: %s: ",
                        facility * 8 + severity(record->level),
                        months[tm.tm_mon % 12], tm.tm_mday, tm.tm_hour,
                        tm.tm_min, tm.tm_sec, ident_of(to), (long)getpid(),
                        record->logger);
    diesel__text_escaped(&text, record->message, strlen(record->message));
    for (size_t i = 0; i < record->count; i += 2) {
        diesel__text_putc(&text, ' ');
        diesel__text_escaped(&text, record->fields[i].s, record->fields[i].len);
        diesel__text_putc(&text, '=');
        diesel__text_human(&text, &record->fields[i + 1]);
    }
    if (record->suppressed > 0)
        diesel__text_printf(&text, " suppressed=%llu",
                            (unsigned long long)record->suppressed);
    if (send_to(to->path != NULL ? to->path : "/dev/log", text.p, text.len,
                -1) != 0)
        diesel__log_lose();
    diesel__text_clear(&text);
}

static void add_journal(diesel__text *text, const char *name, const char *value,
                        size_t n)
{
    diesel__text_puts(text, name);
    if (memchr(value, '\n', n) == NULL) {
        diesel__text_putc(text, '=');
    } else {
        unsigned char size[8];
        for (int i = 0; i < 8; i++)
            size[i] = (unsigned char)((uint64_t)n >> (8 * i));
        diesel__text_putc(text, '\n');
        diesel__text_add(text, size, sizeof size);
    }
    diesel__text_add(text, value, n);
    diesel__text_putc(text, '\n');
}

static void add_journal_string(diesel__text *text, const char *name,
                               const char *value)
{
    add_journal(text, name, value, strlen(value));
}

/* A field's name as the journal allows it: A to Z, 0 to 9 and "_", the first of
 * them a letter. */
static void journal_name(const diesel_value *name, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < name->len && n < LONGEST_FIELD_NAME; i++) {
        char c = name->s[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
            c = '_';
        if (n == 0 && !(c >= 'A' && c <= 'Z'))
            out[n++] = 'F';
        if (n < LONGEST_FIELD_NAME)
            out[n++] = c;
    }
    if (n == 0)
        out[n++] = 'F';
    out[n] = '\0';
}

static void add_journal_field(diesel__text *text, const diesel_value *field)
{
    char name[LONGEST_FIELD_NAME + 1];
    diesel__text value;
    journal_name(&field[0], name);
    diesel__text_init(&value, DIESEL__LOG_MOST);
    diesel__text_plain(&value, &field[1]);
    add_journal(text, name, value.p, value.len);
    diesel__text_clear(&value);
}

static void add_journal_record(diesel__text *text, const diesel_log_socket *to,
                               const diesel_log_record *record)
{
    add_journal_string(text, "MESSAGE", record->message);
    diesel__text_printf(text, "PRIORITY=%d\n", severity(record->level));
    add_journal_string(text, "SYSLOG_IDENTIFIER", ident_of(to));
    add_journal_string(text, "LOGGER", record->logger);
    if (record->fiber != NULL)
        add_journal_string(text, "FIBER", record->fiber);
    if (record->suppressed > 0)
        diesel__text_printf(text, "SUPPRESSED=%llu\n",
                            (unsigned long long)record->suppressed);
    if (record->site != NULL) {
        add_journal_string(text, "CODE_FILE", record->site->file);
        add_journal_string(text, "CODE_FUNC", record->site->function);
        diesel__text_printf(text, "CODE_LINE=%d\n", record->site->line);
    }
    for (size_t i = 0; i < record->count; i += 2)
        add_journal_field(text, &record->fields[i]);
}

/* 0, or an errno. */
static int send_as_file(const char *path, const void *p, size_t n)
{
    int fd = diesel__sys.memfd_create("diesel-log",
                                      MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return errno;
    int failed = 0;
    if (diesel__sys.write(fd, p, n) != (ssize_t)n ||
        diesel__sys.fcntl(fd, F_ADD_SEALS,
                          F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        failed = errno != 0 ? errno : EIO;
    if (failed == 0)
        failed = send_to(path, NULL, 0, fd);
    diesel__sys.close(fd);
    return failed;
}

void diesel_log_journal(void *arg, const diesel_log_record *record)
{
    const diesel_log_socket *to = arg != NULL ? arg : &standard;
    const char *path =
        to->path != NULL ? to->path : "/run/systemd/journal/socket";
    diesel__text text;
    diesel__text_init(&text, 4 * DIESEL__LOG_MOST);
    add_journal_record(&text, to, record);
    /* What is cut may end within a field, which the journal would misread. */
    int failed = text.cut ? ENOMEM : send_to(path, text.p, text.len, -1);
    if (failed == EMSGSIZE || failed == ENOBUFS)
        failed = send_as_file(path, text.p, text.len);
    if (failed != 0)
        diesel__log_lose();
    diesel__text_clear(&text);
}
