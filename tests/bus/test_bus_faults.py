# SPDX-License-Identifier: BSD-2-Clause
"""The driver in C, compiled under sanitizers, on a device that answers anything.

Every call ends, with an answer of the driver, and touches no memory but its own. The device has all
constants of the core, those of any core, or none. What else is read is all ones, all zeros, noise,
ones and zeros by turns, or right until some moment and 0 from then on.

FIRSTSPIKE_BUS_NOISE=10000 pytest tests/bus/test_bus_faults.py      so many kinds of noise
"""

import os
import re

import numpy as np
import pytest

from firstspike.hdl.bus.register import CONSTANT
from firstspike.sim.harness.networks import network_of
from tests.support.command import toy_network
from tests.support.native import ran, sanitized, write_c_files

NOISE = int(os.environ.get("FIRSTSPIKE_BUS_NOISE", "1000"))

CORES = {
    "events": (toy_network(), {"lanes": 5}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 8}),
    "wide bitmap": (network_of((np.full((70, 3), 7),), (9,)), {"lanes": 3, "bitmap": 64}),
    "learning": (toy_network(), {"lanes": 5, "learns": 10}),
}

DEVICE = r"""
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
@constants@
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
"""


def constants(registers):
    """The names in C of the registers that hold constants."""
    return [one.name.upper() for one in registers.registers if one.kind == CONSTANT]


@pytest.mark.parametrize(("network", "of"), CORES.values(), ids=CORES)
def test_no_answer_of_a_device_leads_outside_of_memory(network, of, tmp_path):
    _, registers = write_c_files(tmp_path, network, "core", **of)
    cases = [
        f"    case FIRSTSPIKE_{name}:\n        return FIRSTSPIKE_{name}_VALUE;"
        for name in constants(registers)
    ]
    program = sanitized(tmp_path, DEVICE.replace("@constants@", "\n".join(cases)))
    done = ran(program, NOISE)
    assert (done.returncode, done.stderr) == (0, b"")
    found = re.fullmatch(rb"longest (\d+) answers ([\d ]+)\n", done.stdout)
    answers = [int(number) for number in found[2].split()]
    assert all(answers), "each of the driver's answers came"


def test_a_core_of_another_header_is_not_opened(tmp_path):
    """Of the constants that decide what the driver does, any other value is another core."""
    _, registers = write_c_files(tmp_path, toy_network(), "core", lanes=5)
    names = constants(registers)
    tried = "".join(
        f"""
    changed = FIRSTSPIKE_{name};
    printf("{name} %d\\n", firstspike_open(&core, 0, 3u));"""
        for name in names
    )
    cases = "\n".join(
        f"    case FIRSTSPIKE_{name}:\n"
        f"        return FIRSTSPIKE_{name}_VALUE ^ (changed == offset);"
        for name in names
    )
    source = f"""
#include <stdint.h>
#include <stdio.h>
static uint32_t changed = 1;
static uint32_t device_read(uint32_t offset);
#define FIRSTSPIKE_READ(base, offset) device_read((uint32_t)((base) + (offset)))
#define FIRSTSPIKE_WRITE(base, offset, value) ((void)((base) + (offset)), (void)(value))
#include "core_driver.h"
static uint32_t device_read(uint32_t offset)
{{
    switch (offset) {{
{cases}
    case FIRSTSPIKE_STATUS:
        return FIRSTSPIKE_STATUS_BY_REGISTERS_MASK;
    default:
        return 0;
    }}
}}
int main(void)
{{
    struct firstspike_core core;
    printf("none %d\\n", firstspike_open(&core, 0, 3u));{tried}
    return FIRSTSPIKE_OTHER_CORE == 2 && FIRSTSPIKE_NO_CORE == 1 ? 0 : 1;
}}
"""
    done = ran(sanitized(tmp_path, source))
    assert (done.returncode, done.stderr) == (0, b"")
    answers = dict(line.split() for line in done.stdout.decode().splitlines())
    right = {"none", "RELEASE"}  # A later FirstSpike makes the same core of the same network.
    assert {name for name, answer in answers.items() if answer == "0"} == right
    assert {name for name, answer in answers.items() if answer == "1"} == {"MAGIC", "VERSION"}
