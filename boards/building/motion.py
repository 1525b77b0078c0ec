# SPDX-License-Identifier: BSD-2-Clause
"""The design of a board that needs no computer, and watches motion with an LSM6DSO."""

from typing import Self

from firstspike.boards.pins.board import Board
from firstspike.golden import Network, NetworkError
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.alone.core import Sensor
from firstspike.hdl.alone.motion import MotionSensor
from firstspike.hdl.core.levels_encoder import LevelsEncoder
from firstspike.hdl.motion.lsm6dso import AXES
from firstspike.hdl.motion.watcher import motion_of
from firstspike.hdl.motion.windows import Windows

from .alone import AloneDesign

LSM6DSO = "lsm6dso"
"""Name of the sensor on the command line."""


class MotionDesign(AloneDesign):
    """A core with an accelerometer and gyroscope, whose weights are in the flash of the board."""

    @classmethod
    def of_motion(
        cls, network: Network, board: Board, shape: CoreShape, hz: int | None = None
    ) -> Self:
        """Design a core of this shape that watches motion, as `of_sensor` says."""
        features = network.features
        if features is None or features.motion is None:
            raise NetworkError(
                "the network does not watch motion: train one as examples/gestures.py does"
            )
        if features.motion.axes != AXES:
            raise NetworkError(
                f"the network watches {features.motion.axes} axes: an LSM6DSO gives {AXES}"
            )
        return cls.of_sensor(network, board, shape, hz, LSM6DSO, "an LSM6DSO")

    @property
    def synthesis(self) -> str:
        """The command of Yosys: there are no products."""
        return self.board.device.synthesis

    @property
    def duty(self) -> dict[str, float]:
        """Shares of the clock cycles in which parts in front of the core work, at the most."""
        front = motion_of(self.network)
        hop = front.hop * front.frame / front.rate * self.hz
        return {
            "windows": Windows.cycles(front) / hop,
            "spikes": LevelsEncoder.cycles(self.network) / hop,
        }

    def _sensor(self) -> Sensor:
        return MotionSensor(self.network, self.hz)
