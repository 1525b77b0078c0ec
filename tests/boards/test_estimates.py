# SPDX-License-Identifier: BSD-2-Clause
"""Estimates of logic, memory and clock against builds, and the fit behind them."""

import numpy as np
import pytest

from docs.measurements.random_builds import drawn, judged
from firstspike.boards.building import clock, logic
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.building.fitting import EXPECTED, fitted
from firstspike.boards.building.known_builds import KnownBuild
from firstspike.boards.building.memories import memories, memory_needs, ring_bytes_of
from firstspike.boards.building.plan import needs_of
from firstspike.boards.building.random_builds import random_builds
from firstspike.boards.building.shipped_builds import SHIPPED_BUILDS, design_of
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.clock import ClockError
from firstspike.hdl.flow.devices import ECP5, ICE40
from tests.boards.test_board_files import BREAKOUT
from tests.support.command import toy_network

pytestmark = pytest.mark.fast

BUILDS = random_builds()


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.number)
def test_memories_of_a_build_are_counted(build):
    one = KnownBuild.of_random(build)
    board = BOARDS[build.board]
    held = memories(one.config, build.network(), ring_bytes_of(one.config, board))
    needs = memory_needs(held, board)
    assert (needs["block RAM"], needs["SPRAM"]) == (build.block_ram, build.spram)
    assert judged(build).block_ram == 0


def test_builds_that_were_held_out_are_as_estimated():
    off = [judged(build) for build in BUILDS if build.held_out]
    assert len(off) >= 6
    assert not any(one.block_ram for one in off)
    assert np.sqrt(np.mean([one.luts**2 for one in off])) <= 0.07
    assert max(abs(one.fmax) for one in off) <= 0.15


@pytest.mark.parametrize("family", [ECP5, ICE40], ids=lambda family: family.name)
def test_the_rules_say_how_far_off_they_are(family):
    assert 0.01 < logic.rule(family).error < 0.07
    assert 0.03 < clock.rule(family).error < 0.15


def test_what_builds_do_not_tell_stays_as_it_was():
    known = [3.0, 5.0, 7.0]
    X = np.array([[1, 0, 0], [2, 0, 0], [3, 0, 0]])
    fit = fitted(X, 4.0 * X[:, 0], known, [1e3] * 3, 0.1)
    np.testing.assert_allclose(fit.coefficients, [4, 5, 7], rtol=1e-6)
    nothing = fitted(np.empty((0, 3)), np.empty(0), known, [1] * 3, 0.1)
    np.testing.assert_allclose(nothing.coefficients, known)
    assert nothing.error == pytest.approx(0.1)


def test_the_error_is_that_of_leaving_builds_out():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(9, 3))
    y = X @ [1, 2, 3] + rng.normal(scale=0.2, size=9)
    known, spread, noise = [1.5, 1.5, 1.5], [0.5, 1, 2], 0.1
    left_out = []
    for one in range(len(y)):
        others = np.arange(len(y)) != one
        c = fitted(X[others], y[others], known, spread, noise).coefficients
        left_out.append(X[one] @ c - y[one])
    squares = np.sum(np.square(left_out)) + EXPECTED * noise**2
    assert fitted(X, y, known, spread, noise).error == pytest.approx(
        np.sqrt(squares / (len(y) + EXPECTED))
    )


@pytest.mark.parametrize(
    "build", SHIPPED_BUILDS, ids=lambda build: f"{build.network}-{build.board}"
)
def test_the_clock_of_a_shipped_network_is_estimated(build):
    expected = clock.megahertz(design_of(build), build.luts)
    assert expected == pytest.approx(build.fmax, rel=0.1)


HX8K_BUILDS = {
    0: ((784, 3, 10), 3458, 76.25),
    2: ((60, 51, 9, 10), 4488, 78.42),
    7: ((784, 15, 14, 10), 5498, 71.85),
}
"""Sizes, logic cells and MHz by the number of a random design for an HX8K, placed with seed 1.

`python -m docs.measurements.random_builds --hx8k 0 2 7` builds them.
"""


@pytest.mark.parametrize("number", HX8K_BUILDS)
def test_the_clock_of_an_hx8k_is_estimated_from_its_builds(number):
    sizes, cells, fmax = HX8K_BUILDS[number]
    design, *_ = drawn(number, BREAKOUT)
    assert design.network.shape == sizes
    assert clock.megahertz(design, cells) == pytest.approx(fmax, rel=0.05)
    # The rule for logic is that of the UP5K, which counts hidden layers too low here.
    assert -0.15 < needs_of(design)["LUTs"] / cells - 1 < 0.01


def test_a_clock_is_one_that_the_board_can_make():
    design = Design.of(toy_network(), BOARDS["ulx3s-25f"], Requirements(CoreShape(4)))
    assert clock.clocked(design, 62.9).hz == pytest.approx(60 * MHZ, rel=0.01)
    assert clock.clocked(design, 62.9).config == design.config
    with pytest.raises(ClockError):
        clock.clocked(design, 2.0)
