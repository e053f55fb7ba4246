/* SPDX-License-Identifier: MIT */
/*
 * All of libdiesel-redis, a Redis driver for fibers, but for
 * <diesel/redis_test_server.h>, which is for tests.
 *
 *     dredis *redis = dredis_open("redis://localhost", NULL, &err);
 *     int64_t visits;
 *     if (redis == NULL || dredis_incr(redis, "visits", &visits, &err) < 0)
 *         return diesel_fail(&err);
 *     dredis_close(redis);
 */
#ifndef DIESEL_REDIS_H
#define DIESEL_REDIS_H

#include <diesel/redis_aside.h>
#include <diesel/redis_cache.h>
#include <diesel/redis_client.h>
#include <diesel/redis_commands.h>
#include <diesel/redis_elements.h>
#include <diesel/redis_error.h>
#include <diesel/redis_hooks.h>
#include <diesel/redis_limiter.h>
#include <diesel/redis_lock.h>
#include <diesel/redis_monitor.h>
#include <diesel/redis_pipeline.h>
#include <diesel/redis_pubsub.h>
#include <diesel/redis_queue.h>
#include <diesel/redis_reply.h>
#include <diesel/redis_scan.h>
#include <diesel/redis_script.h>
#include <diesel/redis_session.h>
#include <diesel/redis_transaction.h>
#include <diesel/redis_worker.h>

#endif
