# SPDX-License-Identifier: BSD-2-Clause
"""The design for a board, which combines network, lanes, clock and pins."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
from amaranth.build import Platform, ResourceError
from amaranth.build.run import BuildPlan
from amaranth.hdl import Module
from amaranth.lib import wiring

from firstspike.boards.clocking import clocks_for, dividers_for, oscillator_of
from firstspike.boards.families.facts import BoardError
from firstspike.boards.families.pll import MHZ, Dividers
from firstspike.boards.pins.board import Board, Flash, connect_flash
from firstspike.boards.top import Top
from firstspike.golden import Network, NetworkError, Results, bundled_test_set, encode, infer
from firstspike.golden.data.sets import PIXELS
from firstspike.golden.learning.state import held_weights
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import ANY_SHAPE, CoreShape
from firstspike.hdl.clock import ClockError
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flash.image import network_image
from firstspike.hdl.flow.elaboration import uncollected
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.link.handlers.player import check_bench
from firstspike.hdl.link.linked_core import LinkedCore, clocks_a_bit
from firstspike.hdl.link.protocol.formats import BUILD_BYTES
from firstspike.hdl.link.protocol.identity import linked_config
from firstspike.hdl.link.protocol.lines import Line, LineError

from .memories import memories, ring_bytes_of

TOP = "firstspike"
"""Name of the design, and of its files."""

WINDOW = 0
"""Default k of a network without examples: the divisions of a window take logic."""


@dataclass(frozen=True)
class Requirements:
    """Requirements on a design; the planner, or the board, chooses a value of None."""

    shape: CoreShape = ANY_SHAPE
    hz: int | None = None
    """The clock; None for that of a known build, or the board's own."""
    stored_bits: int | None = None
    """Bits of a stored weight of a core that learns; None for a core that does not."""
    bench_images: int = 0
    """Number of images that the design stores to play them."""
    line: Line = Line.UART
    """The line to the host."""


ANY_DESIGN = Requirements()
"""Requirements that leave every choice open."""


