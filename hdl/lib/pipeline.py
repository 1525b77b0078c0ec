# SPDX-License-Identifier: BSD-2-Clause
"""Registers of an elastic pipeline: they hold a payload until the next stage takes it."""

from amaranth.hdl import Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .block import Block


class Stage(Block):
    """A stream register, or a chain of `depth`: latency `depth` cycles, throughput one payload a
    cycle.

    It takes a payload while it is empty or being emptied, so bubbles close up and a chain of
    stages is an ordinary pipeline that waits stage by stage. `ready` is combinational.

    Ports: `i` and `o`, streams of `shape`; `load`, high in the cycle in which it takes a payload.
    `outputs` are the streams behind each register, `o` the last of them.

    Raises ValueError for a depth below 1.
    """

    def __init__(self, shape: ShapeLike, depth: int = 1) -> None:
        if depth < 1:
            raise ValueError(f"a stage is a chain of at least 1 register, not {depth}.")
        self.depth = depth
        payloads = stream.Signature(shape)
        super().__init__(i=In(payloads), o=Out(payloads), load=Out(1))
        inner = (payloads.create(path=(f"stage_{number}",)) for number in range(1, depth))
        self.outputs = [*inner, self.o]

    def build(self, m: Module) -> None:
        m.d.comb += self.load.eq(self.i.valid & self.i.ready)
        i = self.i
        for o in self.outputs:
            m.d.comb += i.ready.eq(~o.valid | o.ready)
            # Whether `i` is valid comes late, and would have to reach all of the payload.
            with m.If(i.ready):
                m.d.sync += [o.valid.eq(i.valid), o.payload.eq(i.payload)]
            i = o


def delayed(m: Module, value: Value, cycles: int, name: str) -> Value:
    """`value` so many cycles later, of a pipeline that never waits; registers are called `name`."""
    for number in range(cycles):
        later = Signal(value.shape(), name=f"{name}_{number}")
        m.d.sync += later.eq(value)
        value = later
    return value


class Skid(Block):
    """A place for a payload that cannot be taken at once, so that `ready` is a register.

    It cuts the chain of `ready` in a pipeline, which else grows with every stage. What is offered
    is passed on in the same cycle; only when it is not taken it waits here, and `ready` is low
    in the cycles in which something does.

    Ports: `i` and `o`, streams of `shape`. Latency 0 cycles, throughput one payload a cycle.
    """

    def __init__(self, shape: ShapeLike) -> None:
        self._shape = shape
        super().__init__(i=In(stream.Signature(shape)), o=Out(stream.Signature(shape)))

    def build(self, m: Module) -> None:
        # Two registers for one fact: the choice of a wide payload keeps one busy. And what enables
        # `held` is not what makes that choice, or synthesis would put the choice in front of it.
        waiting, free = Signal(), Signal(init=1)
        held = Signal(self._shape, reset_less=True)
        m.d.comb += [
            self.i.ready.eq(free),
            self.o.valid.eq(self.i.valid | ~free),
            self.o.payload.eq(Mux(waiting, Value.cast(held), Value.cast(self.i.payload))),
        ]
        m.d.sync += [
            waiting.eq(self.o.valid & ~self.o.ready),
            free.eq(~self.o.valid | self.o.ready),
        ]
        # Without regard to `o.ready`, which comes late and would have to reach all of it.
        with m.If(free):
            m.d.sync += held.eq(self.i.payload)


class Buffer(Block):
    """Several places for payloads that cannot be taken at once: a Skid of a given depth.

    What is offered is passed on in the same cycle if nothing waits; what is not taken waits here,
    in order, and `ready` is a register that is low while all places are taken.

    Ports: `i` and `o`, streams of `shape`. Latency 0 cycles, throughput one payload a cycle.
    Of the places of `memory` `level` are taken, any if `filled`: from where it is `read` to where
    it is `written`.

    Raises ValueError unless the depth is a power of two, and at least 2.
    """

    def __init__(self, shape: ShapeLike, depth: int) -> None:
        if depth < 2 or depth.bit_count() != 1:
            raise ValueError(f"a buffer has a power of two of places, at least 2, not {depth}.")
        self.depth = depth
        self.memory = Memory(shape=shape, depth=depth, init=[])
        self.written = self.memory.write_port()
        self.read = self.memory.read_port(domain="comb")
        self.level = Signal(range(depth + 1))
        self.filled = Signal()
        super().__init__(i=In(stream.Signature(shape)), o=Out(stream.Signature(shape)))

    def build(self, m: Module) -> None:
        m.submodules.memory = self.memory
        write, read, level, filled = self.written, self.read, self.level, self.filled
        free, following = Signal(init=1), Signal(range(self.depth + 1))
        keeps = self.i.valid & self.i.ready & (filled | ~self.o.ready)
        gives = filled & self.o.ready
        m.d.comb += [
            self.i.ready.eq(free),
            self.o.valid.eq(filled | (self.i.valid & free)),
            self.o.payload.eq(Mux(filled, Value.cast(read.data), Value.cast(self.i.payload))),
            write.en.eq(keeps),
            write.data.eq(self.i.payload),
            following.eq(level + keeps - gives),
        ]
        m.d.sync += [
            write.addr.eq(write.addr + keeps),
            read.addr.eq(read.addr + gives),
            level.eq(following),
            filled.eq(following != 0),
            free.eq(following != self.depth),
        ]
