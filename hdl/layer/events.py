# SPDX-License-Identifier: BSD-2-Clause
"""The layouts of the events between layers and their neighbours."""

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
    """The kinds of events (DESIGN, section 4).

    The tick of a SPIKE or ADVANCE is a watermark: no spike of an earlier tick follows.
    """

    #: The neuron at `address` spikes at `tick`; every spike before `tick` has been sent.
    SPIKE = 0
    #: Every spike before `tick` has been sent.
    ADVANCE = 1
    #: Every spike up to and including the deadline has been sent. The last event of an image.
    END = 2


def causes_layout(learns: bool) -> DescribedLayout:
    """Return the layout of the error causes of an image: one bit for each kind of bad input."""
    causes = {
        "address": (1, "the address of an event was out of range"),
        "tick": (1, "the tick of an event was 0 or past the deadline"),
        "order": (1, "the tick of an event was before that of an earlier one"),
        "abort": (1, "the image was aborted: the decision uses the events accepted before"),
    }
    if learns:
        causes["label"] = (1, "the label was no class: the image is not learned")
    return DescribedLayout(**causes)


def tick_shape(deadline: int) -> Shape:
    """Return the shape of a tick: 0 .. deadline, and at least one value above, for bad ticks."""
    return unsigned(bits_for(deadline + 1))


def address_shape(n_in: int) -> Shape:
    """Return the shape of a row: 0 .. n_in - 1, and at least one value above, for bad rows."""
    return unsigned(bits_for(n_in))


def context_layout(counted: Sequence[int], learns: bool) -> data.StructLayout:
    """Return the layout of an event's context: spike counts before its tick, and error causes.

    `counted` lists n_in of the layers whose input spikes are counted so far, the first layer first;
    `learns` is whether the core learns. The counts travel with the watermark that they belong to.
    The statistics of a decision are therefore exact to the tick, even if earlier layers have run
    ahead. (A layer sends a watermark for every tick at which it accepted spikes, so its count does
    not change between two watermarks.)
    """
    return struct(
        spikes_in=data.StructLayout({str(i): bits_for(n) for i, n in enumerate(counted)}),
        causes=causes_layout(learns),
    )


def bank_index_shape(n_in: int, rows: int) -> Shape:
    """Return the shape of a row's index in its bank, r // R, with at least one bad value above."""
    return address_shape(-(-n_in // rows))


def _spikes(n_in: int, rows: int) -> dict[str, tuple[ShapeLike, str]]:
    """Return the fields of an event that identify the spiking rows: (shape, meaning) by name."""
    if rows == 1:
        return {"address": (address_shape(n_in), "row of the input, with SPIKE only")}
    bank = DescribedLayout(
        present=(1, "whether a row of this bank spikes, with SPIKE only"),
        index=(bank_index_shape(n_in, rows), f"row = index * {rows} + bank"),
    )
    return {"banks": (data.StructLayout({str(i): bank for i in range(rows)}), "a row of each bank")}


def indices_layout(config: LayerConfig) -> data.ArrayLayout:
    """Return the layout of the index of one row in each bank."""
    folding = config.folding
    return data.ArrayLayout(bank_index_shape(folding.n_in, folding.rows), folding.rows)


def spikes_of(event: data.View, rows: int) -> list[tuple[Value, Value]]:
    """Return for each bank whether the event has a spike, and the index of its row."""
    spike = event.kind == Kind.SPIKE
    if rows == 1:
        return [(spike, event.address)]
    return [(spike & event.banks[str(i)].present, event.banks[str(i)].index) for i in range(rows)]


def tell_row(event: data.View, n_in: int, rows: int, row: Value, bad: ValueLike = 0) -> list[Any]:
    """Return statements that set the spike fields of `event` to one `row` of `n_in`.

    With `bad`, or if `row` does not fit into its field, the field gets a value out of range, which
    the IngressCheck rejects.
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
    """Return the layout of an input event of the core with `rows` banks, without image bit."""
    return DescribedLayout(
        kind=(Kind, "0 SPIKE, 1 ADVANCE (optional: all spikes before tick are sent), 2 END"),
        tick=(tick_shape(deadline), "1 .. deadline; ignored with END"),
        **_spikes(n_in, rows),
    )


def _event_layout(
    config: LayerConfig, n_in: int, rows: int, counted: Sequence[int]
) -> data.StructLayout:
    """Return the layout of an event for a receiver with `n_in` rows and `rows` banks."""
    spikes = {name: shape for name, (shape, _) in _spikes(n_in, rows).items()}
    return struct(
        kind=Kind,
        image=1,
        tick=tick_shape(config.deadline),
        **spikes,
        context=context_layout(counted, config.learns),
    )


def input_event_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an event that a layer accepts."""
    return _event_layout(config, config.folding.n_in, config.folding.rows, config.counted[:-1])


def output_event_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an event that a layer sends."""
    return _event_layout(config, config.folding.n_out, config.folding.sends, config.counted)
