# SPDX-License-Identifier: BSD-2-Clause
"""The design of a standalone board that detects motion with an LSM6DSO."""

from typing import Self

from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.golden.front_ends import motion_of
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.motion.windows import Windows
from firstspike.hdl.standalone.core import Sensor
from firstspike.hdl.standalone.motion import MotionSensor, front_of

from .standalone import StandaloneDesign

LSM6DSO = "lsm6dso"
"""Name of the sensor in options."""


class MotionDesign(StandaloneDesign):
    """A core with an accelerometer and gyroscope."""

    @classmethod
    def of_motion(
        cls, network: Network, board: Board, shape: CoreShape, hz: int | None = None
    ) -> Self:
        """Design a core of this shape for motion, as `of_sensor` does."""
        front_of(network)  # refuses networks for other samples first
        return cls.of_sensor(network, board, shape, hz, LSM6DSO, "an LSM6DSO")

    @property
    def duty(self) -> dict[str, float]:
        """Largest shares of clock cycles in which the parts before the core are busy."""
        front = motion_of(self.network)
        hop = front.hop * front.frame / front.rate * self.hz
        return {
            "windows": Windows.cycles(front) / hop,
            "spikes": LevelsEncoder.cycles(self.network) / hop,
        }

    def _sensor(self) -> Sensor:
        return MotionSensor(self.network, self.hz)
