/* SPDX-License-Identifier: BSD-2-Clause */
/* All functions of the driver on a device that answers anything; constants.h has the cases of the
   registers that hold constants. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t device_read(uint32_t offset);
static void device_write(uint32_t offset, uint32_t value);
#define FIRSTSPIKE_READ(base, offset) device_read((uint32_t)((base) + (offset)))
#define FIRSTSPIKE_WRITE(base, offset, value) device_write((uint32_t)((base) + (offset)), value)

#include "core_encoding.h"

enum { ONES, ZEROS, NOISE, TURNS, NEVER, MODES };

static int mode, constants;
static uint32_t state, accesses;

/* The status of a core that works: room, a decision, and use by registers. */
#define WORKING (FIRSTSPIKE_STATUS_ROOM_MASK | FIRSTSPIKE_STATUS_DECISION_MASK | \
                 FIRSTSPIKE_STATUS_BY_REGISTERS_MASK)

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static uint32_t device_read(uint32_t offset)
{
    accesses++;
    switch (constants ? offset : UINT32_MAX) {
    case FIRSTSPIKE_MAGIC:
        return FIRSTSPIKE_MAGIC_VALUE;
    case FIRSTSPIKE_VERSION:
        return FIRSTSPIKE_VERSION_VALUE;
    }
    switch (constants == 2 ? offset : UINT32_MAX) {
#include "constants.h"
    }
    switch (mode) {
    case ONES:
        return UINT32_MAX;
    case ZEROS:
        return 0;
    case NOISE:
        return next();
    case TURNS:
        return accesses % 2 ? UINT32_MAX : 0;
    default: /* It works for some accesses, and says nothing new from then on. */
        return offset == FIRSTSPIKE_STATUS && accesses < state % 64u ? WORKING : 0;
    }
}

static void device_write(uint32_t offset, uint32_t value)
{
    (void)offset;
    (void)value;
    accesses++;
}

static void *of(size_t bytes)
{
    return calloc(1, bytes);
}

/* Counts the answers; one that is none of the driver's ends the program. */
static unsigned long answers[FIRSTSPIKE_BAD_IMAGE + 1], longest;

static void answered(int result)
{
    if (result < FIRSTSPIKE_OK || result > FIRSTSPIKE_BAD_IMAGE)
        abort();
    answers[result]++;
    if (accesses > longest)
        longest = accesses;
    accesses = 0;
}

static void use(uint32_t patience)
{
    struct firstspike_core *core = of(sizeof *core);
    struct firstspike_decision *decision = of(sizeof *decision);
    struct firstspike_event *events = of(FIRSTSPIKE_SIZES_ROWS_VALUE * sizeof *events);
    uint32_t *words = of(FIRSTSPIKE_WEIGHT_WORDS_VALUE * sizeof *words);
    uint8_t *bytes = of(FIRSTSPIKE_BITMAP_BYTES);
    answered(firstspike_open(core, 0, patience));
    core->base = 0; /* whatever it said, the rest is used */
    core->patience = patience;
    answered(firstspike_load(core, words, FIRSTSPIKE_WEIGHT_WORDS_VALUE));
    answered(firstspike_store(core, words, FIRSTSPIKE_WEIGHT_WORDS_VALUE));
    answered(firstspike_store(core, words, 1u));
    answered(firstspike_send_events(core, 7u, events, FIRSTSPIKE_SIZES_ROWS_VALUE));
    answered(firstspike_send_events(core, 8u, events, 0));
    answered(firstspike_send_bitmap(core, 9u, bytes, FIRSTSPIKE_BITMAP_BYTES));
    answered(firstspike_take(core, decision));
    answered(firstspike_abort(core));
    firstspike_enable_interrupts(core, UINT32_MAX);
    firstspike_test_interrupts(core, firstspike_pending_interrupts(core));
    (void)firstspike_clear_errors(core);
#ifdef FIRSTSPIKE_LABEL
    answered(firstspike_set_rule(core, 1u, 2u));
    answered(firstspike_set_label(core, 1));
    answered(firstspike_set_label(core, INT32_MAX));
    answered(firstspike_set_label(core, INT32_MIN));
#endif
    free(core);
    free(decision);
    free(events);
    free(words);
    free(bytes);
}

int main(int count, char **words)
{
    int kinds = count > 1 ? atoi(words[1]) : 0, kind, i;
    for (kind = 1; kind <= kinds; kind++)
        for (mode = 0; mode < MODES; mode++)
            for (constants = 0; constants < 3; constants++) {
                state = (uint32_t)kind * 2654435761u;
                use((uint32_t)kind % 20u);
            }
    printf("longest %lu answers", longest);
    for (i = 0; i <= FIRSTSPIKE_BAD_IMAGE; i++)
        printf(" %lu", answers[i]);
    printf("\n");
    return 0;
}
