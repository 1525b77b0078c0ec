"""How many images a second a board classifies, simulated with every bit on its two wires."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.messages import bitmap_payload, results_of
from firstspike.hdl.link.protocol import ANSWER, Request
from firstspike.hdl.link.uart import divisor_of
from firstspike.sim.harness.runner import SimulationError

from .script import Script, run_script, serial_core_verilog

BRIGHT = 127


@dataclass(frozen=True)
class Rate:
    """Of images that were streamed over the line, as many as the board has room for."""

    images: int
    seconds: float
    """On the board's clock, from the first decision to the last."""

    @property
    def per_second(self) -> float:
        """Images a second, once it runs."""
        return (self.images - 1) / self.seconds


def rate(
    network: Network,
    pixels: np.ndarray,
    folding: Folding,
    clock_hz: int,
    ring_bytes: int,
    *,
    all_pixels: bool,
) -> Rate:
    """Classify pixels uint8 [n, n_inputs] on a SerialCore, and compare every decision and cycle.

    The bitmaps are of all pixels, or of the connected ones. Raises SimulationError where a
    decision is not the golden model's.
    """
    seen = network.connected()
    config = CoreConfig.of(seen, folding)
    verilog = serial_core_verilog(
        config, network, weights=network.weights, clock_hz=clock_hz, ring_bytes=ring_bytes
    )
    kind, given = Request.PIXELS, pixels
    if not all_pixels:
        kind, given = Request.INPUTS, pixels[:, network.inputs]
    requests = [(kind, bitmap_payload(image > BRIGHT)) for image in given]
    script = Script().stream(requests, 0, ring_bytes - 1)
    outcome = run_script(verilog, script, bits=divisor_of(clock_hz))
    connected = pixels[:, network.inputs]
    ticks = encode(seen, connected)
    inference = infer(seen, ticks)
    expected = replace(inference, cycles=cycles(seen, ticks, inference, folding, connected))
    for image, answer in enumerate(outcome.answers):
        if (answer.kind, answer.sequence) != (kind + ANSWER, image % 256):
            raise SimulationError(f"image {image}: the board answers by type {answer.kind:#x}")
    found = results_of(config, [answer.payload for answer in outcome.answers])
    for difference in differences(expected, found):
        raise SimulationError(str(difference))
    first, last = outcome.answers[0].cycle, outcome.answers[-1].cycle
    return Rate(len(pixels), (last - first) / clock_hz)
