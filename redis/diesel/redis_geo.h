/* SPDX-License-Identifier: MIT */
/*
 * Places: members of a sorted set with longitude and latitude.
 *
 * What the functions take and give is told in <diesel/redis_commands.h>. Written
 * by redis/generate/commands.py; it is not edited.
 */
#ifndef DIESEL_REDIS_GEO_H
#define DIESEL_REDIS_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_choices.h>
#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* GEOADD (since 3.2.0). Adds places: longitude, latitude, member, ... */
typedef struct dredis_geoadd_options {
    bool nx; /* NX */
    bool xx; /* XX */
    bool ch; /* CH */
} dredis_geoadd_options;

int dredis_geoadd(dredis *client, diesel_value key, const diesel_value *values,
                  size_t n, const dredis_geoadd_options *options,
                  int64_t *added, diesel_error *err)
    __attribute__((warn_unused_result));

/* GEODIST (since 3.2.0). How far two places are from each other, in metres
 * or another unit. */
typedef struct dredis_geodist_options {
    bool m;  /* M */
    bool km; /* KM */
    bool ft; /* FT */
    bool mi; /* MI */
} dredis_geodist_options;

int dredis_geodist(dredis *client, diesel_value key, diesel_value member1,
                   diesel_value member2, const dredis_geodist_options *options,
                   double *distance, diesel_error *err)
    __attribute__((warn_unused_result));

/* GEOHASH (since 3.2.0). The Geohash strings of places. */
dredis_reply *dredis_geohash(dredis *client, diesel_value key,
                             const diesel_value *members, size_t n,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* GEOPOS (since 3.2.0). Longitude and latitude of places. */
dredis_reply *dredis_geopos(dredis *client, diesel_value key,
                            const diesel_value *members, size_t n,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* GEOSEARCH (since 6.2.0). The places around a point. */
typedef struct dredis_geosearch_options {
    bool asc;       /* ASC */
    bool desc;      /* DESC */
    int64_t count;  /* COUNT count */
    bool any;       /* ANY */
    bool withcoord; /* WITHCOORD */
    bool withdist;  /* WITHDIST */
    bool withhash;  /* WITHHASH */
} dredis_geosearch_options;

dredis_reply *dredis_geosearch(dredis *client, diesel_value key,
                               double longitude, double latitude, double radius,
                               dredis_unit unit,
                               const dredis_geosearch_options *options,
                               diesel_error *err)
    __attribute__((warn_unused_result));

/* GEOSEARCH (since 6.2.0). The places around another place. */
typedef struct dredis_geosearch_member_options {
    bool asc;       /* ASC */
    bool desc;      /* DESC */
    int64_t count;  /* COUNT count */
    bool any;       /* ANY */
    bool withcoord; /* WITHCOORD */
    bool withdist;  /* WITHDIST */
    bool withhash;  /* WITHHASH */
} dredis_geosearch_member_options;

dredis_reply *dredis_geosearch_member(
    dredis *client, diesel_value key, diesel_value member, double radius,
    dredis_unit unit, const dredis_geosearch_member_options *options,
    diesel_error *err)
    __attribute__((warn_unused_result));

/* GEOSEARCH (since 6.2.0). The places in a rectangle around a point. */
typedef struct dredis_geosearch_box_options {
    bool asc;       /* ASC */
    bool desc;      /* DESC */
    int64_t count;  /* COUNT count */
    bool any;       /* ANY */
    bool withcoord; /* WITHCOORD */
    bool withdist;  /* WITHDIST */
    bool withhash;  /* WITHHASH */
} dredis_geosearch_box_options;

dredis_reply *dredis_geosearch_box(dredis *client, diesel_value key,
                                   double longitude, double latitude,
                                   double width, double height,
                                   dredis_unit unit,
                                   const dredis_geosearch_box_options *options,
                                   diesel_error *err)
    __attribute__((warn_unused_result));

/* GEOSEARCHSTORE (since 6.2.0). The places around a point, stored. */
typedef struct dredis_geosearchstore_options {
    bool asc;       /* ASC */
    bool desc;      /* DESC */
    int64_t count;  /* COUNT count */
    bool any;       /* ANY */
    bool storedist; /* STOREDIST */
} dredis_geosearchstore_options;

int dredis_geosearchstore(dredis *client, diesel_value destination,
                          diesel_value source, double longitude,
                          double latitude, double radius, dredis_unit unit,
                          const dredis_geosearchstore_options *options,
                          int64_t *stored, diesel_error *err)
    __attribute__((warn_unused_result));

#if !defined(__cplusplus) && !defined(DREDIS_FUNCTIONS_ONLY)
#define dredis_geoadd(client, key, ...)                                        \
    (dredis_geoadd)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_geodist(client, key, member1, member2, ...)                     \
    (dredis_geodist)((client), DIESEL_VALUE(key), DIESEL_VALUE(member1),       \
                     DIESEL_VALUE(member2), __VA_ARGS__)
#define dredis_geohash(client, key, ...)                                       \
    (dredis_geohash)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_geopos(client, key, ...)                                        \
    (dredis_geopos)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_geosearch(client, key, ...)                                     \
    (dredis_geosearch)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_geosearch_member(client, key, member, ...)                      \
    (dredis_geosearch_member)((client), DIESEL_VALUE(key),                     \
                              DIESEL_VALUE(member), __VA_ARGS__)
#define dredis_geosearch_box(client, key, ...)                                 \
    (dredis_geosearch_box)((client), DIESEL_VALUE(key), __VA_ARGS__)
#define dredis_geosearchstore(client, destination, source, ...)                \
    (dredis_geosearchstore)((client), DIESEL_VALUE(destination),               \
                            DIESEL_VALUE(source), __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif
