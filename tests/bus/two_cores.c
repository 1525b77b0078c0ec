/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses two cores, of which one has its own prefix, learns, and takes bitmaps. */
#include "one_encoding.h"
#include "two_encoding.h"
#include "one_driver.h"
#include "two_driver.h"

int use(struct firstspike_core *one, struct second_core *two);
int use(struct firstspike_core *one, struct second_core *two)
{
    struct firstspike_decision first;
    struct second_decision second;
    struct firstspike_event events[FIRSTSPIKE_SIZES_ROWS_VALUE];
    firstspike_value features[FIRSTSPIKE_VALUES] = {0};
    second_value pixels[SECOND_VALUES] = {0};
    uint8_t bytes[SECOND_BITMAP_BYTES];
    uint32_t used;
    return firstspike_open(one, 0x1000u, 9u) || second_open(two, 0x2000u, 9u) ||
           firstspike_encode(features, FIRSTSPIKE_VALUES, events, FIRSTSPIKE_SIZES_ROWS_VALUE,
                             &used) ||
           second_encode(pixels, SECOND_VALUES, bytes, sizeof bytes) ||
           firstspike_send_events(one, 1u, events, used) ||
           second_send_bitmap(two, 2u, bytes, sizeof bytes) || second_set_label(two, 1) ||
           firstspike_take(one, &first) || second_take(two, &second);
}
