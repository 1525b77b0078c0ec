# SPDX-License-Identifier: BSD-2-Clause
"""Files whose names are no text: verbs work with them, or refuse them before any work."""

import os

import numpy as np
import pytest

from firstspike.golden import Network
from tests.support.command import firstspike, refusal, success, toy_network

NAME = os.fsdecode(b"x\xff")
"""A file name that cannot be decoded as UTF-8."""

DATA = f"{NAME} data.npz"


@pytest.fixture
def folder(tmp_path, monkeypatch):
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
        (("page", f"{NAME}.npz", "--images", 3, "-o"), ".html"),
        (("export", f"{NAME}.npz", "-o"), ".nir"),
        (("plot", f"{NAME}.npz", "--dataset", DATA, "-o"), ".svg"),
        (("study", f"{NAME}.npz", "--dataset", DATA, "-o"), ".pdf"),
        (("run", f"{NAME}.npz", "--dataset", DATA, "--plot"), ".png"),
    ],
)
def test_verbs_that_only_show_a_name_work(capfd, folder, words, output):
    success(capfd, *words, f"{NAME}{output}")
    assert (folder / f"{NAME}{output}").stat().st_size


@pytest.mark.parametrize(
    "words",
    [
        ("train", "--dataset", DATA, "-o", "out.npz"),
        ("train", "--dataset", DATA, "--seeds", "1-2", "-o", "out.npz"),
        ("learn", "--dataset", DATA, "--random", 5, "-o", "out.npz"),
        ("explore", "--dataset", DATA, "--board", "ulx3s-25f", "-o", "out"),
        ("build", f"{NAME}.npz", "--board", "icebreaker", "-o", "out"),
    ],
)
def test_verbs_whose_results_tell_the_name_refuse_it_before_any_work(capfd, folder, words):
    before = sorted(os.listdir())
    ended = firstspike(capfd, *words)
    assert ended.status == 2
    assert ended.err.splitlines()[-1].startswith("Error: the name x\\udcff")
    assert "epoch" not in ended.err
    assert sorted(os.listdir()) == before


def test_the_output_of_a_training_may_have_any_name(capfd, folder):
    os.rename(DATA, "data.npz")
    words = ("--dataset", "data.npz", "--hidden", 5, "--epochs", 1)
    success(capfd, "train", *words, "-o", f"{NAME}.npz", "--plot", f"{NAME}.svg")
    assert Network.load(f"{NAME}.npz").shape[-1] == 4
    assert "name" not in refusal(capfd, "train", *words, "-o", f"{NAME}/x.npz")
