# SPDX-License-Identifier: BSD-2-Clause
"""Which simulators tests run on: Icarus Verilog where it is installed."""

import shutil

import pytest

needs_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus Verilog is not installed"
)
on_both_simulators = pytest.mark.parametrize(
    "simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)]
)
