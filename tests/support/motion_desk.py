# SPDX-License-Identifier: BSD-2-Clause
"""A board with an LSM6DSO, simulated from power-up on: its RTL, or its synthesised netlist.

samples -> model of the part -> desk.v: board, flash, line of text -> text
"""

from types import SimpleNamespace

import cocotb
import numpy as np

from firstspike.golden import Network, encode, infer
from firstspike.golden.front_ends import motion_of
from firstspike.golden.said import said
from firstspike.hdl.standalone.core import LISTENING, LOADING
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.benches.standalone.around import TOP, Sensed
from firstspike.sim.benches.standalone.desk_bench import LOADING_CYCLES, PATIENCE, BoardBench
from firstspike.sim.benches.standalone.run import lines_of
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import Dut
from tests.blocks.test_lsm6dso import Part

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
        return self._simulation.run(__name__, SimpleNamespace(flash=flash, samples=x))

    def expected(self, x: np.ndarray) -> bytes:
        """Return what should be said of samples, as golden says."""
        network = self._network
        pictures = motion_of(network).pictures(x)
        results = infer(network, encode(network, pictures.reshape(len(pictures), -1)))
        is_reported = said(network, results, np.full(len(pictures), True))
        begin = sentence(LOADING) + sentence(LISTENING)
        return begin + b"".join(lines_of(network, results, is_reported))


class MotionDeskBench(BoardBench):
    """The ports of a desk with an LSM6DSO."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.part = Part(dut.sensor_cs, dut.sensor_sck, dut.sensor_mosi, dut.sensor_miso)


@cocotb.test()
async def motion_desk(dut):
    """From power-up to the last sample, and until the last decision is said."""
    bench = await MotionDeskBench(dut).start()
    arguments, part = bench.arguments, bench.part
    await bench.fill()
    part.begin()
    part.start()
    loading = PATIENCE + LOADING_CYCLES * len(arguments.flash)
    assert await bench.domain.until(lambda: part.configured, loading), "no part is configured"
    for values in arguments.samples.tolist():
        await part.give(values, PATIENCE)
    await bench.domain.cycles(PATIENCE)
    report(bench.text.content)
