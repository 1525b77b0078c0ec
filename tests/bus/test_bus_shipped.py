# SPDX-License-Identifier: BSD-2-Clause
"""Digits through a shipped network on a bus, with pauses on all channels, on Verilator.

FIRSTSPIKE_BUS_DIGITS=1000 pytest tests/bus/test_bus_shipped.py      so many of the test set
"""

import os

import numpy as np

from firstspike.golden import bundled_test_set, encode, load_network
from tests.support.bus_core import BusRun

DIGITS = int(os.environ.get("FIRSTSPIKE_BUS_DIGITS", "10"))
LANES = 64 if DIGITS > 100 else 16  # more take longer to compile, and less to run


def test_digits_with_pauses_are_decided_as_golden_does():
    network = load_network("mnist-4bit")
    pixels, _ = bundled_test_set()
    pixels = pixels[:DIGITS]
    ticks = encode(network, pixels)
    run = BusRun(network, lanes=LANES)
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
