# SPDX-License-Identifier: BSD-2-Clause
"""The target for a board on a serial port."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from firstspike.boards.client import BoardClient, MismatchError
from firstspike.golden import LearningState, Network, Results, Settings
from firstspike.hdl.link.protocol.formats import BAUD
from firstspike.hdl.link.protocol.messages import Counts

from .linked import LinkedTarget, expected_of_played
from .target import Work


class Target(LinkedTarget):
    """A board, whose weights are replaced by the network's if they differ. Raises BoardError.

    `client` is the client of the board.
    """

    def __init__(self, net: str, network: Network, port: str, baud: int | None) -> None:
        super().__init__(net, network)
        self.client = BoardClient.open(port, baud or BAUD)
        self.config = self.client.config
        self.folding = self.config.folding
        self.bench_images, self.hz = self.client.identity.bench_images, self.client.identity.clock

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self.client.close()

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Load the network's weights, and classify images."""
        self._load(self.network)
        return self.client.classify(ticks, progress=self.progress_of(Work.IMAGES, len(ticks)))

    def play(self, ticks: np.ndarray, rounds: int) -> tuple[Results, Counts]:
        """Load the network's weights, store the images, and let the board classify them."""
        self._load(self.network)
        expected = expected_of_played(self.network, self.config, ticks)
        progress = self.progress_of(Work.IMAGES, rounds * len(ticks))
        return expected, self.client.play(ticks, expected, rounds, progress)

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results:
        """Learn on the board. Images whose answer is lost on the line are learned, too."""
        board = self.client
        if board.config.stored_bits != state.stored_bits:
            raise MismatchError(
                f"the run stores weights of {state.stored_bits} bits: build the board's bitstream "
                f"by --learn {state.stored_bits}."
            )
        self._load(state.network, state.weights)
        progress = self.progress_of(Work.LEARNING, len(ticks))
        results = board.learn(ticks, labels, settings, state.generator, progress)
        return replace(results, weights=board.read_weights(partial(self.progress, Work.READING)))

    def _load(self, network: Network, stored: Sequence[np.ndarray] | None = None) -> None:
        self.client.load(network, stored, partial(self.progress, Work.WRITING))
