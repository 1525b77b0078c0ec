# SPDX-License-Identifier: BSD-2-Clause
"""A board with an LSM6DSO, simulated from power-up on: its RTL, or its synthesised netlist.

    samples -> model of the part -> desk.v: board, flash, line of text -> text

The other side of this file is `motion_desk_bench`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firstspike.golden import Network, encode, infer
from firstspike.golden.front_ends import motion_of
from firstspike.golden.said import said
from firstspike.hdl.alone.core import LISTENING, LOADING
from firstspike.hdl.alone.texts import sentence
from firstspike.sim.harness.runner import Simulation

from .around import TOP, Sensed
from .run import lines_of

BENCH = "firstspike.sim.benches.alone.motion_desk_bench"

_WIRES = ("cs", "sck", "mosi", "miso")

SENSED = Sensed(
    ports="output sensor_cs, sensor_sck, sensor_mosi, input sensor_miso",
    parts="",
    joined=", ".join(f".sensor_{wire}(sensor_{wire})" for wire in _WIRES),
)
"""The part for a design."""

_AT_PINS = """
    wire sensor_cs_n, sensor_cipo = sensor_miso;
    assign sensor_cs = ~sensor_cs_n;"""

SENSED_BY_PINS = Sensed(SENSED.ports, _AT_PINS, joined="")
"""The part for a netlist, whose pin of chip select is low while the part is selected."""


@dataclass(frozen=True)
class MotionParameters:
    """What the bench is told."""

    flash: Mapping[int, int]
    """Bytes by their places."""
    samples: np.ndarray
    """What the part gives, int16 [n, axes]."""


class MotionDesk:
    """A compiled simulation of a board on a desk with an LSM6DSO.

    Parameters: the desk's `verilog`, as of `rtl_verilog` or `netlist_verilog`; the board's
    `network`. Raises SimulationError.
    """

    def __init__(self, verilog: str, network: Network, netlist: bool) -> None:
        self._network = network
        self._simulation = Simulation(verilog, TOP, netlist=netlist)

    def run(self, x: np.ndarray, image: bytes, place: int) -> bytes:
        """Let the part give samples int16 [n, axes], with an image in the board's flash.

        A sample follows the one before as soon as that is read. Returns the board's text.
        """
        flash = {place + number: byte for number, byte in enumerate(image)}
        return self._simulation.run(BENCH, MotionParameters(flash, x))

    def expected(self, x: np.ndarray) -> bytes:
        """Return what should be said of samples, as golden says."""
        network = self._network
        pictures = motion_of(network).pictures(x)
        results = infer(network, encode(network, pictures.reshape(len(pictures), -1)))
        told = said(network, results, np.full(len(pictures), True))
        begin = sentence(LOADING) + sentence(LISTENING)
        return begin + b"".join(lines_of(network, results, told))
