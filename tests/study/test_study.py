# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike study`: accuracy against hardships."""

import json

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import bundled_test_set, encode, infer, load_network
from firstspike.scripts.study import study
from tests.support.command import result_of, success, toy_network
from tests.support.shapes import convolving_network

pytestmark = pytest.mark.fast


def test_study_measures_what_it_says(capfd, tmp_path):
    words = ("study", "mnist-4bit", "--images", 100, "-o", tmp_path / "study.png")
    result = result_of(capfd, *words)
    network = load_network("mnist-4bit")
    pixels, labels = bundled_test_set()
    run = infer(network, encode(network, pixels[:100]))
    accuracy = np.mean(run.decision == labels[:100])
    assert result["count"] == 100
    added = run.spikes_in @ [w.shape[1] for w in network.weights]
    assert result["operations"]["mean"] == pytest.approx(added.mean())
    for name, curve in result["curves"].items():
        assert len(curve["values"]) == len(curve["accuracy"])
        gentle, harsh = (-1, 0) if name == "deadline" else (0, -1)
        assert curve["accuracy"][gentle] == accuracy
        assert curve["accuracy"][harsh] < accuracy - 0.05
    with Image.open(tmp_path / "study.png") as image:
        assert image.size > (500, 300)
    assert result_of(capfd, *words) == result


def test_study_says_that_filters_die(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = convolving_network(hidden=("4c5s4",), size=(28, 28), maps=1, n_classes=10)
    network.save("net.npz")
    ended = success(capfd, "study", "net.npz", "--images", 50, "-o", "s.png", "--json", "-")
    assert "dead filters and dense neurons" in ended.err
    assert "a network of the shape without spikes takes 5040" in ended.err
    assert set(json.loads(ended.out)["curves"]) == {"deadline", "flips", "jitter", "dead"}


def test_a_study_has_times_in_z():
    network, x = toy_network(), np.random.default_rng(1).integers(0, 256, (9, 36), np.uint8)
    run = infer(network, encode(network, x))
    curves = dict(study.curves(network, x, run.decision, run, np.random.default_rng(1)))
    unit = network.unit
    assert {name: curve["values"] for name, curve in curves.items()} == {
        "deadline": sorted({int(at) / unit for at in np.linspace(unit, run.tick.max(), 12)}),
        "flips": [0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15],
        "jitter": [0, 0.125, 0.25, 0.5, 1],
        "dead": [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    }
    assert [curve["accuracy"][0] for curve in list(curves.values())[1:]] == [1, 1, 1]
    assert curves["deadline"]["accuracy"][-1] == 1
    result = {"count": 9, "operations": {"mean": 1.6, "dense": 468}, "curves": {}}
    result["curves"]["jitter"] = {"values": [0.0, 1 / 3], "accuracy": [1.0, 2 / 3]}
    assert study.report("toy", network, result) == (
        "toy, 9 images: 2 synaptic operations an image until the decision, where a dense network "
        "of the shape takes 468\n\n"
        "jitter of the input spikes, +- z       0  0.333\n"
        "accuracy, %                       100.00  66.67"
    )
