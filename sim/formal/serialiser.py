# SPDX-License-Identifier: BSD-2-Clause
"""Properties of mask serialisers and of their FIFOs, and the invariants that prove them."""

from types import SimpleNamespace

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib.wiring import In

from firstspike.golden.timing.layer import SERIALISER_BLOCK
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.lane_state import state_layout
from firstspike.hdl.layer.mask_fifo import MaskFifo
from firstspike.hdl.layer.mask_serialiser import (
    BankedSerialiser,
    Serialiser,
    banks_of,
    fifo_parameters,
    serialiser_class,
)
from firstspike.hdl.layer.operations import operation_layout
from firstspike.hdl.lib.find import lowest_set, without_first

from .block import BlockProof


class SerialiserProof(BlockProof):
    """Each lane of each mask is sent once, the lowest first, and masks are sent in order.

    The reference is a queue of the masks that the serialiser has taken and not sent, at most two. A
    mask of a decided image leaves it. The reference holds the state of a
    single lane, which may be any lane.

    Parameters: `config` of a layer that is not the last one; the `block` under proof.
    """

    def __init__(self, config: LayerConfig, block: type[Serialiser] | None = None) -> None:
        self._config = config
        super().__init__(
            (block or serialiser_class(config))(config), lane=In(range(config.folding.lanes))
        )

    def check(self, m: Module) -> None:
        folding, registers, beats = self._config.folding, self._block._registers, self.beats
        source = registers.fifo.o if folding.mask_fifo_depth else registers.source
        fired = source.payload.fired if folding.mask_fifo_depth else source.payload

        # The reference.
        entries = [self._entry(f"entry_{number}") for number in range(2)]
        live = [entry.valid & ~self._is_stale(entry.operation) for entry in entries]
        sent = beats.valid & beats.ready
        rest = Mux(sent, self._after_beat(entries[0].mask), entries[0].mask)
        keeps = live[0] & ~(sent & self._is_last(entries[0].mask))
        arrival = SimpleNamespace(
            valid=source.valid & source.ready,
            mask=fired.mask,
            operation=fired.operation.as_value(),
            state=fired.state[self.lane].as_value() if folding.window else Value.cast(0),
        )
        candidates = [
            SimpleNamespace(valid=keeps, mask=rest, operation=entries[0].operation.as_value(),
                            state=entries[0].state),
            SimpleNamespace(valid=live[1], mask=entries[1].mask,
                            operation=entries[1].operation.as_value(), state=entries[1].state),
            arrival,
        ]  # fmt: skip
        for number, entry in enumerate(entries):
            m.d.sync += entry.valid.eq(0)
            for index in reversed(range(3)):
                one = candidates[index]
                before = sum((other.valid for other in candidates[:index]), Value.cast(0))
                with m.If(one.valid & (before == number)):
                    m.d.sync += [
                        entry.valid.eq(1),
                        entry.mask.eq(one.mask),
                        entry.operation.as_value().eq(one.operation),
                        entry.state.eq(one.state),
                    ]
        m.d.comb += Assert(~(keeps & live[1] & arrival.valid), "a mask that is taken has room")
        self._check_beats(m, entries[0], live[0])
        if isinstance(self._block, BankedSerialiser):
            self._relate_banks(m, entries)
        elif folding.mask_fifo_depth:
            self._relate_blocks(m, entries)
        else:
            self._relate(m, entries)
        m.d.comb += [
            Cover(sent & beats.payload.last & entries[0].mask[-1], "the last lane"),
            Cover(sent & ~beats.payload.some, "an empty mask"),
            Cover(entries[0].valid & ~live[0], "a mask of a decided image"),
        ]

    def _entry(self, name: str) -> SimpleNamespace:
        config = self._config
        state = state_layout(config).size if config.folding.window else 0
        return SimpleNamespace(
            valid=Signal(name=f"{name}_valid"),
            mask=Signal(config.folding.lanes, name=f"{name}_mask"),
            operation=Signal(operation_layout(config), name=f"{name}_operation"),
            state=Signal(state, name=f"{name}_state"),
        )

    def _is_stale(self, operation: Value) -> Value:
        return (operation.image == self.decided_image) & ~operation.end

    def _banks(self, mask: Value) -> list[list[Value]]:
        """The lanes of each bank of the next layer."""
        return banks_of(mask, self._config.folding.sends)

    def _after_beat(self, mask: Value) -> Value:
        """The lanes that are left: of each bank all but the lowest one."""
        left = [list(without_first(bank)) for bank in self._banks(mask)]
        sends = len(left)
        return Cat(left[lane % sends][lane // sends] for lane in range(len(mask)))

    def _is_last(self, mask: Value) -> Value:
        return self._after_beat(mask) == 0

    def _check_beats(self, m: Module, entry: SimpleNamespace, live: Value) -> None:
        """A beat has the lowest lanes of the oldest mask, and comes in time."""
        beats, beat, folding = self.beats, self.beats.payload, self._config.folding
        right = [
            (beat.operation.as_value() == entry.operation.as_value(), "a beat has its operation"),
            (beat.some == (entry.mask != 0), "it says whether the mask has a lane"),
            (beat.last == self._is_last(entry.mask), "it says whether it is the mask's last"),
        ]
        for number, bank in enumerate(self._banks(entry.mask)):
            lowest = lowest_set(bank)
            is_lane = Cat(beat.lanes[number] == lane for lane in range(len(bank))) & lowest
            right += [
                (beat.hit[number] == Cat(bank).any(), "it says which banks have a lane"),
                (~Cat(bank).any() | is_lane.any(), "it has the lowest lane of each bank"),
            ]
        if folding.window:
            same = beat.state.as_value() == entry.state
            right.append((~beat.hit[0] | (beat.lanes[0] != self.lane) | same, "and its state"))
        waits, late, was_live = Signal(), Signal(), Signal()
        m.d.sync += [waits.eq(beats.valid & ~beats.ready), late.eq(live & ~beats.valid)]
        m.d.sync += was_live.eq(live)
        m.d.comb += [
            *(Assert(~beats.valid | condition, text) for condition, text in right),
            Assert(~beats.valid | live, "there is no beat of a decided image"),
            Assert(~(waits & live) | beats.valid, "a beat is withdrawn only with its image"),
            Assert(~(late & live & was_live) | beats.valid, "a mask waits a cycle at most"),
        ]

    def _equal(self, entry: SimpleNamespace, mask: Value, operation: Value) -> Value:
        same = entry.operation.as_value() == operation.as_value()
        return same & (entry.mask == mask)

    def _relate(self, m: Module, entries: list[SimpleNamespace]) -> None:
        """Invariants of up to SERIALISER_BLOCK lanes: the mask is in the serialiser's registers."""
        r, entry = self._block._registers, entries[0]
        m.d.comb += [
            Assert((entry.valid == r.valid) & ~entries[1].valid),
            Assert(~r.valid | (self._equal(entry, r.bits, r.operation) & r.final)),
        ]
        if self._config.folding.window:
            m.d.comb += Assert(~r.valid | (entry.state == r.state[self.lane].as_value()))

    def _relate_blocks(self, m: Module, entries: list[SimpleNamespace]) -> None:
        """Invariants of more lanes: the block that is sent, and the blocks behind it."""
        r, folding = self._block._registers, self._config.folding
        size, blocks = len(r.bits), folding.serialiser_blocks
        source, payload = r.fifo.o, r.fifo.o.payload
        masked = [payload.fired.mask[n * size :][:size].any() for n in range(blocks)]
        # Proven of the MaskFifo.
        m.d.comb += Assume(~source.valid | (payload.flags == Cat(masked)))
        left = r.lowest | r.others
        words = [r.mask[n * size : (n + 1) * size] for n in range(blocks)]
        waiting = Cat(Mux(left[n], words[n], 0) for n in range(blocks))
        sending = Cat(Mux(r.number == n, r.bits, 0) for n in range(blocks))
        rest = (waiting | sending)[: folding.lanes]
        is_complete, mask = (r.mask == waiting), r.mask[: folding.lanes]
        first, second = entries
        is_waiting = first.valid & ~r.valid  # the mask has not been begun
        m.d.comb += [
            Assert(~r.waiting | (r.lowest == lowest_set(left))),
            # There are no lanes behind the last one.
            Assert(~r.waiting | (r.mask[folding.lanes :] == 0)),
            Assert(~r.valid | (sending[folding.lanes :] == 0)),
            Assert(~r.waiting | (r.others == without_first(left))),
            Assert(~r.waiting | (r.more == (r.others != 0))),
            Assert(~r.waiting | Cat(~left[n] | words[n].any() for n in range(blocks)).all()),
            Assert(first.valid == (r.valid | r.waiting)),
            Assert(~is_waiting | (is_complete & self._equal(first, mask, r.mask_operation))),
            Assert(second.valid == (r.valid & r.waiting & r.final)),
            Assert(~second.valid | (is_complete & self._equal(second, mask, r.mask_operation))),
            Assert(~r.valid | (r.some == r.bits.any())),
            Assert(~r.valid | (r.many == (without_first(r.bits) != 0))),
            Assert(~r.valid | r.final | (r.waiting & r.some & r.lowest.any())),
            Assert(~r.valid | r.final | (r.operation.as_value() == r.mask_operation.as_value())),
            Assert(~r.valid | r.final | self._equal(first, rest, r.operation)),
            Assert(~r.valid | ~r.final | self._equal(first, sending[: folding.lanes], r.operation)),
            *(Assert(~r.valid | r.final | (r.number != n) | ~left[: n + 1].any())
              for n in range(blocks)),
            Assert(~r.valid | (r.number < blocks)),
        ]  # fmt: skip
        if folding.window:
            number, slot = self.lane // size, self.lane % size
            selected = r.valid & (r.number == number)
            state = r.states.as_value().word_select(self.lane, state_layout(self._config).size)
            m.d.comb += [
                Assert(~selected | ~first.mask.bit_select(self.lane, 1)
                       | (first.state == r.state[slot].as_value())),
                Assert(~(is_waiting | (r.valid & ~r.final)) | (first.state == state)),
                Assert(~second.valid | (second.state == state)),
            ]  # fmt: skip

    def _relate_banks(self, m: Module, entries: list[SimpleNamespace]) -> None:
        """Invariants of several banks: a mask at a time, and what has been found out about it."""
        r, entry, source = self._block._registers, entries[0], self._block._registers.fifo.o
        fired = source.payload.fired
        flags = r.fifo.stored_flags | r.fifo.passing_flags
        # Proven of the MaskFifo.
        m.d.comb += [
            Assume(~source.valid | (source.payload.flags[0] == fired.mask.any())),
            Assume(~source.valid | (flags[1] == ~self._is_last(fired.mask))),
        ]
        m.d.comb += [
            Assert((entry.valid == r.valid) & ~entries[1].valid),
            Assert(~r.valid | self._equal(entry, r.mask, r.operation)),
            Assert(~r.valid | (r.some == r.mask.any())),
            Assert(~r.valid | (r.parts.any() == ~self._is_last(r.mask))),
        ]


class MaskFifoProof(BlockProof):
    """Each mask that is sent into the FIFO leaves it once, in order, whatever it holds.

    One mask is followed, the one of any `number` modulo more than can wait, with all of its bits.

    Parameters: `config` of a layer whose masks wait; the `block` under proof.
    """

    def __init__(self, config: LayerConfig, block: type[MaskFifo] = MaskFifo) -> None:
        self._config = config
        super().__init__(
            block(**fifo_parameters(config)), number=In(range(2 * config.folding.mask_fifo_depth))
        )

    def _summary(self, mask: Value) -> Value:
        """The value of `flags` for a mask."""
        folding = self._config.folding
        if folding.sends == 1:
            starts = range(0, folding.lanes, SERIALISER_BLOCK)
            return Cat(mask[start : start + SERIALISER_BLOCK].any() for start in starts)
        several = Cat(without_first(bank) for bank in banks_of(mask, folding.sends)).any()
        return Cat(mask.any(), several)

    def check(self, m: Module) -> None:
        folding, masks, sent = self._config.folding, self.fired, self.o
        accepted, delivered = Signal.like(self.number), Signal.like(self.number)
        content = Signal(len(masks.payload.as_value()))
        m.d.sync += [
            accepted.eq(accepted + masks.valid),
            delivered.eq(delivered + (sent.valid & sent.ready)),
        ]
        with m.If(masks.valid & (accepted == self.number)):
            m.d.sync += content.eq(masks.payload.as_value())
        waiting = (accepted - delivered)[: len(accepted)]

        def is_right(number: Value, fired: Value) -> Value:
            followed = number[: len(accepted)] == self.number
            return ~followed | (fired.as_value() == content)

        mask = sent.payload.fired.mask
        m.d.comb += [
            Assume(~masks.valid | (waiting < folding.mask_fifo_depth)),
            Assert(sent.valid == (waiting != 0), "a mask leaves as soon as it may"),
            Assert(~sent.valid | is_right(delivered, sent.payload.fired), "in order, each once"),
            Assert(
                ~sent.valid | (sent.payload.flags == self._summary(mask)), "its blocks or banks"
            ),
            Cover(waiting == folding.mask_fifo_depth, "all places are taken"),
        ]
        if folding.sends > 1:
            several = self._summary(mask)[1]
            m.d.comb += Assert(
                ~sent.valid | ((self.stored_flags | self.passing_flags)[1] == several),
                "a bank with several",
            )

        # The invariants: which mask is where.
        valid, arrival, buffer = self._block._registers
        level = buffer.level
        m.d.comb += [
            Assert((buffer.filled == (level != 0)) & (level <= buffer.depth)),
            Assert(buffer.i.ready == (level != buffer.depth)),
            Assert(buffer.written.addr == (buffer.read.addr + level)[: len(buffer.read.addr)]),
            Assert((waiting == level + valid) & (waiting <= folding.mask_fifo_depth)),
            Assert(~valid | is_right(delivered + level, arrival)),
        ]
        for position in range(buffer.depth):
            port = buffer.memory.read_port(domain="comb")
            age = (position - buffer.read.addr)[: len(buffer.read.addr)]  # the oldest mask
            m.d.comb += [
                port.addr.eq(position),
                Assert((age >= level) | is_right(delivered + age, port.data.fired)),
                Assert(port.data.flags == self._summary(port.data.fired.mask)),
            ]
