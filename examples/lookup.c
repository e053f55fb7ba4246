/* SPDX-License-Identifier: MIT */
/*
 * Asks the DNS, as "dig +short" does.
 *
 *     lookup [@SERVER[:PORT]] NAME [a|aaaa|srv|txt|host]
 *
 * host, which is assumed, looks at /etc/hosts and search domains as well.
 */
#include <stdio.h>
#include <string.h>

#include <diesel/core.h>

static void show(const diesel_address *address)
{
    char text[DIESEL_ADDRESS_TEXT];
    diesel_address_text(address, text, sizeof text);
    if (text[0] == '[') /* [2001:db8::1]:0 */
        printf("%.*s\n", (int)strcspn(text, "]") - 1, text + 1);
    else
        printf("%.*s\n", (int)strcspn(text, ":"), text);
}

static void *look_up(diesel_dns *dns, const char *name, const char *type,
                     diesel_error *err)
{
    size_t n = 0;
    if (strcmp(type, "srv") == 0) {
        diesel_dns_srv *srv =
            diesel_dns_find_srv(dns, name, &n, DIESEL_FOREVER, err);
        for (size_t i = 0; srv != NULL && i < n; i++)
            printf("%u %u %u %s.\n", srv[i].priority, srv[i].weight, srv[i].port,
                   srv[i].target);
        return srv;
    }
    if (strcmp(type, "txt") == 0) {
        diesel_dns_txt *txt =
            diesel_dns_find_txt(dns, name, &n, DIESEL_FOREVER, err);
        for (size_t i = 0; txt != NULL && i < n; i++)
            printf("\"%s\"\n", txt[i].text);
        return txt;
    }
    if (strcmp(type, "host") == 0) {
        diesel_address *found = diesel_dns_resolve(dns, name, 0, AF_UNSPEC, &n,
                                                   DIESEL_FOREVER, err);
        for (size_t i = 0; found != NULL && i < n; i++)
            show(&found[i]);
        return found;
    }
    diesel_dns_host *host =
        strcmp(type, "aaaa") == 0
            ? diesel_dns_find_aaaa(dns, name, &n, DIESEL_FOREVER, err)
            : diesel_dns_find_a(dns, name, &n, DIESEL_FOREVER, err);
    for (size_t i = 0; host != NULL && i < n; i++)
        show(&host[i].address);
    return host;
}

static int app(void *arg)
{
    char **word = arg;
    const char *servers = NULL;
    diesel_error err;

    if (*word != NULL && **word == '@')
        servers = *word++ + 1;
    if (*word == NULL) {
        diesel_error_set(&err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "usage: lookup [@SERVER] NAME [a|aaaa|srv|txt|host]");
        return diesel_fail(&err);
    }
    diesel_dns *dns =
        diesel_dns_open(&(diesel_dns_options){.servers = servers}, &err);
    if (dns == NULL)
        return diesel_fail(&err);

    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 10000});
    void *found = look_up(dns, word[0], word[1] != NULL ? word[1] : "host", &err);
    int result = found != NULL ? 0 : -1;
    if (diesel_scope_wait(scope, &err) < 0)
        result = -1;
    diesel_free(found);
    diesel_dns_close(dns);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    return diesel_main(app, argv + 1);
}
