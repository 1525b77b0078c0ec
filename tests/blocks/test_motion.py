# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of the front end for motion, each against golden."""

import re
from dataclasses import replace

import numpy as np
import pytest
from amaranth.back import rtlil

from firstspike.golden.motion.usual import USUAL
from firstspike.hdl.alone.motion import MotionSensor
from firstspike.hdl.motion.watcher import Watcher
from firstspike.sim.benches.motion import frames, lsm6dso, windows
from firstspike.sim.benches.motion.example import FRONT, example, small_network
from firstspike.sim.harness.networks import network_of
from tests.support.refused import refused

SMALL = replace(USUAL, frame=4, frames=5, hop=2, downs=(5, 0, 9))
ONE = replace(USUAL, frame=2, frames=1, hop=3, least=0, contrast=0, downs=(4,))


@pytest.mark.parametrize("front", [SMALL, ONE])
def test_frames(front):
    frames.simulate(front)


@pytest.mark.parametrize("front", [SMALL, pytest.param(ONE, marks=pytest.mark.long)])
def test_windows(front):
    windows.simulate(front)


def test_lsm6dso():
    lsm6dso.simulate()


def test_decisions_from_the_wires_of_the_part():
    assert example().startswith("6 axes, 2 lanes: 7 decisions")


def test_the_memories_of_a_watcher_are_those_of_the_design():
    network = small_network()
    text = rtlil.convert(Watcher(network), name="watcher", emit_src=False)
    found = re.findall(r"  memory width (\d+) size (\d+)", text)
    said = [(memory.width, memory.depth) for memory in Watcher.memories(network)]
    assert sorted((int(width), int(depth)) for width, depth in found) == sorted(said)


def test_impossible_watchers_are_refused():
    plain = network_of([np.ones((4, 2), np.int32)], [1])
    refused(lambda: Watcher(plain), "does not watch motion: train one as examples")
    three = small_network(replace(FRONT, downs=(6, 6, 6)))
    refused(lambda: MotionSensor(three, 10**6), "the network watches 3 axes: an LSM6DSO gives 6")
