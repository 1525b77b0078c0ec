# SPDX-License-Identifier: BSD-2-Clause
"""Options, files and networks that do not go with a file of the user."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import LearningState, Network
from firstspike.golden.training.general_recipe import ENCODING
from tests.support.command import firstspike, refusal, success, toy_network
from tests.support.rooms import added

QUICK = ("--hidden", 5, "--epochs", 2, "-o", "made.npz")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A file of each kind, of two classes."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    y = np.arange(60) % 2
    (tmp_path / "table.csv").write_text("a,kind\n" + "".join(f"{i},{i % 2}\n" for i in range(60)))
    np.savez("series.npz", x_train=rng.normal(size=(60, 2, 9)), y_train=y)
    lines = [json.dumps({"events": [[1 + k, 0], [9, 1]], "label": k % 2}) for k in range(8)] * 8
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    for kind in ("bee", "wasp"):
        (tmp_path / "images" / kind).mkdir(parents=True)
        for at in range(10):
            pixels = rng.integers(0, 256, (6, 6), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / kind / f"{at}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("events.jsonl", ("--encoding", "ticks", "--no-complement", "--no-constant")),
        ("series.npz", ("--encoding", "crossings-3", "--no-constant")),
        ("images", ("--cutoff", 9, "--encoding", "binary")),
        ("images", ("--recipe", "plain", "--cutoff", 9)),
    ],
)
def test_options_that_go_with_a_file(capfd, folder, file, words):
    success(capfd, "train", "--dataset", file, *words, *QUICK)


def test_each_step_of_a_series_is_a_feature_by_default(capfd, folder):
    """On most sets it is more accurate than crossings (docs/figures/data.md)."""
    success(capfd, "train", "--dataset", "series.npz", *QUICK)
    network = Network.load("made.npz")
    assert network.encoding == ENCODING
    assert network.n_features == 2 * 9


def test_one_labelled_row_is_classified(capfd, folder):
    """The sentence names `--input` to a user who classifies, not to one who trains."""
    words = ("train", "--dataset", "table.csv", "--label", "kind", *QUICK)
    success(capfd, *words)
    (folder / "one.csv").write_text("a,kind\n3,1\n")
    run = ("run", "made.npz", "--dataset", "one.csv")
    said = refusal(capfd, *run)
    assert said.startswith(
        "Error: give it by --input to take all samples: one.csv has no test part"
    )
    assert "1 of 1 classes have one sample alone" in said
    ended = success(capfd, *run[:2], "--dataset", "table.csv")
    assert "golden, all 12 test samples of table.csv\n" in ended.out
    drawn = refusal(capfd, "plot", *run[1:3], "table.csv", "--number", 12, "-o", "p.png")
    assert "has 12 test samples, counted from 0: there is no test sample 12." in drawn
    ended = success(capfd, *run[:2], "--input", "one.csv")
    assert "golden, 1 of 1 samples of one.csv\n" in ended.out
    said = refusal(capfd, *words[:2], "one.csv", *words[3:5], *QUICK[:-1], "other.npz")
    assert "1 of 1 classes have one sample alone" in said
    assert "--input" not in said


LAST_LAYER = ("learn", "made.npz", "--last-layer", "--dataset")


def test_learning_takes_all_of_few_samples(capfd, folder):
    success(capfd, "train", "--dataset", "table.csv", "--label", "kind", *QUICK)
    (folder / "few.csv").write_text("a,kind\n3,1\n5,1\n4,0\n6,0\n")
    words = (*LAST_LAYER, "few.csv", "--epochs", 2, "-o", "after.npz")
    assert "a share of 0.2 of 4 samples" in refusal(capfd, *words, "--test", 0.2)
    assert not (folder / "after.npz").exists()
    ended = success(capfd, *words, "--json", "after.json")
    assert "few.csv has no test part of its own" in ended.err
    assert "Without --test, learning takes all samples, and has no test accuracy.\n" in ended.err
    assert re.search("test accuracy +no labelled test part\n", ended.out)
    assert "decision tick" not in ended.out
    result = json.loads((folder / "after.json").read_text())
    assert (result["images"], result["accuracy"]) == (4, None)
    assert LearningState.load("after.state.npz", Network.load("after.npz")).done == 2 * 4


def test_a_test_part_without_labels_has_no_accuracy(capfd, folder):
    file = folder / "events.jsonl"
    events = [json.loads(line)["events"] for line in file.read_text().splitlines()]
    lines = [json.dumps({"events": one}) for one in events]
    (folder / "unlabelled.jsonl").write_text("\n".join(lines))
    made = ("train", "--dataset", "events.jsonl", "--encoding", "ticks", *QUICK)
    success(capfd, *made)
    learn = (*LAST_LAYER, "events.jsonl", "--epochs", 1, "-o", "after.npz")
    for words in ((*made[:-1], "other.npz"), learn):
        ended = success(capfd, *words, "--test", "unlabelled.jsonl")
        assert re.search("test accuracy +no labelled test part\n", ended.out)
        assert "decision tick" in ended.out


def test_the_largest_numbers_are_learned_from_without_a_warning(capfd, folder):
    largest = np.finfo(float).max
    x = np.where(np.arange(60)[:, None] % 2, largest, -largest) * np.ones(3)
    np.savez("large.npz", x_train=x, y_train=np.arange(60) % 2)
    for verb in (("train", "--epochs", 2, "--hidden", 5), ("learn", "--random", 10)):
        ended = success(capfd, *verb, "--dataset", "large.npz", "-o", "made.npz")
        assert "Warning" not in ended.err


# Files whose names are no text: verbs work with them, or refuse them before any work.

NAME = os.fsdecode(b"x\xff")
"""A file name that cannot be decoded as UTF-8."""

DATA = f"{NAME} data.npz"


@pytest.fixture
def undecodable(tmp_path, monkeypatch):
    """A folder with a network and a data set of this name, to work in."""
    monkeypatch.chdir(tmp_path)
    toy_network().save(f"{NAME}.npz")
    images = np.random.default_rng(1).integers(0, 256, (200, 6, 6), np.uint8)
    labels = np.arange(200) % 4
    np.savez(DATA, x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])
    return tmp_path


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("info", f"{NAME}.npz", "--json"), ".json"),
        (("plot", f"{NAME}.npz", "--dataset", DATA, "-o"), ".svg"),
        (("run", f"{NAME}.npz", "--dataset", DATA, "--plot"), ".png"),
        *added("SHOW_NAMES"),
    ],
)
def test_verbs_that_only_show_a_name_work(capfd, undecodable, words, output):
    words = [str(word).format(net=f"{NAME}.npz", data=DATA) for word in words]
    success(capfd, *words, f"{NAME}{output}")
    assert (undecodable / f"{NAME}{output}").stat().st_size


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--dataset", DATA, "-o", "out.npz"),
        ("train", "--dataset", DATA, "--seed", "1-2", "-o", "out.npz"),
        ("learn", "--dataset", DATA, "--random", 5, "-o", "out.npz"),
        *([word.format(data=DATA) for word in words] for words in added("TELL_NAMES")),
        ("build", f"{NAME}.npz", "--board", "icebreaker", "-o", "out"),
    ],
)
def test_verbs_whose_results_tell_the_name_refuse_it_before_any_work(capfd, undecodable, words):
    before = sorted(os.listdir())
    ended = firstspike(capfd, *words, status=2)
    assert ended.err.splitlines()[-1].startswith("Error: the name x\\udcff")
    assert "epoch" not in ended.err
    assert sorted(os.listdir()) == before


def test_the_output_of_a_training_may_have_any_name(capfd, undecodable):
    os.rename(DATA, "data.npz")
    words = ("--dataset", "data.npz", "--hidden", 5, "--epochs", 1)
    success(capfd, "train", *words, "-o", f"{NAME}.npz", "--plot", f"{NAME}.svg")
    assert Network.load(f"{NAME}.npz").shape[-1] == 4
    assert "name" not in refusal(capfd, "train", *words, "-o", f"{NAME}/x.npz")
