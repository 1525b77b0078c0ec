# SPDX-License-Identifier: BSD-2-Clause
"""A design that needs no computer, simulated from power-up to power-up.

The other side of this file is `flashed_bench`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from firstspike.golden import Network, infer
from firstspike.golden.flash import ImageError, payload_of
from firstspike.golden.reporting import is_reported
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flash.image import network_image, words_of
from firstspike.hdl.standalone.core import FAULTS as FLASH_FAULTS
from firstspike.hdl.standalone.core import LISTENING, LOADING
from firstspike.hdl.standalone.status import Status
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.benches.core.items import items_of
from firstspike.sim.benches.standalone.desk import lines_of
from firstspike.sim.harness.runner import Simulation

from .flashed_core import BROKEN, TOP, flashed_verilog

BENCH = "tests.support.flashed_bench"

PATIENCE = 3_000
"""Cycles after the loading of weights in which every line is sent: an image takes fewer."""

LOADING_CYCLES = 20
"""Cycles per byte of an image, at most, until it is loaded."""


@dataclass(frozen=True)
class Start:
    """The stimulus after a reset."""

    bytes: Mapping[int, int]
    """Bytes of the flash that are written before, by their addresses from that of the image on."""
    telling: bool = True
    """Whether the sensor tells the images."""
    broken: bool = False
    """The sensor breaks after the images."""
    requests: Mapping[int, bytes] = field(default_factory=dict)
    """Bytes that the board gets on its line, by the cycle from which on they are sent."""


class StandaloneSimulation:
    """A compiled simulation of a FlashedCore for a network.

    Parameters: `identity` of the design. Raises SimulationError.
    """

    def __init__(self, config: CoreConfig, network: Network, identity: bytes) -> None:
        self._config, self._network, self._identity = config, network, identity
        self._simulation = Simulation(flashed_verilog(config, network, identity), TOP)
        self.image = network_image(config, network, identity)
        """The content of the flash."""

    def run(self, ticks: np.ndarray, starts: Sequence[Start]) -> list[bytes]:
        """Offer images [n, n_rows] after each start, and return the text sent after each start.

        The flash is empty at first.
        """
        images = [items.tolist() for items in items_of(self._config, ticks)]
        patience = PATIENCE + LOADING_CYCLES * len(self.image)
        return self._simulation.run(BENCH, (images, starts, patience))

    def item_count(self, ticks: np.ndarray) -> int:
        """Return how many items of images the sensor gives, which it counts as samples."""
        return sum(map(len, items_of(self._config, ticks)))

    def expected(self, content: bytes, ticks: np.ndarray, start: Start) -> bytes:
        """Return the text that the design should send with this content of the flash, by golden."""
        loading = sentence(LOADING)
        try:
            payload_of(content, self._identity, words_of(self._config))
        except ImageError as error:
            return loading + sentence(FLASH_FAULTS[error.fault])
        network = self._network
        results = infer(network, ticks)
        reported = is_reported(network, results, np.full(len(ticks), start.telling))
        lines = b"".join(lines_of(network, results, reported))
        return loading + sentence(LISTENING) + lines + sentence(BROKEN) * start.broken


def statuses_of(text: bytes) -> tuple[list[Status], bytes]:
    """Return each status of a text, and all other lines."""
    lines = text.splitlines(keepends=True)
    answers = [line for line in lines if line.startswith(b"status ")]
    return list(map(Status.of_line, answers)), b"".join(
        line for line in lines if line not in answers
    )
