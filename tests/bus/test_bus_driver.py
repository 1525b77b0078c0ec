# SPDX-License-Identifier: BSD-2-Clause
"""The driver in C, compiled natively, on the registers of a simulated core."""

import numpy as np
import pytest

from firstspike.golden import encode
from firstspike.hdl.flow.bus.generate import generate_bus_core
from tests.support.bus_core import BusRun
from tests.support.bus_learning import LearningRun
from tests.support.command import toy_network
from tests.support.native import library

SHIM = r"""
#include "core_driver.h"

static struct firstspike core;

int core_open(void) { return firstspike_open(&core, 0, 20000); }
int core_load(const uint32_t *words, uint32_t count)
{
    return firstspike_load(&core, words, count);
}
int core_store(uint32_t *words, uint32_t count)
{
    return firstspike_store(&core, words, count);
}
int core_events(const void *events, uint32_t count)
{
    return firstspike_send_events(&core, events, count);
}
int core_bitmap(const void *bytes, uint32_t count)
{
    return firstspike_send_bitmap(&core, bytes, count);
}
int core_abort(void) { return firstspike_abort(&core); }
int core_send(uint32_t beat) { return firstspike_send(&core, beat, 0); }
int core_take(uint32_t *words)
{
    struct firstspike_decision decision;
    int result = firstspike_take(&core, &decision, words + 3);
    words[0] = decision.what;
    words[1] = decision.tick;
    words[2] = decision.cycles;
    return result;
}
#ifdef FIRSTSPIKE_LABEL
int core_set_rule(uint32_t rule, uint32_t seed) { return firstspike_set_rule(&core, rule, seed); }
int core_set_label(int32_t label) { return firstspike_set_label(&core, label); }
#endif
"""


def untagged(_image):
    """The driver gives no tags."""
    return 0


@pytest.mark.parametrize("bitmap", [None, 16], ids=["events", "bitmap"])
def test_it_loads_and_classifies(bitmap, tmp_path):
    network = toy_network()
    run = BusRun(network, lanes=5, bitmap=bitmap)
    made = generate_bus_core(network, run.folding, embedded=False, stem="core")
    pixels = np.random.default_rng(5).integers(0, 256, (3, network.n_inputs)).astype(np.uint8)
    pixels[1] = 0
    ticks = encode(network, pixels)
    frames = run.frames(ticks, pixels)
    outcome = run.run("driver", frames=frames, library=library(made, tmp_path, SHIM))
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
    run.learn("driver_learns", tag=untagged, library=library(made, tmp_path, SHIM))
