/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol, on the server's side: a proxy that passes connections on
 * says with a few bytes at the beginning of each whom it does that for. HAProxy's
 * specification, proxy-protocol.txt: version 1 (a line) and 2 (binary), told apart
 * by their first bytes.
 *
 *     diesel_stream *s = diesel_accept(listener, DIESEL_FOREVER, &err);
 *     if (diesel_stream_read_proxy_header(s, diesel_now() + 3000, &err) < 0)
 *         ...
 *     diesel_stream_peer(s, &client, &err);     the proxy's client
 *
 * A service does this by itself, see `proxy_header_ms` in <diesel/service.h>.
 *
 * Whoever can connect can write such a header: let nobody but the proxies reach the
 * port. Whether one comes is agreed on beforehand, never guessed.
 */
#ifndef DIESEL_PROXY_HEADER_H
#define DIESEL_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/stream.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest header that is taken, in bytes. */
#define DIESEL_PROXY_HEADER_MOST 4096

/* Types of the fields of version 2 (section 2.2); others may come. */
enum {
    DIESEL_PROXY_ALPN = 0x01,      /* as TLS names it: "h2"                     */
    DIESEL_PROXY_AUTHORITY = 0x02, /* the host that the client asked for, SNI   */
    DIESEL_PROXY_UNIQUE_ID = 0x05, /* up to 128 bytes that name the connection  */
    DIESEL_PROXY_SSL = 0x20,       /* flags, a number and fields of their own   */
    DIESEL_PROXY_NETNS = 0x30      /* the proxy's name of the network namespace */
};

/* Reads the header, and not one byte of what follows: TLS may be started after
 * it. From then on diesel_stream_peer() and diesel_stream_local() give the
 * addresses that the header has, and diesel_stream_name() is "192.0.2.1:4711 by
 * way of 10.0.0.1:33412". A header that has none (version 1's UNKNOWN, version
 * 2's LOCAL and UNSPEC, which proxies send when they look whether we live) leaves
 * them as they are. A checksum that comes is verified.
 *
 * 0, or -1 as diesel_stream_read(), and PROTOCOL (no header, or a bad one), LIMIT
 * (more than DIESEL_PROXY_HEADER_MOST bytes), CLOSED (the end came before), INVAL
 * (the stream has had one already), NOMEM. After a failure bytes are lost, and the
 * stream is to be closed. Switches fibers only if it must wait; checks for
 * cancellation always. */
int diesel_stream_read_proxy_header(diesel_stream *stream, int64_t deadline,
                                    diesel_error *err)
    __attribute__((warn_unused_result));

/* Whether a header has been read that has addresses. Never switches fibers. */
bool diesel_stream_is_proxied(const diesel_stream *stream);

/* The value of the first field of this type in the header, and its length; it is
 * borrowed for the stream's life, and there is no zero byte behind it. NULL: no
 * such field. Never switches fibers. */
const void *diesel_stream_proxy_field(const diesel_stream *stream, uint8_t type,
                                      size_t *length);

#ifdef __cplusplus
}
#endif
#endif
