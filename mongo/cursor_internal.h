/* SPDX-License-Identifier: MIT */
/* Cursors, for the operations that make one. */
#ifndef DIESEL_MONGO_CURSOR_INTERNAL_H
#define DIESEL_MONGO_CURSOR_INTERNAL_H

#include <diesel/mongo_cursor.h>

#include "client_internal.h"

/* An empty cursor, of the operation that messages call `what` on `ns`. NULL with
 * NOMEM. */
dmongo_cursor *dmongo__cursor_new(dmongo *client, const char *what,
                                  const char *ns, diesel_error *err);

/* Where the first reply is to be read to. */
struct dmongo__buffer *dmongo__cursor_buffer(dmongo_cursor *cursor);

/* Takes the first batch from the reply in the cursor's buffer. `batch_size` and
 * `comment` go into what is asked for further batches; the comment is borrowed for
 * the length of the call. 0 or -1 with call->error; then the cursor is closed after the
 * call has been ended. */
int dmongo__cursor_begin(dmongo_cursor *cursor, struct dmongo__call *call,
                         int32_t batch_size, dmongo_value comment);

/* How long the server waits for documents when it is asked for more and has none; 0:
 * as long as it likes to, or not at all. */
void dmongo__cursor_await(dmongo_cursor *cursor, int64_t ms);

/* Has the cursor fetch each batch while the one before is read. To be called before
 * dmongo__cursor_begin(). */
void dmongo__cursor_fetch_ahead(dmongo_cursor *cursor);

/* The first document of the first batch in a reply: 1 with its bytes, 0 if there is
 * none, -1 with call->error if the reply has no batch. */
int dmongo__first_document(struct dmongo__call *call, const uint8_t **bytes,
                           size_t *size);

#endif
