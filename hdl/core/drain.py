"""Gets fired neurons out of a mask, one a cycle, the lowest lane first."""

from amaranth.hdl import Cat, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from firstspike.golden.timing.folding import DRAIN_BLOCK
from firstspike.hdl.lib.block import Block, struct
from firstspike.hdl.lib.find import chosen, first_set, lowest_set, without_first
from firstspike.hdl.lib.pipeline import Skid, Stage

from .lanes import crossing_layout, fired_layout
from .layouts import operation_layout


def beat_layout(config):
    """One fired neuron (`hit`), or that a group had none; `last` ends its group's mask."""
    return struct(
        operation=operation_layout(config),
        hit=1,
        last=1,
        lane=range(config.folding.lanes),
        state=crossing_layout(config) if config.folding.window else None,
    )


class Drain(Block):
    """From a mask a group to a beat a fired lane; an empty mask gives one beat without a hit.

    Up to DRAIN_BLOCK lanes are searched in one cycle. More are searched in three steps, the blocks
    with a bit, the first of them and the first bit in the block, with registers in between, so that
    the path does not grow with the lanes.

    Latency: `config.folding.drain_cycles`; throughput: one beat a cycle, without gaps.
    """

    def __init__(self, config):
        if config.folding.last:
            raise ValueError("the last layer sends no spikes, and so has no Drain.")
        self._config = config
        super().__init__(
            #: With several blocks it is always ready, and there is room for
            #: `config.folding.mask_places` masks: whoever sends them counts.
            fired=In(stream.Signature(fired_layout(config))),
            beats=Out(stream.Signature(beat_layout(config))),
            #: The image bit of the latest decided image, whose masks are dropped (its end is
            #: not).
            decided_image=In(1),
            #: With several blocks: a place is free again from the next cycle on.
            freed=Out(1) if config.folding.mask_places else None,
        )

    def build(self, m):
        config, lanes = self._config, self._config.folding.lanes
        blocks, size = config.folding.drain_blocks, min(lanes, DRAIN_BLOCK)
        windowed = bool(config.folding.window)

        def is_stale(operation):
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
            beat.operation.eq(operation),
            beat.hit.eq(some),
            beat.last.eq(final & ~many),
            beat.lane.eq(Cat(found.index, number) if blocks > 1 else found.index),
            free.eq(~valid | stale | (self.beats.ready & ~many)),
        ]
        state = None
        if windowed:
            state = Signal(data.ArrayLayout(crossing_layout(config), size))
            m.d.comb += beat.state.eq(chosen(lowest_set(bits), state))
        with m.If(self.beats.ready):
            m.d.sync += bits.eq(rest)

        # What it is filled from: the mask that comes in, or the waiting rest of one.
        if blocks == 1:
            m.submodules.skid = skid = Skid(fired_layout(config))
            wiring.connect(m, wiring.flipped(self.fired), skid.i)
            fired = skid.o.payload
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
            return

        m.submodules.places = places = SyncFIFO(
            width=fired_layout(config).size, depth=config.folding.mask_places
        )
        m.submodules.stage = stage = Stage(fired_layout(config))
        m.d.comb += [
            self.fired.ready.eq(1),
            places.w_en.eq(self.fired.valid),
            places.w_data.eq(self.fired.payload),
            places.r_en.eq(stage.i.ready),
            stage.i.valid.eq(places.r_rdy),
            stage.i.payload.eq(places.r_data),
            self.freed.eq(stage.load),
        ]

        # All that `free` and `load` depend on is found out beforehand: they have far to go.
        fired, load = stage.o.payload, stage.o.ready
        waiting = Signal()
        mask = Signal(blocks * size)
        mask_operation = Signal(operation_layout(config))
        words = [mask[i * size : (i + 1) * size] for i in range(blocks)]
        lowest = Signal(blocks)  # the first block with a bit
        others = Signal(blocks)  # the ones after it
        more = Signal()  # there are such
        word = Signal(size)
        mask_stale = is_stale(mask_operation)

        def searched(filled):
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
                waiting.eq(stage.o.valid),
                mask.eq(fired.mask),
                mask_operation.eq(fired.operation),
                *searched([fired.mask[i * size : (i + 1) * size].any() for i in range(blocks)]),
            ]
        if windowed:
            states = Signal(data.ArrayLayout(crossing_layout(config), blocks * size))
            choice = Signal(data.ArrayLayout(crossing_layout(config), size))
            with m.If(load):
                m.d.sync += states.eq(fired.state)
            parts = [Cat(states[i * size + j] for j in range(size)) for i in range(blocks)]
            m.d.comb += choice.eq(chosen(lowest, parts))
            with m.If(free):
                m.d.sync += state.eq(choice)
