# SPDX-License-Identifier: BSD-2-Clause
"""Pipeline registers, skid buffers and FIFOs with valid/ready handshake."""

from amaranth.hdl import Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from .block import Block
from .memories import Memory


class Stage(Block):
    """A chain of `depth` pipeline registers with valid/ready handshake.

    A register accepts a payload if the register is empty or is emptied in the same cycle. Under
    back-pressure, stages therefore fill up one by one before `i` stalls, and bubbles close up. The
    path from `o.ready` to `i.ready` is combinational.

    Ports: `i` and `o`, streams of `shape`; `load`, high in each cycle in which `i` transfers a
    payload. The attribute `outputs` lists the output stream of each register; the last one is `o`.

    Latency: `depth` cycles; throughput: one payload per cycle.

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
            # `i.valid` is no enable of the payload: it settles late and would have a high fan-out.
            with m.If(i.ready):
                m.d.sync += [o.valid.eq(i.valid), o.payload.eq(i.payload)]
            i = o


def delayed(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return `value` delayed by `cycles`, without stalls; the names of the registers start with
    `name`.
    """
    for number in range(cycles):
        later = Signal(value.shape(), name=f"{name}_{number}")
        m.d.sync += later.eq(value)
        value = later
    return value


class SkidBuffer(Block):
    """A skid buffer: a register for one payload under back-pressure, and a registered `i.ready`.

    The skid buffer breaks the combinational path of `ready`, which otherwise grows with each stage
    of a pipeline. A payload passes from `i` to `o` in the same cycle. If `o` is not ready, the
    register holds the payload, and `i.ready` is low as long as the register is occupied.

    Ports: `i` and `o`, streams of `shape`.

    Latency: 0 cycles; throughput: one payload per cycle.
    """

    def __init__(self, shape: ShapeLike) -> None:
        self._shape = shape
        super().__init__(i=In(stream.Signature(shape)), o=Out(stream.Signature(shape)))

    def build(self, m: Module) -> None:
        # Two complementary registers: `waiting` drives only the multiplexer of a wide payload, and
        # `free` enables `held`. With a single register, synthesis would move the multiplexer in
        # front of `held`.
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
        # `o.ready` is no enable of `held`: it settles late and would have a high fan-out.
        with m.If(free):
            m.d.sync += held.eq(self.i.payload)


class FallThroughFifo(Block):
    """A fall-through FIFO of `depth` payloads, with a registered `i.ready`.

    While the FIFO is empty, a payload passes from `i` to `o` in the same cycle. Under back-pressure
    the FIFO stores payloads in order; `i.ready` is low while the FIFO is full.

    Ports: `i` and `o`, streams of `shape`. Further attributes, for proofs: `memory` with its ports
    `written` and `read`; `level`, the number of stored payloads; `filled`, high unless `level` is
    0.

    Latency: 0 cycles; throughput: one payload per cycle.

    Raises ValueError unless the depth is a power of two, and at least 2.
    """

    def __init__(self, shape: ShapeLike, depth: int) -> None:
        if depth < 2 or depth.bit_count() != 1:
            raise ValueError(f"a FIFO has a power of two of entries, at least 2, not {depth}.")
        self.depth = depth
        (listed,) = self.memories(shape, depth)
        self.memory = listed.create(shape=shape)
        self.written = self.memory.write_port()
        self.read = self.memory.read_port(domain="comb")
        self.level = Signal(range(depth + 1))
        self.filled = Signal()
        super().__init__(i=In(stream.Signature(shape)), o=Out(stream.Signature(shape)))

    @staticmethod
    def memories(shape: ShapeLike, depth: int) -> tuple[Memory]:
        """Return the memory of the payloads."""
        return (Memory("", Shape.cast(shape).width, depth, asynchronous_read=True),)

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
