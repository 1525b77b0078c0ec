# SPDX-License-Identifier: BSD-2-Clause
"""Runs the command `firstspike` inside the test's own process, on a network made for it."""

import json
from dataclasses import replace
from typing import Any, NamedTuple

import click
import numpy as np
import pytest

from firstspike.golden import Network
from firstspike.scripts.main import firstspike as root
from firstspike.scripts.main import run_line
from firstspike.sim.harness.networks import network_of, random_weights


class Ended(NamedTuple):
    """Exit status and output of a command line."""

    status: int
    out: str
    err: str


def verbs(group: click.Group = root) -> dict[str, click.Command]:
    """Return all verbs; those of a group after its name, as in `check mutants`."""
    context, commands = click.Context(group), {}
    for name in group.list_commands(context):
        verb = group.get_command(context, name)
        inside = verbs(verb) if isinstance(verb, click.Group) else {}
        commands |= {f"{name} {word}": one for word, one in inside.items()} or {name: verb}
    return commands


def firstspike(
    capfd: pytest.CaptureFixture[str], *words: object, status: int | None = None
) -> Ended:
    """Run one command line, which must end with the status; `words` are turned into strings."""
    capfd.readouterr()
    ended = Ended(run_line([str(word) for word in words]), *capfd.readouterr())
    assert status in (None, ended.status), ended
    return ended


def success(capfd: pytest.CaptureFixture[str], *words: object) -> Ended:
    """Run one command line, whose exit status must be 0."""
    return firstspike(capfd, *words, status=0)


def result_of(capfd: pytest.CaptureFixture[str], *words: object, status: int = 0) -> dict[str, Any]:
    """Run one command line, which must end with the status, and return its result of `--json`."""
    return json.loads(firstspike(capfd, *words, "--json", "-", status=status).out)


def refusal(capfd: pytest.CaptureFixture[str], *words: object) -> str:
    """The sentence with which a command line is refused, with exit status 2.

    Above it only the usage may stand, or a progress bar, and what was derived from the data.
    """
    ended = firstspike(capfd, *words)
    assert ended.status == 2, ended
    assert not ended.out or ended.out.startswith(("features  ", "window  "))
    *above, sentence, nothing = ended.err.split("\n")
    assert sentence.startswith("Error: "), ended.err
    assert nothing == ""
    assert not above or above[0].startswith("Usage: ") or "%|" in above[0], ended.err
    return sentence


def toy_network(encoding: str = "binary") -> Network:
    """A network of 6 x 6 inputs, one of them not connected, with hidden neurons that do spike."""
    rng = np.random.default_rng(1)
    return network_of(
        (rng.integers(-30, 90, (35, 12)), rng.integers(-60, 120, (12, 4))),
        (300, 200),
        bits=8,
        deadline=60,
        inputs=np.arange(1, 36),
        encoding=encoding,
        meta={"seed": 1},
    )


def deep_toy_network(encoding: str = "binary") -> Network:
    """Return a toy network with three hidden layers, all of which spike."""
    return replace(
        toy_network(encoding),
        weights=tuple(random_weights(np.random.default_rng(1), (35, 12, 9, 7, 4), -80, 120)),
        weight_bits=(8, 8, 8, 8),
        thresholds=(200, 60, 40, 40),
    )
