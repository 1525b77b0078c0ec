"""The design for a board: network, lanes, clock and pins put together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from amaranth.build.run import BuildPlan

from firstspike.boards.clocking import dividers_for
from firstspike.boards.pins.board import Board
from firstspike.boards.pll import Dividers
from firstspike.boards.top import Top
from firstspike.golden import Network
from firstspike.golden.learning.state import held_weights
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.folding import linked_folding
from firstspike.hdl.link.protocol import BUILD_BYTES
from firstspike.hdl.link.serial_core import SerialCore
from firstspike.hdl.link.uart import divisor_of

from .digits import digit_pixels

TOP = "firstspike"
"""Name of the design, and of its files."""

WINDOW = 0
"""k by default: the crossings of a window take logic that is better spent on lanes."""


@dataclass(frozen=True)
class Design:
    """What is to be built."""

    network: Network
    board: Board
    config: CoreConfig
    stored_bits: int | None
    dividers: Dividers

    @classmethod
    def of(
        cls,
        network: Network,
        board: Board,
        lanes: int,
        window: int = WINDOW,
        hz: int | None = None,
        stored_bits: int | None = None,
    ) -> Design:
        """A design for the board; `window` is k, the clock (Hz) None for the board's own.

        With `stored_bits` its core learns. Raises NetworkError and ClockError.
        """
        folding = linked_folding(network, lanes, window)
        oscillator = round(board.platform().default_clk_frequency)
        dividers = dividers_for(board.device.family, oscillator, hz or board.clock)
        divisor_of(dividers.hz)
        config = CoreConfig.of(network.connected(), folding, stored_bits=stored_bits)
        return cls(network, board, config, stored_bits, dividers)

    @property
    def hz(self) -> int:
        """The clock the PLL makes, in whole Hz."""
        return round(self.dividers.hz)

    def build_hash(self) -> bytes:
        """What the design is known by; networks that differ in weights alone have the same."""
        blank = tuple(np.zeros_like(weights) for weights in self.network.weights)
        plan = replace(self, network=replace(self.network, weights=blank)).plan(bytes(BUILD_BYTES))
        return hashlib.sha256(plan.files[f"{TOP}.il"].encode()).digest()[:BUILD_BYTES]

    def plan(self, build: bytes) -> BuildPlan:
        """Amaranth's files and commands for it; `build` is the hash that it tells."""
        weights = held_weights(self.network, self.stored_bits)
        serial_core = SerialCore(
            self.config,
            self.network,
            clock_hz=self.hz,
            build=build,
            weights=None if self.board.loaded else weights,
            digit=self._digit(),
            ring_bytes=self.board.ring_bytes,
        )
        return self.board.platform().prepare(
            Top(self.board, self.dividers, serial_core), TOP, emit_src=False
        )

    def _digit(self) -> np.ndarray | None:
        pixels = digit_pixels(self.network, 1)
        return None if pixels is None else pixels[0] > 127
