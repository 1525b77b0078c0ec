# SPDX-License-Identifier: BSD-2-Clause
"""Small front ends for motion, a network behind one, and movements."""

from dataclasses import replace
from types import SimpleNamespace

import cocotb
import numpy as np

from firstspike.golden import Features, Network, encode, infer
from firstspike.golden.front_ends import motion_of
from firstspike.golden.motion.defaults import DEFAULT_FRONT_END
from firstspike.golden.motion.front import MotionFrontEnd
from firstspike.golden.reporting import is_reported
from firstspike.sim.benches.standalone.around import TOP, Sensed, startup_text
from firstspike.sim.benches.standalone.desk import lines_of
from firstspike.sim.benches.standalone.desk_bench import LOADING_CYCLES, PATIENCE, BoardBench
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import Dut, Payload
from tests.blocks.test_lsm6dso import Part

FULL = 1 << 15

SMALL = replace(DEFAULT_FRONT_END, frame=4, frames=5, hop=2, downs=(5, 0, 9))
ONE = replace(DEFAULT_FRONT_END, frame=2, frames=1, hop=3, least=0, contrast=0, downs=(4,))
FRONT = MotionFrontEnd(
    rate=52, frame=4, frames=3, hop=2, least=60, contrast=2, downs=(5, 5, 5, 6, 6, 6)
)


def small_network(front: MotionFrontEnd = FRONT, seed: int = 1) -> Network:
    """A network of random weights that watches motion with this front end."""
    features = Features(None, complement=True, constant=True, motion=front)
    sizes = (2 * front.n_pixels + 1, 7, 4)
    weights = random_weights(np.random.default_rng(seed), sizes, -4, 8)
    return network_of(weights, (9, 5), encoding="levels-8", features=features)


def movement(front: MotionFrontEnd, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return samples int16 [n, axes] of any size, some of them at the limits."""
    loudness = 10 ** rng.uniform(0, 5, (-(-n // front.frame), front.axes))
    x = rng.normal(0, 1, (n, front.axes)) * np.repeat(loudness, front.frame, axis=0)[:n]
    return np.clip(np.rint(x), -FULL, FULL - 1).astype(np.int16)


def frame_payloads(front: MotionFrontEnd, x: np.ndarray) -> list[Payload]:
    """Return the frames of samples int16 [n, axes], of which the first follows a gap."""
    means, changes = front.frames_of(x)
    return [
        {"mean": mean, "change": change, "first": int(number == 0)}
        for number, row in enumerate(zip(means.tolist(), changes.tolist(), strict=True))
        for mean, change in zip(*row, strict=True)
    ]


# A board with an LSM6DSO, simulated from power-up on: its synthesised netlist.

_AT_PINS = """
    wire sensor_cs_n, sensor_cipo = sensor_miso;
    assign sensor_cs = ~sensor_cs_n;"""

SENSED_BY_PINS = Sensed(
    ports="output sensor_cs, sensor_sck, sensor_mosi, input sensor_miso",
    parts=_AT_PINS,
    joined="",
)
"""The part for a netlist, whose pin of chip select is low while the part is selected."""


class MotionDesk:
    """A compiled simulation of a board on a desk with an LSM6DSO.

    Parameters: the desk's `verilog`, as of `desk_verilog`; the board's `network`, whose weights
    it reads from the flash. Raises SimulationError.
    """

    def __init__(self, verilog: str, network: Network) -> None:
        self._network = network
        self._simulation = Simulation(verilog, TOP, netlist=True)

    def run(self, x: np.ndarray, image: bytes = b"", address: int = 0) -> bytes:
        """Let the part give samples int16 [n, axes], with an image in the board's flash.

        A sample follows the one before as soon as that is read. Returns the board's text.
        """
        flash = {address + number: byte for number, byte in enumerate(image)}
        return self._simulation.run(__name__, SimpleNamespace(flash=flash, samples=x))

    def expected(self, x: np.ndarray) -> bytes:
        """Return the text that golden expects for samples."""
        network = self._network
        pictures = motion_of(network).pictures(x)
        results = infer(network, encode(network, pictures.reshape(len(pictures), -1)))
        reported = is_reported(network, results, np.full(len(pictures), True))
        return startup_text(flashed=True) + b"".join(lines_of(network, results, reported))


class MotionDeskBench(BoardBench):
    """The ports of a desk with an LSM6DSO."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.part = Part(dut.sensor_cs, dut.sensor_sck, dut.sensor_mosi, dut.sensor_miso)


@cocotb.test()
async def motion_desk(dut):
    """Run from power-up to the last sample, until the text of the last decision is sent."""
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
