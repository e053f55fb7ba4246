/* SPDX-License-Identifier: MIT */
/*
 * A line on the terminal that says how far the work is; see progress.h.
 *
 * The fiber that draws it runs whenever its time has come and the other fibers
 * wait for something. What it reads needs no lock: one thread runs them all.
 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <diesel/core.h>

enum { WIDTH = 40, BLOCK = 6, REDRAW_MS = 100 };

/* The bar at its `step`th redrawing. */
static void draw_bar(char bar[WIDTH + 1], double part, int step)
{
    int begin = 0, length = (int)(part * WIDTH);

    if (part <= 0) {
        int turn = WIDTH - BLOCK;
        begin = step % (2 * turn);
        begin = begin < turn ? begin : 2 * turn - begin;
        length = BLOCK;
    }
    memset(bar, '-', WIDTH);
    memset(bar + begin, '#', (size_t)(length < WIDTH ? length : WIDTH));
    bar[WIDTH] = '\0';
}

static int draw(void *arg)
{
    const struct progress *progress = arg;
    char bar[WIDTH + 1];

    int step = 0;
    do {
        draw_bar(bar, progress->part, step++);
        fprintf(stderr, "\r%s [%s] %zu\033[K", progress->what, bar,
                progress->done);
    } while (diesel_sleep(REDRAW_MS, NULL) == 0);
    fputs("\r\033[K", stderr);
    return 0;
}

diesel_scope *progress_show(struct progress *progress)
{
    diesel_scope *shown = diesel_scope_open(NULL);
    if (isatty(STDERR_FILENO))
        diesel_go(shown, draw, progress);
    return shown;
}

void progress_hide(diesel_scope *shown)
{
    diesel_scope_cancel(shown);
    (void)diesel_scope_wait(shown, NULL);
}
