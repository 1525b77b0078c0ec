# SPDX-License-Identifier: BSD-2-Clause
"""A program that only talks to a board loads nothing but what that takes."""

import subprocess
import sys

import pytest

THIRD_PARTY = {"cobs", "numpy", "serial"}

OURS = [
    "boards",
    "boards.client",
    "boards.client.client",
    "boards.client.errors",
    "boards.client.frames",
    "boards.client.channel",
    "boards.client.request",
    "boards.client.transport",
    "golden",
    "golden.encoding",
    "golden.encodings",
    "golden.encodings.crossings",
    "golden.encodings.encoding",
    "golden.encodings.features",
    "golden.encodings.levels",
    "golden.encodings.registry",
    "golden.encodings.samples",
    "golden.encodings.ticks",
    "golden.flash",
    "golden.foreign",
    "golden.foreign.archive",
    "golden.foreign.fields",
    "golden.foreign.json_text",
    "golden.foreign.printable",
    "golden.integer",
    "golden.layers",
    "golden.layers.convolution",
    "golden.layers.dense",
    "golden.layers.geometry",
    "golden.layers.kind",
    "golden.layers.registry",
    "golden.learning",
    "golden.learning.learn",
    "golden.learning.rule",
    "golden.learning.state",
    "golden.motion",
    "golden.motion.front",
    "golden.network",
    "golden.networks",
    "golden.networks.shipped",
    "golden.neuron",
    "golden.results",
    "golden.sound",
    "golden.sound.filters",
    "golden.sound.front",
    "golden.system",
    "golden.system.errors",
    "golden.system.files",
    "golden.system.temporary",
    "golden.timing",
    "golden.timing.folding",
    "golden.timing.latencies",
    "golden.timing.layer",
    "golden.timing.shape",
    "golden.widths",
    "hdl",
    "hdl.core",
    "hdl.core.config",
    "hdl.layer",
    "hdl.layer.config",
    "hdl.layer.words",
    "hdl.link",
    "hdl.link.protocol",
    "hdl.link.protocol.folding",
    "hdl.link.protocol.formats",
    "hdl.link.protocol.identity",
    "hdl.link.protocol.messages",
]
"""Our modules that the client loads: protocol and network, but no gateware."""


def loaded_by(module: str) -> set[str]:
    """All modules that are loaded with one, in a Python of its own, besides those of its start."""
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
    ours = {name for name in loaded if name.startswith("firstspike.")}
    assert ours == {f"firstspike.{name}" for name in OURS}


@pytest.mark.parametrize(
    "module", ["golden", "hdl.link.protocol.formats", "hdl.link.protocol.messages"]
)
def test_protocol_and_network_need_no_gateware(module):
    tops = {name.partition(".")[0] for name in loaded_by(f"firstspike.{module}")}
    assert tops - set(sys.stdlib_module_names) <= THIRD_PARTY | {"firstspike"}
