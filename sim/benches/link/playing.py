# SPDX-License-Identifier: BSD-2-Clause
"""How fast a board decides images that it holds: stored over its link, and played, simulated."""

import numpy as np

from firstspike.golden import Network, Results
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.formats import ANSWER, Request
from firstspike.hdl.link.protocol.messages import Counts, counts_of, play_payload, store_payloads
from firstspike.sim.harness.runner import SimulationError

from .script import PATIENCE, Script, linked_core_verilog, run_script

RING_BYTES = 1024


def played(
    network: Network, config: CoreConfig, ticks: np.ndarray, expected: Results, rounds: int
) -> Counts:
    """Return the counts of a LinkedCore that holds images, int [n, n_rows], and plays them.

    `expected` has the decisions that they should get, and the cycles that each takes. Raises
    SimulationError where the board refuses, or does not end.
    """
    verilog = linked_core_verilog(
        config,
        network,
        weights=network.weights,
        ring_bytes=RING_BYTES,
        bench_images=len(ticks),
    )
    stores = [(Request.STORE, payload) for payload in store_payloads(ticks, expected)]
    script = Script().stream(stores, 0, RING_BYTES - 1)
    script.request(Request.PLAY, len(stores), play_payload(len(ticks), rounds))
    script.answers(len(stores) + 1, patience=PATIENCE + most_cycles(expected, rounds))
    *_, answer = answers = run_script(verilog, script).answers
    for one, request in zip(answers, [*(kind for kind, _ in stores), Request.PLAY], strict=True):
        if one.kind != request + ANSWER:
            raise SimulationError(f"the board answers {request.name} by type {one.kind:#x}.")
    return counts_of(answer.payload)


def most_cycles(expected: Results, rounds: int) -> int:
    """Return more clock cycles than a board takes to play images with these separate cycles."""
    assert expected.cycles is not None  # golden knows those of bitmaps
    return 2 * rounds * int(expected.cycles.sum())
