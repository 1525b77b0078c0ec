# SPDX-License-Identifier: BSD-2-Clause
"""Places random designs, one after the other, for the estimates of logic and clock.

    python -m docs.measurements.random_builds --build $(seq 52 55)     those of four numbers
    python -m docs.measurements.random_builds --hx8k 0 2 7             prints builds for an HX8K
    python -m docs.measurements.random_builds                      how far off the estimates are

`boards/building/random_builds.json` keeps each build as soon as it is placed, and no build is made
twice. A design is drawn with its number as the seed. Boards, kinds of first layers and depth take
turns, the rest is random; a design that does not fit by the estimates is drawn anew. Designs are
small, so that a build takes a few minutes.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import count, pairwise
from time import monotonic
from typing import NamedTuple

import numpy as np

from firstspike.boards.building import clock, logic
from firstspike.boards.building.bitstream import Flow, build, logic_of, tools_for
from firstspike.boards.building.design import Design, Requirements
from firstspike.boards.building.known_builds import KnownBuild, known_builds
from firstspike.boards.building.memories import memories, memory_needs, ring_bytes_of
from firstspike.boards.building.plan import needs_of
from firstspike.boards.building.random_builds import BUILDS, RandomBuild, random_builds
from firstspike.boards.families.registry import facts_of
from firstspike.boards.pins.board import Board
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import Network, NetworkError
from firstspike.golden.system.files import replace_file
from firstspike.golden.system.temporary import temporary_folder
from firstspike.golden.timing.folding import DEFAULT_WINDOW
from firstspike.golden.timing.layer import ROWS
from firstspike.golden.timing.shape import CoreShape
from firstspike.golden.widths import state_widths
from firstspike.hdl.flow.devices import ECP5, ICE40
from firstspike.hdl.flow.toolchain import ToolError
from firstspike.sim.harness.networks import network_of
from tests.boards.test_board_files import BREAKOUT

SEED = 1
"""Seed of the placement."""

TURNS = ("icebreaker", "ulx3s-25f", "icebreaker", "ulx3s-45f", "ulx3s-85f")
MOST_LUTS = 11_000
ROOM = 0.95
"""Share of what the planner fills: a design that does not fit teaches nothing."""
GROUPS = ((1, 1), (2, 4), (5, 40))
"""Ranges for the number of groups of the first layer."""


def drawn(number: int, board: Board | None = None) -> tuple[Design, int, int, int]:
    """The design of a number, by default for the board in turn; its lanes, rows and window."""
    board = board or BOARDS[TURNS[number % len(TURNS)]]
    small = board.device.family is ICE40
    for draw in _random(number):
        hidden = 1 + number // 2 % (2 if small else 3)
        bits = int(draw.integers(2, 9))
        connected = int(draw.integers(40, 500))
        least, most = GROUPS[number % len(GROUPS)]
        groups = int(draw.integers(least, most + 1))
        # Networks with one group have many lanes.
        fewest, highest = (10, 90) if groups == 1 and not small else (2, 16 if small else 40)
        lanes = int(np.exp(draw.uniform(np.log(fewest), np.log(highest + 1))))
        rows = 1 if small else int(draw.choice(ROWS))
        window = DEFAULT_WINDOW if groups > 1 and draw.random() < 0.4 else 0
        encoding = "binary" if rows > 1 or draw.random() < 0.7 else "levels-8"
        sizes = [connected, lanes * groups, *draw.integers(8, 60, hidden - 1), 10]
        network = _network(draw, sizes, bits, encoding)
        try:
            design = Design.of(network, board, Requirements(CoreShape(lanes, window, rows=rows)))
        except NetworkError:
            continue  # such as pages in a single-port RAM
        needs, holds = needs_of(design), board.device.holds
        room = min(ROOM * holds["LUTs"] * facts_of(board.device.family).fill, MOST_LUTS)
        if needs["LUTs"] <= room and all(needs[name] <= holds.get(name, 0) for name in needs):
            return design, lanes, rows, window
    raise AssertionError  # it draws for ever


def _random(number: int) -> Iterator[np.random.Generator]:
    for attempt in count():
        yield np.random.default_rng([number, attempt])


def _network(draw: np.random.Generator, sizes: list[int], bits: int, encoding: str) -> Network:
    """Weights of any sparsity, and thresholds and deadlines as training makes them."""
    limit = 1 << (bits - 1)
    unit = int(draw.choice([16, 16, 32]))
    weights = []
    for n_in, n_out in pairwise(sizes):
        shape, share = (int(n_in), int(n_out)), draw.uniform(0.1, 1)
        weights.append(draw.integers(-limit, limit, shape) * (draw.random(shape) < share))
    thresholds = [max(1, int(limit * draw.uniform(0.3, 1.5))) for _ in weights]
    return network_of(
        weights,
        thresholds,
        bits=bits,
        unit=unit,
        deadline=6 * unit,
        n_inputs=max(784, sizes[0]) if encoding == "binary" else None,
        encoding=encoding,
    )


def placed(number: int, board: Board | None = None) -> RandomBuild:
    """Place the design of a number. Raises ToolError where it does not fit."""
    design, lanes, rows, window = drawn(number, board)
    tools = tools_for(design.board)
    with temporary_folder() as folder:
        report = build(design, folder, Flow(tools, [SEED]))
    used, network = report["used"], design.network
    return RandomBuild(
        number=number,
        board=design.board.name,
        shape=network.shape,
        connected=len(network.inputs),
        bits=network.weight_bits[0],
        thresholds=network.thresholds,
        deadline=network.deadline,
        encoding=network.encoding,
        widths=tuple(map(tuple, state_widths(network))),
        lanes=lanes,
        rows=rows,
        window=window,
        clock=design.hz,
        seed=SEED,
        fmax=report["fmax"][SEED],
        luts=logic_of(report),
        flip_flops=used["flip-flops"],
        block_ram=used["block RAM"],
        spram=used["SPRAM"],
        tools=", ".join(tools),
    )


class Judged(NamedTuple):
    """How far off estimates are: relative, block RAM by number."""

    luts: float
    block_ram: int
    fmax: float


def judged(build: RandomBuild) -> Judged:
    """Return the estimate of a build by rules fitted to the builds that are not held out."""
    one, family = KnownBuild.of_random(build), BOARDS[build.board].device.family
    fitted_to = [other for other in known_builds() if not other.held_out]
    luts = logic.features_of(one.config) @ logic.rule_of(family, fitted_to).coefficients
    features = clock.features_of(one.config, one.board, one.luts)
    fmax = np.exp(features @ clock.rule_of(family, fitted_to).coefficients)
    held = memories(one.config, build.network(), ring_bytes_of(one.config, one.board))
    needs = memory_needs(held, one.board)
    return Judged(
        (luts - one.logic) / one.luts, needs["block RAM"] - build.block_ram, fmax / one.fmax - 1
    )


def judge() -> None:
    """Print what there is to say of the estimates."""
    for one in random_builds():
        off = judged(one)
        print(
            f"{one.number}, {one.board}{', held out' if one.held_out else ''}: LUTs "
            f"{off.luts:+.1%}, block RAM {off.block_ram:+}, MHz {off.fmax:+.1%}"
        )
    for family in (ECP5, ICE40):
        errors = logic.rule(family).error, clock.rule(family).error
        print(f"{family.name}, one left out: LUTs {errors[0]:.1%}, MHz {errors[1]:.1%}")


def text_of(builds: Iterable[RandomBuild]) -> str:
    """Return the text of random_builds.json: one line per build."""
    lines = ",\n".join(json.dumps(asdict(build)) for build in builds)
    return f"[\n{lines}\n]\n"


def main() -> None:
    """Place what is missing, or judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=int, nargs="+", metavar="NUMBER", help="of a design")
    parser.add_argument("--hx8k", type=int, nargs="+", metavar="NUMBER", default=())
    arguments = parser.parse_args()
    numbers = arguments.build
    for number in arguments.hx8k:
        print(placed(number, BREAKOUT), flush=True)
    if arguments.hx8k:
        return
    if numbers is None:
        judge()
        return
    builds = {build.number: build for build in random_builds()}
    for number in numbers:
        if number in builds:
            continue
        began = monotonic()
        try:
            last = builds[number] = placed(number)
        except ToolError as error:
            print(f"{number}: {error}", flush=True)
            continue
        replace_file(BUILDS, text_of(builds[one] for one in sorted(builds)).encode())
        print(
            f"{number}: {last.board}, {last.lanes} lanes, {last.rows} rows, {last.luts} LUTs, "
            f"{last.fmax:.1f} MHz, {monotonic() - began:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
