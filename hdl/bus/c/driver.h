/*
 * SPDX-FileCopyrightText: the FirstSpike authors
 * SPDX-License-Identifier: 0BSD
 *
 * A core on a bus, used by its registers: no allocation, no operating system.
 *
 * Every function returns FIRSTSPIKE_OK or what is wrong, and waits for at most as many reads of the
 * status as `patience` says. What the core would refuse is not asked of it.
 */
#ifndef FIRSTSPIKE_DRIVER_H
#define FIRSTSPIKE_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "registers.h"

enum firstspike_result {
    FIRSTSPIKE_OK = 0,
    FIRSTSPIKE_NO_CORE,   /* there is none at this address, or one with other registers */
    FIRSTSPIKE_SILENT,    /* what was waited for has not come */
    FIRSTSPIKE_UNFIT,     /* another number of words, of the other kind of images, no such class */
    FIRSTSPIKE_BAD_IMAGE, /* the decision has an error; it is told all the same */
};

struct firstspike {
    uintptr_t base;
    uint32_t patience;
};

/* An input that spikes. They come in order of tick. */
struct firstspike_event {
    uint16_t tick;
    uint16_t row;
};

struct firstspike_decision {
    uint32_t what;    /* firstspike_decision_class(what), ..._forced, ..._error and the causes */
    uint32_t tick;
    uint32_t cycles;
};

static inline int firstspike_wait(const struct firstspike *core, uint32_t mask, uint32_t value)
{
    uint32_t left = core->patience;
    do {
        if ((firstspike_read_status(core->base) & mask) == value)
            return FIRSTSPIKE_OK;
    } while (left--);
    return FIRSTSPIKE_SILENT;
}

/* Look for a core at `base`, and use it by registers. */
static inline int firstspike_open(struct firstspike *core, uintptr_t base, uint32_t patience)
{
    core->base = base;
    core->patience = patience;
    if (firstspike_read_magic(base) != FIRSTSPIKE_MAGIC_MAGIC_VALUE ||
        firstspike_version_map(firstspike_read_version(base)) != FIRSTSPIKE_VERSION_MAP_VALUE)
        return FIRSTSPIKE_NO_CORE;
    firstspike_write_control(base, FIRSTSPIKE_CONTROL_BY_REGISTERS_MASK);
    return firstspike_wait(core, FIRSTSPIKE_STATUS_BY_REGISTERS_MASK,
                           FIRSTSPIKE_STATUS_BY_REGISTERS_MASK);
}

/* Begin with the first word of all weights. */
static inline int firstspike_rewind(const struct firstspike *core, uint32_t count)
{
    uint32_t left = core->patience;
    int wrong;
    if (count != firstspike_read_weight_words(core->base))
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

/* Write all weights: the lines of CORE_weights.hex. */
static inline int firstspike_load(const struct firstspike *core, const uint32_t *words,
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

/* Read all weights. */
static inline int firstspike_store(const struct firstspike *core, uint32_t *words, uint32_t count)
{
    uint32_t i;
    int wrong = firstspike_rewind(core, count);
    if (wrong)
        return wrong;
    for (i = 0; i < count; i++)
        words[i] = firstspike_read_weight_data(core->base);
    return FIRSTSPIKE_OK;
}

static inline int firstspike_send(const struct firstspike *core, uint32_t beat, int last)
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

/* Take the next decision; `spikes` is NULL, or has a place for each layer. */
static inline int firstspike_take(const struct firstspike *core,
                                  struct firstspike_decision *decision, uint32_t *spikes)
{
    uint32_t i;
    int wrong = firstspike_wait(core, FIRSTSPIKE_STATUS_DECISION_MASK,
                                FIRSTSPIKE_STATUS_DECISION_MASK);
    if (wrong)
        return wrong;
    decision->what = firstspike_read_decision(core->base);
    decision->tick = firstspike_decision_time_tick(firstspike_read_decision_time(core->base));
    decision->cycles = firstspike_read_decision_cycles(core->base);
    if (spikes)
        for (i = 0; i < firstspike_features_layers(firstspike_read_features(core->base)); i++)
            spikes[i] = firstspike_read_decision_spikes(core->base, i);
    firstspike_write_command(core->base, FIRSTSPIKE_COMMAND_TAKE_MASK);
    return firstspike_decision_error(decision->what) ? FIRSTSPIKE_BAD_IMAGE : FIRSTSPIKE_OK;
}

/* Send an image of `count` events; there may be none. */
static inline int firstspike_send_events(const struct firstspike *core,
                                         const struct firstspike_event *events, uint32_t count)
{
    uint32_t i;
    int wrong = FIRSTSPIKE_OK;
    if (firstspike_features_bitmap(firstspike_read_features(core->base)))
        return FIRSTSPIKE_UNFIT;
    if (!count)
        return firstspike_send(core, FIRSTSPIKE_NO_ROW << FIRSTSPIKE_EVENT_ROW_SHIFT, 1);
    for (i = 0; i < count && !wrong; i++)
        wrong = firstspike_send(core,
                                (uint32_t)events[i].tick << FIRSTSPIKE_EVENT_TICK_SHIFT |
                                    (uint32_t)events[i].row << FIRSTSPIKE_EVENT_ROW_SHIFT,
                                i == count - 1);
    return wrong;
}

/* Send an image as a bitmap: pixel p is bit p % 8 of byte p / 8. */
static inline int firstspike_send_bitmap(const struct firstspike *core, const uint8_t *bytes,
                                         uint32_t count)
{
    uint32_t features = firstspike_read_features(core->base);
    uint32_t size = firstspike_features_beat_bits(features) / 8u, i, j;
    uint32_t pixels = firstspike_bitmap_pixels(firstspike_read_bitmap(core->base));
    int wrong = FIRSTSPIKE_OK;
    if (!firstspike_features_bitmap(features) || count != (pixels + 7u) / 8u)
        return FIRSTSPIKE_UNFIT;
    if (size > 4u)
        size = 4u;
    for (i = 0; i < count && !wrong; i += size) {
        uint32_t beat = 0;
        for (j = 0; j < size && i + j < count; j++)
            beat |= (uint32_t)bytes[i + j] << (8u * j);
        wrong = firstspike_send(core, beat, i + size >= count);
    }
    return wrong;
}

/* End an image of which not all has been sent; it is decided, and its decision has an error. */
static inline int firstspike_abort(const struct firstspike *core)
{
    firstspike_write_command(core->base, FIRSTSPIKE_COMMAND_ABORT_MASK);
    return firstspike_wait(core, FIRSTSPIKE_STATUS_ABORTING_MASK, 0);
}

#ifdef FIRSTSPIKE_LABEL
/* Set the learning rule: a content of learn_rule, and the generator's next state; 0 to go on. */
static inline int firstspike_set_rule(const struct firstspike *core, uint32_t rule, uint32_t seed)
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

/* Images from now on are learned as of this class; of -1 they are only decided. Wait, before and
 * behind each image, until what was learned is written. */
static inline int firstspike_set_label(const struct firstspike *core, int32_t label)
{
    uint32_t outputs = firstspike_sizes_outputs(firstspike_read_sizes(core->base));
    int wrong;
    if (label >= (int32_t)outputs || label < -1)
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
