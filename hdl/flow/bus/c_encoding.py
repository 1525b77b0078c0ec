# SPDX-License-Identifier: BSD-2-Clause
"""The tables for the encoder in C, which converts a network's samples to spikes."""

import textwrap
from collections.abc import Iterable, Iterator

import numpy as np

from firstspike.golden.encodings.encoding import Table
from firstspike.golden.encodings.registry import encoder_in
from firstspike.golden.encodings.samples import SampleKind
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig

from .c_header import WIDTH, comment, number

_TYPES = {SampleKind.PIXELS: "uint8_t", SampleKind.TICKS: "uint16_t"}
"""C types of a value of a sample; the type for other kinds of samples is double."""


def c_encoding(config: CoreConfig, network: Network, prefix: str) -> str:
    """Return the tables of `network` in C, for a core of `config` with names of this prefix."""
    return "\n".join(_lines(config, network, prefix))


def _lines(config: CoreConfig, network: Network, prefix: str) -> Iterator[str]:
    upper = prefix.upper()
    coding = encoder_in("C", network.coding)
    constants = coding.encoder_data(network)
    yield from comment(coding.sentence(network))
    yield f"typedef {_TYPES.get(coding.takes(network.features), 'double')} {prefix}_value;"
    for name, value in constants.numbers.items():
        yield f"#define {upper}_{name} {number(value)}"
    for name, table in constants.tables.items():
        yield ""
        yield from _constant_table(f"{prefix}_{name}", table)
    inputs = network.inputs
    if config.bitmap is not None and config.layers[0].folding.rows == 1:
        inputs = np.arange(network.n_inputs)  # The bitmap has a bit for every input.
    if len(inputs) < network.n_inputs:
        yield ""
        yield from comment("The input of each row.")
        yield f"#define {upper}_INPUTS {number(len(inputs))}"
        yield from _table(f"uint16_t {prefix}_inputs[{len(inputs)}]", inputs)


def _constant_table(name: str, table: Table) -> Iterator[str]:
    yield from comment(table.meaning)
    values = table.values
    if values.ndim == 1:
        yield from _table(f"uint16_t {name}[{len(values)}]", values)
    else:
        rows = (f"{{{', '.join(map(repr, row))}}}" for row in values.tolist())
        yield from _table(f"double {name}[{len(values)}][{values.shape[1]}]", rows)


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
