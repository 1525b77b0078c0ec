# SPDX-License-Identifier: BSD-2-Clause
"""The layout of tests of blocks: few calls lead from a test to a pin; examples are listed."""

import subprocess
from importlib import import_module
from inspect import signature
from pathlib import Path

from tests.blocks import EXAMPLES, example_of, test_encoder
from tests.support import traced_pins
from tests.support.simulators import EITHER


def test_five_calls_in_three_files_lead_from_a_test_to_a_pin(monkeypatch, tmp_path):
    run, deepest, stack = subprocess.run, tmp_path / "calls", []

    def traced(command, *, env, **options):
        stack.extend(traced_pins.calls())
        modules = f"{traced_pins.__name__},{env['COCOTB_TEST_MODULES']}"
        env |= {"COCOTB_TEST_MODULES": modules, traced_pins.TRACE: str(deepest)}
        env["COCOTB_TEST_FILTER"] = r"\.images$"
        return run(command, env=env, **options)

    monkeypatch.setattr(subprocess, "run", traced)
    test_encoder.test_encoder(EITHER, 40, 13, 26, 1, 60, seed=1)
    this = "tests/blocks/test_layout.py"
    started = [f"{file} {name}" for file, name in stack if file != this]
    calls = started + deepest.read_text().splitlines()
    assert calls == [
        "tests/blocks/test_encoder.py test_encoder",
        "sim/harness/runner.py run",
        # in the process of the simulator
        "tests/blocks/test_encoder.py images",
        "tests/blocks/test_encoder.py image",
        "sim/harness/streams.py send",
    ]


def test_every_example_is_listed():
    names = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    modules = {name: import_module(f"tests.blocks.test_{name}") for name in names}
    assert {name for name in names if hasattr(modules[name], "example")} == {*EXAMPLES}
    for name in EXAMPLES:
        signature(example_of(name)).bind(seed=2)
