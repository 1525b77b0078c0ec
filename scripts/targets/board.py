"""The board on a serial port as what runs or learns a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields

import click
import numpy as np
from tqdm import tqdm

from firstspike.boards.building.digits import bitmap_pixels
from firstspike.boards.client import BoardClient, MismatchError, Progress
from firstspike.boards.client.remote_core import folding_of
from firstspike.golden import Learned, LearningState, Network, Settings, learn
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import LearningCycles, learning_cycles
from firstspike.hdl.link.messages import columns
from firstspike.hdl.link.protocol import BAUD
from firstspike.sim.benches.core.learning import LearningRun, take_over
from firstspike.sim.scoreboard import Run


class BoardTarget:
    """A board that runs networks, and learns."""

    def __init__(self, board: BoardClient) -> None:
        self._board = board
        self.config = board.config
        self.folding = folding_of(board.identity)

    def run(
        self, network: Network, ticks: np.ndarray, folding: Folding, pixels: np.ndarray | None
    ) -> Run:
        """Load the network's weights if the board has others, and classify the images.

        The folding is the board's own; pixels are not needed. The link carries no spikes.
        """
        self._load(network)
        decisions = tqdm(self._board.classify(ticks), total=len(ticks), unit="image")
        return Run(**columns(decisions, Run), logs=None)

    def learn(
        self, state: LearningState, ticks: np.ndarray, labels: np.ndarray, settings: Settings
    ) -> tuple[Learned, LearningCycles, int, int]:
        """Learn images on the board, from the state's weights on; golden learns beside it.

        Returns golden's word on the images, in how many ways the board's differs from it, and how
        many of these are weights. The state gets the weights that were read back, and golden's
        generator. Images whose decision was lost on the line are learned and not compared.
        """
        board = self._board
        if not board.learns or board.identity.layers[0].stored_bits != state.stored_bits:
            raise MismatchError(
                f"the run stores weights of {state.stored_bits} bits: build the board's bitstream "
                f"by --learn {state.stored_bits}."
            )
        self._load(state.network, state.weights)
        learning = board.learn(ticks, labels, settings, seed=state.generator)
        decisions = list(tqdm(learning, "learning", len(ticks), leave=False, unit="image"))
        arrived = np.array([one is not None for one in decisions], bool)
        with _bytes_bar("reading weights") as told:
            weights = board.read_weights(told)
        run = LearningRun(
            **columns((one for one in decisions if one is not None), LearningRun),
            weights=weights,
            answers=np.empty((0, 2), np.int64),
        )
        learned = learn(state, ticks, labels, settings, trace=True)
        counted = learning_cycles(
            state.template.connected(), ticks, learned, self.folding, bitmap_pixels(ticks)
        )
        if not arrived.all():
            lost = f"{(~arrived).sum()} decisions were lost on the line; their images are learned"
            click.echo(f"{lost}, and not compared.", err=True)
        there = LearningCycles(*(part[arrived] for part in counted))
        return learned, counted, *take_over(state, _some(learned, arrived), there, run)

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


def _some(learned: Learned, chosen: np.ndarray) -> Learned:
    """Golden's word on some of the images."""
    parts = {
        field.name: getattr(learned, field.name)[chosen]
        for field in fields(learned)
        if field.name != "hidden"
    }
    return Learned(**parts, hidden=None)
