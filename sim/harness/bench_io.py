"""What a bench and the program that runs it tell each other: values and arrays, in one file."""

import json
import os
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

FOLDER = "FIRSTSPIKE_BENCH"
"""The environment variable with the folder in which a bench finds and leaves its files."""

Given = TypeVar("Given")

PARAMETERS, RESULTS = "parameters.npz", "results.npz"

DONE = "done"
"""A file that is as many bytes long as the bench has told."""


def write(path: Path, values: dict[str, Any]) -> None:
    """Write a dictionary: arrays as they are, everything else as JSON."""
    arrays: dict[str, Any] = {}
    rest = {}
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            arrays[f"array_{name}"] = value
        else:
            rest[name] = value
    np.savez(path, **arrays, json=json.dumps(rest))


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name.removeprefix("array_"): file[name] for name in file.files if name != "json"}
        return json.loads(str(file["json"])) | arrays


def parameters() -> dict[str, Any]:
    """In a bench: the parameters that `Simulation.run` was given."""
    return read(Path(os.environ[FOLDER]) / PARAMETERS)


def given(kind: type[Given]) -> Given:
    """In a bench: the parameters as the dataclass whose fields they were."""
    return kind(**parameters())


def report(**results: Any) -> None:
    """In a bench: the values and arrays that `Simulation.run` is to return."""
    write(Path(os.environ[FOLDER]) / RESULTS, results)


def tell(done: int) -> None:
    """In a bench: say how much is done, for the `progress` of `Simulation.run`."""
    with open(Path(os.environ[FOLDER]) / DONE, "ab") as file:
        file.truncate(done)