@dataclass(frozen=True)
class Design:
    """The design to build."""

    network: Network
    board: Board
    config: CoreConfig
    dividers: Dividers
    bench_images: int = 0
    """Number of images that the design stores to play them."""
    line: Line = Line.UART
    """The line to the host."""
    flashed: bool = False
    """Whether the design reads its weights from the board's flash at power-up."""

    def __post_init__(self):
        if self.line not in self.board.lines:
            raise LineError(
                f"the {self.board.title} has no pins for the link {self.line.value}: take "
                f"{' or '.join(line.value for line in self.board.lines)}, or another board"
            )
        if self.flashed and not self.board.loaded:
            raise NetworkError(
                f"the {self.board.title} has the weights in the bitstream, which is in its flash: "
                "leave --weights flash out"
            )
        if self.flashed and self.board.flash is None:
            raise NetworkError(
                f"the {self.board.title} has no flash that a design can read: leave --weights "
                "flash out, and load them over the link"
            )

    @classmethod
    def of(cls, network: Network, board: Board, required: Requirements) -> "Design":
        """Design a core for the board.

        Without a window, the core gets the fastest one for the network's examples, or WINDOW.
        Raises NetworkError, LineError and ClockError.
        """
        window = required.shape.window
        if window is None and network.examples is None:
            window = WINDOW
        # The block RAM for M limits the lanes of a small chip.
        shape = replace(required.shape, window=window, one_tick=board.loaded)
        config = linked_config(network, shape, stored_bits=required.stored_bits)
        oscillator = oscillator_of(board)
        requested_hz = required.hz or board.clock
        dividers = dividers_for(board.device.family, oscillator, requested_hz)
        rounding = f"for {requested_hz / MHZ:g} MHz the PLL makes {dividers.hz / MHZ:g} MHz, and "
        with convert_errors(
            ClockError, rounding if dividers.hz != requested_hz else "", ClockError
        ):
            clocks_a_bit(required.line, dividers.hz, board.baud)
        first = config.folding.layers[0]
        if board.loaded and (first.rows > 1 or first.pages > 1):
            raise NetworkError(
                f"the {board.title} has the weights in single-port RAM, which cannot be read in "
                "every cycle, as banks and pages are: take one row per cycle, and fewer lanes"
            )
        if config.learns:
            check_learning(board)
        if required.bench_images:
            check_bench(config, required.bench_images)
        return cls(network, board, config, dividers, required.bench_images, required.line)

    def at(self, hz: int) -> "Design":
        """Return the design at another clock. Raises ClockError."""
        dividers = dividers_for(self.board.device.family, self.dividers.oscillator, hz)
        clocks_a_bit(self.line, dividers.hz, self.board.baud)
        return replace(self, dividers=dividers)

    @property
    def hz(self) -> int:
        """The clock that the PLL generates, in whole Hz."""
        return round(self.dividers.hz)

    @property
    def ring_bytes(self) -> int:
        """Bytes of requests that the link can store."""
        return ring_bytes_of(self.config, self.board)

    @property
    def clocks_a_bit(self) -> int:
        """Clock cycles per bit on the line; for SPI the fewest."""
        return clocks_a_bit(self.line, self.dividers.hz, self.board.baud)

    @property
    def bit_rate(self) -> float:
        """Bits per second on the line; for SPI the most."""
        return self.dividers.hz / self.clocks_a_bit

    def clocks(self) -> list[int]:
        """Clocks in whole Hz that the PLL generates and the line supports, the slowest first."""
        frequencies = clocks_for(self.board.device.family, self.dividers.oscillator)
        return sorted({round(hz) for hz in frequencies if self._usable(hz)})

    def _usable(self, hz: float) -> bool:
        """Whether the line works at this clock."""
        try:
            clocks_a_bit(self.line, hz, self.board.baud)
        except ClockError:
            return False
        return True

    @cached_property
    def build_hash(self) -> bytes:
        """The hash of the design, and of weights that nothing else identifies (`_hashed`)."""
        plan = self._hashed().plan(bytes(BUILD_BYTES))
        return hashlib.sha256(plan.files[f"{TOP}.il"].encode()).digest()[:BUILD_BYTES]

    def _hashed(self) -> Self:
        """Return the design without weights: the link, or the flash image, identifies them."""
        blank = tuple(np.zeros_like(weights) for weights in self.network.weights)
        return replace(self, network=replace(self.network, weights=blank))

    def plan(self, build: bytes) -> BuildPlan:
        """Return Amaranth's files and commands for the design; the core reports the hash `build`.

        Raises BoardError if the board's pins or its clock do not match the platform.
        """
        with uncollected():
            top = Top(self.board, self.dividers, self.core(build), self._connect)
            platform = self.board.platform()
            with convert_errors(
                BoardError,
                f"the board {self.board.name} requests what its platform {type(platform).__name__} "
                "has not: ",
                ResourceError,
                after="; change `connect`, or add the resource to the platform",
            ):
                return platform.prepare(top, TOP, emit_src=False)

    @property
    def memories(self) -> list[Memory]:
        """The memories of a design that does not learn."""
        return memories(
            self.config, self.network, self.ring_bytes, self.bench_images, self.shows_digit
        )

    @property
    def shows_digit(self) -> bool:
        """Whether the design contains a digit to show."""
        return takes_digits(self.network)

    @property
    def digit(self) -> np.ndarray | None:
        """The digit to show, bool [n_connected], or None for a network that takes no digits."""
        digits = digit_pixels(self.network, 1)
        return None if digits is None else digits[0] > 127

    @property
    def has_flash(self) -> bool:
        """Whether the design has the pins of the flash."""
        return self.flashed

    @property
    def in_flash(self) -> tuple[int, bytes] | None:
        """Address and content of the flash image besides the bitstream; None without one."""
        return self.flash_image if self.flashed else None

    @property
    def flash_image(self) -> tuple[int, bytes]:
        """Address of the weights in the board's flash, and their image."""
        image = network_image(self.config, self.network.connected(), self.build_hash)
        return self._flash.address, image

    @property
    def _flash(self) -> Flash:
        assert self.board.flash is not None  # checked when the design was made
        return self.board.flash

    @property
    def synthesis(self) -> str:
        """The command of Yosys that synthesises the design."""
        return self.board.device.synthesis

    @property
    def duty(self) -> dict[str, float] | None:
        """Shares of clock cycles in which the parts of a sensor are busy; None without a sensor."""
        return None

    @property
    def talk(self) -> str:
        """Form of the data on the line to the host."""
        return self.line.value

    @property
    def _connect(self) -> Callable[[Module, Platform, Any], None]:
        """Function that connects the core with the board's pins."""
        if not self.flashed:
            return self.board.connect

        def connect(m: Module, platform: Platform, core: Any) -> None:
            self.board.connect(m, platform, core)
            connect_flash(m, platform, core.flash)

        return connect

    def core(self, build: bytes) -> wiring.Component:
        """Return the core with all surrounding blocks, without pins and clock."""
        weights = held_weights(self.network, self.config.stored_bits)
        return LinkedCore(
            self.config,
            self.network,
            clock_hz=self.hz,
            build=build,
            weights=None if self.board.loaded else weights,
            flash_address=self._flash.address if self.flashed else None,
            digit=self.digit,
            ring_bytes=self.ring_bytes,
            bench_images=self.bench_images,
            line=self.line,
            baud=self.board.baud,
        )

    def image_cycles(self, ticks: np.ndarray) -> np.ndarray:
        """Return clock cycles int64 [n] of images int32 [n, n_rows] without pauses in events."""
        return image_cycles(self.network, self.config.folding, ticks)

    def digit_cycles(self, count: int | None = None) -> np.ndarray | None:
        """Return clock cycles int64 [n] of the digits of `digit_pixels`, or None without digits."""
        return _digit_cycles(self.network, self.config.folding, count)


