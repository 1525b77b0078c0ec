# SPDX-License-Identifier: BSD-2-Clause
"""A small core on a bus that learns, and what golden learns from the same images."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firstspike.golden import LearningState, Settings, encode, learn
from firstspike.golden.learning.rule import UNLABELLED
from firstspike.sim.benches.bus.bench import BusOutcome, tag_of
from tests.support.bus_core import BusRun


class LearningRun(BusRun):
    """Six images, some of them labelled, and how they are learned."""

    def __init__(self, bitmap: int | None = None, pixels: bool = False) -> None:
        rng = np.random.default_rng(1)
        self.state = LearningState.random((20, 13, 5), 10, 1)
        network, bits = self.state.network, self.state.stored_bits
        super().__init__(network, bits, pixels, lanes=4, bitmap=bitmap)
        self.settings = Settings(3, 1, 0, True, 2, 7)
        self.pixels = (rng.random((6, 20)) < 0.5).astype(np.uint8) * 255
        self.labels = rng.integers(UNLABELLED, 5, len(self.pixels))
        self.labels[:2] = UNLABELLED, 3
        self.ticks = encode(network, self.pixels)

    def learn(self, test: str, tag: Callable[[int], int] = tag_of, **given: Any) -> BusOutcome:
        """Run a test of the bench, and compare what came back with golden's.

        `tag` gives the tag of an image.
        """
        outcome = self.run(
            test,
            frames=self.frames(self.ticks, self.pixels),
            labels=self.labels.tolist(),
            rule=self.settings.registers(int(self.state.generator)),
            weights=self.weights(self.state.weights),
            **given,
        )
        learned = learn(self.state, self.ticks, self.labels, self.settings)
        for image, words in enumerate(outcome.decisions):
            assert words == self.words(learned, image, words[2], tag(image))
        assert outcome.registers == {"updated": int(np.sum(learned.updated))}
        assert outcome.weights == self.weights(learned.weights)
        return outcome
