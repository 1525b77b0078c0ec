# SPDX-License-Identifier: BSD-2-Clause
"""The worked examples run, learn, and end with a core that does not differ."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from firstspike.golden.data.table import read_table

EXAMPLES = Path(__file__).parents[2] / "examples"

ACCURACY = {"breast_cancer": 93, "digits": 96, "gestures": 80, "pytorch": 95, "yin_yang": 95}
"""The accuracy in percent that each example passes on the first split, with something to spare."""


def test_every_example_is_run():
    names = {file.stem for file in EXAMPLES.glob("*.py")}
    assert names == {*ACCURACY, "frameworks", "row_words", "show"}


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(ACCURACY.keys() - {"pytorch"}))  # that one: tests/torch
def test_example(name, tmp_path):
    check_example(name, tmp_path)


def check_example(name, folder):
    script = EXAMPLES / f"{name}.py"
    ended = subprocess.run(
        [sys.executable, script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    (accuracy,) = re.findall(r"^mean +([\d.]+)%", ended.stdout, re.MULTILINE)
    assert float(accuracy) > ACCURACY[name]
    assert "\n0 differences in spikes, decisions, spike counts and clock cycles\n" in ended.stdout
    assert re.search(r"^icebreaker .* \d+ +27 ", ended.stdout, re.MULTILINE), "it fits"


def test_the_irises_are_those_of_scikit_learn():
    irises, samples = load_iris(), read_table(EXAMPLES / "irises.csv", "species", None)
    assert samples.names == tuple(irises.feature_names)
    assert np.array_equal(samples.x, irises.data)
    assert list(samples.labels) == list(irises.target_names[irises.target])


def test_yin_yang_is_as_published(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    from yin_yang import classes, yin_yang

    X, y = yin_yang(3000, 1)
    assert np.hypot(*(X - 0.5).T).max() <= 0.5
    assert np.bincount(y) == pytest.approx(1000, rel=0.1)
    assert np.array_equal(classes(*X.T), y)
    points = np.array([[0.25, 0.5], [0.75, 0.5], [0.5, 0.9], [0.5, 0.1], [0.25, 0.35], [0.75, 0.7]])
    assert classes(*points.T).tolist() == [2, 2, 1, 0, 1, 0]
