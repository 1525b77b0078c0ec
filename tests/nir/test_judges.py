# SPDX-License-Identifier: BSD-2-Clause
"""Frameworks of others run what is exported; `make torch` has them."""

from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import bundled_test_set, encode, infer, load_network, shipped
from tests.support.command import deep_toy_network
from tests.support.shapes import convolving_network
from tests.support.tools import PYTORCH, leave_out

if not PYTORCH.found:
    leave_out(PYTORCH)

from docs.nir import frameworks

each_judge = pytest.mark.parametrize("framework", frameworks.JUDGES)


def equal(framework, network, ticks):
    said = frameworks.judged(frameworks.JUDGES[framework], network, ticks)
    assert (said.ticks, said.spikes, said.decisions) == (0, 0, 0)
    assert said.alone > 0


@each_judge
@pytest.mark.parametrize("name", shipped())
def test_shipped_networks_do_the_same(framework, name):
    network = load_network(name)
    equal(framework, network, encode(network, bundled_test_set()[0][:20]))


@each_judge
def test_three_hidden_layers_do_the_same(framework):
    network = deep_toy_network("levels-4")
    pixels = np.random.default_rng(1).integers(0, 256, (50, 36)).astype(np.uint8)
    ticks = encode(network, pixels)
    assert (infer(network, ticks).spikes_in > 0).all(axis=1).any()
    equal(framework, network, ticks)


@each_judge
@pytest.mark.parametrize("size", [(8, 8), (1, 30)])
def test_networks_that_convolve_do_the_same(framework, size):
    network = convolving_network(hidden=("4c3s2p1", "4c2", 8), size=size, n_classes=4)
    network = replace(network, thresholds=(20, 15, 15, 15))
    rng = np.random.default_rng(1)
    shape = 200, network.n_inputs
    ticks = rng.integers(1, 17, shape, np.int32) * (rng.random(shape) < 0.5)
    assert (infer(network, ticks).spikes_in > 0).all(axis=1).any()
    equal(framework, network, ticks)
