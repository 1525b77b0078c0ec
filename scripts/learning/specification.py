# SPDX-License-Identifier: BSD-2-Clause
"""The specification of a run of learning, from which options and state files are made."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from firstspike.golden import LearningError
from firstspike.golden.learning.course import ANNEALING
from firstspike.golden.system.specification import check, parameter
from firstspike.scripts.options import Choice
from firstspike.scripts.selection import ALL, WHICH, ImageCount


class Relabelling(click.ParamType):
    """Classes to relabel, written 3:8,8:3."""

    name = "classes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split the value at the commas and colons, into pairs."""
        if not re.fullmatch("[0-9]:[0-9](,[0-9]:[0-9])*", value):
            self.fail(f"{value!r} is not OLD:NEW,... with classes from 0 to 9, such as 3:8,8:3.")
        pairs = [tuple(map(int, pair.split(":"))) for pair in value.split(",")]
        if len({old for old, _ in pairs}) < len(pairs):
            self.fail(f"{value!r} gives a class two new names.")
        return pairs


@dataclass(frozen=True, kw_only=True)
class Learning:
    """The parameters of a run of learning. Raises `LearningError` for a value out of its range.

    Parameters
    ----------
    net
        The network to begin with.
    random
        Begin with random weights, and hidden layers of these sizes.
    inputs
        Connect only the N inputs that are bright most often, with --random.
    images
        Learn N training images.
    epochs
        Learn each image N times.
    shift
        Move every image at random by up to PIXELS pixels.
    stored_bits
        Bits of a stored weight; inference uses the top ones, as many as a weight of NET has.
    competitors
        Let one output inside the margin fire later, or all of them.
    last_layer
        Change only the weights of the last layer of NET, whose hidden layers may be of any number
        and kind.
    exact
        Correct hidden neurons by the output weights, not by their signs.
    relabel
        Change the labels: OLD becomes NEW.
    kill
        Kill this share of the hidden neurons first.
    seed
        Seed of the weights, the order of the images, and the draws.
    """

    net: str | None = None
    random: tuple[int | str, ...] | None = parameter(None, "--random HIDDEN", low=1)
    inputs: int | None = parameter(None, "--inputs N", low=1, usual="all")
    images: int | None = parameter(
        None,
        "--images N|all",
        kind=ImageCount(1),
        low=1,
        help=f"Learn N training images: {WHICH}.",
        usual="all",
        stored=(1 << 32) - 1,
    )
    epochs: int = parameter(10, "--epochs N", low=1, stored=(1 << 30) - 1)
    shift: int = parameter(0, "--shift PIXELS", low=0, high=1)
    stored_bits: int | None = parameter(
        None, "--stored-bits", kind=Choice([*ANNEALING]), usual="those of NET, or 8"
    )
    competitors: str = parameter("1", "--competitors", kind=Choice(["1", "all"]))
    last_layer: bool = parameter(False, "--last-layer")
    exact: bool = parameter(False, "--exact")
    relabel: Sequence[tuple[int, int]] | None = parameter(
        None, "--relabel OLD:NEW,...", kind=Relabelling(), low=0, high=9
    )
    kill: float | None = parameter(None, "--kill FRACTION", low=0, high=1)
    seed: int = parameter(1, "--seed N", low=0, stored=(1 << 128) - 1)

    def __post_init__(self) -> None:
        """Accept `ALL` images, too."""
        if self.images == ALL:
            object.__setattr__(self, "images", None)
        check(self, LearningError)
