# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of the front end for motion, each against golden."""

from dataclasses import replace

import pytest

from firstspike.golden.motion.usual import USUAL
from firstspike.sim.benches.motion import frames, lsm6dso, windows

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
