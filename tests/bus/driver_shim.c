/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of the driver with plain arguments, for a program in another language. */
#include <string.h>
#include "core_driver.h"

static struct firstspike_core core;

int core_silent(void) { return FIRSTSPIKE_SILENT; }
int core_open(uint32_t patience) { return firstspike_open(&core, 0, patience); }
void core_patience(uint32_t patience) { core.patience = patience; }
int core_load(const uint32_t *words, uint32_t count)
{
    return firstspike_load(&core, words, count);
}
int core_store(uint32_t *words, uint32_t count)
{
    return firstspike_store(&core, words, count);
}
int core_events(uint32_t tag, const void *events, uint32_t count)
{
    return firstspike_send_events(&core, (uint8_t)tag, events, count);
}
int core_bitmap(uint32_t tag, const void *bytes, uint32_t count)
{
    return firstspike_send_bitmap(&core, (uint8_t)tag, bytes, count);
}
int core_pixels(uint32_t tag, const void *pixels, uint32_t count)
{
    return firstspike_send_pixels(&core, (uint8_t)tag, pixels, count);
}
int core_level(void) { return (int)irq(); }
void core_enable(uint32_t which) { firstspike_enable_interrupts(&core, which); }
uint32_t core_pending(void) { return firstspike_pending_interrupts(&core); }
void core_test(uint32_t which) { firstspike_test_interrupts(&core, which); }
uint32_t core_errors(void) { return firstspike_clear_errors(&core); }
int core_abort(void) { return firstspike_abort(&core); }
int core_begin(uint32_t tag) { return firstspike_begin(&core, (uint8_t)tag); }
int core_send(uint32_t beat) { return firstspike_send(&core, beat, 0); }
int core_take(uint32_t *words)
{
    struct firstspike_decision decision;
    int result = firstspike_take(&core, &decision);
    words[0] = decision.what;
    words[1] = decision.tick;
    words[2] = decision.tag;
    words[3] = decision.cycles;
    memcpy(words + 4, decision.spikes, sizeof decision.spikes);
    return result;
}
#ifdef FIRSTSPIKE_LABEL
int core_set_rule(uint32_t rule, uint32_t seed) { return firstspike_set_rule(&core, rule, seed); }
int core_set_label(int32_t label) { return firstspike_set_label(&core, label); }
#endif
