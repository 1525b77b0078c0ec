"""One register of an elastic pipeline: holds a payload until the next stage takes it."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Stage(wiring.Component):
    """A stream register: latency 1 cycle, throughput one payload a cycle.

    It takes a payload while it is empty or being emptied, so bubbles close up and a chain of
    stages is an ordinary pipeline that waits stage by stage. `ready` is combinational.

    Ports: `i` and `o`, streams of `shape`; `load`, high in the cycle in which it takes a payload.
    """

    def __init__(self, shape):
        super().__init__(
            {
                "i": In(stream.Signature(shape)),
                "o": Out(stream.Signature(shape)),
                "load": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            self.load.eq(self.i.valid & self.i.ready),
        ]
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(self.load):
            m.d.sync += self.o.payload.eq(self.i.payload)
        return m
