# SPDX-License-Identifier: BSD-2-Clause
"""Specifications: ranges, descriptions of state files, and options of the command."""

import re
from dataclasses import fields
from types import NoneType, UnionType
from typing import get_args, get_type_hints

import click
import numpy as np
import pytest
from click.testing import CliRunner

from firstspike.golden import DataError, LearningError, NetworkError
from firstspike.golden.learning.course import Course
from firstspike.golden.system.specification import Changes, help_of, parameter_of
from firstspike.golden.training.augment import Augmentation
from firstspike.golden.training.specification import Training, TrainingError
from firstspike.golden.training.trainer import Trainer
from firstspike.scripts.datasets import Data
from firstspike.scripts.learning.specification import Learning
from firstspike.scripts.options import changes_of, options_of

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_bits": 9}, "weight_bits is 9: it must be an integer in 2..8."),
        ({"weight_bits": 4.0}, "weight_bits is 4.0: it must be an integer in 2..8."),
        ({"held_out": 1.0}, "a number in 0..1 (excluded) or None."),
        ({"epochs": 0}, "epochs is 0: it must be an integer in 1..16777215."),
        ({"complement": 2}, "complement is 2: it must be True or False."),
        ({"cutoff": np.inf}, "cutoff is inf: it must be a number that is finite or None."),
        ({"hidden": (20, 0)}, "hidden is (20, 0): it must be a list, each entry an integer in"),
        ({"hidden": "600"}, "hidden is '600': it must be a list, each entry an integer in"),
        ({"hidden": ("600",)}, "'600' is no layer: give a number of neurons, or FcK, FcKsS or"),
        ({"encoding": "levels"}, "encoding is 'levels': it must be binary, levels-N with N in"),
        ({"unit": 17}, "deadline is 96 with unit 17: it must be at least 6 units, 102."),
        ({"late": 97}, "late is 97: give -1 for never, or a tick in 1..96, the deadline."),
        ({"late": 0}, "late is 0: give -1 for never, or a tick in 1..96, the deadline."),
        ({"initial": ((0.1, -1), (0, 1))}, "a standard deviation must be 0 or larger."),
        ({"augmentation": 1}, "augmentation is 1: it must be of type Augmentation or None."),
    ],
)
def test_a_value_out_of_its_range_is_refused(changes, message):
    with pytest.raises((TrainingError, NetworkError), match=re.escape(message)):
        Training(**changes)


SPECIFICATIONS = [
    (Training, {}, TrainingError),
    (Augmentation, {}, TrainingError),
    (Data, {}, DataError),
    (Learning, {}, LearningError),
    (Course, {"n_images": 1, "epochs": 1, "stored_bits": 8}, LearningError),
]


def wrong_values(one, hint):
    """The values that a field must refuse: of another type, not finite, below and above."""
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    yield from (object(), np.nan, -np.inf, b"")
    if NoneType not in kinds:
        yield None
    limits, text = parameter_of(one), str(hint)
    is_number, has_choices = "int" in text or "float" in text, hasattr(limits.kind, "choices")
    if is_number and not has_choices and one.name != "cutoff":  # which is any finite number
        assert limits.low is not None, f"{one.name} has no range"
        assert "float" not in text or limits.high is not None, f"{one.name} has no upper limit"
        bad = [limits.low - 1]
        bad += [] if limits.high == np.inf else [1 + max(limits.high or 0, limits.stored)]
        yield from ([(value,), ((value, 0), (0, 0))] if "[" in text else [value] for value in bad)
    if "float" not in text:
        yield 1.5
    if "str" not in text or has_choices:
        yield "9"


@pytest.mark.parametrize(
    ("kind", "own", "error", "one"),
    [
        pytest.param(*of, one, id=f"{of[0].__name__}-{one.name}")
        for of in SPECIFICATIONS
        for one in fields(of[0])
    ],
)
def test_each_field_has_a_type_and_a_range(kind, own, error, one):
    kind(**own)
    for wrong in wrong_values(one, get_type_hints(kind)[one.name]):
        for value in wrong if isinstance(wrong, list) else [wrong]:
            with pytest.raises(error, match=f"^{one.name} is "):
                kind(**own | {one.name: value})


EXTREME = [
    (one.name, value)
    for one in fields(Training)
    if get_type_hints(Training)[one.name] is float
    for value in (parameter_of(one).low, parameter_of(one).high)
] + [
    (one.name, min(parameter_of(one).high, 0.999 if parameter_of(one).open else np.inf))
    for one in fields(Augmentation)
]


@pytest.mark.parametrize(("name", "value"), EXTREME)
@pytest.mark.filterwarnings("error")
def test_the_ends_of_each_range_can_be_trained_with(name, value):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (60, 16)).astype(np.uint8), np.arange(60) % 3
    training = Training(
        hidden=(5, 4), n_connected=None, epochs=3, fine_tuning_epochs=2, batch=10, held_out=10
    )
    varied = name in {one.name for one in fields(Augmentation)}
    changes = {"augmentation": Augmentation(**{name: value})} if varied else {name: value}
    trainer = Trainer(training, **changes).fit(x, y)
    assert all(np.isfinite(W).all() for W in trainer.weights_)


def test_integers_of_numpy_become_those_of_python():
    training = Training(weight_bits=np.int64(4), hidden=(np.int32(5),), held_out=np.uint8(7))
    assert {type(one) for one in (training.weight_bits, *training.hidden, training.held_out)} == {
        int
    }


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(TypeError, match="momentum is no field of Training"):
        Trainer(momentum=0.9)


@pytest.mark.parametrize("kind", [Training, Data])
def test_each_option_has_a_help(kind):
    assert {one.name for one in fields(kind)} <= help_of(kind).keys()


@click.command()
@options_of(Training)
def shown(**options):
    click.echo(dict(changes_of(Training, options)))


def test_options_are_those_of_the_specification():
    words = ["--hidden", "20-10", "--no-constant", "--weight-bits", "4", "--validation-share", "0"]
    ended = CliRunner().invoke(shown, words)
    expected = {"hidden": (20, 10), "constant": False, "weight_bits": 4, "held_out": 0.0, "seed": 1}
    assert eval(ended.output) == expected
    assert "'cutoff': 3.0" in CliRunner().invoke(shown, ["--cutoff", "3"]).output
    assert (
        "9 is not in the range 2<=x<=8" in CliRunner().invoke(shown, ["--weight-bits", "9"]).output
    )


def test_each_field_is_read_as_it_is_stored():
    changes = Changes(Training, hidden=(3,), cutoff=1.0, held_out=0.1, compact=True)
    assert Changes.read(Training, dict(changes)) == changes
    assert all(parameter_of(one).option for one in fields(Training) if one.name in changes)
