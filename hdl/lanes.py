"""The lanes of a layer: S and M of every neuron, advanced in time and added to."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from .arithmetic import times
from .pipeline import Stage


def fired_layout(shape):
    """Which neurons of a group fired in an advance, and with a window also what they fired from."""
    members = {"operation": shape.operation, "mask": shape.schedule.lanes}
    if shape.schedule.window:
        members["state"] = data.ArrayLayout(crossing_layout(shape), shape.schedule.lanes)
    return data.StructLayout(members)


def crossing_layout(shape):
    """M before an advance, and the slope S it advanced with."""
    return data.StructLayout({"M": shape.potential, "S": shape.slope})


def potentials_layout(shape):
    """M of a group's neurons at a tick, for the decision."""
    return data.StructLayout(
        {
            "operation": shape.operation,
            "M": data.ArrayLayout(shape.potential, shape.schedule.lanes),
        }
    )


class Lanes(wiring.Component):
    """Accumulate and advance: M += n*S, see who fires, S += W.

    With one group S and M are registers; with more they are in memory, a word a group, read for
    the first operation of a group in a walk and written back with every one. Two operations of
    the same group that need the memory in between are at least as far apart as there are
    groups, so a read never meets the write it depends on.

    Ports
    -----
    words : stream of {operation, word}.
    fired : (all layers but the last) stream of `fired_layout`: one for the first operation of a
        group that advances, and one for the image's end.
    potentials : (the last layer) stream of `potentials_layout`: one for the first operation of
        a group that starts or advances.

    Latency 1 cycle to a combinational output, throughput one operation a cycle.
    """

    def __init__(self, shape):
        self._shape = shape
        self._word = data.StructLayout({"operation": shape.operation, "word": shape.word})
        members = {"words": In(stream.Signature(self._word))}
        if shape.schedule.last:
            members["potentials"] = Out(stream.Signature(potentials_layout(shape)))
        else:
            members["fired"] = Out(stream.Signature(fired_layout(shape)))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        shape, schedule = self._shape, self._shape.schedule
        lanes, groups, last = schedule.lanes, schedule.groups, schedule.last

        # The register in which a word meets the state of its group.
        m.submodules.met = met = Stage(self._word)
        wiring.connect(m, wiring.flipped(self.words), met.i)
        op, word = met.o.payload.operation, met.o.payload.word
        initial = Signal(shape.potential)
        with m.If(met.load):
            m.d.sync += initial.eq(-times(shape.threshold, met.i.payload.operation.tick))

        state = data.StructLayout(
            {"M": shape.potential, "S": shape.slope} | ({} if last else {"spent": 1})
        )
        work = Signal(data.ArrayLayout(state, lanes))  # after the latest operation
        updated = Signal.like(work)
        if groups > 1:
            m.submodules.memory = store = memory.Memory(
                shape=work.shape().size, depth=groups, init=[]
            )
            read = store.read_port(transparent_for=())
            write = store.write_port()
            m.d.comb += [
                read.en.eq(met.load & met.i.payload.operation.first),
                read.addr.eq(met.i.payload.operation.group),
                write.en.eq(met.o.valid & met.o.ready),
                write.addr.eq(op.group),
                write.data.eq(updated),
            ]
            fetched = data.View(work.shape(), read.data)
        with m.If(met.o.valid & met.o.ready):
            m.d.sync += work.eq(updated)

        mask = Signal(lanes)
        start, advance = op.first & op.start, op.first & op.advance
        for lane in range(lanes):
            M, S = Signal(shape.potential), Signal(shape.slope)
            spent = Signal()
            if groups > 1:
                m.d.comb += [
                    M.eq(Mux(op.first, fetched[lane].M, work[lane].M)),
                    S.eq(Mux(op.first, fetched[lane].S, work[lane].S)),
                ]
            else:
                m.d.comb += [M.eq(work[lane].M), S.eq(work[lane].S)]
            slope = Mux(advance, S, 0)
            M_next, S_next = updated[lane].M, updated[lane].S
            m.d.comb += [
                M_next.eq(Mux(start, initial, M + (slope << op.shift))),
                S_next.eq(Mux(start, -shape.threshold, S) + Mux(op.row, word[lane], 0)),
            ]
            if not last:
                if groups > 1:
                    m.d.comb += spent.eq(Mux(op.first, fetched[lane].spent, work[lane].spent))
                else:
                    m.d.comb += spent.eq(work[lane].spent)
                fires = advance & ~spent & (M_next >= 0) & shape.lane_exists(op.group, lane)
                m.d.comb += [
                    mask[lane].eq(fires),
                    updated[lane].spent.eq(~start & (spent | fires)),
                ]
                if schedule.window:
                    before = self.fired.payload.state[lane]
                    m.d.comb += [before.M.eq(M), before.S.eq(S)]
            else:
                m.d.comb += self.potentials.payload.M[lane].eq(M_next)

        if last:
            output, sends = self.potentials, ~op.end & (start | advance)
        else:
            output, sends = self.fired, op.end | advance
            m.d.comb += output.payload.mask.eq(mask & Cat(~op.end for _ in range(lanes)))
        m.d.comb += [
            output.payload.operation.eq(op),
            output.valid.eq(met.o.valid & sends),
            met.o.ready.eq(output.ready | ~sends),
        ]
        return m
