/* SPDX-License-Identifier: MIT */
/*
 * Places: members of a sorted set with longitude and latitude.
 *
 * Each function puts its arguments in their places and reads the reply as a C
 * value. Written by redis/generate/commands.py; it is not edited.
 */
#define DREDIS_FUNCTIONS_ONLY
#include <diesel/redis_geo.h>

#include "typed_internal.h"

int dredis_geoadd(dredis *client, diesel_value key, const diesel_value *values,
                  size_t n, const dredis_geoadd_options *options,
                  int64_t *added, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOADD"));
    dredis__put(&w, key);
    if (options != NULL) {
        dredis__opt_flag(&w, "NX", options->nx);
        dredis__opt_flag(&w, "XX", options->xx);
        dredis__opt_flag(&w, "CH", options->ch);
    }
    dredis__put_all(&w, values, n);
    int result = dredis__ask_int(client, w.args, w.n, added, err);
    dredis__words_end(&w);
    return result;
}

int dredis_geodist(dredis *client, diesel_value key, diesel_value member1,
                   diesel_value member2, const dredis_geodist_options *options,
                   double *distance, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEODIST"));
    dredis__put(&w, key);
    dredis__put(&w, member1);
    dredis__put(&w, member2);
    if (options != NULL) {
        dredis__opt_flag(&w, "M", options->m);
        dredis__opt_flag(&w, "KM", options->km);
        dredis__opt_flag(&w, "FT", options->ft);
        dredis__opt_flag(&w, "MI", options->mi);
    }
    int result = dredis__ask_double_or_nil(client, w.args, w.n, distance, err);
    dredis__words_end(&w);
    return result;
}

dredis_reply *dredis_geohash(dredis *client, diesel_value key,
                             const diesel_value *members, size_t n,
                             diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOHASH"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_geopos(dredis *client, diesel_value key,
                            const diesel_value *members, size_t n,
                            diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOPOS"));
    dredis__put(&w, key);
    dredis__put_all(&w, members, n);
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_geosearch(dredis *client, diesel_value key,
                               double longitude, double latitude, double radius,
                               dredis_unit unit,
                               const dredis_geosearch_options *options,
                               diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOSEARCH"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FROMLONLAT"));
    dredis__put(&w, diesel_double(longitude));
    dredis__put(&w, diesel_double(latitude));
    dredis__put(&w, WORD_OF("BYRADIUS"));
    dredis__put(&w, diesel_double(radius));
    dredis__put(&w, dredis__unit_word(unit));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_flag(&w, "ANY", options->any);
        dredis__opt_flag(&w, "WITHCOORD", options->withcoord);
        dredis__opt_flag(&w, "WITHDIST", options->withdist);
        dredis__opt_flag(&w, "WITHHASH", options->withhash);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_geosearch_member(
    dredis *client, diesel_value key, diesel_value member, double radius,
    dredis_unit unit, const dredis_geosearch_member_options *options,
    diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOSEARCH"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FROMMEMBER"));
    dredis__put(&w, member);
    dredis__put(&w, WORD_OF("BYRADIUS"));
    dredis__put(&w, diesel_double(radius));
    dredis__put(&w, dredis__unit_word(unit));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_flag(&w, "ANY", options->any);
        dredis__opt_flag(&w, "WITHCOORD", options->withcoord);
        dredis__opt_flag(&w, "WITHDIST", options->withdist);
        dredis__opt_flag(&w, "WITHHASH", options->withhash);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

dredis_reply *dredis_geosearch_box(dredis *client, diesel_value key,
                                   double longitude, double latitude,
                                   double width, double height,
                                   dredis_unit unit,
                                   const dredis_geosearch_box_options *options,
                                   diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOSEARCH"));
    dredis__put(&w, key);
    dredis__put(&w, WORD_OF("FROMLONLAT"));
    dredis__put(&w, diesel_double(longitude));
    dredis__put(&w, diesel_double(latitude));
    dredis__put(&w, WORD_OF("BYBOX"));
    dredis__put(&w, diesel_double(width));
    dredis__put(&w, diesel_double(height));
    dredis__put(&w, dredis__unit_word(unit));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_flag(&w, "ANY", options->any);
        dredis__opt_flag(&w, "WITHCOORD", options->withcoord);
        dredis__opt_flag(&w, "WITHDIST", options->withdist);
        dredis__opt_flag(&w, "WITHHASH", options->withhash);
    }
    dredis_reply *reply = dredis__ask_reply(client, w.args, w.n, DREDIS__LIST,
                                            err);
    dredis__words_end(&w);
    return reply;
}

int dredis_geosearchstore(dredis *client, diesel_value destination,
                          diesel_value source, double longitude,
                          double latitude, double radius, dredis_unit unit,
                          const dredis_geosearchstore_options *options,
                          int64_t *stored, diesel_error *err)
{
    dredis__words w;
    dredis__words_begin(&w);
    dredis__put(&w, WORD_OF("GEOSEARCHSTORE"));
    dredis__put(&w, destination);
    dredis__put(&w, source);
    dredis__put(&w, WORD_OF("FROMLONLAT"));
    dredis__put(&w, diesel_double(longitude));
    dredis__put(&w, diesel_double(latitude));
    dredis__put(&w, WORD_OF("BYRADIUS"));
    dredis__put(&w, diesel_double(radius));
    dredis__put(&w, dredis__unit_word(unit));
    if (options != NULL) {
        dredis__opt_flag(&w, "ASC", options->asc);
        dredis__opt_flag(&w, "DESC", options->desc);
        dredis__opt_int(&w, "COUNT", options->count);
        dredis__opt_flag(&w, "ANY", options->any);
        dredis__opt_flag(&w, "STOREDIST", options->storedist);
    }
    int result = dredis__ask_int(client, w.args, w.n, stored, err);
    dredis__words_end(&w);
    return result;
}
