# SPDX-License-Identifier: BSD-2-Clause
"""Teaches 300 recordings to a simulated standalone core, and compares with golden.

    python -m docs.measurements.teaching_rtl NET.npz

NET is a network of spoken digits. The recordings are those of the test part: each of them is a
taught word, whose class the board gets on its UART and whose picture it gets as pixels. The replay
memory is in the RTL. It is small, so that a word has few pictures to learn. After the 300 words,
the board decides all of them. Decisions, ticks, updates, learned weights and the text must be
golden's.
"""

import sys

import numpy as np

from firstspike.golden import load_dataset, load_network
from firstspike.golden.front_ends import sound_of
from firstspike.golden.learning.teaching import ReplayContent
from firstspike.sim.harness.runner import SimulationError
from tests.blocks.test_teachable_core import Word, teach_on_rtl

REFERENCES, CAPACITY, LANES = 2, 3, 64


def main() -> None:
    """Print what was compared, and end with status 1 if anything differs."""
    network = load_network(sys.argv[1])
    data = load_dataset("spoken-digits", sound=sound_of(network))
    n = len(data.x_test)
    pictures = data.x_test.reshape(n, -1)
    references = data.x_train[:REFERENCES].reshape(REFERENCES, -1)
    content = ReplayContent(references, data.y_train[:REFERENCES], CAPACITY)
    taught = [Word(*pair) for pair in zip(pictures, [True] * n, data.y_test.tolist(), strict=True)]
    words = [*taught, *map(Word, pictures)]
    try:
        learned = teach_on_rtl(network, content, words, LANES, pauses=False)
    except SimulationError as error:
        sys.exit(f"the board differs from golden: {error}")
    assert learned.updated is not None
    assert learned.weights is not None
    updated, images = np.count_nonzero(learned.updated), len(learned.decision)
    print(f"{n} words taught, {images - n} pictures learned, {updated} with an update; {n} decided")
    print(f"0 of {learned.weights[-1].size} weights, of all results, and of the text differ")


if __name__ == "__main__":
    main()
