# SPDX-License-Identifier: BSD-2-Clause
"""Teaches 300 recordings to a core in RTL simulation, and compares with golden.

    python -m tests.measurements.teaching_rtl NET.npz

NET is a network of spoken digits, and the recordings are those of the test part. The bench holds
the replay memory, which is small, so that a word has few pictures to learn. Decisions, ticks,
updates, cycles and learned weights must be golden's.
"""

import sys

import numpy as np

from firstspike.golden import Teacher, differences, encode, learn, load_dataset, load_network
from firstspike.golden.front_ends import sound_of
from firstspike.golden.learning.teaching import PASSES, SETTINGS
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.benches.core.learning import learn_on_rtl

REFERENCES, CAPACITY, LANES = 2, 3, 64


def main() -> None:
    """Print what was compared, and end with status 1 if anything differs."""
    network = load_network(sys.argv[1])
    data = load_dataset("spoken-digits", sound=sound_of(network))
    references = encode(network, data.x_train[:REFERENCES]), data.y_train[:REFERENCES]
    teacher = Teacher(network, references, CAPACITY)
    begin = teacher.state.copy()
    passes = []
    for ticks, label in zip(encode(network, data.x_test), data.y_test, strict=True):
        teacher.teach(ticks, int(label))
        passes += [teacher.memory] * PASSES
    ticks, labels = map(np.concatenate, zip(*passes, strict=True))
    folding = Folding.of(network, CoreShape(LANES))
    run = learn_on_rtl(begin, ticks, labels, SETTINGS, folding)
    learned = learn(begin, ticks, labels, SETTINGS, trace=True)
    assert np.array_equal(begin.weights[0], teacher.state.weights[0])
    expected = learning_cycles(network, ticks, learned, folding, last_layer=True)
    differ = list(differences(expected, run))
    assert learned.updated is not None
    updated = np.count_nonzero(learned.updated)
    print(f"{teacher.count} words, {len(ticks)} pictures learned, {updated} with an update")
    print(f"{len(differ)} of {begin.weights[0].size} weights and of all results differ")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
