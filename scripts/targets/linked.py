# SPDX-License-Identifier: BSD-2-Clause
"""What targets behind a link have in common."""

from dataclasses import replace

import numpy as np

from firstspike.golden import Network, Results, infer
from firstspike.golden.results import UNCOUNTED
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.overlapped import run_overlapped
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.messages import goes_as_bitmap

from . import target
from .errors import TargetError


class LinkedTarget(target.Target):
    """A core behind a link, with a folding of its own; it needs no pixels."""

    config: CoreConfig

    def expected(self, ticks: np.ndarray, pixels: np.ndarray | None) -> Results:
        """Golden has no cycles for images that go as events, at the pace of the link."""
        return _expected(self.network, self.config, ticks)

    def counted(self, ticks: np.ndarray, learned: Results) -> Results:
        """Of a core that sees the connected inputs alone."""
        seen = self.network.connected()
        return learning_cycles(seen, ticks, learned, self.folding, _pixels(ticks))


def _expected(network: Network, config: CoreConfig, ticks: np.ndarray) -> Results:
    """What golden says of images, int [n, n_rows], behind a link to a core of `config`."""
    inference = infer(network, ticks)
    counts = np.full(len(ticks), UNCOUNTED)
    bitmaps = goes_as_bitmap(config, ticks)
    if bitmaps.any():
        seen, some = network.connected(), ticks[bitmaps]
        inferred = inference.select(bitmaps)
        counts[bitmaps] = cycles(seen, some, inferred, config.folding, _pixels(some))
    return replace(inference, cycles=counts)


def expected_of_played(network: Network, config: CoreConfig, ticks: np.ndarray) -> Results:
    """The same of images that are to be played. Raises TargetError where one is no bitmap."""
    if not goes_as_bitmap(config, ticks).all():
        raise TargetError(
            "images that are played go as bitmaps, whose bright pixels all spike at one tick and "
            "whose dark ones never do: take a network, and images, of that kind."
        )
    return _expected(network, config, ticks)


def played_cycles(
    network: Network, folding: Folding, ticks: np.ndarray, expected: Results, rounds: int
) -> int:
    """Clock cycles in which a core whose images overlap decides them all, round after round."""
    _, decided = run_overlapped(network.connected(), ticks, expected, folding, rounds)
    return int(decided[-1])


def _pixels(ticks: np.ndarray) -> np.ndarray:
    """The connected pixels, uint8 [n, n_rows], of images that spike at one tick alone."""
    return (ticks > 0).astype(np.uint8) * 255
