# SPDX-License-Identifier: BSD-2-Clause
"""Digits through a shipped network on a bus, with pauses on all channels and without, on Verilator.

FIRSTSPIKE_BUS_DIGITS=1000 pytest tests/bus/test_bus_shipped.py      so many of the test set
"""

import os

import numpy as np
import pytest

from firstspike.golden import bundled_test_set, encode, load_network
from firstspike.hdl.core.config import weight_chunks
from firstspike.sim.benches.core.items import items_of
from firstspike.sim.benches.core.run import CoreParameters, Stimulus, run_bench
from tests.support.bus_core import BusRun

DIGITS = int(os.environ.get("FIRSTSPIKE_BUS_DIGITS", "10"))
LANES = 64 if DIGITS > 100 else 16  # more take longer to compile, and less to run


def images(run):
    """Pixels and ticks of the digits."""
    pixels, _ = bundled_test_set()
    return pixels[:DIGITS], encode(run.network, pixels[:DIGITS])


@pytest.mark.long
def test_digits_with_pauses_are_decided_as_golden_does():
    run = BusRun(load_network("mnist-4bit"), lanes=LANES)
    pixels, ticks = images(run)
    outcome = run.run(
        "streams", simulator="verilator", frames=run.frames(ticks, pixels), pauses=True
    )
    expected, found = (
        np.array(words) for words in (run.expected(ticks, pixels), outcome.decisions)
    )
    assert np.all(found[:, 2] >= expected[:, 2])  # cycles
    found[:, 2] = expected[:, 2]
    assert np.sum(found != expected) == 0
    assert outcome.weights == run.weights()


@pytest.mark.skipif(DIGITS <= 100, reason="small cores are tried by test_bus_core.py")
def test_the_bus_adds_no_cycle_to_a_digit():
    run = BusRun(load_network("mnist-4bit"), lanes=LANES)
    pixels, ticks = images(run)
    outcome = run.run("streams", simulator="verilator", frames=run.frames(ticks, pixels))
    chunks, items = list(weight_chunks(run.config, run.network)), items_of(run.config, ticks, None)
    parameters = CoreParameters(
        config=run.config, chunks=chunks, items=items, stimulus=Stimulus(), logged=False
    )
    alone = run_bench("bench", parameters, simulator="verilator")
    assert outcome.decisions == run.expected(ticks, pixels)
    assert np.diff(outcome.cycles).tolist() == np.diff(alone.accepted_cycles).tolist()
