# SPDX-License-Identifier: BSD-2-Clause
"""The design of a board that needs no computer, and the image of the weights in its flash."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from amaranth.build import Platform
from amaranth.hdl import Module

from firstspike.boards.clocking import dividers_for
from firstspike.boards.pins.board import Alone, Board
from firstspike.golden import Network, NetworkError
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.alone.core import BAUD, AloneCore
from firstspike.hdl.alone.image import network_image
from firstspike.hdl.alone.microphone import MicrophoneSensor
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.sound.filters import Filters
from firstspike.hdl.sound.listener import front_of
from firstspike.hdl.sound.words import Words

from .design import WINDOW, Design

TALK = "text"
"""What such a design says: nothing can be asked of it."""

LANES = 2
"""Lanes of each layer where none are given."""


@dataclass(frozen=True)
class AloneDesign(Design):
    """A core with a sensor, whose weights are in the flash of the board."""

    sensor: str = "pdm"
    """One of `MICROPHONES`."""

    @classmethod
    def of_sound(
        cls,
        network: Network,
        board: Board,
        shape: CoreShape,
        hz: int | None = None,
        sensor: str = sensor,
    ) -> "AloneDesign":
        """Design a core of this shape that listens to a microphone, one of `MICROPHONES`.

        Without `hz` it has the board's clock for the microphone, without lanes `LANES`, and without
        a window WINDOW. Raises NetworkError and ClockError.
        """
        if board.alone is None:
            raise NetworkError(
                f"the {board.title} has no pins for a microphone: build for the iCEBreaker"
            )
        if network.features is None or network.features.sound is None:
            raise NetworkError("the network does not listen to sound: train one on recordings")
        shape = replace(
            shape,
            lanes=LANES if shape.lanes is None else shape.lanes,
            window=WINDOW if shape.window is None else shape.window,
        )
        folding = Folding.of(network.connected(), replace(shape, bitmap=None))
        config = CoreConfig.of(network.connected(), folding)
        oscillator = round(board.platform().default_clk_frequency)
        dividers = dividers_for(board.device.family, oscillator, hz or board.alone.clocks[sensor])
        return cls(network, board, config, dividers, sensor=sensor)

    @property
    def in_flash(self) -> tuple[int, bytes]:
        """The image of the weights, and its place in the board's flash."""
        image = network_image(self.config, self.network.connected(), self.build_hash)
        return self._alone.place, image

    @property
    def talk(self) -> str:
        """Lines of text."""
        return TALK

    @property
    def microphone(self) -> Microphone:
        """The microphone, at the clock of the design. Raises MicrophoneError."""
        return MICROPHONES[self.sensor].of(self.hz, front_of(self.network).rate)

    @property
    def synthesis(self) -> str:
        """The command of Yosys, which puts the products of the filters into multipliers."""
        return f"{super().synthesis} {self.board.device.products}"

    @property
    def duty(self) -> dict[str, float]:
        """Shares of the clock cycles in which parts in front of the core work, at the most."""
        front, microphone = front_of(self.network), self.microphone
        slot = front.slot * microphone.cycles
        return {
            "microphone": 1 / microphone.divider,
            "filters": (Filters.cycles(front.filters) + len(front.filters)) / microphone.cycles,
            "words": Words.cycles(front) / slot,
            "spikes": LevelsEncoder.cycles(self.network) / (front.window * slot),
        }

    @property
    def memories(self) -> list[Memory]:
        """The memories of the core: no other is large."""
        return list(Core.memories(self.config))

    @property
    def bit_rate(self) -> float:
        """Bits per second of the text."""
        return BAUD

    @property
    def _connect(self) -> Callable[[Module, Platform, Any], None]:
        return self._alone.connect

    @property
    def _alone(self) -> Alone:
        assert self.board.alone is not None  # `of_sound` has seen to it
        return self.board.alone

    def core(self, build: bytes) -> AloneCore:
        """The core, with sensor, loader and teller."""
        return AloneCore(
            self.config,
            self.network,
            MicrophoneSensor(self.network, self.microphone, self.hz),
            clock_hz=self.hz,
            identity=build,
            place=self._alone.place,
        )
