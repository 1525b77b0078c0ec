# SPDX-License-Identifier: BSD-2-Clause
"""The driver in C, compiled natively, on the registers of a simulated core.

FIRSTSPIKE_BUS_STEPS=5000 pytest tests/bus/test_bus_driver.py      so many steps of a program
"""

import os

import numpy as np
import pytest

from firstspike.golden import encode
from firstspike.hdl.flow.bus.generate import generate_bus_core
from firstspike.sim.harness.networks import network_of
from tests.support.bus_core import DRIVER_BENCH, BusRun, raw_network
from tests.support.bus_learning import LearningRun
from tests.support.command import toy_network
from tests.support.convolving import convolving_network
from tests.support.native import library

STEPS = int(os.environ.get("FIRSTSPIKE_BUS_STEPS", "200"))

SHIM = r"""
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
"""


def untagged(_image):
    """The bench has looked at the tags."""
    return 0


def wide_network():
    """A network of more inputs than 64."""
    weights = np.random.default_rng(2).integers(-30, 90, (70, 4))
    return network_of((weights,), (300,), bits=8, deadline=60)


KINDS = {
    "events": (toy_network(), {"lanes": 5}),
    "bitmap": (toy_network(), {"lanes": 5, "bitmap": 16}),
    "pixels": (raw_network(), {"lanes": 3, "pixels": True}),
    "convolving": (convolving_network(), {"lanes": 3, "bitmap": 16}),
    "wide bitmap": (wide_network(), {"lanes": 5, "bitmap": 64}),
}


@pytest.mark.parametrize("kind", ["events", "bitmap", "pixels", "convolving"])
def test_it_loads_and_classifies(kind, tmp_path):
    network, of = KINDS[kind]
    run, raw = BusRun(network, **of), "pixels" in of
    made = generate_bus_core(network, run.folding, embedded=False, stem="core", pixels=raw)
    pixels = np.random.default_rng(5).integers(0, 256, (3, network.n_features)).astype(np.uint8)
    pixels[1] = 0
    ticks = encode(network, pixels)
    frames = run.frames(ticks, pixels)
    compiled = library(made, tmp_path, SHIM)
    outcome = run.run("driver", bench=DRIVER_BENCH, frames=frames, library=compiled)
    assert outcome.weights == run.weights()
    expected = run.expected(ticks, pixels, tag=untagged)
    for words in outcome.decisions + expected:
        words[2] = 0  # cycles
    assert outcome.decisions == expected


def test_it_learns_as_golden_does(tmp_path):
    run = LearningRun()
    made = generate_bus_core(
        run.network, run.folding, embedded=False, stored_bits=run.state.stored_bits, stem="core"
    )
    run.learn(
        "driver_learns", bench=DRIVER_BENCH, tag=untagged, library=library(made, tmp_path, SHIM)
    )


@pytest.mark.parametrize(
    "kind", ["events", "bitmap", "wide bitmap", pytest.param("pixels", marks=pytest.mark.long)]
)
def test_no_half_image_has_a_good_decision_that_is_not_goldens(kind, tmp_path):
    """A program gives up in the middle of images, and starts anew with decisions untaken."""
    network, of = KINDS[kind]
    run, raw = BusRun(network, **of), "pixels" in of
    made = generate_bus_core(network, run.folding, embedded=False, stem="core", pixels=raw)
    pixels = np.random.default_rng(6).integers(0, 256, (5, network.n_features)).astype(np.uint8)
    ticks = encode(network, pixels)
    outcome = run.run(
        "driver_restarts",
        bench=DRIVER_BENCH,
        frames=run.frames(ticks, pixels),
        library=library(made, tmp_path, SHIM),
        steps=STEPS,
    )
    expected = run.expected(ticks, pixels, untagged)
    for image, *words in outcome.decisions:
        words[2] = expected[image][2]  # Cycles depend on when the program sends.
        assert words == expected[image]
    assert len(outcome.decisions) > STEPS // 20
    assert min(outcome.registers.values()) > STEPS // 100, outcome.registers
