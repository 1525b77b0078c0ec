# SPDX-License-Identifier: BSD-2-Clause
"""The design of a standalone board."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from amaranth.build import Platform
from amaranth.hdl import Module

from firstspike.boards.clocking import dividers_for, oscillator_of
from firstspike.boards.pins.board import Board, Standalone, connect_flash, connect_uart
from firstspike.boards.pins.sensors import CONNECTIONS
from firstspike.golden import Network, NetworkError
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape, Lanes, lanes_text
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.flow.elaboration import uncollected
from firstspike.hdl.lib.memories import Memory, memories_built
from firstspike.hdl.link.protocol.formats import BUILD_BYTES
from firstspike.hdl.standalone.core import BAUD, Sensor, StandaloneCore

from .design import WINDOW, Design
from .memories import memory_needs

TALK = "text"
"""Form of the output of a standalone design, whose only input is a status request."""

LOADED_LANES = (3, 2, 1)
"""Default lanes of a hidden layer with weights in single-port RAM: the first number that fits."""

EMBEDDED_LANES = (4,)
"""The same with weights in the bitstream: four weights of 8 bits use most of a block RAM's word."""


@dataclass(frozen=True)
class StandaloneDesign(Design, ABC):
    """A core with a sensor, whose weights are in the flash of the board, or in the bitstream.

    There is a subclass per kind of sensor.
    """

    sensor: str = field(kw_only=True)
    """Name of the sensor in options."""

    @classmethod
    def of_sensor(
        cls,
        network: Network,
        board: Board,
        shape: CoreShape,
        hz: int | None,
        sensor: str,
        title: str,
    ) -> Self:
        """Design a core of this shape with a sensor; `title` is the name of the sensor in messages.

        Without `hz`, the board's default clock for the sensor is used; without a window, WINDOW;
        and without lanes, those of the constants above, and one lane for the last layer. Raises
        NetworkError, also if the memories exceed those of a board that loads its weights, and
        ClockError.
        """
        if board.standalone is None:
            raise NetworkError(
                f"the {board.title} has no pins for {title}: build for another board"
            )
        oscillator = oscillator_of(board)
        dividers = dividers_for(
            board.device.family, oscillator, hz or board.standalone.clock(sensor)
        )
        choices = LOADED_LANES if board.loaded else EMBEDDED_LANES
        by_layer: Iterable[Lanes] = ((*[most] * (network.n_layers - 1), 1) for most in choices)
        for lanes in by_layer if shape.lanes is None else [shape.lanes]:
            config = _config(network, shape, lanes)
            design = cls(network, board, config, dividers, flashed=board.loaded, sensor=sensor)
            if not board.loaded:
                return design
            over = board.device.excess(memory_needs(design.memories, board))
            if not over:
                return design
        raise NetworkError(
            f"the network does not fit on the {board.title} with {title}: with --lanes "
            f"{lanes_text(config.folding.lanes)} its memories take {', '.join(over)}; take other "
            "lanes, a smaller network, or a larger board"
        )

    def _hashed(self) -> Self:
        """Return what `build_hash` covers: with weights in the bitstream the status reports it."""
        return super()._hashed() if self.flashed else self

    @property
    def talk(self) -> str:
        """Form of the output: lines of text."""
        return TALK

    @property
    def memories(self) -> list[Memory]:
        """The memories of the core, and those of all blocks around it."""
        with uncollected():
            around = memories_built(self.core(bytes(BUILD_BYTES)), outside="core")
        return [*Core.memories(self.config), *around]

    @property
    def bit_rate(self) -> float:
        """Bits per second of the text."""
        return BAUD

    @property
    def _connect(self) -> Callable[[Module, Platform, Any], None]:
        def connect(m: Module, platform: Platform, core: Any) -> None:
            if self.flashed:
                connect_flash(m, platform, core)
            connect_uart(m, platform, core)
            self._standalone.connect(m, platform, core)
            CONNECTIONS[self.sensor](m, platform, core)

        return connect

    @property
    def _standalone(self) -> Standalone:
        assert self.board.standalone is not None  # checked by `of_sensor`
        return self.board.standalone

    def core(self, build: bytes) -> StandaloneCore:
        """Return the core with its sensor and text reporter, and a flash loader if it needs one."""
        return StandaloneCore(
            self.config,
            self.network,
            self._sensor(),
            clock_hz=self.hz,
            identity=build,
            flash_address=self._flash.address if self.flashed else None,
            weights=None if self.flashed else self.network.connected().weights,
        )

    @property
    @abstractmethod
    def duty(self) -> dict[str, float]:
        """Largest shares of clock cycles in which the parts before the core are busy."""

    @abstractmethod
    def _sensor(self) -> Sensor:
        """Return the sensor before the core."""


def _config(network: Network, shape: CoreShape, lanes: Lanes) -> CoreConfig:
    """Return the core of this shape with other lanes."""
    shape = replace(
        shape,
        lanes=lanes,
        window=WINDOW if shape.window is None else shape.window,
        bitmap=None,
    )
    return CoreConfig.of(network.connected(), Folding.of(network.connected(), shape))
