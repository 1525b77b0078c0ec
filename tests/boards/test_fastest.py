# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike build --clock max`: the clocks that are tried, and what is remembered of them."""

import json
import random
import re

import pytest

from firstspike.boards.building import duration, fastest
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.building.fastest import STEP, Placed, SeedResult
from firstspike.boards.families.pll import MHZ
from firstspike.boards.families.registry import FACTS
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.linked_core import clocks_a_bit
from firstspike.hdl.link.protocol.lines import Line
from tests.support.command import success, toy_network

CLOCKS = [hz * MHZ for hz in range(10, 400)]
BOARD = ["--board", "icebreaker", "--lanes", 4]


def searched(mhz, reached):
    """The clock that is found, and those that were tried; a seed reaches `reached(hz)` MHz."""
    tried = []

    def reach(hz):
        tried.append(hz)
        return [SeedResult(reached(hz) * MHZ >= hz, reached(hz))]

    return fastest.fastest(CLOCKS, mhz, reach), tried


@pytest.mark.fast
@pytest.mark.parametrize("mhz", [5, 60, 99, 117.9, 118.5, 300, 900])
def test_the_highest_clock_is_found_whatever_was_expected(mhz):
    found, tried = searched(mhz, lambda hz: 117.98)
    assert found == 117 * MHZ
    assert len(tried) <= 4
    assert len(set(tried)) == len(tried)


@pytest.mark.fast
def test_the_clock_above_was_missed_whatever_placements_give():
    rng = random.Random(5)
    for _ in range(200):
        answers = {hz: rng.gauss(110, 3) for hz in CLOCKS}
        found, tried = searched(rng.uniform(80, 140), answers.get)
        assert found in tried
        assert answers[found] * MHZ >= found
        above = min(hz for hz in CLOCKS if hz >= found * (1 + STEP))
        assert any(found < hz <= above and answers[hz] * MHZ < hz for hz in tried)
        assert not any(hz > found and answers[hz] * MHZ >= hz for hz in tried)


@pytest.mark.fast
def test_a_clock_nearer_than_seeds_differ_is_not_tried():
    near, far = round(100 * MHZ * (1 + STEP / 2)), round(100 * MHZ * (1 + STEP))
    tried = []

    def reach(hz):
        tried.append(hz)
        return [SeedResult(hz <= 100 * MHZ, 100.2)]

    assert fastest.fastest([100 * MHZ, near, far], 100.2, reach) == 100 * MHZ
    assert tried == [100 * MHZ, far]


@pytest.mark.fast
def test_a_design_that_meets_no_clock_has_none():
    assert searched(100, lambda hz: 1.0)[0] is None


@pytest.mark.fast
@pytest.mark.parametrize(
    ("board", "line"), [("icebreaker", Line.UART), ("icebreaker", Line.SPI), ("ecpix5-85f", "uart")]
)
def test_clocks_are_those_of_the_pll_that_the_line_can_use(board, line):
    design = Design.of(toy_network(), BOARDS[board], Requirements(CoreShape(4), line=Line(line)))
    clocks = design.clocks()
    assert BOARDS[board].clock in clocks
    assert clocks == sorted(set(clocks))
    for hz in random.Random(3).sample(clocks, 20):
        assert design.at(hz).hz == hz
        assert clocks_a_bit(design.line, hz)


@pytest.fixture
def search(fake, monkeypatch, tmp_path_factory):
    """Run `build --clock max` where a seed reaches `reached(hz, seed)` MHz.

    Returns the end of the command, and the clocks and seeds that were placed.
    """
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path_factory.mktemp("cache")))
    return lambda capfd, reached: (fake(capfd, reached, "--clock", "max"), fake.at)


def reached(hz, seed):
    """The clock that a placement reaches: the second seed meets 30 MHz, and none 30.375 MHz."""
    return {1: 29.5, 2: 30.2}[seed]


def test_the_build_is_that_of_the_highest_clock(fake, search, capfd):
    ended, placed = search(capfd, reached)
    assert ended.status == 0
    report = fake.report()
    assert (report["clock"], report["seed"], report["met"]) == (30 * MHZ, 2, True)
    assert (fake.folder / "firstspike.bin").exists()
    assert placed.count((30 * MHZ, 2)) == 1
    assert "30 MHz is met: 29.50 MHz with seed 1, 30.20 MHz with seed 2." in ended.err
    missed = [hz for hz, _ in placed if hz > 30 * MHZ]
    assert missed
    assert f"{missed[0] / MHZ:g} MHz is not met" in ended.err


def test_what_was_placed_is_not_placed_again(fake, search, capfd):
    search(capfd, reached)
    bits = (fake.folder / "firstspike.bin").read_bytes()
    again, placed = search(capfd, reached)
    assert placed == []
    assert re.search("clock +30 MHz", again.out)
    assert (fake.folder / "firstspike.bin").read_bytes() == bits
    (fake.folder / "firstspike.bin").unlink()  # only the best is made again
    assert search(capfd, reached)[1] == [(30 * MHZ, 2)]


def test_a_design_is_elaborated_once_for_its_hash(search, capfd, monkeypatch):
    search(capfd, reached)
    plans, plan = [], Design.plan
    monkeypatch.setattr(Design, "plan", lambda one, build: plans.append(one.hz) or plan(one, build))
    search(capfd, reached)
    assert len(plans) == len(set(plans)) > 1


def test_a_search_that_is_ended_goes_on(search, capfd, tmp_path):
    def interrupted(hz, seed):
        if seed == 2:
            raise KeyboardInterrupt
        return reached(hz, seed)

    ended, placed = search(capfd, interrupted)
    assert ended.status == 130
    assert placed
    rest, others = search(capfd, reached)
    assert rest.status == 0
    assert not set(placed) & set(others)


@pytest.mark.long
def test_a_real_build_is_found_again(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(Design, "clocks", lambda design: [18 * MHZ])
    monkeypatch.setenv("FIRSTSPIKE_CACHE", str(tmp_path / "cache"))
    toy_network().save(tmp_path / "net.npz")
    words = ["--board", "icebreaker", "--lanes", 1, "--clock", "max", "-o", tmp_path / "out"]
    for again in (False, True):
        ended = success(capfd, "build", tmp_path / "net.npz", *words)
        assert ("Yosys" in ended.err) != again
        assert "18 MHz is met" in ended.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    design = Design.of(toy_network(), BOARDS["icebreaker"], Requirements(CoreShape(1), 18 * MHZ))
    known = Placed(report["tools"]).seeds(design, (1, 2))
    assert report["fmax"] == {str(seed): result.fmax for seed, result in known.items()}


@pytest.mark.fast
@pytest.mark.parametrize("family", FACTS)
def test_the_time_of_a_build_is_that_of_the_builds_that_were_measured(family):
    for luts, seconds in FACTS[family].measured:
        assert duration.seconds(family, luts) == pytest.approx(seconds)
    times = [duration.seconds(family, luts) for luts in range(1000, 90_000, 1000)]
    assert times == sorted(set(times))
