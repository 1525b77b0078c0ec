# SPDX-License-Identifier: BSD-2-Clause
"""Measures the images per second that a board classifies, with every bit simulated on its wires."""

from dataclasses import replace

import numpy as np

from firstspike.golden import Network, differences, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.linked_core import clocks_a_bit
from firstspike.hdl.link.protocol.formats import ANSWER, BAUD, Request
from firstspike.hdl.link.protocol.lines import Line
from firstspike.hdl.link.protocol.messages import bitmap_payload, results_of
from firstspike.sim.harness.runner import SimulationError

from .script import Script, run_script, serial_core_verilog

BRIGHT = 127


def rate(
    network: Network,
    config: CoreConfig,
    pixels: np.ndarray,
    clock_hz: int,
    ring_bytes: int,
    *,
    line: Line = Line.UART,
    baud: int = BAUD,
) -> float:
    """Return images per second of pixels uint8 [n, n_inputs], sent as fast as the line takes them.

    They are classified on a LinkedCore, whose clock tells the time from the first decision to the
    last, and every decision and cycle is compared. SPI is as fast as the clock allows.
    Raises SimulationError where a decision is not the golden model's.
    """
    verilog = serial_core_verilog(
        config,
        network,
        weights=network.weights,
        clock_hz=clock_hz,
        ring_bytes=ring_bytes,
        line=line,
        baud=baud,
    )
    network_of_connected, connected = network.connected(), pixels[:, network.inputs]
    requests = [(Request.INPUTS, bitmap_payload(image > BRIGHT)) for image in connected]
    script = Script().stream(requests, 0, ring_bytes - 1)
    bits = clocks_a_bit(line, clock_hz, baud)
    answers = run_script(verilog, script, bits=bits, line=line).answers
    ticks = encode(network_of_connected, connected)
    inference = infer(network_of_connected, ticks)
    counted = cycles(network_of_connected, ticks, inference, config.folding, connected)
    for image, answer in enumerate(answers):
        if (answer.kind, answer.sequence) != (Request.INPUTS + ANSWER, image % 256):
            raise SimulationError(f"image {image}: the board answers by type {answer.kind:#x}")
    results = results_of(config, [answer.payload for answer in answers])
    for difference in differences(replace(inference, cycles=counted), results):
        raise SimulationError(str(difference))
    return (len(pixels) - 1) * clock_hz / (answers[-1].cycle - answers[0].cycle)
