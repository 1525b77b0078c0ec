# SPDX-License-Identifier: BSD-2-Clause
"""The layouts of the operations of the lanes, and of their weight addresses."""

from amaranth.hdl import Value
from amaranth.lib import data

from firstspike.hdl.lib.block import struct

from .config import LayerConfig
from .events import context_layout, tick_shape


def sweep_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of `config.shared_fields`, which all operations of a sweep share.

    In a convolutional layer the shared fields are stable until all events of an advancing scan have
    been sent.
    """
    fields = operation_layout(config).members
    return struct(**{name: fields[name] for name in config.shared_fields})


def operation_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of one operation of the lanes: start, advance, add a row to one group.

    The fields of `sweep_layout` are constant 0 here, and synthesis removes their registers.
    """
    convolves = config.folding.convolves
    return struct(
        image=1,
        end=1,  # the image's last operation, without any other effect
        start=1,  # M = -threshold * tick, S = -threshold
        advance=1,  # M += S << shift
        row=config.folding.rows,  # one bit per bank: S += weights of the bank's row
        first=1,  # the first operation of its group in this sweep
        closes=1,  # the last group: afterwards every neuron has reached `tick`
        shift=range(config.folding.window + 1),
        group=range(config.folding.groups),
        position=range(config.folding.kind.positions) if convolves else None,
        state_address=range(config.folding.state_words) if convolves else None,
        again=1 if convolves else None,  # same state address as the previous operation
        nothing=1 if convolves else None,  # no position has been reached: only time advances
        tick=tick_shape(config.deadline),  # after the advance
        context=context_layout(config.counted, config.learns),  # for the events sent
    )


def state_address(operation: data.View) -> Value:
    """Return the state address of an operation: the word of the lanes' StateMemory."""
    address: Value = operation[
        "state_address" if "state_address" in operation.shape().members else "group"
    ]
    return address


def addresses_layout(config: LayerConfig) -> data.ArrayLayout:
    """Return the layout of the addresses of one word in each bank."""
    return data.ArrayLayout(range(config.folding.bank_words), config.folding.rows)


def read_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an operation and its weight addresses.

    The address of a bank is ignored if its bit of `operation.row` is 0.
    """
    return struct(operation=operation_layout(config), addresses=addresses_layout(config))
