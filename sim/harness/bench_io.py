# SPDX-License-Identifier: BSD-2-Clause
"""Carries an object each way between a bench and the program that runs it, and progress.

The bench runs in another process, of the same Python, to which objects go as pickles.
"""

import os
import pickle
from pathlib import Path
from typing import Any, TypeVar

FOLDER = "FIRSTSPIKE_BENCH"
"""The environment variable with the folder in which a bench finds and leaves its files."""

Kind = TypeVar("Kind")

ARGUMENTS, REPORTED = "arguments.pickle", "reported.pickle"

DONE = "done"
"""A file that is as many bytes long as the bench has told."""


def arguments(kind: type[Kind]) -> Kind:
    """Return in a bench the parameters of `Simulation.run`, which must be of this kind."""
    content = pickle.loads((Path(os.environ[FOLDER]) / ARGUMENTS).read_bytes())
    if not isinstance(content, kind):
        raise TypeError(f"the bench was given {content!r}, but takes a {kind.__name__}.")
    return content


def report(outcome: Any) -> None:
    """Set in a bench what `Simulation.run` returns."""
    (Path(os.environ[FOLDER]) / REPORTED).write_bytes(pickle.dumps(outcome))


def tell(done: int) -> None:
    """Tell from a bench how much is done, for the `progress` of `Simulation.run`."""
    with open(Path(os.environ[FOLDER]) / DONE, "ab") as file:
        file.truncate(done)
