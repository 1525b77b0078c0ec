# SPDX-License-Identifier: BSD-2-Clause
"""Drains: they get the fired neurons out of a mask, one per cycle, the lowest lane first."""

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
from firstspike.hdl.lib.pipeline import Buffer, Skid

from .config import LayerConfig
from .lanes import fired_layout, state_layout
from .operations import operation_layout, walk_layout


def beat_layout(config: LayerConfig) -> data.StructLayout:
    """Fired neurons, at most one per bank of the next layer, or the word that a group had none.

    `some`: there are any. `hit`: which banks have one. `last`: the beat ends its group's mask. A
    lane is counted among those of its bank.
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
    """`operation` with what it has in common with its walk."""
    apart = walk.shape().members
    return Cat(walk[name] if name in apart else operation[name] for name, _ in operation.shape())


def drain_for(config: LayerConfig) -> Block:
    """The Drain of a layer; a layer that sends several spikes per cycle has a BankedDrain."""
    return Drain(config) if config.folding.sends == 1 else BankedDrain(config)


def _ports(config: LayerConfig) -> dict[str, wiring.Member | None]:
    if config.folding.last:
        raise ValueError("the last layer sends no spikes, and so has no Drain.")
    return {
        #: Where masks have places it is always ready, and there is room for
        #: `config.folding.mask_places` of them: whoever sends them counts.
        "fired": In(stream.Signature(fired_layout(config))),
        "beats": Out(stream.Signature(beat_layout(config))),
        #: Of the Sequencer.
        "walk": In(walk_layout(config)) if config.walk_apart else None,
        #: The image bit of the latest decided image, whose masks are dropped (its end is not).
        "decided_image": In(1),
        #: Where there are places: one is free again from the next cycle on.
        "freed": Out(1) if config.folding.mask_places else None,
    }


def waiting_layout(config: LayerConfig) -> data.StructLayout:
    """A mask that waits, and what is found out of it as it comes.

    `filled` says which blocks have a bit. Of banks it says whether any has one, and whether any has
    several.
    """
    blocks = config.folding.drain_blocks if config.folding.sends == 1 else 2
    return struct(fired=fired_layout(config), filled=blocks)


def banks_of(mask: Value, sends: int) -> list[list[Value]]:
    """The bits of each bank of the next layer, as a list: Amaranth is slow on slices of slices."""
    return [[mask[lane] for lane in range(bank, len(mask), sends)] for bank in range(sends)]


class MaskBuffer(Block):
    """Places in which masks wait for a Drain, and a register in front, where they are looked at.

    Latency: `latencies.DRAIN_PLACE`; throughput: one mask per cycle.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(
            #: Always ready.
            fired=In(stream.Signature(fired_layout(config))),
            o=Out(stream.Signature(waiting_layout(config))),
            #: Of banks: the offered mask has several in one, said of a mask that has waited, and of
            #: one that has just come.
            many=None if config.folding.sends == 1 else Out(2),
        )

    @staticmethod
    def memories(config: LayerConfig) -> Iterator[Memory]:
        """The places for masks."""
        places = config.folding.mask_places
        yield Memory("waiting", waiting_layout(config).size, places, looked_up=True)

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
        m.submodules.waiting = waiting = Buffer(self.o.payload.shape(), folding.mask_places)
        self._registers = valid, came, waiting  # which a proof looks at
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
    """Makes one beat per fired lane of a mask; an empty mask gives one beat without a hit.

    Up to DRAIN_BLOCK lanes are searched in one cycle. More lanes take three steps: the blocks with
    a bit, the first of these blocks, the first bit of that block. Registers between the steps keep
    the path from growing with the lanes.

    Latency: `config.folding.drain_cycles`; throughput: one beat per cycle, without gaps.
    """

    def __init__(self, config: LayerConfig) -> None:
        self._config = config
        super().__init__(**_ports(config))

    def build(self, m: Module) -> None:
        config, lanes = self._config, self._config.folding.lanes
        blocks, size = config.folding.drain_blocks, min(lanes, DRAIN_BLOCK)
        windowed = bool(config.folding.window)
        registers = self._registers = SimpleNamespace()  # which a proof looks at

        def is_stale(operation: data.View) -> Value:
            return (operation.image == self.decided_image) & ~operation.end

        # The block being emptied.
        valid = Signal()
        bits, rest = Signal(size), Signal(size)
        operation = Signal(operation_layout(config))
        number = Signal(range(blocks))
        final = Signal()  # the last block of its mask that has a bit
        some, many = Signal(), Signal()  # it has a bit, it has another one
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
            # A walk over positions keeps it until all beats are gone.
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

        # What it is filled from: the mask that comes in, or the waiting rest of one.
        if not config.folding.mask_places:
            m.submodules.skid = skid = Skid(fired_layout(config))
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

        # All that `free` and `load` depend on is found out beforehand: they have far to go.
        fired, load = places.o.payload.fired, places.o.ready
        waiting = Signal()
        mask = Signal(blocks * size)
        mask_operation = Signal(operation_layout(config))
        words = [mask[i * size : (i + 1) * size] for i in range(blocks)]
        lowest = Signal(blocks)  # the first block with a bit
        others = Signal(blocks)  # the ones after it
        more = Signal()  # there are such
        word = Signal(size)
        mask_stale = is_stale(mask_operation)
        vars(registers).update(waiting=waiting, mask=mask, mask_operation=mask_operation)
        vars(registers).update(lowest=lowest, others=others, more=more)

        def searched(filled: Value) -> list[Any]:
            """`filled` says which blocks have a bit."""
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
    """The drain of a layer that sends several spikes per cycle.

    Lane l goes to bank l mod R of the next layer. All lanes of a bank are searched in one cycle,
    and all banks at once, mask by mask. A mask takes as many beats as the fullest bank has fired
    lanes, and at least one.

    Latency: `config.folding.drain_cycles`; throughput: one beat per cycle, without gaps.
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

        # Whether there is a bit, and a bank with several, is found out a cycle before. The latter
        # is the longest way of all. So a mask that has waited, one that has just come and what is
        # left of one are looked at apart, each in front of a register of its own.
        valid, some, parts, many = Signal(), Signal(), Signal(3), Signal()
        mask = Signal(config.folding.lanes, reset_less=True)
        operation = Signal(operation_layout(config))
        banks = banks_of(mask, sends)
        found = [first_set(bank) for bank in banks]
        rest = Signal.like(mask)
        beat, taken = self.beats.payload, places.o.payload
        stale = (operation.image == self.decided_image) & ~operation.end
        load = ~valid | stale | (self.beats.ready & ~many)
        self._registers = SimpleNamespace(  # which a proof looks at
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
