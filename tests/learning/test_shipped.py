# SPDX-License-Identifier: BSD-2-Clause
"""Cores that learn real digits from random weights, one of full size, equal to golden."""

import numpy as np
import pytest

from firstspike.golden import bundled_test_set, differences, encode
from firstspike.golden.learning.course import settings_at
from firstspike.golden.learning.learn import learn
from firstspike.golden.learning.state import LearningState
from firstspike.golden.results import joined
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.sim.benches.core.learning import learn_on_rtl

COUNT = 240
RUN = 60_000  # images, so that the first ones are learned with the largest steps


@pytest.mark.long
@pytest.mark.parametrize(("hidden", "stored_bits"), [(100, 8), (600, 10)])
def test_learns_as_golden_does(hidden, stored_bits):
    """One rival at first, then every competitor with the settings of the end of a run."""
    state = LearningState.random((784, hidden, 10), stored_bits, seed=stored_bits)
    network, folding = state.network, Folding.of(state.network)
    pixels, labels = bundled_test_set()
    ticks, labels = encode(network, pixels[:COUNT]), labels[:COUNT].astype(int)
    settings = {
        0: settings_at(stored_bits, 0, RUN),
        COUNT // 3: settings_at(stored_bits, 0, RUN, every_competitor=True),
        2 * COUNT // 3: settings_at(stored_bits, RUN - 1, RUN, every_competitor=True),
    }
    run = learn_on_rtl(state, ticks, labels, settings, folding)
    ends = [*list(settings)[1:], COUNT]
    parts = [
        learn(state, ticks[first:end], labels[first:end], how, trace=True)
        for (first, how), end in zip(settings.items(), ends, strict=True)
    ]
    learned = joined(parts)
    assert 0 < learned.forced.sum() < learned.updated.sum() < COUNT
    assert run.weights is not None
    assert not list(differences(learning_cycles(network, ticks, learned, folding), run))
    assert np.any(state.weights[0] >> stored_bits - 8 != network.weights[0])
