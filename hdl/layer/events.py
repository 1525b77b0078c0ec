# SPDX-License-Identifier: BSD-2-Clause
"""The events that layers, and the blocks around them, exchange."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Shape, ShapeLike, Value, ValueLike, unsigned
from amaranth.lib import data, enum
from amaranth.utils import bits_for

from firstspike.hdl.lib.arithmetic import saturated
from firstspike.hdl.lib.block import struct
from firstspike.hdl.lib.layouts import DescribedLayout

from .config import LayerConfig


class Kind(enum.Enum, shape=2):  # type: ignore[call-arg]  # which Amaranth's Enum takes
    """The kinds of events (DESIGN: streams)."""

    #: The neuron at `address` spikes at `tick`; every spike before `tick` has been sent.
    SPIKE = 0
    #: Every spike before `tick` has been sent.
    ADVANCE = 1
    #: Every spike up to and including the deadline has been sent. Comes once, last.
    END = 2


def causes_layout(learns: bool) -> DescribedLayout:
    """Why an image is flagged with an error: one bit for each kind of bad input."""
    causes = {
        "address": (1, "an event's address was no row"),
        "tick": (1, "an event's tick was 0 or past the deadline"),
        "order": (1, "an event's tick was before that of an earlier one"),
        "abort": (1, "the image was aborted: it is decided on what had come until then"),
    }
    if learns:
        causes["label"] = (1, "the label was no class: the image is not learned")
    return DescribedLayout(**causes)


def tick_shape(deadline: int) -> Shape:
    """Ticks 0 .. deadline, and at least one past it, so that a bad one can be expressed."""
    return unsigned(bits_for(deadline + 1))


def address_shape(n_in: int) -> Shape:
    """Addresses 0 .. n_in - 1, and at least one past them, so that a bad one can be expressed."""
    return unsigned(bits_for(n_in))


def context_layout(counted: Sequence[int], learns: bool) -> data.StructLayout:
    """What is known of the input before a tick: spikes into each layer, and errors.

    `counted` lists n_in of the layers whose input spikes are counted so far, the first layer
    first; `learns` says whether the core does. Carrying the counts along with the promise they
    belong to gives the statistics of a decision to the tick, however far the earlier layers have
    run ahead: a layer promises every tick at which it took spikes in, so between two promises its
    count does not change.
    """
    return struct(
        spikes_in=data.StructLayout({str(i): bits_for(n) for i, n in enumerate(counted)}),
        causes=causes_layout(learns),
    )


def bank_index_shape(n_in: int, rows: int) -> Shape:
    """Index of a row in its bank, and at least one past it: row r is r // R in bank r mod R."""
    return address_shape(-(-n_in // rows))


def _spikes(n_in: int, rows: int) -> dict[str, tuple[ShapeLike, str]]:
    """The fields of an event that name who spikes: (shape, meaning) by name."""
    if rows == 1:
        return {"address": (address_shape(n_in), "row of the input, with SPIKE only")}
    bank = DescribedLayout(
        present=(1, "whether a row of this bank spikes, with SPIKE only"),
        index=(bank_index_shape(n_in, rows), f"which one: row index * {rows} + bank"),
    )
    return {"banks": (data.StructLayout({str(i): bank for i in range(rows)}), "a row of each bank")}


def indices_layout(config: LayerConfig) -> data.ArrayLayout:
    """The index of one row in each bank."""
    folding = config.folding
    return data.ArrayLayout(bank_index_shape(folding.n_in, folding.rows), folding.rows)


def spikes_of(event: data.View, rows: int) -> list[tuple[Value, Value]]:
    """List whether the event has a spike of each bank, and the index of its row there."""
    spike = event.kind == Kind.SPIKE
    if rows == 1:
        return [(spike, event.address)]
    return [(spike & event.banks[str(i)].present, event.banks[str(i)].index) for i in range(rows)]


def tell_row(event: data.View, n_in: int, rows: int, row: Value, bad: ValueLike = 0) -> list[Any]:
    """Statements that let an `event` tell of one `row` of `n_in`, with `bad` of a refused one.

    So it is, too, of a row that the event's field cannot hold.
    """
    if rows == 1:
        return [event.address.eq(saturated(row, len(event.address), bad, n_in - 1))]
    level = rows.bit_length() - 1
    statements = []
    for number in range(rows):
        bank = event.banks[str(number)]
        statements += [
            bank.present.eq(row[:level] == number),
            bank.index.eq(saturated(row[level:], len(bank.index), bad)),
        ]
    return statements


def input_layout(n_in: int, deadline: int, rows: int = 1) -> DescribedLayout:
    """An event as it enters the core, of `rows` banks: the core itself adds the image bit."""
    return DescribedLayout(
        kind=(Kind, "0 SPIKE, 1 ADVANCE (nothing more is to come before tick), 2 END"),
        tick=(tick_shape(deadline), "1 .. deadline; not looked at with END"),
        **_spikes(n_in, rows),
    )


def _event_layout(
    config: LayerConfig, n_in: int, rows: int, counted: Sequence[int]
) -> data.StructLayout:
    """An event beside the layer of `config`; `n_in` and `rows` are those of the taker."""
    spikes = {name: shape for name, (shape, _) in _spikes(n_in, rows).items()}
    return struct(
        kind=Kind,
        image=1,
        tick=tick_shape(config.deadline),
        **spikes,
        context=context_layout(counted, config.learns),
    )


def taken_layout(config: LayerConfig) -> data.StructLayout:
    """An event that a layer takes."""
    return _event_layout(config, config.folding.n_in, config.folding.rows, config.counted[:-1])


def sent_layout(config: LayerConfig) -> data.StructLayout:
    """An event that a layer sends."""
    return _event_layout(config, config.folding.n_out, config.folding.sends, config.counted)
