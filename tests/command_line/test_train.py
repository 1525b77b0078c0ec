# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike train`: its files, and the files that it keeps where it fails."""

import json
import re
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from firstspike.golden import Network, encode, infer
from firstspike.golden.training.checkpoint import Epoch
from firstspike.golden.training.recipes import RECIPES, recipe
from firstspike.golden.training.trainer import Trainer, TrainingError
from firstspike.scripts import datasets
from firstspike.scripts.training import figure, report
from firstspike.scripts.verbs import train
from tests.command_line.stand_ins import stand_in
from tests.support.command import firstspike, refusal, success, toy_network

SMALL = {
    "n_connected": 300,
    "fine_tuning_epochs": 2,
    "batch": 50,
    "held_out": 500,
    "rate": 5e-3,
    "augmentation": None,
}
WORDS = ("train", "--hidden", 40, "--epochs", 3)


@pytest.fixture(autouse=True)
def digits(monkeypatch):
    """2,500 digits to train on and 500 others, in place of a data set, and a recipe for them."""
    monkeypatch.setitem(RECIPES, "sparse", RECIPES["sparse"] | SMALL)
    return stand_in(monkeypatch)


def test_writes_network_and_result(capfd, digits, tmp_path):
    path = tmp_path / "net.npz"
    more = ("--seed", 3, "--compact", "-o", path, "--json", tmp_path / "r.json")
    ended = success(capfd, *WORDS, *more)
    network = Network.load(path)
    result = json.loads((tmp_path / "r.json").read_text())
    test = infer(network, encode(network, digits.x_test))
    assert result["accuracy"] == (test.decision == digits.y_test).mean()
    assert result["hidden_spikes"] == pytest.approx(test.hidden_spikes.mean())
    assert result["digest"] == network.digest()
    assert result["decisions_changed_by_compaction"] == 0
    assert network.meta["seed"] == 3
    expected = "firstspike train --hidden 40 --compact --epochs 3 --seed 3"
    assert network.meta["command"] == expected
    assert f"{result['accuracy']:.2%}" in ended.out


@pytest.mark.parametrize(
    ("epochs", "first", "told"),
    [
        (
            [(False, 0.95), (True, 0.8), (True, 0.85), (True, 0.7)],
            2,
            ", 3: the best of the quantised ones",
        ),
        ([(False, 0.9), (False, 0.95), (False, 0.8)], None, ", 2: the best"),
        ([(False, None), (True, None)], 2, ", 2: the last one"),
    ],
)
def test_the_curve_marks_where_weights_are_quantised(epochs, first, told):
    """The best of all epochs may be one before, whose weights no network file holds."""
    history = [
        Epoch(at, len(epochs), quantised, 1.0, 0.9, accuracy, 1.0, 1.0)
        for at, (quantised, accuracy) in enumerate(epochs, 1)
    ]
    best = history[0]
    for epoch in history:  # as the trainer chooses: of equals the later one
        best = max(epoch, best, key=lambda one: one.rank)
    axes = Figure().subplots()
    trainer = SimpleNamespace(history_=history, best_=best)
    figure.draw_curve(axes, SimpleNamespace(trainer=trainer))
    marks = {line.get_label(): line.get_xdata()[0] for line in axes.lines}
    assert marks.pop(f"the network's epoch{told}") == best.number
    assert marks.get(f"weights are quantised from epoch {first}") == (first and first - 0.5)
    assert sorted(label.split()[0] for label in marks) == sorted(
        ["training", *["held"] * (best.validation_accuracy is not None), *["weights"] * bool(first)]
    )


@pytest.mark.parametrize(("seconds", "told"), [(2.1, "2.1 s"), (59.9, "59.9 s"), (60, "1.0 min")])
def test_a_training_of_less_than_a_minute_is_told_in_seconds(
    capfd, monkeypatch, tmp_path, seconds, told
):
    result = report.result_of
    monkeypatch.setattr(train, "result_of", lambda session: result(session) | {"seconds": seconds})
    ended = firstspike(capfd, *WORDS[:-1], 1, "-o", tmp_path / "net.npz")
    assert re.search(rf"^training time +{told}$", ended.out, re.MULTILINE)


def failing(error):
    """A `fit` that raises."""

    def fit(*_, **__):
        raise error

    return fit


def test_refuses_an_unwritable_output_before_training(capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(Trainer, "fit", failing(AssertionError("training began")))
    path = tmp_path / "nowhere" / "net.npz"
    assert str(path) in refusal(capfd, *WORDS, "-o", path)


def test_refuses_an_encoding_before_the_images_are_fetched(capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "load_dataset", None)
    words = ("train", "--encoding", "levels-1", "-o", tmp_path / "net.npz")
    assert "encoding is 'levels-1': it must be binary, levels-N" in refusal(capfd, *words)


def test_leaves_no_file_if_training_fails(capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(Trainer, "fit", failing(TrainingError("no.")))
    path = tmp_path / "net.npz"
    before = toy_network().to_bytes()
    path.write_bytes(before)
    ended = firstspike(capfd, *WORDS, "-o", path, status=2)
    assert ended.err.endswith("\nError: no.\n")  # below the progress bar
    assert [file.name for file in tmp_path.iterdir()] == ["net.npz"]
    assert path.read_bytes() == before


# The recipes by the command: what they say holds where no option says otherwise.


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize(
    ("words", "changes"),
    [((), {}), (("--weight-bits", 3, "--hidden", "20-10"), {"weight_bits": 3, "hidden": (20, 10)})],
)
def test_parameters_are_those_of_the_recipe(capfd, tmp_path, monkeypatch, name, words, changes):
    stand_in(monkeypatch, 9990, 10)
    trainers = []

    def fit(trainer, *_, **__):
        trainers.append(trainer)
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "fit", fit)
    firstspike(capfd, "train", "--recipe", name, *words, "-o", tmp_path / "net.npz", status=130)
    assert trainers[0].training == recipe(name, **changes)
