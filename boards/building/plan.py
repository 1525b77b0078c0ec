# SPDX-License-Identifier: BSD-2-Clause
"""The planner: whether a network fits on a board, with how many lanes and rows, and how fast it is.

The plan is the fastest known build of exactly this network for the board, or for a board with the
same die. Without such a build it is the fastest design that fits by an estimate.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from math import ceil, inf
from typing import NamedTuple

import numpy as np

from firstspike.boards.families.pll import MHZ
from firstspike.boards.families.registry import facts_of
from firstspike.boards.pins.board import Board
from firstspike.golden import Network, NetworkError, encode, load_network, shipped
from firstspike.golden.timing.folding import DEFAULT_LANES, DEFAULT_WINDOW
from firstspike.golden.timing.layer import ROWS
from firstspike.golden.timing.shape import CoreShape, Lanes, lanes_text
from firstspike.hdl.flow.devices import RESOURCES

from . import clock, duration, logic
from .design import ANY_DESIGN, WINDOW, Design, Requirements, digit_pixels
from .memories import memory_needs, most_bits
from .shipped_builds import ShippedBuild, bits_read, builds_of, widest

SHARES = (1, 2, 4)
"""Divisors of the lanes of the first layer, for trial lanes of further hidden layers."""

FEW_LANES = (4, 3, 2, 1)
"""Trial numbers of lanes for a layer with little work, such as the last one."""

SAMPLE = 2000
"""Approximate number of images whose clock cycles are counted, if there are enough."""

FEW = 200
"""Approximate number of images for a comparison of lanes, and for convolving networks, whose images
take long to count."""


class Estimated(NamedTuple):
    """Estimates for a design that was not placed, and their errors."""

    luts_error: float
    """Relative error of the look-up tables: one standard deviation."""
    fmax: float
    """MHz."""
    fmax_error: float


@dataclass(frozen=True)
class Plan:
    """The planned design of a network on a board."""

    board: Board
    design: Design | None
    """None if nothing fits."""
    reason: str
    """Reason why nothing fits, or empty."""
    needs: dict[str, int]
    """Resources of the device that the design needs, or those of a design that nearly fits."""
    build: ShippedBuild | None = None
    """The known build, possibly on a board with the same die; None for an estimate."""

    @property
    def estimated(self) -> Estimated | None:
        """Estimates of the design; None if nothing fits, or if its build is known."""
        if self.design is None or self.build:
            return None
        family = self.board.device.family
        fmax = clock.megahertz(self.design, self.needs["LUTs"])
        return Estimated(logic.rule(family).error, fmax, clock.rule(family).error)

    @property
    def seconds(self) -> float | None:
        """Approximate seconds of a build with one seed; None if nothing fits."""
        if self.design is None:
            return None
        return duration.seconds(self.board.device.family, self.needs["LUTs"])

    @property
    def lanes(self) -> Lanes | None:
        """Lanes of all layers, as a single number if that is sufficient; None if nothing fits."""
        return None if self.design is None else self.design.config.folding.lanes

    @property
    def rows(self) -> int | None:
        """R of the first layer; None if nothing fits."""
        return self._most("rows")

    @property
    def window(self) -> int | None:
        """k of the hidden layers; None if nothing fits."""
        return self._most("window")

    def _most(self, figure: str) -> int | None:
        if self.design is None:
            return None
        return max(getattr(layer, figure) for layer in self.design.config.folding.layers)

    def latency(self, ticks: np.ndarray | None = None) -> float | None:
        """Return the expected mean microseconds of images [n, n_rows], or of the bundled digits.

        A network that takes no digits is timed with its examples. Only a sample, spread over all
        images, is counted. Returns None if nothing fits, or without images.
        """
        if self.design is None:
            return None
        design = self.design
        count = FEW if design.network.geometry else SAMPLE
        cycles = design.digit_cycles(count) if ticks is None else None
        images = design.network.examples if ticks is None else ticks
        if cycles is None and images is not None:
            cycles = design.image_cycles(_spread(images, count))
        return None if cycles is None else float(cycles.mean()) * MHZ / design.hz


def plan_for(
    network: Network,
    board: Board,
    required: Requirements = ANY_DESIGN,
    ticks: np.ndarray | None = None,
) -> Plan:
    """Plan the design with the fewest microseconds per image, with lanes chosen by the planner.

    A known build applies to every line, which changes nothing else. The times are those of the
    images `ticks` [n, n_rows], or of the bundled digits. Raises ClockError and LineError.
    """
    shape = required.shape
    known = [
        _plan_of(build, replace(design, line=required.line))
        for build, design in builds_of(network, board)
        if shape.window in (None, build.shape.window)
        and shape.rows in (None, build.shape.rows)
        and required.hz in (None, design.hz)
        and (required.bench_images, bool(shape.overlap)) == (0, build.shape.overlap)
    ]
    few = _few_images(network, ticks)
    limited = not (shape.rows or shape.overlap)
    planner = _Planner(network, board, required, limited, few)
    hopeless = _hopeless(network, board)
    choices = islice(_choices(network, shape, few is not None), 1 if hopeless else None)
    plans = known or [planner.plan(one) for one in choices]
    # If cycles are equal, or cannot be counted, min returns the first plan.
    return min(plans, key=lambda plan: (plan.design is None, plan.latency(ticks) or inf))


def _spread(images: np.ndarray, count: int) -> np.ndarray:
    """Return about `count` of the images [n, ...], spread over all; all if there are fewer."""
    return images[:: max(1, len(images) // count)]


def _few_images(network: Network, ticks: np.ndarray | None) -> np.ndarray | None:
    """Return a few of the images `ticks` [n, n_rows], the digits or the examples, or None."""
    if ticks is None and (pixels := digit_pixels(network, FEW)) is not None:
        return encode(network.connected(), pixels)
    images = network.examples if ticks is None else ticks
    return None if images is None else _spread(images, FEW)


def _plan_of(build: ShippedBuild, design: Design) -> Plan:
    measured = {"LUTs": build.luts, "block RAM": build.block_ram}
    return Plan(design.board, design, "", needs_of(design) | measured, build)


def _choices(network: Network, shape: CoreShape, counted: bool = True) -> Iterator[CoreShape]:
    """Yield every choice of R and k, or only the first if no cycles are `counted`.

    A network without bitmaps has only R = 1: its events arrive over the link one at a time.
    """
    rows = ROWS if counted and network.takes_bitmap else ROWS[:1]
    windows = (WINDOW, DEFAULT_WINDOW)[: 1 + counted]
    for r in (shape.rows,) if shape.rows else rows:
        for k in windows if shape.window is None else (shape.window,):
            yield replace(shape, rows=r, window=k)


@dataclass(frozen=True)
class _Planner:
    """Plans designs of a network for a board, with the most lanes that fit.

    With `limited`, the weight store of a core with several rows is at most as wide as one that has
    been placed. The clock of a wider store depends on wires, which estimates do not model.
    """

    network: Network
    board: Board
    required: Requirements
    limited: bool
    few: np.ndarray | None
    """Images [n, n_rows] with which designs are compared; None if no cycles are counted."""

    def plan(self, shape: CoreShape) -> Plan:
        """Plan the fastest lanes: one number for all layers, or a number per layer.

        Numbers per layer are skipped if another plan has as few groups in each layer.
        """
        first, *further = self._columns
        alike = self._first_that_fits(shape, _fewer(max(first, *further, 0)))
        if not further or _hopeless(self.network, self.board):
            return alike
        plans = [alike]
        shares = SHARES if len(further) > 1 else SHARES[:1]
        most: Sequence[int] = FEW_LANES  # trials, if no single number fits
        if alike.design:
            most = [P for P in _fewer(first) if ceil(first / P) <= _groups(alike)[0]]
        for share, last in product(shares, (None, further[-1], *FEW_LANES)):
            lanes = (self._by_layer(P, share, last or P) for P in most)
            plan = self._first_that_fits(shape, lanes)
            if plan.design and not any(_no_slower(other, plan) for other in plans):
                plans.append(plan)
        return min(plans, key=self._cycles)

    @property
    def _columns(self) -> list[int]:
        """The largest useful number of lanes of each layer."""
        return [layer.columns for layer in self.network.layers]

    def _cycles(self, plan: Plan) -> float:
        """Return cycles of the few images, or of the weights if all inputs and neurons spike."""
        if plan.design is None:
            return inf
        if self.few is not None:
            return float(plan.design.image_cycles(self.few).mean())
        folding = plan.design.config.folding
        return float(folding.bound(np.array([layer.kind.reach.sum() for layer in folding.layers])))

    def _by_layer(self, most: int, share: int, last: int) -> tuple[int, ...]:
        """Return lanes: `most` for the first layer, a share of it for hidden ones, and `last`."""
        _, *hidden, outputs = self._columns
        return (most, *(max(1, min(most // share, n)) for n in hidden), min(last, outputs))

    def _first_that_fits(self, shape: CoreShape, choices: Iterable[Lanes]) -> Plan:
        """Plan the first of the choices that fits, or report the needs of the nearest one."""
        limit = widest(self.board.device.family) if self.limited and shape.rows != 1 else inf
        nearest, least = Plan(self.board, None, "", {}), inf
        for lanes in choices:
            try:
                required = replace(self.required, shape=replace(shape, lanes=lanes))
                design = Design.of(self.network, self.board, required)
            except NetworkError as error:
                if not nearest.reason:
                    nearest = replace(nearest, reason=str(error))
                continue
            if bits_read(design) > limit:
                continue
            needs = needs_of(design)
            room = {resource: _room(self.board, resource) for resource in needs}
            over = {resource: need for resource, need in needs.items() if need > room[resource]}
            if not over:
                return Plan(self.board, design, "", needs)
            missing = sum(need / room[resource] - 1 for resource, need in over.items())
            if missing < least:
                names = {"LUTs": self.board.device.family.logic}
                excess = ", ".join(
                    f"{need} of {room[resource]} {names.get(resource, resource)}"
                    for resource, need in over.items()
                )
                reason = (
                    f"with {lanes_text(lanes)} lane{'s' if lanes != 1 else ''} it takes {excess}"
                )
                nearest, least = Plan(self.board, None, reason, needs), missing
        return nearest


def _fewer(size: int) -> list[int]:
    """Return useful lanes of a layer of this size, the most first: one per number of groups."""
    return list(dict.fromkeys(ceil(size / groups) for groups in range(1, size + 1)))


def _groups(plan: Plan) -> list[int]:
    """Return the groups of each layer of a plan that fits."""
    assert plan.design is not None
    return [layer.groups for layer in plan.design.config.folding.layers]


def _no_slower(one: Plan, other: Plan) -> bool:
    """Whether a plan has as few groups as another one in each layer."""
    return one.design is not None and all(
        ours <= theirs for ours, theirs in zip(_groups(one), _groups(other), strict=True)
    )


def fitting(board: Board) -> str | None:
    """Return the name of the largest shipped network that fits on the board, or None."""
    networks = {name: load_network(name) for name in shipped()}
    for name in sorted(networks, key=lambda name: -_bits(networks[name])):
        if not _hopeless(networks[name], board) and plan_for(networks[name], board).design:
            return name
    return None


def _hopeless(network: Network, board: Board) -> bool:
    """Whether the weights have more bits than the chip, so that no number of lanes fits."""
    return _bits(network) > most_bits(board.device)


def _bits(network: Network) -> int:
    """Return the bits of all weights."""
    sized = zip(network.weights, network.weight_bits, strict=True)
    return sum(weights.size * bits for weights, bits in sized)


def chosen_design(network: Network, board: Board, required: Requirements) -> Design:
    """Return the required design, with planned lanes if its shape has none.

    A core that learns is not planned: its default is DEFAULT_LANES lanes. Raises ClockError, and
    NetworkError also if nothing fits.
    """
    if required.shape.lanes is None and required.stored_bits:
        required = replace(required, shape=replace(required.shape, lanes=DEFAULT_LANES))
    if required.shape.lanes is None:
        plan = plan_for(network, board, required)
        if not plan.needs:  # it is not the size
            raise NetworkError(plan.reason)
        if plan.design is None:
            # Another network would be planned without these requirements.
            is_plain = replace(required, hz=None) == Requirements()
            name = fitting(board) if is_plain else None
            advice = f"; {name} does" if name else ""
            raise NetworkError(
                f"the network does not fit on the {board.title}: {plan.reason}{advice}"
            )
        return plan.design
    return Design.of(network, board, required)


def needs_of(design: Design) -> dict[str, int]:
    """Return the resources of the board's device for a design; look-up tables are estimated."""
    family = design.board.device.family
    plays = design.bench_images > 0
    needs = memory_needs(design.memories, design.board)
    needs["LUTs"] += logic.luts(design.config, family, plays)
    return {resource: needs[resource] for resource in RESOURCES if needs[resource]}


def _room(board: Board, resource: str) -> int:
    holds = board.device.holds.get(resource, 0)
    return int(holds * facts_of(board.device.family).fill) if resource == "LUTs" else holds
