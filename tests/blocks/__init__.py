# SPDX-License-Identifier: BSD-2-Clause
"""The blocks, a file each: its model, its bench, and the tests that run it.

A file is both the tests that pytest collects, whose names begin with `test_`, and the module of
tests that cocotb finds in the simulation. Its `example(seed=1)` runs the bench of a small block
quickly: a soak and random mutants call it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

EXAMPLES = (
    "address_set", "standalone", "core", "encoder", "filters", "frames", "layer", "levels",
    "levels_encoder", "lfsr", "listener", "lsm6dso", "player", "queue", "receivers",
    "replay_memory", "saver", "saving_core", "spi", "teachable_core", "watcher",
    "weights", "windows", "words",
)  # fmt: skip
"""The names of the files with an example."""


def example_of(name: str) -> Callable[..., Any]:
    """Return the example of a block."""
    return import_module(f"{__name__}.test_{name}").example
