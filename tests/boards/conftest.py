# SPDX-License-Identifier: BSD-2-Clause
"""One real build a board, for all tests that look into it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from firstspike.boards.building import bitstream, seeds
from firstspike.boards.building.design import BUILD_BYTES, Design, Requirements
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden.timing.shape import CoreShape, lanes_text
from firstspike.hdl.flow.synthesis import Clock, Placement
from firstspike.scripts.main import run_line
from tests.support.command import firstspike, toy_network

LANES, HELD = (3, 4), 6
"""Lanes by layer of the builds, and the number of images that they hold to play."""

CLOCKS = {"icebreaker": 18, "ulx3s-25f": 30}
"""Clock of each board in MHz."""


class Built(NamedTuple):
    """A build of `toy_network`, which is beside its folder as `net.npz`, and what it says."""

    board: str
    design: Design
    folder: Path
    report: dict[str, Any]
    text: str


@pytest.fixture(scope="session", params=CLOCKS)
def built(request, tmp_path_factory) -> Built:
    """Synthesise, place, route and pack a build for an iCE40 and one for an ECP5."""
    board, mhz = request.param, CLOCKS[request.param]
    place = tmp_path_factory.mktemp(board)
    network = toy_network()
    network.save(place / "net.npz")
    line = f"--board {board} --lanes {lanes_text(LANES)} --clock {mhz} --bench {HELD} --seed 1"
    words = ["build", str(place / "net.npz"), *line.split(), "-o", str(place / "out")]
    assert run_line(words) == 0
    report = json.loads((place / "out" / "report.json").read_text())
    design = Design.of(
        network, BOARDS[board], Requirements(CoreShape(LANES), bench_images=HELD, hz=mhz * MHZ)
    )
    return Built(board, design, place / "out", report, (place / "out" / "report.txt").read_text())


@pytest.fixture(scope="session")
def files():
    """Amaranth's files of a design; any design will do where no tool reads them."""
    return Design.of(toy_network(), BOARDS["icebreaker"], Requirements(CoreShape(4))).plan(
        bytes(BUILD_BYTES)
    )


@pytest.fixture
def fake(monkeypatch, tmp_path, files):
    """A build without its tools: nothing is synthesised, and a placement reaches a given clock.

    Returns the function that runs the verb: `fmax` has the MHz by seed, or gives them for the clock
    in Hz and the seed. The seeds that were placed are in its `placed`, with their clocks in `at`;
    `report` reads the report in its `folder`.
    """
    monkeypatch.chdir(tmp_path)
    toy_network().save("net.npz")
    monkeypatch.setattr(Design, "plan", lambda design, build: files)

    def synthesise(design, *_):
        build.hz = design.hz
        return {"LUTs": 1000, "block RAM": 5}

    monkeypatch.setattr(bitstream, "_synthesise", synthesise)

    def pack(name, words, folder, native):
        (folder / "firstspike.bin").write_bytes(b"bits")

    monkeypatch.setattr(bitstream, "run_tool", pack)
    build_layout = {"faults": 0, "first": [], "pins": 7, "luts": 5}
    monkeypatch.setattr(bitstream, "layout_record", lambda *_: build.layout)

    def build(capfd, fmax, *words):
        build.placed, build.at = [], []

        def place(family, words, folder, native, tell):
            seed = int(words[words.index("--seed") + 1])
            build.placed.append(seed)
            if callable(fmax):
                clock = Clock(fmax(build.hz, seed), build.hz / MHZ)
            else:
                clock = Clock(fmax[seed], 24.0)
            build.at.append((build.hz, seed))
            return Placement({"clk": clock}, {})

        monkeypatch.setattr(seeds, "place_and_route", place)
        board = ["--board", "icebreaker", "--lanes", 4]
        return firstspike(capfd, "build", "net.npz", *board, *words)

    build.layout, build.folder = build_layout, tmp_path / "build" / "net-icebreaker"
    build.report = lambda: json.loads((build.folder / "report.json").read_text())
    return build
