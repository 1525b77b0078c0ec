# SPDX-License-Identifier: BSD-2-Clause
"""The design of a board that needs no computer, and listens to a microphone."""

from typing import Self

from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.golden.front_ends import sound_of
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.alone.core import Sensor
from firstspike.hdl.alone.microphone import MicrophoneSensor
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.sound.filters import Filters
from firstspike.hdl.sound.words import Words

from .alone import AloneDesign


class SoundDesign(AloneDesign):
    """A core with a microphone, whose weights are in the flash of the board."""

    @classmethod
    def of_sound(
        cls,
        network: Network,
        board: Board,
        shape: CoreShape,
        hz: int | None = None,
        sensor: str = "pdm",
    ) -> Self:
        """Design a core of this shape that listens to a microphone, one of `MICROPHONES`.

        All else is as `of_sensor` says.
        """
        sound_of(network)  # another network is refused first
        return cls.of_sensor(network, board, shape, hz, sensor, "a microphone")

    @property
    def microphone(self) -> Microphone:
        """The microphone, at the clock of the design. Raises MicrophoneError."""
        return MICROPHONES[self.sensor].of(self.hz, sound_of(self.network).rate)

    @property
    def synthesis(self) -> str:
        """The command of Yosys, which puts the products of the filters into multipliers."""
        return f"{super().synthesis} {self.board.device.products}"

    @property
    def duty(self) -> dict[str, float]:
        """Shares of the clock cycles in which parts in front of the core work, at the most."""
        front, microphone = sound_of(self.network), self.microphone
        slot = front.slot * microphone.cycles
        return {
            "bits": 1 / microphone.divider,
            "decimator": 1 / (microphone.divider * microphone.line_bits * microphone.at_once),
            "filters": (Filters.cycles(front.filters) + len(front.filters)) / microphone.cycles,
            "words": Words.cycles(front) / slot,
            "spikes": LevelsEncoder.cycles(self.network) / (front.window * slot),
        }

    def _sensor(self) -> Sensor:
        return MicrophoneSensor(self.network, self.microphone, self.hz)
