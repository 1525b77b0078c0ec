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


def probe_signature(shape):
    """A question for a group's neurons."""
    return wiring.Signature({"valid": Out(1), "group": Out(range(shape.schedule.groups))})


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
    probe, alive : (a hidden layer where `shape.learns`) {valid, group}; in the cycle after `valid`
        and until the next one, `alive` is high for the group's lanes with S + threshold > 0, the
        sum of the weights taken in. Only while no operation is under way.
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
            if shape.learns:
                members["probe"] = In(probe_signature(shape))
                members["alive"] = Out(shape.schedule.lanes)
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
            if shape.learns and not last:
                with m.If(self.probe.valid):
                    m.d.comb += [read.en.eq(1), read.addr.eq(self.probe.group)]
        if shape.learns and not last:
            states = fetched if groups > 1 else work
            m.d.comb += self.alive.eq(
                Cat((states[lane].S + shape.threshold) > 0 for lane in range(lanes))
            )
        with m.If(met.o.valid & met.o.ready):
            m.d.sync += work.eq(updated)

        # Lane by lane, and put together as a whole: simulators are slow on wide signals that are
        # driven in many parts.
        after, before, mask, potentials = [], [], [], []
        start, advance = op.first & op.start, op.first & op.advance
        for lane in range(lanes):
            current = work[lane]
            if groups > 1:
                current = Signal(state, name=f"current_{lane}")
                m.d.comb += current.eq(Mux(op.first, fetched[lane], work[lane]))
            M, S = current.M, current.S
            weight = word[lane] >> shape.unused_bits
            M_next = Signal(shape.potential, name=f"M_{lane}")
            S_next = Signal(shape.slope, name=f"S_{lane}")
            m.d.comb += [
                M_next.eq(Mux(start, initial, M + (Mux(advance, S, 0) << op.shift))),
                S_next.eq(Mux(start, -shape.threshold, S) + Mux(op.row, weight, 0)),
            ]
            after += [M_next, S_next]
            potentials.append(M_next)
            if not last:
                fires = Signal(name=f"fires_{lane}")
                m.d.comb += fires.eq(
                    advance & ~current.spent & (M_next >= 0) & shape.lane_exists(op.group, lane)
                )
                after.append(~start & (current.spent | fires))
                mask.append(fires)
                before += [M, S]
        m.d.comb += updated.eq(Cat(after))

        # In the order of `potentials_layout` and `fired_layout`.
        if last:
            output, sends = self.potentials, ~op.end & (start | advance)
            sent = Cat(op, potentials)
        else:
            output, sends = self.fired, op.end | advance
            sent = Cat(op, Mux(op.end, 0, Cat(mask)), before if schedule.window else [])
        m.d.comb += [
            output.payload.eq(sent),
            output.valid.eq(met.o.valid & sends),
            met.o.ready.eq(output.ready | ~sends),
        ]
        return m
