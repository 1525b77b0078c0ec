# SPDX-License-Identifier: BSD-2-Clause
"""Each verb with a network that convolves: it works, or a sentence names the missing feature."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import LearningState, bundled_test_set, encode, infer, load_network
from firstspike.golden.faults import kill
from tests.support.command import firstspike, refusal, success
from tests.support.shapes import convolving_network

pytestmark = pytest.mark.fast


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A network of digits with one layer that convolves, as net.npz in an empty folder."""
    monkeypatch.chdir(tmp_path)
    network = convolving_network(hidden=("4c5s4",), size=(28, 28), maps=1, n_classes=10)
    network.save("net.npz")
    return network


def test_info_names_the_kernels(capfd, network):
    ended = firstspike(capfd, "info", "net.npz", "--json", "-")
    first, second = json.loads(ended.out)["layers"]
    assert first["convolution"] == {
        **{"maps": 1, "filters": 4, "size": [28, 28], "kernel": [5, 5]},
        **{"stride": [4, 4], "padding": [0, 0], "positions": [6, 6]},
    }
    assert second["convolution"] is None
    assert "0         1        4        28 x 28   5 x 5" in ended.err


def test_plot_draws_the_maps(capfd, network):
    success(capfd, "plot", "net.npz", "-o", "maps.png")
    success(capfd, "plot", "mnist-4bit", "-o", "none.png")
    with Image.open("maps.png") as maps, Image.open("none.png") as none:
        assert maps.size[1] > none.size[1]
        colours = {tuple(pixel) for pixel in np.asarray(maps.convert("RGB")).reshape(-1, 3)}
    assert (68, 1, 84) in colours, "the earliest spike has the first colour of viridis"


def test_the_neurons_of_a_dead_filter_never_fire_and_the_others_do_as_before():
    network = convolving_network(hidden=("4c5s4",), size=(28, 28), maps=1, n_classes=10)
    ticks = encode(network, bundled_test_set()[0][:20])
    hurt = kill(network, 0.5, np.random.default_rng(1))
    alive = np.repeat(hurt.weights[0].any(axis=0), 36)
    before, after = (infer(one, ticks).hidden[0] for one in (network, hurt))
    assert not after[:, ~alive].any()
    assert 0 < alive.sum() < alive.size
    assert np.array_equal(after[:, alive], before[:, alive])


def test_run_takes_it(capfd, network):
    success(capfd, "run", "net.npz", "--images", 5)


def test_only_the_last_layer_learns(capfd, network):
    words = ("learn", "net.npz", "--images", 5, "--epochs", 1, "-o", "learned.npz")
    assert "without --last-layer takes dense layers alone" in refusal(capfd, *words)
    assert os.listdir() == ["net.npz"]
    success(capfd, *words, "--last-layer")
    learned = load_network("learned.npz")
    assert np.array_equal(learned.weights[0], network.weights[0])
    assert np.any(learned.weights[1] != network.weights[1])
    assert LearningState.load("learned.state.npz", learned).last_layer
