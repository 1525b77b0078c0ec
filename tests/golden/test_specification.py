# SPDX-License-Identifier: BSD-2-Clause
"""Specifications: ranges, descriptions of state files, and options of the command."""

from dataclasses import fields

import click
import numpy as np
import pytest
from click.testing import CliRunner

from firstspike.golden.system.specification import Changes, help_of, parameter_of
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
