# SPDX-License-Identifier: BSD-2-Clause
"""Drains, the mask serialisers: they send the fired neurons of a mask, the lowest lane first."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.layer import DRAIN_BLOCK
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.find import chosen, first_set, lowest_set, several, without_first
from firstspike.hdl.lib.memories import Memory
from firstspike.hdl.lib.pipeline import FallThroughFifo, SkidBuffer

from .config import LayerConfig
from .lanes import fired_layout, state_layout
from .operations import operation_layout, walk_layout


def beat_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of a beat: at most one fired neuron per bank of the next layer.

    `some`: the beat has a fired neuron; an empty mask has one beat without any. `hit`: the banks
    with a fired neuron. `last`: the last beat of the mask. `lanes`: for each bank, the index of the
    fired lane among the lanes of this bank. `state`: the state of the fired neuron.
    """
    lane = range(-(-config.folding.lanes // config.folding.sends))
    return struct(
        operation=operation_layout(config),
        some=1,
        hit=config.folding.sends,
        last=1,
        lanes=data.ArrayLayout(lane, config.folding.sends),
        state=state_layout(config) if config.folding.window else None,
    )


def with_walk(operation: data.View, walk: data.View) -> Value:
    """Return `operation` with the shared fields of its sweep, from `walk`."""
    apart = walk.shape().members
    return Cat(walk[name] if name in apart else operation[name] for name, _ in operation.shape())


def drain_for(config: LayerConfig) -> Block:
    """Return a Drain, or a BankedDrain for a layer that sends several spikes per cycle."""
    return Drain(config) if config.folding.sends == 1 else BankedDrain(config)


def _ports(config: LayerConfig) -> dict[str, wiring.Member | None]:
    if config.folding.last:
        raise ValueError("the last layer sends no spikes, and so has no Drain.")
    return {
        #: Masks. With a mask FIFO of `config.folding.mask_slots` entries it is always ready, and
        #: the Sequencer counts the free entries.
        "fired": In(stream.Signature(fired_layout(config))),
        #: Fired neurons.
        "beats": Out(stream.Signature(beat_layout(config))),
        #: The shared fields of the Sequencer's sweep.
        "walk": In(walk_layout(config)) if config.walk_apart else None,
        #: The image bit of the latest decided image, whose masks are dropped except its end.
        "decided_image": In(1),
        #: The mask FIFO has one more free entry from the next cycle on.
        "freed": Out(1) if config.folding.mask_slots else None,
    }


def waiting_layout(config: LayerConfig) -> data.StructLayout:
    """Return the layout of an entry of the mask FIFO: a mask with precomputed flags.

    With one spike per cycle, `filled` has a bit per block: whether the block has a fired lane. With
    several, `filled` has two bits: whether a bank has a fired lane, and whether a bank has several.
    """
    blocks = config.folding.drain_blocks if config.folding.sends == 1 else 2
    return struct(fired=fired_layout(config), filled=blocks)


def banks_of(mask: Value, sends: int) -> list[list[Value]]:
    """Return the bits of each bank, as lists, because Amaranth is slow on nested slices."""
    return [[mask[lane] for lane in range(bank, len(mask), sends)] for bank in range(sends)]


class MaskBuffer(Block):
    """The mask FIFO of a Drain, with a register in front, behind which the flags are computed.

    Latency: `latencies.DRAIN_SLOT` cycles; throughput: one mask per cycle. The sender must not
    exceed `config.folding.mask_slots` masks; `fired` has no back-pressure.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: Masks; always ready.
            fired=In(stream.Signature(fired_layout(config))),
            o=Out(stream.Signature(waiting_layout(config))),
            #: Masks with their flags.
            many=None if config.folding.sends == 1 else Out(2),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """Yield the memory of the FIFO."""
        places = config.folding.mask_slots
        yield Memory("waiting", waiting_layout(config).size, places, asynchronous_read=True)

    def build(self, m: Module) -> None:
        folding = self._config.folding
        valid, came = Signal(), Signal(fired_layout(self._config), reset_less=True)
        m.d.comb += self.fired.ready.eq(1)
        m.d.sync += [valid.eq(self.fired.valid), came.eq(self.fired.payload)]
        if folding.sends == 1:
            starts = range(0, folding.lanes, DRAIN_BLOCK)
            filled = [came.mask[start : start + DRAIN_BLOCK].any() for start in starts]
        else:
            banks = banks_of(came.mask, folding.sends)
            filled = [came.mask.any(), Cat(several(bank)[1] for bank in banks).any()]
        m.submodules.waiting = waiting = FallThroughFifo(self.o.payload.shape(), folding.mask_slots)
        self._registers = valid, came, waiting  # for a formal proof
        m.d.comb += [
            waiting.i.valid.eq(valid),
            waiting.i.payload.fired.eq(came),
            waiting.i.payload.filled.eq(Cat(filled)),
        ]
        if folding.sends > 1:
            waited = waiting.filled
            many = Cat(waited & waiting.read.data.filled[1], ~waited & filled[1])
            m.d.comb += self.many.eq(many)
        wiring.connect(m, waiting.o, wiring.flipped(self.o))


class Drain(Block):
    """Send one beat per fired lane of a mask; an empty mask has one beat without a hit.

    Up to DRAIN_BLOCK lanes are searched in one cycle. For more lanes the search has three steps:
    the blocks with a bit, the first of these blocks, and the first bit of this block. Registers
    between the steps keep the critical path independent of the number of lanes.

    Latency: `config.folding.drain_cycles`; throughput: one beat per cycle, without gaps.
    Back-pressure at `beats` stalls `fired`, or fills the mask FIFO.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(**_ports(config))

    def build(self, m: Module) -> None:
        config, lanes = self._config, self._config.folding.lanes
        blocks, size = config.folding.drain_blocks, min(lanes, DRAIN_BLOCK)
        windowed = bool(config.folding.window)
        registers = self._registers = SimpleNamespace()  # for a formal proof

        def is_stale(operation: data.View) -> Value:
            return (operation.image == self.decided_image) & ~operation.end

        # The current block.
        valid = Signal()
        bits, rest = Signal(size), Signal(size)
        operation = Signal(operation_layout(config))
        number = Signal(range(blocks))
        final = Signal()  # the last block of its mask that has a bit
        some, many = Signal(), Signal()  # the block has a bit, and another one
        found = first_set(bits)
        beat = self.beats.payload
        stale = is_stale(operation)
        free = Signal()
        m.d.comb += [
            rest.eq(without_first(bits)),
            self.beats.valid.eq(valid & ~stale),
            beat.some.eq(some),
            beat.hit.eq(some),
            beat.last.eq(final & ~many),
            beat.lanes[0].eq(Cat(found.index, number) if blocks > 1 else found.index),
            free.eq(~valid | stale | (self.beats.ready & ~many)),
        ]
        if config.walk_apart:
            # In a scan of positions, `self.walk` is stable until all beats have left.
            walk = Signal(walk_layout(config)) if config.tick_apart else self.walk
            m.d.comb += beat.operation.eq(with_walk(operation, walk))
        else:
            m.d.comb += beat.operation.eq(operation)
        state = Signal(data.ArrayLayout(state_layout(config), size))
        if windowed:
            m.d.comb += beat.state.eq(chosen(lowest_set(bits), state))
        with m.If(self.beats.ready):
            m.d.sync += bits.eq(rest)
        vars(registers).update(valid=valid, bits=bits, operation=operation, state=state)
        vars(registers).update(number=number, final=final, some=some, many=many)

        # The source of the current block: the incoming mask, or the rest of the waiting mask.
        if not config.folding.mask_slots:
            m.submodules.skid = skid = SkidBuffer(fired_layout(config))
            wiring.connect(m, wiring.flipped(self.fired), skid.i)
            fired = skid.o.payload
            registers.source = skid.o
            m.d.comb += [skid.o.ready.eq(free), some.eq(found.any), many.eq(found.many)]
            with m.If(free):
                m.d.sync += [
                    valid.eq(skid.o.valid),
                    bits.eq(fired.mask),
                    operation.eq(fired.operation),
                    final.eq(1),
                ]
                if windowed:
                    m.d.sync += state.eq(fired.state)
            if config.tick_apart:
                with m.If(free & skid.o.valid & (fired.operation.group == 0)):
                    m.d.sync += walk.eq(self.walk)
            return

        m.submodules.places = places = MaskBuffer(config)
        wiring.connect(m, wiring.flipped(self.fired), places.fired)
        m.d.comb += self.freed.eq(places.o.valid & places.o.ready)
        registers.places = places

        # The inputs of `free` and `load` are registers, because these signals have long routes.
        fired, load = places.o.payload.fired, places.o.ready
        waiting = Signal()
        mask = Signal(blocks * size)
        mask_operation = Signal(operation_layout(config))
        words = [mask[i * size : (i + 1) * size] for i in range(blocks)]
        lowest = Signal(blocks)  # the first block with a bit
        others = Signal(blocks)  # the other blocks with a bit
        more = Signal()  # `others` is not 0
        word = Signal(size)
        mask_stale = is_stale(mask_operation)
        vars(registers).update(waiting=waiting, mask=mask, mask_operation=mask_operation)
        vars(registers).update(lowest=lowest, others=others, more=more)

        def searched(filled: Value) -> list[Any]:
            """Return statements for the search registers; `filled` marks the blocks with a bit."""
            return [
                lowest.eq(lowest_set(filled)),
                others.eq(without_first(filled)),
                more.eq(first_set(filled).many),
            ]

        m.d.comb += [
            word.eq(chosen(lowest, words)),
            load.eq(~waiting | mask_stale | (free & ~more)),
        ]
        with m.If(self.beats.ready):
            m.d.sync += many.eq(first_set(rest).many)
        with m.If(free):
            m.d.sync += [
                valid.eq(waiting & ~mask_stale),
                bits.eq(word),
                some.eq(lowest.any()),
                many.eq(first_set(word).many),
                operation.eq(mask_operation),
                number.eq(first_set(lowest).index),
                final.eq(~more),
                *searched(others),
            ]
        with m.If(load):
            m.d.sync += [
                waiting.eq(places.o.valid),
                mask.eq(fired.mask),
                mask_operation.eq(fired.operation),
                *searched(places.o.payload.filled),
            ]
        if windowed:
            states = Signal(data.ArrayLayout(state_layout(config), blocks * size))
            choice = Signal(data.ArrayLayout(state_layout(config), size))
            registers.states = states
            with m.If(load):
                m.d.sync += states.eq(fired.state)
            parts = [Cat(states[i * size + j] for j in range(size)) for i in range(blocks)]
            m.d.comb += choice.eq(chosen(lowest, parts))
            with m.If(free):
                m.d.sync += state.eq(choice)


class BankedDrain(Block):
    """The Drain of a layer that sends several spikes per cycle.

    Lane l belongs to bank l mod R of the next layer. The Drain searches all banks in parallel, each
    bank in one cycle. The number of beats of a mask is the number of fired lanes of the fullest
    bank, and at least one.

    Latency: `config.folding.drain_cycles`; throughput: one beat per cycle, without gaps.
    Back-pressure at `beats` fills the mask FIFO.
    """

    def __init__(self, config: LayerConfig) -> None:
        if config.folding.sends == 1:
            raise ValueError("a layer that sends one spike a cycle has a Drain, not a BankedDrain.")
        self._config = config
        super().__init__(**_ports(config))

    def build(self, m: Module) -> None:
        config, sends = self._config, self._config.folding.sends
        m.submodules.places = places = MaskBuffer(config)
        wiring.connect(m, wiring.flipped(self.fired), places.fired)

        # `some` (a bit is set) and `many` (a bank has several bits) are computed a cycle ahead.
        # `many` is the critical path. It is therefore the OR of three registers in `parts`: for a
        # mask from the FIFO, for a mask that bypasses the FIFO, and for the rest of a mask.
        valid, some, parts, many = Signal(), Signal(), Signal(3), Signal()
        mask = Signal(config.folding.lanes, reset_less=True)
        operation = Signal(operation_layout(config))
        banks = banks_of(mask, sends)
        found = [first_set(bank) for bank in banks]
        rest = Signal.like(mask)
        beat, taken = self.beats.payload, places.o.payload
        stale = (operation.image == self.decided_image) & ~operation.end
        load = ~valid | stale | (self.beats.ready & ~many)
        self._registers = SimpleNamespace(  # for a formal proof
            valid=valid, mask=mask, operation=operation, some=some, parts=parts, places=places
        )
        left = Cat(several(bank)[2] for bank in banks).any()
        m.d.comb += [
            many.eq(parts.any()),
            *(rest[bank::sends].eq(without_first(bits)) for bank, bits in enumerate(banks)),
            self.beats.valid.eq(valid & ~stale),
            beat.operation.eq(operation),
            beat.some.eq(some),
            beat.hit.eq(Cat(one.any for one in found)),
            beat.last.eq(~many),
            *(lane.eq(one.index) for lane, one in zip(beat.lanes, found, strict=True)),
            places.o.ready.eq(load),
            self.freed.eq(places.o.valid & load),
        ]
        with m.If(load):
            m.d.sync += [
                valid.eq(places.o.valid),
                mask.eq(taken.fired.mask),
                operation.eq(taken.fired.operation),
                some.eq(taken.filled[0]),
                parts.eq(places.many),
            ]
        with m.Elif(self.beats.ready):
            m.d.sync += [mask.eq(rest), parts.eq(left << 2)]
