/*
 * SPDX-FileCopyrightText: the FirstSpike authors
 * SPDX-License-Identifier: 0BSD
 *
 * Uses a core on a bus by its registers. It allocates nothing and needs no operating system.
 *
 * Every function returns FIRSTSPIKE_OK or what is wrong. A function waits for one thing for at most
 * as many reads of the status as `patience` says. All sizes are constants of the header, and
 * firstspike_open compares them with the core: no answer of a core lengthens a loop.
 */
/* In front of the guard, so that it refuses a second core with this prefix. */
#include "registers.h"

#ifndef FIRSTSPIKE_DRIVER_H
#define FIRSTSPIKE_DRIVER_H

#include <stddef.h>
#include <stdint.h>

enum firstspike_result {
    FIRSTSPIKE_OK = 0,
    FIRSTSPIKE_NO_CORE,    /* no core is at this address, or it has another register map */
    FIRSTSPIKE_OTHER_CORE, /* the core was generated without this header */
    FIRSTSPIKE_SILENT,     /* what was waited for has not come */
    FIRSTSPIKE_UNFIT,      /* an argument does not fit the core: a size, a value, a kind of image */
    FIRSTSPIKE_BAD_IMAGE   /* the decision has an error; it is given all the same */
};

struct firstspike_core {
    uintptr_t base;
    uint32_t patience;
};

/* An input that spikes. Events come in order of tick. */
struct firstspike_event {
    uint16_t tick;
    uint16_t row;
};

struct firstspike_decision {
    uint32_t what; /* firstspike_decision_class(what), ..._forced, ..._error and the causes */
    uint32_t tick;
    uint32_t tag; /* of its image */
    uint32_t cycles;
    uint32_t spikes[FIRSTSPIKE_DECISION_SPIKES_COUNT]; /* for each layer, spikes into it */
};

static inline int firstspike_wait(const struct firstspike_core *core, uint32_t mask,
                                  uint32_t value)
{
    uint32_t left = core->patience;
    do {
        if ((firstspike_read_status(core->base) & mask) == value)
            return FIRSTSPIKE_OK;
    } while (left--);
    return FIRSTSPIKE_SILENT;
}

/* Look for the core of this header at `base`, and use it by registers.
 *
 * The core is reset: images, decisions and errors of an earlier program are gone, weights stay. */
static inline int firstspike_open(struct firstspike_core *core, uintptr_t base, uint32_t patience)
{
    core->base = base;
    core->patience = patience;
    if (firstspike_read_magic(base) != FIRSTSPIKE_MAGIC_VALUE ||
        firstspike_version_map(firstspike_read_version(base)) != FIRSTSPIKE_VERSION_MAP_VALUE)
        return FIRSTSPIKE_NO_CORE;
    if (firstspike_read_features(base) != FIRSTSPIKE_FEATURES_VALUE ||
        firstspike_read_sizes(base) != FIRSTSPIKE_SIZES_VALUE ||
        firstspike_read_timing(base) != FIRSTSPIKE_TIMING_VALUE ||
        firstspike_read_bitmap(base) != FIRSTSPIKE_BITMAP_VALUE ||
        firstspike_read_weight_words(base) != FIRSTSPIKE_WEIGHT_WORDS_VALUE ||
        firstspike_read_folding(base) != FIRSTSPIKE_FOLDING_VALUE ||
        firstspike_read_digest_0(base) != FIRSTSPIKE_DIGEST_0_VALUE ||
        firstspike_read_digest_1(base) != FIRSTSPIKE_DIGEST_1_VALUE)
        return FIRSTSPIKE_OTHER_CORE;
    firstspike_write_command(base, FIRSTSPIKE_COMMAND_RESET_MASK);
    if (firstspike_wait(core, FIRSTSPIKE_STATUS_RESETTING_MASK, 0))
        return FIRSTSPIKE_SILENT;
    firstspike_write_control(base, FIRSTSPIKE_CONTROL_BY_REGISTERS_MASK);
    return firstspike_wait(core, FIRSTSPIKE_STATUS_BY_REGISTERS_MASK,
                           FIRSTSPIKE_STATUS_BY_REGISTERS_MASK);
}

/* Go to the first word of all weights. */
static inline int firstspike_rewind(const struct firstspike_core *core, uint32_t count)
{
    uint32_t left = core->patience;
    int wrong;
    if (count != FIRSTSPIKE_WEIGHT_WORDS_VALUE)
        return FIRSTSPIKE_UNFIT;
    wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_BUSY_MASK, 0);
    if (wrong)
        return wrong;
    while (firstspike_read_status(core->base) & FIRSTSPIKE_STATUS_WEIGHT_OPEN_MASK) {
        if (!left--)
            return FIRSTSPIKE_SILENT;
        (void)firstspike_read_weight_data(core->base);
    }
    firstspike_write_weight_address(core->base, 0);
    return FIRSTSPIKE_OK;
}

