/* SPDX-License-Identifier: MIT */
/*
 * What some commands let one choose among: DREDIS_END_LEFT and the like.
 */
#ifndef DIESEL_REDIS_CHOICES_H
#define DIESEL_REDIS_CHOICES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Of a list: LEFT is its head. */
typedef enum dredis_end { DREDIS_END_LEFT, DREDIS_END_RIGHT } dredis_end;

/* Where an element goes beside another one. */
typedef enum dredis_side { DREDIS_SIDE_BEFORE, DREDIS_SIDE_AFTER } dredis_side;

/* Which scores are taken first. */
typedef enum dredis_extreme {
    DREDIS_EXTREME_MIN,
    DREDIS_EXTREME_MAX
} dredis_extreme;

typedef enum dredis_bitop_kind {
    DREDIS_BITOP_AND,
    DREDIS_BITOP_OR,
    DREDIS_BITOP_XOR,
    DREDIS_BITOP_NOT
} dredis_bitop_kind;

/* Of lengths: metres, kilometres, feet, miles. */
typedef enum dredis_unit {
    DREDIS_UNIT_M,
    DREDIS_UNIT_KM,
    DREDIS_UNIT_FT,
    DREDIS_UNIT_MI
} dredis_unit;

#ifdef __cplusplus
}
#endif
#endif
