# SPDX-License-Identifier: BSD-2-Clause
"""Selects the design of a standalone board by the name of its sensor."""

from firstspike.boards.pins.board import Board
from firstspike.golden import Network
from firstspike.golden.timing.shape import CoreShape

from .motion import LSM6DSO, MotionDesign
from .sound import SoundDesign
from .standalone import StandaloneDesign


def sensing_design(
    network: Network, board: Board, shape: CoreShape, hz: int | None, sensor: str
) -> StandaloneDesign:
    """Design a core of this shape with a sensor, one of `MICROPHONES` or LSM6DSO.

    Other arguments and errors are those of `StandaloneDesign.of_sensor`.
    """
    if sensor == LSM6DSO:
        return MotionDesign.of_motion(network, board, shape, hz)
    return SoundDesign.of_sound(network, board, shape, hz, sensor)