/* Write all weights: the `count` lines of CORE_weights.hex. */
static inline int firstspike_load(const struct firstspike_core *core, const uint32_t *words,
                                  uint32_t count)
{
    uint32_t i;
    int wrong = firstspike_rewind(core, count);
    if (wrong)
        return wrong;
    for (i = 0; i < count; i++)
        firstspike_write_weight_data(core->base, words[i]);
    return FIRSTSPIKE_OK;
}

/* Read all weights into `words`, which has `count` elements. */
static inline int firstspike_store(const struct firstspike_core *core, uint32_t *words,
                                   uint32_t count)
{
    uint32_t i;
    int wrong = firstspike_rewind(core, count);
    if (wrong)
        return wrong;
    for (i = 0; i < count; i++)
        words[i] = firstspike_read_weight_data(core->base);
    return FIRSTSPIKE_OK;
}

/* End an image of which not all has been sent; without one nothing happens.
 *
 * If whole beats of it were sent, it is decided on these, and its decision has an error; unless it
 * was decided before, on events that were enough. */
static inline int firstspike_abort(const struct firstspike_core *core)
{
    firstspike_write_command(core->base, FIRSTSPIKE_COMMAND_ABORT_MASK);
    return firstspike_wait(core, FIRSTSPIKE_STATUS_ABORTING_MASK, 0);
}

/* Begin an image, whose decision will have this tag.
 *
 * If an image was sent in part, it is aborted, so that the new one does not continue it. */
static inline int firstspike_begin(const struct firstspike_core *core, uint8_t tag)
{
    const int wrong = firstspike_abort(core);
    if (!wrong)
        firstspike_write_image_tag(core->base, tag);
    return wrong;
}

/* Send the next beat of an image that was begun. */
static inline int firstspike_send(const struct firstspike_core *core, uint32_t beat, int last)
{
    int wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_ROOM_MASK, FIRSTSPIKE_STATUS_ROOM_MASK);
    if (wrong)
        return wrong;
    if (last)
        firstspike_write_send_last(core->base, beat);
    else
        firstspike_write_send(core->base, beat);
    return FIRSTSPIKE_OK;
}

/* Send an image of `count` events; there may be none. Its decision will have this tag.
 *
 * After FIRSTSPIKE_SILENT a part of the image may be in the core. The next image aborts it. */
static inline int firstspike_send_events(const struct firstspike_core *core, uint8_t tag,
                                         const struct firstspike_event *events, uint32_t count)
{
    uint32_t i;
    int wrong;
    if (FIRSTSPIKE_FEATURES_BITMAP_VALUE || FIRSTSPIKE_FEATURES_PIXELS_VALUE)
        return FIRSTSPIKE_UNFIT;
    wrong = firstspike_begin(core, tag);
    if (!wrong && !count)
        return firstspike_send(core, FIRSTSPIKE_NO_ROW << FIRSTSPIKE_EVENT_ROW_SHIFT, 1);
    for (i = 0; i < count && !wrong; i++)
        wrong = firstspike_send(core,
                                ((uint32_t)events[i].tick << FIRSTSPIKE_EVENT_TICK_SHIFT) |
                                    ((uint32_t)events[i].row << FIRSTSPIKE_EVENT_ROW_SHIFT),
                                i == count - 1u);
    return wrong;
}

/* Send an image of `count` bytes, in as many beats as they need. */
static inline int firstspike_send_bytes(const struct firstspike_core *core, uint8_t tag,
                                        const uint8_t *bytes, uint32_t count)
{
    /* A register takes up to 32 bits of a beat. */
    const uint32_t size = FIRSTSPIKE_FEATURES_BEAT_BITS_VALUE < 32u
                              ? FIRSTSPIKE_FEATURES_BEAT_BITS_VALUE / 8u
                              : 4u;
    uint32_t i, j;
    int wrong = firstspike_begin(core, tag);
    for (i = 0; i < count && !wrong; i += size) {
        uint32_t beat = 0;
        for (j = 0; j < size && i + j < count; j++)
            beat |= (uint32_t)bytes[i + j] << (8u * j);
        wrong = firstspike_send(core, beat, i + size >= count);
    }
    return wrong;
}

#define FIRSTSPIKE_BITMAP_BYTES ((FIRSTSPIKE_BITMAP_PIXELS_VALUE + 7u) / 8u)

/* Send an image as a bitmap of `count` bytes: pixel p is bit p % 8 of byte p / 8. Its decision will
 * have this tag.
 *
 * After FIRSTSPIKE_SILENT the same holds as of events. */
