# SPDX-License-Identifier: BSD-2-Clause
"""The design of a standalone board that recognises words with a microphone."""

from typing import Self

from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.golden.front_ends import sound_of
from firstspike.golden.sound.microphone import Microphone
from firstspike.golden.sound.microphones import MICROPHONES
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.sound.filters import Filters
from firstspike.hdl.sound.listener import Listener
from firstspike.hdl.sound.words import Words
from firstspike.hdl.standalone.core import Sensor
from firstspike.hdl.standalone.microphone import MicrophoneSensor

from .standalone import StandaloneDesign


class SoundDesign(StandaloneDesign):
    """A core with a microphone."""

    @classmethod
    def of_sound(
        cls,
        network: Network,
        board: Board,
        shape: CoreShape,
        hz: int | None = None,
        sensor: str = "pdm",
    ) -> Self:
        """Design a core of this shape with a microphone, one of `MICROPHONES`.

        Other arguments and errors are those of `of_sensor`.
        """
        sound_of(network)  # refuses networks for other samples first
        return cls.of_sensor(network, board, shape, hz, sensor, "a microphone")

    @property
    def microphone(self) -> Microphone:
        """The microphone at the clock of the design. Raises MicrophoneError."""
        return MICROPHONES[self.sensor].of(self.hz, sound_of(self.network).rate)

    @property
    def synthesis(self) -> str:
        """The command of Yosys, which maps the products of the filters to multipliers."""
        return f"{super().synthesis} {self.board.device.products}"

    @property
    def duty(self) -> dict[str, float]:
        """Largest shares of clock cycles in which the parts before the core are busy."""
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
        return MicrophoneSensor(Listener(self.network, self.microphone), self.hz)
