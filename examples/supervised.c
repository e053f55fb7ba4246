/* SPDX-License-Identifier: MIT */
/*
 * Workers that fail now and then, and a supervisor that starts them again. A worker
 * keeps what it works on in its argument, so that the next run goes on with it and no
 * job is lost; when the jobs are at an end the workers end well, and so does all.
 */
#include <stdio.h>

#include <diesel/core.h>

enum { WORKERS = 3, JOBS = 12 };

struct worker {
    const char *name;
    diesel_channel *jobs;
    int job; /* at hand; 0: none */
    int tries;
};

/* Every fifth job succeeds at the second try only. */
static int do_job(struct worker *w, diesel_error *err)
{
    if (w->job % 5 == 0 && ++w->tries < 2)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "%s cannot do job %d now", w->name, w->job);
    printf("%s has done job %d\n", w->name, w->job);
    w->job = w->tries = 0;
    return diesel_yield(err);
}

static int work(void *arg)
{
    struct worker *w = arg;
    diesel_error err;
    int got = 1;
    if (w->job != 0)
        printf("%s goes on with job %d\n", w->name, w->job);
    while (w->job != 0 ||
           (got = diesel_channel_recv(w->jobs, &w->job, DIESEL_FOREVER, &err)) > 0)
        if (do_job(w, &err) < 0)
            return diesel_fail(&err);
    return got < 0 ? diesel_fail(&err) : 0;
}

static int give_out(void *arg)
{
    diesel_error err;
    for (int job = 1; job <= JOBS; job++)
        if (diesel_channel_send(arg, &job, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
    diesel_channel_close(arg);
    return 0;
}

static bool report(const diesel_child_status *child, void *arg)
{
    (void)arg;
    printf("%s: %d restarts%s%s\n", child->label, (int)child->restarts,
           child->last_error != NULL ? ", the last as " : "",
           child->last_error != NULL ? child->last_error->message : "");
    return true;
}

static int app(void *arg)
{
    struct worker workers[WORKERS] = {
        {.name = "ann"}, {.name = "bea"}, {.name = "cat"}};
    diesel_error err;
    int result = -1;
    (void)arg;
    diesel_channel *jobs = diesel_channel_new(sizeof(int), 0, &err);
    diesel_supervisor *boss = diesel_supervisor_new(
        &(diesel_supervisor_options){.most_restarts = 10, .pause_ms = 10}, &err);
    if (jobs == NULL || boss == NULL)
        goto out;
    for (struct worker *w = workers; w < workers + WORKERS; w++) {
        w->jobs = jobs;
        diesel_child child = {.label = w->name, .fn = work, .arg = w,
                              .restart = DIESEL_TRANSIENT};
        if (diesel_supervisor_add(boss, &child, &err) < 0)
            goto out;
    }
    diesel_child source = {.label = "source", .fn = give_out, .arg = jobs,
                           .restart = DIESEL_TEMPORARY};
    if (diesel_supervisor_add(boss, &source, &err) == 0 &&
        (result = diesel_supervisor_run(boss, &err)) == 0)
        diesel_supervisor_walk(boss, report, NULL);
out:
    diesel_supervisor_free(boss);
    diesel_channel_free(jobs);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
