# SPDX-License-Identifier: BSD-2-Clause
"""The layout of tests of blocks: examples are listed."""

from importlib import import_module
from inspect import signature
from pathlib import Path

from tests.blocks import EXAMPLES, example_of


def test_every_example_is_listed():
    names = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    modules = {name: import_module(f"tests.blocks.test_{name}") for name in names}
    assert {name for name in names if hasattr(modules[name], "example")} == {*EXAMPLES}
    for name in EXAMPLES:
        signature(example_of(name)).bind(seed=2)
