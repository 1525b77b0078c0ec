# SPDX-License-Identifier: BSD-2-Clause
"""Mask serialisers, which send the fired neurons of a mask, the lowest lane first."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.layer import SERIALISER_BLOCK
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.find import chosen, first_set, lowest_set, several, without_first
from firstspike.hdl.lib.memories import Memory, inside
from firstspike.hdl.lib.pipeline import SkidBuffer

from .config import LayerConfig
from .lanes import fired_layout
from .mask_fifo import MaskFifo
from .operations import operation_layout, sweep_layout


def beat_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a beat: at most one fired neuron per bank of the next layer.

    `some`: the beat has a fired neuron; an empty mask has one beat without any. `hit`: the banks
    with a fired neuron. `last`: the last beat of the mask. `lanes`: for each bank, the index of the
    fired lane among the lanes of this bank. `state`: with a window, the state of the fired neuron.
    """
    lane = range(-(-config.folding.lanes // config.folding.sends))
    return struct(
        operation=operation_layout(config),
        some=1,
        hit=config.folding.sends,
        last=1,
        lanes=data.ArrayLayout(lane, config.folding.sends),
        state=fired_layout(config)["state"].shape.elem_shape,
    )


def with_sweep(operation: data.View, sweep: data.View) -> Value:
    """Return `operation` with the shared fields of its sweep."""
    shared = sweep.shape().members
    return Cat(sweep[name] if name in shared else operation[name] for name, _ in operation.shape())


def block_flags(mask: Value) -> list[Value]:
    """Return for each block of a mask whether it has a fired lane."""
    return [
        mask[start : start + SERIALISER_BLOCK].any()
        for start in range(0, len(mask), SERIALISER_BLOCK)
    ]


def banks_of(mask: Value, sends: int) -> list[list[Value]]:
    """Return the bits of each bank, as lists, because Amaranth is slow on nested slices."""
    return [[mask[lane] for lane in range(bank, len(mask), sends)] for bank in range(sends)]


def fifo_parameters(config: LayerConfig) -> dict[str, Any]:
    """Return the parameters of the MaskFifo of a layer.

    With one spike per cycle, there is a flag per block. With several, there are two flags: whether
    a lane has fired, and whether a bank has several fired lanes.
    """
    sends = config.folding.sends

    def bank_flags(mask: Value) -> list[Value]:
        banks = banks_of(mask, sends)
        return [mask.any(), Cat(several(bank)[1] for bank in banks).any()]

    return {
        "fired": fired_layout(config),
        "flags": block_flags if sends == 1 else bank_flags,
        "depth": config.folding.mask_fifo_depth,
    }


class Serialiser(Block):
    """The ports of a mask serialiser."""

    def __init__(self, config: LayerConfig) -> None:
        if config.folding.last:
            raise ValueError("the last layer sends no spikes, and so has no serialiser.")
        self._config = config
        super().__init__(
            #: Masks. With a MaskFifo it is always ready, and the Sequencer counts the free entries.
            fired=In(stream.Signature(fired_layout(config))),
            #: Fired neurons.
            beats=Out(stream.Signature(beat_layout(config))),
            #: The shared fields of the Sequencer's sweep.
            sweep=In(sweep_layout(config)),
            #: The image bit of the latest decided image, whose masks are dropped except its end.
            decided_image=In(1),
            #: The MaskFifo has one more free entry from the next cycle on.
            freed=Out(1),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memory of the MaskFifo, if any."""
        parameters = fifo_parameters(config)
        if parameters["depth"]:
            yield from inside("fifo", MaskFifo.memories(**parameters))

    def _build_fifo(self, m: Module) -> MaskFifo:
        m.submodules.fifo = fifo = MaskFifo(**fifo_parameters(self._config))
        wiring.connect(m, wiring.flipped(self.fired), fifo.fired)
        m.d.comb += self.freed.eq(fifo.o.valid & fifo.o.ready)
        return fifo

    def _is_stale(self, operation: data.View) -> Value:
        """Return whether the mask of an operation is dropped."""
        return (operation.image == self.decided_image) & ~operation.end


class MaskSerialiser(Serialiser):
    """Send one beat per fired lane of a mask; an empty mask has one beat without a hit.

    The search covers all lanes, at most SERIALISER_BLOCK, in one cycle.

    Latency: `config.folding.serialiser_cycles`; throughput: one beat per cycle, without gaps.
    Back-pressure at `beats` stalls `fired`.
    """

    def build(self, m: Module) -> None:
        config = self._config
        m.submodules.skid = skid = SkidBuffer(fired_layout(config))
        wiring.connect(m, wiring.flipped(self.fired), skid.i)
        fired, sweep = skid.o.payload, self.sweep
        if "tick" in config.shared_fields:  # the next sweep may begin while beats are sent
            sweep = Signal(sweep_layout(config), name="sampled_sweep")
        block = self._build_block(m, 1, sweep)
        self._registers.source = skid.o
        search = first_set(block.bits)
        m.d.comb += [
            skid.o.ready.eq(block.free),
            block.some.eq(search.any),
            block.many.eq(search.many),
        ]
        with m.If(block.free):
            m.d.sync += [
                block.valid.eq(skid.o.valid),
                block.bits.eq(fired.mask),
                block.operation.eq(fired.operation),
                block.state.eq(fired.state),
                block.final.eq(1),
            ]
        if sweep is not self.sweep:
            with m.If(block.free & skid.o.valid & (fired.operation.group == 0)):
                m.d.sync += sweep.eq(self.sweep)

    def _build_block(self, m: Module, blocks: int, sweep: data.View) -> SimpleNamespace:
        """Build the registers of the block that is being sent, and drive `beats`.

        The caller drives the registers at a load, and `some` and `many`.
        """
        size = min(self._config.folding.lanes, SERIALISER_BLOCK)
        beat, layout = self.beats.payload, beat_layout(self._config)
        valid = Signal()
        bits, rest = Signal(size), Signal(size)
        operation = Signal(operation_layout(self._config))
        state = Signal(data.ArrayLayout(layout["state"].shape, size))
        number = Signal(range(blocks))
        final = Signal()  # the last block of its mask that has a bit
        some, many = Signal(), Signal()  # the block has a bit, and another one
        free = Signal()  # the next block may be loaded
        stale = self._is_stale(operation)
        m.d.comb += [
            rest.eq(without_first(bits)),
            self.beats.valid.eq(valid & ~stale),
            beat.operation.eq(with_sweep(operation, sweep)),
            beat.some.eq(some),
            beat.hit.eq(some),
            beat.last.eq(final & ~many),
            beat.lanes[0].eq(Cat(first_set(bits).index, number)),
            beat.state.eq(chosen(lowest_set(bits), state)),
            free.eq(~valid | stale | (self.beats.ready & ~many)),
        ]
        with m.If(self.beats.ready):
            m.d.sync += bits.eq(rest)
        self._registers = SimpleNamespace(  # for a formal proof
            valid=valid, bits=bits, operation=operation, state=state, number=number, final=final,
            some=some, many=many, rest=rest, free=free,
        )  # fmt: skip
        return self._registers


class BlockSerialiser(MaskSerialiser):
    """Send one beat per fired lane of a mask, searched in blocks of `SERIALISER_BLOCK` lanes.

    The search has three steps: the blocks with a bit, the first of these blocks, and the first bit
    of this block. Registers between the steps keep the critical path independent of the number of
    lanes.

    Latency: `config.folding.serialiser_cycles`; throughput: one beat per cycle, without gaps.
    Back-pressure at `beats` fills the MaskFifo.
    """

    def build(self, m: Module) -> None:
        config = self._config
        blocks, size = config.folding.serialiser_blocks, min(config.folding.lanes, SERIALISER_BLOCK)
        block = self._build_block(m, blocks, self.sweep)
        fifo = self._build_fifo(m)

        # The mask that is being searched. The inputs of `free` and `load` are registers, because
        # these signals have long routes.
        fired, load = fifo.o.payload.fired, fifo.o.ready
        waiting = Signal()
        mask = Signal(blocks * size)
        mask_operation = Signal(operation_layout(config))
        states = Signal(data.ArrayLayout(block.state.shape(), blocks))
        lowest = Signal(blocks)  # the first block with a bit
        others = Signal(blocks)  # the other blocks with a bit
        more = Signal()  # `others` is not 0
        word = Signal(size)
        stale = self._is_stale(mask_operation)
        vars(block).update(waiting=waiting, mask=mask, mask_operation=mask_operation, fifo=fifo)
        vars(block).update(states=states, lowest=lowest, others=others, more=more)

        def search(flags: Value) -> list[Any]:
            """Return statements for the search registers; `flags` marks the blocks with a bit."""
            return [
                lowest.eq(lowest_set(flags)),
                others.eq(without_first(flags)),
                more.eq(first_set(flags).many),
            ]

        m.d.comb += [
            word.eq(chosen(lowest, [mask[i * size : (i + 1) * size] for i in range(blocks)])),
            load.eq(~waiting | stale | (block.free & ~more)),
        ]
        with m.If(self.beats.ready):
            m.d.sync += block.many.eq(first_set(block.rest).many)
        with m.If(block.free):
            m.d.sync += [
                block.valid.eq(waiting & ~stale),
                block.bits.eq(word),
                block.some.eq(lowest.any()),
                block.many.eq(first_set(word).many),
                block.operation.eq(mask_operation),
                block.state.eq(chosen(lowest, states)),
                block.number.eq(first_set(lowest).index),
                block.final.eq(~more),
                *search(others),
            ]
        with m.If(load):
            m.d.sync += [
                waiting.eq(fifo.o.valid),
                mask.eq(fired.mask),
                mask_operation.eq(fired.operation),
                states.as_value().eq(fired.state),
                *search(fifo.o.payload.flags),
            ]


class BankedSerialiser(Serialiser):
    """The serialiser of a layer that sends several spikes per cycle.

    Lane l belongs to bank l mod R of the next layer. The search covers the banks in parallel, each
    bank in one cycle. The number of beats of a mask is the number of fired lanes of the fullest
    bank, and at least one.

    Latency: `config.folding.serialiser_cycles`; throughput: one beat per cycle, without gaps.
    Back-pressure at `beats` fills the MaskFifo.
    """

    def __init__(self, config: LayerConfig) -> None:
        if config.folding.sends == 1:
            raise ValueError("a layer that sends one spike per cycle has no BankedSerialiser.")
        super().__init__(config)

    def build(self, m: Module) -> None:
        config, sends = self._config, self._config.folding.sends
        fifo = self._build_fifo(m)

        # `some` (a bit is set) and `many` (a bank has several bits) are computed a cycle ahead.
        # `many` is the critical path. It is therefore the OR of three registers in `parts`: for a
        # mask from the FIFO, for a mask that bypasses the FIFO, and for the rest of a mask.
        valid, some, parts, many = Signal(), Signal(), Signal(3), Signal()
        mask = Signal(config.folding.lanes, reset_less=True)
        operation = Signal(operation_layout(config))
        banks = banks_of(mask, sends)
        results = [first_set(bank) for bank in banks]
        rest = Signal.like(mask)
        beat, next_mask = self.beats.payload, fifo.o.payload
        stale = self._is_stale(operation)
        load = ~valid | stale | (self.beats.ready & ~many)
        self._registers = SimpleNamespace(  # for a formal proof
            valid=valid, mask=mask, operation=operation, some=some, parts=parts, fifo=fifo
        )
        rest_has_many = Cat(several(bank)[2] for bank in banks).any()
        m.d.comb += [
            many.eq(parts.any()),
            *(rest[bank::sends].eq(without_first(bits)) for bank, bits in enumerate(banks)),
            self.beats.valid.eq(valid & ~stale),
            beat.operation.eq(operation),
            beat.some.eq(some),
            beat.hit.eq(Cat(result.any for result in results)),
            beat.last.eq(~many),
            *(lane.eq(result.index) for lane, result in zip(beat.lanes, results, strict=True)),
            fifo.o.ready.eq(load),
        ]
        with m.If(load):
            m.d.sync += [
                valid.eq(fifo.o.valid),
                mask.eq(next_mask.fired.mask),
                operation.eq(next_mask.fired.operation),
                some.eq(next_mask.flags[0]),
                parts.eq(Cat(fifo.stored_flags[1], fifo.passing_flags[1])),
            ]
        with m.Elif(self.beats.ready):
            m.d.sync += [mask.eq(rest), parts.eq(rest_has_many << 2)]


def serialiser_class(config: LayerConfig) -> type[Serialiser]:
    """Return the class of the mask serialiser of a layer."""
    if config.folding.sends > 1:
        return BankedSerialiser
    return BlockSerialiser if config.folding.mask_fifo_depth else MaskSerialiser
