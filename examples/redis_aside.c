/* SPDX-License-Identifier: MIT */
/* Cache-aside: a hundred fibers want a page that takes long to make; one makes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/core.h>
#include <diesel/redis.h>
#include <diesel/redis_aside.h>

static int made;

static int make_page(void *arg, const char *key, char **value, size_t *len,
                     diesel_error *err)
{
    static const char page[] = "<h1>Welcome</h1>";
    (void)arg, (void)key;
    made++;
    if (diesel_sleep(20, err) < 0) /* the database is slow */
        return -1;
    *len = strlen(page);
    *value = diesel_strndup(page, *len);
    return *value != NULL ? 0 : diesel_error_nomem(err, "a page");
}

static int visit(void *arg)
{
    diesel_error err;
    char *page;
    if (dredis_aside_get(arg, "example:page", NULL, make_page, NULL, &page, NULL,
                         &err) < 0)
        return diesel_fail(&err);
    diesel_free(page);
    return 0;
}

static int app(void *arg)
{
    diesel_error err;
    (void)arg;
    dredis *redis = dredis_open(getenv("REDIS_URL"), NULL, &err);
    if (redis == NULL)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 100; i++)
        diesel_go(scope, visit, redis);
    int result = diesel_scope_wait(scope, &err);
    printf("100 visits, %d made the page\n", made);
    dredis_close(redis);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
