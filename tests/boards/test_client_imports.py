# SPDX-License-Identifier: BSD-2-Clause
"""A program that only talks to a board loads nothing but what that takes."""

import subprocess
import sys

import pytest

THIRD_PARTY = {"cobs", "numpy", "serial"}


def loaded_by(module: str) -> set[str]:
    """Modules that an import loads in a new Python, without the modules of its start."""
    program = (
        "import sys; before = set(sys.modules); "
        f"import {module}; print(*(set(sys.modules) - before), sep='\\n')"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return set(ended.stdout.decode().split())


def test_the_client_loads_only_what_it_needs():
    loaded = loaded_by("firstspike.boards.client")
    tops = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert tops == THIRD_PARTY | {"firstspike"}
    ours = {name.split(".")[1] for name in loaded if name.startswith("firstspike.")}
    assert ours == {"boards", "golden", "hdl"}  # without gateware, which takes amaranth


@pytest.mark.parametrize(
    "module", ["golden", "hdl.link.protocol.formats", "hdl.link.protocol.messages"]
)
def test_protocol_and_network_need_no_gateware(module):
    tops = {name.partition(".")[0] for name in loaded_by(f"firstspike.{module}")}
    assert tops - set(sys.stdlib_module_names) <= THIRD_PARTY | {"firstspike"}
