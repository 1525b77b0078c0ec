/*
 * SPDX-FileCopyrightText: the FirstSpike authors
 * SPDX-License-Identifier: 0BSD
 *
 * Encodes a sample as the core takes it, in the order and at the ticks of the golden model.
 *
 * A sample is FIRSTSPIKE_VALUES values, each a firstspike_value. The tables below are of the
 * network for which the core was generated.
 */
/* In front of the guard, so that it refuses a second core with this prefix. */
#include "driver.h"

#ifndef FIRSTSPIKE_ENCODING_H
#define FIRSTSPIKE_ENCODING_H

#include <float.h>

/* @tables@ */

/* Whether the encoding takes a value: infinities and ticks after the deadline are refused, and so is
 * NaN, unless FIRSTSPIKE_MISSING is 1: it then stands for a missing value. */
static inline int firstspike_known(firstspike_value value)
{
#if FIRSTSPIKE_MISSING
    return !(value < -DBL_MAX || value > DBL_MAX); /* NaN is neither. */
#elif FIRSTSPIKE_EDGES
    return value >= -DBL_MAX && value <= DBL_MAX;
#elif FIRSTSPIKE_LEVELS
    (void)value; /* Every pixel is known. */
    return 1;
#else
    return value <= FIRSTSPIKE_TIMING_DEADLINE_VALUE;
#endif
}

static inline int firstspike_fits(const firstspike_value *values, uint32_t count)
{
    uint32_t i;
    if (count != FIRSTSPIKE_VALUES)
        return 0;
    for (i = 0; i < count; i++)
        if (!firstspike_known(values[i]))
            return 0;
    return 1;
}

#if FIRSTSPIKE_LEVELS
/* The level of a feature: of a pixel its share of 256, else how many edges are not above it; of a
 * missing value that of the median. */
static inline uint32_t firstspike_feature_level(const firstspike_value *values, uint32_t feature)
{
#if FIRSTSPIKE_EDGES
    const double *edges = firstspike_edges[feature];
    uint32_t low = 0, high = FIRSTSPIKE_EDGES;
#if FIRSTSPIKE_MISSING
    if (!(values[feature] >= -DBL_MAX)) /* NaN: firstspike_known refuses smaller values. */
        return firstspike_missing_levels[feature];
#endif
    while (low < high) {
        uint32_t middle = (low + high) / 2u;
        if (edges[middle] <= values[feature])
            low = middle + 1u;
        else
            high = middle;
    }
    return low;
#else
    return ((uint32_t)values[feature] * FIRSTSPIKE_LEVELS) >> 8u;
#endif
}

/* The level of an input: of a feature, of its complement, or the constant one. */
static inline uint32_t firstspike_level(const firstspike_value *values, uint32_t input)
{
    uint32_t level;
    if (input == FIRSTSPIKE_CONSTANT_INPUT)
        return FIRSTSPIKE_LEVELS - 1u;
    level = firstspike_feature_level(values, input % FIRSTSPIKE_VALUES);
    return input < FIRSTSPIKE_VALUES ? level : FIRSTSPIKE_LEVELS - 1u - level;
}
#endif

/* The tick at which an input spikes; 0 is never. */
static inline uint32_t firstspike_input_tick(const firstspike_value *values, uint32_t input)
{
#if FIRSTSPIKE_STEPS
    /* An even input spikes at the first step at which its channel is at or above the edge, the
     * next input at the first step at which it is below. */
    const uint32_t unit = FIRSTSPIKE_TIMING_UNIT_VALUE;
    const firstspike_value *channel;
    double edge;
    uint32_t step;
    if (input == FIRSTSPIKE_CONSTANT_INPUT)
        return unit;
    channel = values + (size_t)(input / 2u / FIRSTSPIKE_EDGES) * FIRSTSPIKE_STEPS;
    edge = firstspike_edges[input / 2u / FIRSTSPIKE_EDGES][input / 2u % FIRSTSPIKE_EDGES];
    for (step = 0; step < FIRSTSPIKE_STEPS; step++)
        if ((channel[step] >= edge) == (input % 2u == 0))
            return unit + (uint32_t)((uint64_t)step * 5u * unit / (FIRSTSPIKE_STEPS - 1u));
    return 0;
#elif FIRSTSPIKE_LEVELS
    return firstspike_level_ticks[firstspike_level(values, input)];
#else
    return values[input];
#endif
}

