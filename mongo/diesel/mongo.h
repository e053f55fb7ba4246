/* SPDX-License-Identifier: MIT */
/* All of libdiesel-mongo. */
#ifndef DIESEL_MONGO_H
#define DIESEL_MONGO_H

#include <diesel/doc.h>
#include <diesel/mongo_bulk.h>
#include <diesel/mongo_client.h>
#include <diesel/mongo_codes.h>
#include <diesel/mongo_collection.h>
#include <diesel/mongo_cursor.h>
#include <diesel/mongo_events.h>
#include <diesel/mongo_gridfs.h>
#include <diesel/mongo_index.h>
#include <diesel/mongo_modify.h>
#include <diesel/mongo_proxy.h>
#include <diesel/mongo_server.h>
#include <diesel/mongo_session.h>
#include <diesel/mongo_write.h>

#endif
