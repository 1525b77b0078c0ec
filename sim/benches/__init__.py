# SPDX-License-Identifier: BSD-2-Clause
"""Benches, a file or a folder a block: its cocotb tests, and the function that runs them on it.

A bench can carry an example, which is what `firstspike check blocks` runs: a function
`example(**options)` for the options of `harness.bench.BlockBench.run`, which returns the sentence
to print. It stands in the bench's file, or in `example.py` of its folder.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).parent

EXAMPLES = sorted(
    [path.stem for path in _FOLDER.glob("*.py") if path.stem != "__init__"]
    + [path.parent.name for path in _FOLDER.glob("*/example.py")]
)
"""The names of the benches with an example."""


def example_of(name: str) -> ModuleType:
    """The module with a bench's `example`."""
    inside = ".example" if (_FOLDER / name).is_dir() else ""
    return import_module(f"{__name__}.{name}{inside}")
