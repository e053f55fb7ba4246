/* SPDX-License-Identifier: MIT */
/*
 * Pipes, and the program's standard input and output, as streams.
 *
 *     diesel_stream *in = diesel_stdin(&err);
 *     while (in != NULL && diesel_stream_read_line(in, &line, NULL, 4096,
 *                                                  DIESEL_FOREVER, &err) == 1)
 *         puts(line);
 *     diesel_stream_close(in);
 */
#ifndef DIESEL_PIPE_H
#define DIESEL_PIPE_H

#include <diesel/error.h>
#include <diesel/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A pipe: what is written to ends[1] is read from ends[0]. Each is closed by
 * itself; with ends[1] the input of ends[0] ends. 0, or -1: LIMIT, NOMEM, IO. Never
 * switches fibers. */
int diesel_pipe(diesel_stream *ends[2], diesel_error *err)
    __attribute__((warn_unused_result));

/* Standard input, output and error: terminals, pipes, sockets, files, whatever
 * they are. What comes back is owned by the caller; closing it leaves
 * the descriptor itself open. Other processes that share it do not notice:
 * a terminal or a pipe is opened once more; where that is not possible, as with a
 * socket, it is made non-blocking until the program's exit. What stdio has
 * buffered is not seen. NULL: LIMIT, NOMEM, IO, INVAL (the descriptor is closed).
 * Never switch fibers. */
diesel_stream *diesel_stdin(diesel_error *err)
    __attribute__((warn_unused_result));
diesel_stream *diesel_stdout(diesel_error *err)
    __attribute__((warn_unused_result));
diesel_stream *diesel_stderr(diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif
