# SPDX-License-Identifier: BSD-2-Clause
"""Specifications: ranges, former names, descriptions of state files, and options of the command."""

from dataclasses import fields

import click
import numpy as np
import pytest
from click.testing import CliRunner

from firstspike.golden.foreign.json_text import check_json
from firstspike.golden.system.specification import Changes, description, help_of, parameter_of
from firstspike.golden.training.recipes import recipe
from firstspike.golden.training.specification import Training, TrainingError
from firstspike.golden.training.trainer import Trainer
from firstspike.scripts.datasets import Data
from firstspike.scripts.options import changes_of, options_of

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_bits": 9}, r"weight_bits is 9: it must be an integer in 2\.\.8\."),
        ({"weight_bits": 4.0}, "an integer"),
        ({"held_out": 1.0}, r"a number in 0\.\.1 \(excluded\)"),
        ({"held_out": np.nan}, "held_out is nan"),
        ({"epochs": 0}, r"epochs is 0: it must be an integer in 1\.\."),
    ],
)
def test_a_value_out_of_its_range_is_refused(changes, message):
    with pytest.raises(TrainingError, match=message):
        Training(**changes)


def test_a_name_that_is_no_field_is_refused():
    with pytest.raises(TypeError, match="momentum is no field of Training"):
        Trainer(momentum=0.9)


def test_the_former_name_of_the_cutoff_warns_and_works():
    with pytest.deprecated_call(match="threshold is now named cutoff"):
        trainer = Trainer(threshold=100.0)
    assert trainer.training == Training(cutoff=100.0)
    with pytest.deprecated_call(match="threshold is now named cutoff"):
        assert recipe("plain", threshold=100.0).cutoff == 100.0


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
    assert "--threshold" not in CliRunner().invoke(shown, ["--help"]).output


def test_the_former_option_names_its_successor():
    with pytest.deprecated_call():
        ended = CliRunner().invoke(shown, ["--threshold", "3"], catch_exceptions=False)
    assert "--threshold is now --cutoff" in ended.stderr
    assert "'cutoff': 3.0" in ended.stdout


BEFORE = {
    "hidden": [20], "encoding": "binary", "weight_bits": None, "n_connected": 10, "epochs": 5,
    "patience": None, "seed": 4, "complement": None, "constant": None, "compact": False,
    "threshold": 5.0, "validation_share": 0.2,
}  # fmt: skip
"""The options in a state file of the release before."""


def test_a_state_file_of_the_release_before_is_read():
    check_json(BEFORE, description(Training), "meta")
    assert Changes.read(Training, BEFORE).applied(Training()) == Training(
        hidden=(20,), n_connected=10, epochs=5, seed=4, cutoff=5.0, held_out=0.2
    )


def test_each_field_is_read_as_it_is_stored():
    changes = Changes(Training, hidden=(3,), cutoff=1.0, held_out=0.1, compact=True)
    assert Changes.read(Training, dict(changes)) == changes
    assert all(parameter_of(one).option for one in fields(Training) if one.name in changes)
