"""The planner: whether a network fits on a board, with how many lanes, and how fast it is."""

from collections import Counter
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from firstspike.boards.pins.board import Board
from firstspike.boards.pll import MHZ
from firstspike.golden import Network, NetworkError, load_network, shipped
from firstspike.golden.timing.folding import DEFAULT_LANES
from firstspike.hdl.flow.devices import ECP5, ICE40, RESOURCES

from .design import WINDOW, Design
from .logic import luts
from .memories import blocks, memories

FILL = {ICE40: 0.97, ECP5: 0.85}
"""How much of the logic may be used: nextpnr needs some room, and what it has to fill is slow."""

SAMPLE = 2000
"""Bundled test digits whose clock cycles are counted."""


@dataclass(frozen=True)
class Plan:
    """What becomes of a network on a board."""

    board: Board
    design: Design | None
    """None if nothing fits."""
    reason: str
    """Why not, or empty."""
    needs: dict[str, int]
    """Of the device's resources: of the design, or of one that fits nearly."""

    @property
    def lanes(self) -> int | None:
        """Of the widest layer; None if nothing fits."""
        if self.design is None:
            return None
        return max(layer.lanes for layer in self.design.config.folding.layers)

    def latency(self, ticks: np.ndarray | None = None) -> float | None:
        """Expected microseconds, in the mean of images [n, n_rows], or of the bundled digits.

        None where nothing fits, or where the network takes no digits.
        """
        if self.design is None:
            return None
        design = self.design
        cycles = design.digit_cycles(SAMPLE) if ticks is None else design.image_cycles(ticks)
        return None if cycles is None else float(cycles.mean()) * MHZ / design.hz


def plan_for(
    network: Network,
    board: Board,
    window: int = WINDOW,
    hz: int | None = None,
    bench_images: int = 0,
) -> Plan:
    """The design with the most lanes that fits; `window` is k, `hz` None for the board's own clock.

    It holds `bench_images` to play. Raises ClockError.
    """
    widest = max(weights.shape[1] for weights in network.weights)
    nearest, least = None, inf
    # Fewer lanes for the same groups would not be faster.
    for lanes in dict.fromkeys(ceil(widest / groups) for groups in range(1, widest + 1)):
        try:
            design = Design.of(network, board, lanes, window, hz, bench_images=bench_images)
        except NetworkError as error:
            return Plan(board, None, str(error), {})
        needs = needs_of(design)
        room = {resource: _room(board, resource) for resource in needs}
        over = {resource: need for resource, need in needs.items() if need > room[resource]}
        if not over:
            return Plan(board, design, "", needs)
        missing = sum(need / room[resource] - 1 for resource, need in over.items())
        if missing < least:
            excess = ", ".join(
                f"{need} of {room[resource]} {resource}" for resource, need in over.items()
            )
            reason = f"with {lanes} lane{'s' if lanes > 1 else ''} it takes {excess}"
            nearest, least = Plan(board, None, reason, needs), missing
    assert nearest is not None
    return nearest


def fitting(board: Board) -> str | None:
    """The name of the largest shipped network that fits on the board, None if none does."""
    networks = {name: load_network(name) for name in shipped()}
    fits = [name for name, network in networks.items() if plan_for(network, board).design]
    return max(fits, key=lambda name: _bits(networks[name]), default=None)


def _bits(network: Network) -> int:
    """Of all weights."""
    sized = zip(network.weights, network.weight_bits, strict=True)
    return sum(weights.size * bits for weights, bits in sized)


def chosen_design(
    network: Network,
    board: Board,
    lanes: int | None = None,
    window: int = WINDOW,
    hz: int | None = None,
    stored_bits: int | None = None,
    rows: int | None = None,
    bench_images: int = 0,
    overlap: bool | None = None,
) -> Design:
    """The design with these lanes, None for as many as fit; the rest is as for `Design.of`.

    A core that learns, which no plan is made for, has DEFAULT_LANES. Raises ClockError, and
    NetworkError also where nothing fits.
    """
    if lanes is None and stored_bits:
        lanes = DEFAULT_LANES
    if lanes is None:
        plan = plan_for(network, board, window, hz, bench_images)
        if plan.design is None:
            advice = f"; {name} does" if (name := fitting(board)) else ""
            raise NetworkError(
                f"the network does not fit on the {board.title}: {plan.reason}{advice}"
            )
        return plan.design
    return Design.of(network, board, lanes, window, hz, stored_bits, rows, bench_images, overlap)


def needs_of(design: Design) -> dict[str, int]:
    """What a design takes of the board's device; look-up tables by an estimate."""
    family = design.board.device.family
    needs = Counter({"LUTs": luts(design.config, family, design.bench_images > 0)})
    for memory in memories(
        design.config, design.network, design.board.ring_bytes, design.bench_images
    ):
        needs.update(blocks(memory, family, design.board.loaded))
    return {resource: needs[resource] for resource in RESOURCES if needs[resource]}


def _room(board: Board, resource: str) -> int:
    holds = board.device.holds.get(resource, 0)
    return int(holds * FILL[board.device.family]) if resource == "LUTs" else holds
