/* SPDX-License-Identifier: BSD-2-Clause
 * Digits through the core, by its driver, beside what golden decides. */
#include "core_driver.h"
#include "digits.h"
#include "host.h"

#define PATIENCE UINT32_C(100000) /* reads of the status; an image takes some thousand cycles */

static struct firstspike_core core;
static volatile int interrupted;

static void print(const char *text)
{
    while (*text)
        host_put(*text++);
}

static void print_number(uint32_t number, unsigned width)
{
    char digits[11];
    unsigned at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (width-- > sizeof digits - 1 - at)
        host_put(' ');
    print(digits + at);
}

static int fails(const char *what, int result)
{
    if (result) {
        print(what);
        print(": the driver says");
        print_number((uint32_t)result, 2);
        print("\n");
    }
    return result;
}

/* The interrupt is a level: it stays high until the decision is taken, so it is disabled here. */
void classify_interrupt(void)
{
    firstspike_enable_interrupts(&core, 0);
    interrupted = 1;
}

static int wait_for_interrupt(void)
{
    uint32_t left = PATIENCE;
    interrupted = 0;
    firstspike_enable_interrupts(&core, FIRSTSPIKE_INTERRUPT_ENABLE_DECISION_MASK);
    while (!interrupted && left--)
        host_idle();
    return interrupted ? FIRSTSPIKE_OK : FIRSTSPIKE_SILENT;
}

static int is_goldens(const struct digit *digit, const struct firstspike_decision *decision)
{
    uint32_t i;
    for (i = 0; i < LAYERS; i++)
        if (decision->spikes[i] != digit->spikes[i])
            return 0;
    return firstspike_decision_class(decision->what) == digit->class &&
           firstspike_decision_forced(decision->what) == digit->forced &&
           decision->tick == digit->tick;
}

int classify(uintptr_t base)
{
    struct firstspike_decision decision;
    uint32_t i, begun, cycles, sum = 0, differences = 0;
    if (fails("no core", firstspike_open(&core, base, PATIENCE)))
        return 1;
    begun = host_cycles();
    if (fails("weights", firstspike_load(&core, weights, WEIGHT_WORDS)))
        return 1;
    print_number(WEIGHT_WORDS, 0);
    print(" words of weights in ");
    print_number(host_cycles() - begun, 0);
    print(" cycles\n\ndigit  class  tick  cycles of the core  of the processor\n");
    for (i = 0; i < DIGITS; i++) {
        int same;
        begun = host_cycles();
        if (fails("image",
                  firstspike_send_bitmap(&core, (uint8_t)i, digits[i].pixels, DIGIT_BYTES)) ||
            fails("interrupt", wait_for_interrupt()) ||
            fails("decision", firstspike_take(&core, &decision)))
            return 1;
        cycles = host_cycles() - begun;
        same = decision.tag == (uint8_t)i && is_goldens(&digits[i], &decision);
        print_number(i, 5);
        print_number(firstspike_decision_class(decision.what), 7);
        print_number(decision.tick, 6);
        print_number(decision.cycles, 20);
        print_number(cycles, 18);
        print(same ? "\n" : "  not as golden\n");
        sum += cycles;
        differences += !same;
    }
    print_number(DIGITS, 0);
    print(" digits, ");
    print_number(differences, 0);
    print(" differences from golden, ");
    print_number(sum / DIGITS, 0);
    print(" cycles of the processor a digit\n");
    return differences != 0;
}
