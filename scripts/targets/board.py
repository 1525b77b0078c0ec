# SPDX-License-Identifier: BSD-2-Clause
"""The board on a serial port as a target."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from firstspike.boards.client import BoardClient, MismatchError, Progress
from firstspike.golden import LearningState, Network, Results, Settings
from firstspike.hdl.link.protocol.formats import BAUD
from firstspike.hdl.link.protocol.messages import Counts
from firstspike.scripts.output import note

from .linked import LinkedTarget, expected_of_played, images_bar


class Target(LinkedTarget):
    """A board, which is given the network's weights if it has others. Raises BoardError."""

    takes = ("port", "baud")
    needs = "the board's serial port, such as /dev/ttyUSB1"
    tells_spikes = False

    def __init__(self, net: str, network: Network, port: str, baud: int | None = None) -> None:
        super().__init__(net, network)
        self._board = BoardClient.open(port, baud or BAUD)
        self.config = self._board.config
        self.folding = self.config.folding
        self.bench_images, self.hz = self._board.identity.bench_images, self._board.identity.clock

    def __exit__(self, *_: object) -> None:
        """Let go of the port."""
        self._board.close()

    def run(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Load the network's weights, and classify the images."""
        self._load(self.network)
        with images_bar(len(ticks)) as told:
            return self._board.classify(ticks, progress=told)

    def play(self, ticks: np.ndarray, rounds: int) -> tuple[Results, Counts]:
        """Load the network's weights, store the images, and let the board decide them."""
        self._load(self.network)
        expected = expected_of_played(self.network, self.config, ticks)
        with images_bar(rounds * len(ticks)) as told:
            return expected, self._board.play(ticks, expected, rounds, told)

    def learned(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> Results:
        """Learn on the board. Images whose answer is lost on the line are learned, too."""
        board = self._board
        if board.config.stored_bits != state.stored_bits:
            raise MismatchError(
                f"the run stores weights of {state.stored_bits} bits: build the board's bitstream "
                f"by --learn {state.stored_bits}."
            )
        self._load(state.network, state.weights)
        with images_bar(len(ticks), "learning", leave=False) as told:
            found = board.learn(ticks, labels, settings, state.generator, told)
        if lost := (~found.arrived).sum():
            note(
                f"{lost} decisions were lost on the line; their images are learned, and not "
                "compared."
            )
        with _bytes_bar("reading weights") as told:
            return replace(found, weights=board.read_weights(told))

    def _load(self, network: Network, stored: Sequence[np.ndarray] | None = None) -> None:
        with _bytes_bar("writing weights") as told:
            self._board.load(network, stored, told)


@contextmanager
def _bytes_bar(what: str) -> Iterator[Progress]:
    """A `Progress` that shows a bar from the first time it is told of something."""
    bar = None

    def told(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, unit="B", unit_scale=True, desc=what, leave=False)
        bar.update(done - bar.n)

    try:
        yield told
    finally:
        if bar is not None:
            bar.close()
