"""The board on a serial port as what runs or learns a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import click
import numpy as np
from tqdm import tqdm

from firstspike.boards.building.digits import bitmap_pixels
from firstspike.boards.client import BoardClient, MismatchError, Progress
from firstspike.boards.client.remote_core import folding_of
from firstspike.golden import LearningState, Network, Results, Settings, learn
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.hdl.link.protocol import BAUD


class BoardTarget:
    """A board that runs networks, and learns."""

    def __init__(self, board: BoardClient) -> None:
        self._board = board
        self.config = board.config
        self.folding = folding_of(board.identity)

    def run(
        self, network: Network, ticks: np.ndarray, folding: Folding, pixels: np.ndarray | None
    ) -> Results:
        """Load the network's weights if the board has others, and classify the images.

        The folding is the board's own; pixels are not needed. The link carries no spikes.
        """
        self._load(network)
        with _images_bar("classifying", len(ticks)) as told:
            return self._board.classify(ticks, progress=told)

    def learn(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> tuple[Results, Results]:
        """Learn images on the board, from the state's weights on; golden learns beside it.

        Returns golden's word on the images and the board's, with the weights that were read back.
        Images whose decision was lost on the line are learned and not compared.
        """
        board = self._board
        if not board.learns or board.identity.layers[0].stored_bits != state.stored_bits:
            raise MismatchError(
                f"the run stores weights of {state.stored_bits} bits: build the board's bitstream "
                f"by --learn {state.stored_bits}."
            )
        self._load(state.network, state.weights)
        with _images_bar("learning", len(ticks)) as told:
            found = board.learn(ticks, labels, settings, state.generator, told)
        with _bytes_bar("reading weights") as told:
            found = replace(found, weights=board.read_weights(told))
        learned = learn(state, ticks, labels, settings, trace=True)
        expected = learning_cycles(
            state.template.connected(), ticks, learned, self.folding, bitmap_pixels(ticks)
        )
        if found.lost.any():
            lost = f"{found.lost.sum()} decisions were lost on the line; their images are learned"
            click.echo(f"{lost}, and not compared.", err=True)
        return expected, found

    def _load(self, network: Network, stored: Sequence[np.ndarray] | None = None) -> None:
        with _bytes_bar("writing weights") as told:
            self._board.load(network, stored, told)


@contextmanager
def opened(port: str | None, baud: int | None) -> Iterator[BoardTarget]:
    """The board on a port. Raises BoardError."""
    if port is None:
        raise click.UsageError(
            "--target board needs --port, the board's serial port, such as /dev/ttyUSB1."
        )
    with BoardClient.open(port, baud or BAUD) as board:
        yield BoardTarget(board)


@contextmanager
def _images_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """What is told how many images are done, and shows a bar."""
    with tqdm(total=total, desc=what, unit="image") as bar:
        yield lambda done: bar.update(done - bar.n)


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
