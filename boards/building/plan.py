"""The planner: whether a network fits on a board, with how many lanes, and how fast it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from firstspike.boards.pins.board import Board
from firstspike.boards.pll import MHZ
from firstspike.golden import Network, NetworkError, load_network, shipped
from firstspike.golden.timing.folding import DEFAULT_LANES
from firstspike.hdl.flow.devices import ECP5, ICE40

from .design import WINDOW, Design
from .digits import digit_cycles, digit_pixels
from .logic import luts
from .memories import Blocks, blocks, memories

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
        return self.design and max(layer.lanes for layer in self.design.config.folding.layers)

    def latency(self) -> float | None:
        """Expected microseconds a digit, in the mean; None where there are none for it."""
        pixels = self.design and digit_pixels(self.design.network, SAMPLE)
        if pixels is None:
            return None
        cycles = digit_cycles(self.design.network, self.design.config.folding, pixels)
        return float(cycles.mean()) * MHZ / self.design.hz


def plan_for(network: Network, board: Board, window: int = WINDOW, hz: int | None = None) -> Plan:
    """The design with the most lanes that fits; `window` is k, `hz` None for the board's own clock.

    Raises ClockError.
    """
    nearest: tuple[float, int, dict[str, int]] | None = None
    for lanes in _lanes(network):
        try:
            design = Design.of(network, board, lanes, window, hz)
        except NetworkError as error:
            return Plan(board, None, str(error), {})
        needs = needs_of(design)
        missing = sum(
            max(0.0, number / _room(board, resource) - 1) for resource, number in needs.items()
        )
        if not missing:
            return Plan(board, design, "", needs)
        if nearest is None or missing < nearest[0]:
            nearest = missing, lanes, needs
    _, lanes, needs = nearest
    excess = [
        f"{number} of {_room(board, resource)} {resource}"
        for resource, number in needs.items()
        if number > _room(board, resource)
    ]
    plural = "s" if lanes > 1 else ""
    return Plan(board, None, f"with {lanes} lane{plural} it takes {', '.join(excess)}", needs)


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
) -> Design:
    """The design with these lanes, None for as many as fit; the rest is as for `Design.of`.

    A core that learns, which no plan is made for, has DEFAULT_LANES. Raises ClockError, and
    NetworkError also where nothing fits.
    """
    if lanes is None and stored_bits:
        lanes = DEFAULT_LANES
    if lanes is None:
        plan = plan_for(network, board, window, hz)
        if plan.design is None:
            advice = f"; {name} does" if (name := fitting(board)) else ""
            raise NetworkError(
                f"the network does not fit on the {board.title}: {plan.reason}{advice}"
            )
        return plan.design
    return Design.of(network, board, lanes, window, hz, stored_bits)


def needs_of(design: Design) -> dict[str, int]:
    """What a design takes of the board's device; look-up tables by an estimate."""
    family, loaded = design.board.device.family, design.board.loaded
    total = Blocks()
    for memory in memories(design.config, design.network, design.board.ring_bytes):
        total += blocks(memory, family, loaded)
    needs = {
        "LUTs": luts(design.config, family) + total.luts,
        "block RAM": total.block_ram,
        "SPRAM": total.spram,
    }
    return {resource: number for resource, number in needs.items() if number}


def _room(board: Board, resource: str) -> int:
    holds = board.device.holds.get(resource, 0)
    return int(holds * FILL[board.device.family]) if resource == "LUTs" else holds


def _lanes(network: Network) -> Iterator[int]:
    """The numbers of lanes that make sense for the widest layer: fewer for the same groups."""
    widest = max(weights.shape[1] for weights in network.weights)
    before = None
    for groups in range(1, widest + 1):
        lanes = ceil(widest / groups)
        if lanes != before:
            yield lanes
        before = lanes