/* The input of a row, or of a bit of a bitmap. */
static inline uint32_t firstspike_input(uint32_t index)
{
#ifdef FIRSTSPIKE_INPUTS
    return firstspike_inputs[index];
#else
    return index;
#endif
}

#if FIRSTSPIKE_FEATURES_BITMAP_VALUE
/* Encode a sample of `count` values as a bitmap, which firstspike_send_bitmap sends.
 *
 * `capacity` is the size of `bytes`, at least FIRSTSPIKE_BITMAP_BYTES. The result is FIRSTSPIKE_UNFIT
 * for a smaller size, for another number of values, and for a value that is not accepted. */
static inline int firstspike_encode(const firstspike_value *values, uint32_t count, uint8_t *bytes,
                                    uint32_t capacity)
{
    uint32_t bit;
    if (capacity < FIRSTSPIKE_BITMAP_BYTES || !firstspike_fits(values, count))
        return FIRSTSPIKE_UNFIT;
    for (bit = 0; bit < FIRSTSPIKE_BITMAP_BYTES; bit++)
        bytes[bit] = 0;
    for (bit = 0; bit < FIRSTSPIKE_BITMAP_PIXELS_VALUE; bit++)
        if (firstspike_level(values, firstspike_input(bit)))
            bytes[bit / 8u] = (uint8_t)(bytes[bit / 8u] | (1u << (bit % 8u)));
    return FIRSTSPIKE_OK;
}

#else
static inline uint32_t firstspike_order(struct firstspike_event event)
{
    return ((uint32_t)event.tick << 16u) | event.row;
}

/* Let the event at `index` sink in a heap of `count` whose root is the last in order. */
static inline void firstspike_sink(struct firstspike_event *events, uint32_t index, uint32_t count)
{
    const struct firstspike_event event = events[index];
    for (;;) {
        uint32_t below = 2u * index + 1u;
        if (below + 1u < count &&
            firstspike_order(events[below]) < firstspike_order(events[below + 1u]))
            below++;
        if (below >= count || firstspike_order(events[below]) <= firstspike_order(event))
            break;
        events[index] = events[below];
        index = below;
    }
    events[index] = event;
}

/* Sort events by tick, then row. */
static inline void firstspike_sort(struct firstspike_event *events, uint32_t count)
{
    uint32_t left = count / 2u;
    while (left)
        firstspike_sink(events, --left, count);
    while (count > 1u) {
        const struct firstspike_event last = events[--count];
        events[count] = events[0];
        events[0] = last;
        firstspike_sink(events, 0, count);
    }
}

/* Encode a sample of `count` values as events, which firstspike_send_events sends.
 *
 * `capacity` is the size of `events`, at least FIRSTSPIKE_SIZES_ROWS_VALUE; `used` receives the number
 * of events. The result is FIRSTSPIKE_UNFIT for a smaller size, for another number of values, and for
 * a value that is not accepted. */
static inline int firstspike_encode(const firstspike_value *values, uint32_t count,
                                    struct firstspike_event *events, uint32_t capacity,
                                    uint32_t *used)
{
    uint32_t row, latest = 0, found = 0;
    int sorted = 1;
    *used = 0;
    if (capacity < FIRSTSPIKE_SIZES_ROWS_VALUE || !firstspike_fits(values, count))
        return FIRSTSPIKE_UNFIT;
    for (row = 0; row < FIRSTSPIKE_SIZES_ROWS_VALUE; row++) {
        const uint32_t tick = firstspike_input_tick(values, firstspike_input(row));
        if (!tick)
            continue;
        sorted = sorted && tick >= latest;
        latest = tick;
        events[found].tick = (uint16_t)tick;
        events[found].row = (uint16_t)row;
        found++;
    }
    if (!sorted)
        firstspike_sort(events, found);
    *used = found;
    return FIRSTSPIKE_OK;
}
#endif

#endif
