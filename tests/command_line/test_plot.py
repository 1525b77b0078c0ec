# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike plot` and `firstspike study`: pictures and curves."""

import json

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import bundled_test_set, encode, infer, load_network
from tests.support.command import firstspike, refusal, toy_network


@pytest.mark.parametrize("more", [(), ("--images", 50)])
def test_plot_draws_a_picture(capfd, tmp_path, more):
    path = tmp_path / "digit.png"
    assert firstspike(capfd, "plot", "mnist-4bit", "--number", 3, *more, "-o", path).status == 0
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert (pixels == (214, 39, 40)).all(2).any(), "the decision is marked in red"
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    assert [file.name for file in tmp_path.iterdir()] == ["digit.png"]


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_plot_writes_the_format_that_the_name_says(capfd, tmp_path, suffix, start):
    path = tmp_path / f"digit.{suffix}"
    assert firstspike(capfd, "plot", "mnist-4bit", "-o", path).status == 0
    assert path.read_bytes().startswith(start)


def test_plot_refuses_an_image_that_is_not_there(capfd, tmp_path):
    for words in (("--number", 10_000), ("--images", 10_001)):
        assert "10000" in refusal(capfd, "plot", *words, "-o", tmp_path / "digit.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["plot", "study"])
def test_an_unwritable_picture_is_refused(capfd, tmp_path, verb):
    path = tmp_path / "missing" / "picture.png"
    words = ("--images", 2, "-o", path)
    assert str(path) in refusal(capfd, verb, *words)


def test_study_measures_what_it_says(capfd, tmp_path):
    words = ("mnist-4bit", "--images", 100, "-o", tmp_path / "study.png", "--json", "-")
    ended = firstspike(capfd, "study", *words)
    assert ended.status == 0
    result = json.loads(ended.out)
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
    assert json.loads(firstspike(capfd, "study", *words).out) == result


@pytest.mark.parametrize("verb", ["plot", "study"])
def test_a_network_of_another_size_is_told_what_the_verb_can_do(capfd, tmp_path, verb):
    toy_network().save(tmp_path / "toy.npz")
    sentence = refusal(capfd, verb, tmp_path / "toy.npz", "-o", tmp_path / "picture.png")
    assert "784 pixels and 10 classes, this network takes 36 pixels to 4" in sentence
