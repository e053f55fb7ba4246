/* SPDX-License-Identifier: MIT */
/*
 * All of libdiesel-core, but for <diesel/event.h>, which needs libevent's
 * headers.
 */
#ifndef DIESEL_CORE_H
#define DIESEL_CORE_H

#include <diesel/address.h>
#include <diesel/broadcast.h>
#include <diesel/channel.h>
#include <diesel/console.h>
#include <diesel/copy.h>
#include <diesel/dns.h>
#include <diesel/error.h>
#include <diesel/fiber.h>
#include <diesel/local.h>
#include <diesel/log.h>
#include <diesel/memory.h>
#include <diesel/metrics.h>
#include <diesel/net.h>
#include <diesel/offload.h>
#include <diesel/park.h>
#include <diesel/pipe.h>
#include <diesel/process.h>
#include <diesel/proxy_header.h>
#include <diesel/run.h>
#include <diesel/scope.h>
#include <diesel/select.h>
#include <diesel/service.h>
#include <diesel/signal.h>
#include <diesel/stream.h>
#include <diesel/supervisor.h>
#include <diesel/sync.h>
#include <diesel/task.h>
#include <diesel/thread.h>
#include <diesel/thread_channel.h>
#include <diesel/threads.h>
#include <diesel/time.h>
#include <diesel/tls.h>
#include <diesel/udp.h>
#include <diesel/value.h>

#endif