static inline int firstspike_send_bitmap(const struct firstspike_core *core, uint8_t tag,
                                         const uint8_t *bytes, uint32_t count)
{
    if (!FIRSTSPIKE_FEATURES_BITMAP_VALUE || count != FIRSTSPIKE_BITMAP_BYTES)
        return FIRSTSPIKE_UNFIT;
    return firstspike_send_bytes(core, tag, bytes, count);
}

/* Send an image of `count` pixels of 0 to 255, which the core encodes. Its decision will have this
 * tag.
 *
 * After FIRSTSPIKE_SILENT the same holds as of events. */
static inline int firstspike_send_pixels(const struct firstspike_core *core, uint8_t tag,
                                         const uint8_t *pixels, uint32_t count)
{
    if (!FIRSTSPIKE_FEATURES_PIXELS_VALUE || count != FIRSTSPIKE_BITMAP_PIXELS_VALUE)
        return FIRSTSPIKE_UNFIT;
    return firstspike_send_bytes(core, tag, pixels, count);
}

/* Take the next decision. If none comes, all of it is 0. */
static inline int firstspike_take(const struct firstspike_core *core,
                                  struct firstspike_decision *decision)
{
    uint32_t i, time;
    const int wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_DECISION_MASK,
                                      FIRSTSPIKE_STATUS_DECISION_MASK);
    decision->what = wrong ? 0u : firstspike_read_decision(core->base);
    time = wrong ? 0u : firstspike_read_decision_time(core->base);
    decision->tick = firstspike_decision_time_tick(time);
    decision->tag = firstspike_decision_time_tag(time);
    decision->cycles = wrong ? 0u : firstspike_read_decision_cycles(core->base);
    for (i = 0; i < FIRSTSPIKE_DECISION_SPIKES_COUNT; i++)
        decision->spikes[i] = wrong ? 0u : firstspike_read_decision_spikes(core->base, i);
    if (wrong)
        return wrong;
    firstspike_write_command(core->base, FIRSTSPIKE_COMMAND_TAKE_MASK);
    return firstspike_decision_error(decision->what) ? FIRSTSPIKE_BAD_IMAGE : FIRSTSPIKE_OK;
}

/* Let these interrupts raise irq, and no others: FIRSTSPIKE_INTERRUPT_ENABLE_DECISION_MASK,
 * ..._ERROR_MASK, both, or 0 for none.
 *
 * irq is a level. It stays high until each decision is taken, and until the errors are cleared. A
 * handler therefore disables what it leaves to others. */
static inline void firstspike_enable_interrupts(const struct firstspike_core *core, uint32_t which)
{
    firstspike_write_interrupt_enable(core->base, which);
}

/* The interrupts that raise irq now. */
static inline uint32_t firstspike_pending_interrupts(const struct firstspike_core *core)
{
    return firstspike_read_interrupt_state(core->base) &
           firstspike_read_interrupt_enable(core->base);
}

/* Let these interrupts be pending as long as they are under test, whatever the core does; 0 ends
 * the test. */
static inline void firstspike_test_interrupts(const struct firstspike_core *core, uint32_t which)
{
    firstspike_write_interrupt_test(core->base, which);
}

/* Read what was wrong since the last call, firstspike_error_causes_..., and clear it. */
static inline uint32_t firstspike_clear_errors(const struct firstspike_core *core)
{
    const uint32_t causes = firstspike_read_error_causes(core->base);
    firstspike_write_error_causes(core->base, causes);
    return causes;
}

#ifdef FIRSTSPIKE_LABEL
/* Set the learning rule: a content of learn_rule, and the generator's next state; 0 keeps it. */
static inline int firstspike_set_rule(const struct firstspike_core *core, uint32_t rule,
                                      uint32_t seed)
{
    int wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_SETTINGS_MASK, 0);
    if (wrong)
        return wrong;
    firstspike_write_learn_rule(core->base, rule);
    wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_SETTINGS_MASK, 0);
    if (wrong || !seed)
        return wrong;
    firstspike_write_learn_seed(core->base, seed);
    return firstspike_wait(core, FIRSTSPIKE_STATUS_SETTINGS_MASK, 0);
}

/* Let the core learn images from now on as of this class, or with -1 only decide them.
 *
 * It waits until what was learned before is written. Call it before and after each image. */
static inline int firstspike_set_label(const struct firstspike_core *core, int32_t label)
{
    int wrong;
    if (label >= (int32_t)FIRSTSPIKE_SIZES_OUTPUTS_VALUE || label < -1)
        return FIRSTSPIKE_UNFIT;
    wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_BUSY_MASK, 0);
    if (wrong)
        return wrong;
    firstspike_write_label(core->base,
                           label < 0 ? 0u : (uint32_t)label | FIRSTSPIKE_LABEL_LEARN_MASK);
    return FIRSTSPIKE_OK;
}
#endif

#endif
