# SPDX-License-Identifier: BSD-2-Clause
"""The tables by which the encoder in C makes spikes of a network's samples."""

import textwrap
from collections.abc import Iterable, Iterator

import numpy as np

from firstspike.golden.encoding import level_ticks
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig

from .c_header import WIDTH, comment, number

_NO_INPUT = (1 << 32) - 1


def c_encoding(config: CoreConfig, network: Network, prefix: str) -> str:
    """The tables of `network`, in front of which the core of `config` may have a bitmap."""
    return "\n".join(_lines(config, network, prefix))


def _lines(config: CoreConfig, network: Network, prefix: str) -> Iterator[str]:
    upper = prefix.upper()
    features, levels = network.features, network.levels
    edges = None if features is None else features.edges
    steps = 0 if features is None else features.steps
    values = network.n_features * max(steps, 1)
    kind = "double" if edges is not None else "uint8_t" if levels else "uint16_t"
    yield from comment(_meaning(network))
    yield f"typedef {kind} {prefix}_value;"
    constant = features is not None and features.constant
    for name, value in (
        ("VALUES", values),
        ("LEVELS", levels),
        ("EDGES", 0 if edges is None else edges.shape[1]),
        ("STEPS", steps),
        ("CONSTANT_INPUT", network.n_inputs - 1 if constant else _NO_INPUT),
    ):
        yield f"#define {upper}_{name} {number(value)}"
    if levels:
        yield ""
        yield from comment("The tick at which an input of each level spikes; 0 is never.")
        yield from _table(f"uint16_t {prefix}_level_ticks[{levels}]", level_ticks(network))
    if edges is not None:
        yield ""
        yield from comment("The edges of each feature, or of each channel of a series.")
        rows = (f"{{{', '.join(map(repr, row))}}}" for row in edges.tolist())
        yield from _table(f"double {prefix}_edges[{len(edges)}][{edges.shape[1]}]", rows)
    inputs = network.inputs
    if config.bitmap is not None and config.layers[0].folding.rows == 1:
        inputs = np.arange(network.n_inputs)  # A bit for every input.
    if len(inputs) < network.n_inputs:
        yield ""
        yield from comment("The input of each row.")
        yield f"#define {upper}_INPUTS {number(len(inputs))}"
        yield from _table(f"uint16_t {prefix}_inputs[{len(inputs)}]", inputs)


def _meaning(network: Network) -> str:
    if network.takes_pixels:
        return f"A sample is {network.n_features} pixels, 0 .. 255."
    features = network.features
    if features is None:
        return (
            f"A sample is the spike ticks of {network.n_inputs} inputs, 1 .. {network.deadline}; "
            "0 is silent."
        )
    if features.steps:
        return (
            f"A sample is a time series of {network.n_features} channels, one behind the other, "
            f"each of {features.steps} steps. A value is a finite number."
        )
    return f"A sample is {network.n_features} features. A value is a finite number."


def _table(declared: str, items: Iterable[object]) -> list[str]:
    inside = textwrap.wrap(
        ", ".join(map(str, items)),
        WIDTH,
        initial_indent=" " * 4,
        subsequent_indent=" " * 4,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"static const {declared} = {{", *inside, "};"]