def check_learning(board: Board) -> None:
    """Raise NetworkError for a board whose weights are in a memory that cannot learn."""
    if board.loaded:
        raise NetworkError(
            f"the {board.title} has the weights in single-port RAM, which cannot read one and "
            "write another in a cycle, as learning does: build for an ECP5"
        )


def image_cycles(network: Network, folding: Folding, ticks: np.ndarray) -> np.ndarray:
    """Return clock cycles int64 [n] of images of a core with a link.

    The core has only the connected inputs; images int32 [n, n_rows] arrive without pauses.
    """
    connected = network.connected()
    return cycles(connected, ticks, infer(connected, ticks), folding)


@lru_cache
def _digit_cycles(network: Network, folding: Folding, count: int | None) -> np.ndarray | None:
    """Count the digits' cycles; cached, since the planner tries a folding for many boards."""
    digits = _inferred_digits(network, count)
    return None if digits is None else cycles(network.connected(), *digits, folding)


@lru_cache
def _inferred_digits(network: Network, count: int | None) -> tuple[np.ndarray, Results] | None:
    """Return ticks and golden results of the digits, which are the same for every folding."""
    pixels = digit_pixels(network, count)
    if pixels is None:
        return None
    connected = network.connected()
    ticks = encode(connected, pixels)
    return ticks, infer(connected, ticks)


def digit_pixels(network: Network, count: int | None = None) -> np.ndarray | None:
    """Return the connected pixels uint8 [n, n_connected] of `count` bundled test digits, or of all.

    The digits are spread over the set, whose beginning is easier than the rest. Returns None for a
    network that does not take them (`takes_digits`).
    """
    if not takes_digits(network):
        return None
    pixels = bundled_test_set()[0]
    pixels = pixels[:: len(pixels) // (count or len(pixels))]
    return pixels[:, network.inputs]


def takes_digits(network: Network) -> bool:
    """Whether the network takes black and white digits of the bundled set."""
    return network.takes_bitmap and network.features is None and network.n_inputs == PIXELS
