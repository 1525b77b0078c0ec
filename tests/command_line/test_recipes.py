# SPDX-License-Identifier: BSD-2-Clause
"""The recipes by the command: what they say holds where no option says otherwise."""

import pytest

from firstspike.golden import bundled_test_set
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.training.recipes import RECIPES, recipe
from firstspike.golden.training.trainer import Trainer
from firstspike.scripts import datasets
from tests.support.command import firstspike

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    ("words", "changes"),
    [((), {}), (("--weight-bits", 3, "--hidden", "20-10"), {"weight_bits": 3, "hidden": (20, 10)})],
)
def test_parameters_are_those_of_the_recipe(capfd, tmp_path, monkeypatch, name, words, changes):
    pixels, labels = bundled_test_set()
    images = Dataset(pixels, labels, pixels[:10], labels[:10])
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: images)
    trainers = []

    def fit(trainer, *_, **__):
        trainers.append(trainer)
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "fit", fit)
    ended = firstspike(capfd, "train", "--recipe", name, *words, "-o", tmp_path / "net.npz")
    assert ended.status == 130
    expected = Trainer(**recipe(name, **changes))
    assert vars(trainers[0]) == vars(expected)
