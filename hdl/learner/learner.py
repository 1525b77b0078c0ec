# SPDX-License-Identifier: BSD-2-Clause
"""The learner: changes the weights that took part in an image (design, section 5)."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import enum, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import REGISTERS, Settings, leap
from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import settle_cycles
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import tick_shape
from firstspike.hdl.layer.lanes import probe_signature
from firstspike.hdl.layer.weights import update_layout, updated_signature
from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.layouts import DescribedLayout
from firstspike.hdl.lib.lfsr import Lfsr

from .deltas import Deltas
from .row_walks import InputWalk, OutputWalk
from .run_on import margin_layout, outcome_layout


def settings_layout() -> DescribedLayout:
    """The registers of the rule, as `firstspike.golden.learning.rule` describes them."""
    return DescribedLayout(**{one.name: (one.bits, one.meaning) for one in REGISTERS.values()})


def out_of_range(name: str, value: Value) -> Value:
    """Whether the rule's register of this name must not hold `value`.

    Only what the bits of the value can be is compared: lint would say what is always so.
    """
    register, wrong = REGISTERS[name], Const(0, 1)
    if register.lowest > 0:
        wrong |= value < register.lowest
    if register.highest < (1 << len(value)) - 1:
        wrong |= value > register.highest
    return wrong


def generator() -> Lfsr:
    """The rule's random generator, in the state in which a core starts."""
    return Lfsr(leap, width=16, init=0xACE1)


class State(enum.Enum):
    """What the learner is at."""

    IDLE = 0
    JUDGE = 1  # is there anything to learn?
    SETTLE = 2  # the layers get rid of what is left of the image
    DELTAS = 3
    OUTPUTS = 4  # the rows of the hidden neurons that took part
    INPUTS = 5  # the rows of the inputs that took part, group by group
    FINISH = 6  # the last words are being written


class Learner(Block):
    """Two layers' weights, one image at a time.

    Latency: from an outcome to the first cycle of settling `latencies.JUDGE`, of that
    `settle_cycles`; all in all `firstspike.golden.timing.learning_cycles`. After the power-up, a
    reset, or a write from outside, the sign planes are read anew before the next image that is to
    be learned.
    """

    def __init__(self, hidden: LayerConfig, last: LayerConfig) -> None:
        if not (hidden.learns and last.learns):
            raise ValueError("a Learner is for two layers with `learning`: one of these has none.")
        self._hidden, self._last = hidden, last
        n_in, n_hidden, n_out = hidden.folding.n_in, last.folding.n_in, last.folding.n_out
        deadline = hidden.deadline
        super().__init__(
            #: Taken while `resting`.
            settings=In(stream.Signature(settings_layout())),
            #: The class the image is to have. Steady while an image is under way.
            label=In(range(n_out)),
            #: A new image begins.
            opens=In(1),
            #: No image is under way.
            resting=In(1),
            #: Nothing is left in the layers of the latest decided image.
            settled=In(1),
            #: An image waits to begin: its label is there.
            labelled=In(1),
            #: With `labelled`: it is to be learned.
            wanted=In(1),
            #: Weights of the last layer are written from outside.
            rewritten=In(1),
            #: What the Decision says of an image that has ended.
            outcome=In(tap(what=outcome_layout(last))),
            #: Taps of the spikes the two layers take in; nothing that comes after the margin's
            #: last tick but what has been under way to the decision by then.
            input=In(tap(address=range(n_in))),
            hidden=In(tap(tick=tick_shape(deadline), address=range(n_hidden))),
            #: The hidden layer's Lanes are asked for a group's neurons with S + threshold > 0.
            probe=Out(probe_signature(hidden)),
            #: Their answer, a cycle later.
            alive=In(hidden.folding.lanes),
            #: Updates of words in the hidden layer's WeightStore.
            input_updates=Out(stream.Signature(update_layout(hidden))),
            #: Updates of words in the last layer's WeightStore.
            output_updates=Out(stream.Signature(update_layout(last))),
            #: The signs of a word of the last layer, as it is written after an update.
            output_updated=In(updated_signature(last)),
            #: The margin of the settings, for the Decision.
            margin=Out(margin_layout()),
            #: What is left of an image is worked on, or the signs are read.
            busy=Out(1),
            #: No image may begin. A register, which is told all it has to know a cycle before.
            hold=Out(1, init=1),
            #: High in the last cycle in which an image keeps it busy.
            done=Out(1),
            #: With `done`: weights were changed.
            updated=Out(1),
        )

    def build(self, m: Module) -> None:
        hidden, last = self._hidden.folding, self._last.folding
        assert self._hidden.learning is not None
        unit = self._hidden.learning.unit

        m.submodules.lfsr = lfsr = generator()
        m.submodules.deltas = deltas = Deltas(self._hidden, self._last)
        m.submodules.input_walk = inputs = InputWalk(self._hidden)
        m.submodules.output_walk = outputs = OutputWalk(self._hidden, self._last)
        wiring.connect(m, deltas.probe, wiring.flipped(self.probe))
        wiring.connect(m, outputs.sign, deltas.sign)
        wiring.connect(m, wiring.flipped(self.output_updated), outputs.updated)
        wiring.connect(m, wiring.flipped(self.input), inputs.add)
        wiring.connect(m, inputs.updates, wiring.flipped(self.input_updates))
        wiring.connect(m, outputs.updates, wiring.flipped(self.output_updates))

        # Settings.
        settings = Signal(settings_layout(), init=Settings().registers())
        taken = Signal()
        m.d.comb += [
            self.settings.ready.eq(self.resting & ~self.busy),
            taken.eq(self.settings.valid & self.settings.ready),
            lfsr.load.eq(taken & (self.settings.payload.seed != 0)),
            lfsr.seed.eq(self.settings.payload.seed),
            self.margin.shift.eq(settings.margin_shift),
            self.margin.minimum.eq(settings.margin_minimum),
        ]
        with m.If(taken):
            m.d.sync += settings.eq(self.settings.payload)

        # What took part: the inputs at once; the hidden spikes some later, when it is known where
        # the margin ends, for the latest may lie behind it.
        what = self.outcome.what
        state = Signal(State)
        under_way = last.spikes_under_way
        m.submodules.latest = latest = ResetInserter(self.opens)(
            SyncFIFOBuffered(
                width=len(self.hidden.tick) + len(self.hidden.address),
                depth=under_way + latencies.SORTING + 1,
            )
        )
        tick_bits = len(self.hidden.tick)
        tick, address = latest.r_data[:tick_bits], latest.r_data[tick_bits:]
        m.d.comb += [
            inputs.clear.eq(self.opens),
            outputs.clear.eq(self.opens),
            latest.w_en.eq(self.hidden.valid),
            latest.w_data.eq(Cat(self.hidden.tick, self.hidden.address)),
            latest.r_en.eq((latest.level > under_way) | (state == State.SETTLE)),
            outputs.add.valid.eq(latest.r_en & latest.r_rdy & (tick < what.limit)),
            outputs.add.address.eq(address),
        ]

        # Who is to be earlier, and who later.
        label, decided, minus = (Signal(last.n_out, name=n) for n in ("label", "decided", "minus"))
        m.d.sync += label.eq(1 << self.label)
        m.d.comb += decided.eq(1 << what.decision)
        wrong = what.decision != self.label
        with m.If(what.forced):
            m.d.comb += minus.eq(Mux(wrong, decided, 0))
        with m.Elif(settings.every_competitor):
            m.d.comb += minus.eq((what.fired | decided) & ~label)
        with m.Else():
            m.d.comb += minus.eq(Mux(wrong, decided, what.rival))

        # Sign planes.
        stale = Signal(init=1)
        scanning = Signal()
        begins_scan = Signal()
        m.d.comb += begins_scan.eq(
            (state == State.IDLE) & stale & self.wanted & self.resting & ~self.outcome.valid
        )
        with m.If(begins_scan):
            m.d.sync += [stale.eq(0), scanning.eq(1)]
        with m.If(self.rewritten):
            m.d.sync += stale.eq(1)

        # Both walks draw, one after the other; a draw of probability 1 leaves the generator alone.
        drawing_outputs = (state == State.OUTPUTS) & ~scanning
        m.d.comb += [
            deltas.alive.eq(self.alive),
            deltas.plus.eq(label),
            deltas.group.eq(inputs.group),
            deltas.read.eq(inputs.read),
            inputs.earlier.eq(deltas.earlier),
            inputs.later.eq(deltas.later),
            inputs.step.eq(settings.step),
            outputs.plus.eq(label),
            outputs.minus.eq(deltas.minus),
            outputs.scan.eq(begins_scan),
            lfsr.draw.eq(Mux(drawing_outputs, settings.output_draw, settings.row_draw)),
            lfsr.take.eq(outputs.take | inputs.take),
            outputs.drawn.eq(lfsr.drawn),
            inputs.drawn.eq(lfsr.drawn),
        ]

        # The states, one after the other, and what lets the next image begin.
        settling = settle_cycles(hidden, last)
        wait = Signal(range(max(settling, hidden.update_cycles)))
        settled = (wait == settling - 1) & self.settled & (latest.level == 0)
        update = Signal()
        changed = Signal()
        # From an image's first event on, since nothing tells of its outcome a cycle before.
        engaged = Signal()
        ends = Signal()  # the last cycle in which it is, or is busy
        with m.If(self.opens):
            m.d.sync += engaged.eq(1)
        with m.Elif(ends):
            m.d.sync += engaged.eq(0)
        m.d.sync += self.hold.eq(
            self.opens
            | ((engaged | self.busy) & ~ends)
            | ~self.labelled
            | (self.wanted & (stale | self.rewritten))
            | self.settings.valid
        )
        m.d.comb += self.busy.eq((state != State.IDLE) | self.outcome.valid | begins_scan)
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.sync += changed.eq(0)  # a scan changes nothing
                with m.If(self.outcome.valid):
                    m.d.sync += state.eq(State.JUDGE)
                with m.Elif(begins_scan):
                    m.d.comb += outputs.start.eq(1)
                    m.d.sync += state.eq(State.OUTPUTS)
            with m.Case(State.JUDGE):
                m.d.sync += [
                    deltas.minus.eq(minus),
                    deltas.tie_later.eq(~what.forced & ((what.tick << 1) < 5 * unit)),
                    update.eq(what.learn & (what.forced | (minus != 0))),
                    state.eq(State.SETTLE),
                ]
            with m.Case(State.SETTLE):
                with m.If(wait != settling - 1):
                    m.d.sync += wait.eq(wait + 1)
                with m.If(settled):
                    m.d.comb += [deltas.start.eq(update), self.done.eq(~update), ends.eq(~update)]
                    m.d.sync += [
                        wait.eq(0),
                        changed.eq(update),
                        state.eq(Mux(update, State.DELTAS, State.IDLE)),
                    ]
            with m.Case(State.DELTAS), m.If(deltas.done):
                m.d.comb += outputs.start.eq(1)
                m.d.sync += state.eq(State.OUTPUTS)
            with m.Case(State.OUTPUTS), m.If(outputs.done):
                m.d.comb += inputs.start.eq(~scanning)
                m.d.sync += [scanning.eq(0), state.eq(Mux(scanning, State.FINISH, State.INPUTS))]
            with m.Case(State.INPUTS), m.If(inputs.done):
                m.d.sync += state.eq(State.FINISH)
            with m.Case(State.FINISH):
                m.d.sync += wait.eq(wait + 1)
                with m.If(wait == hidden.update_cycles - 1):
                    m.d.comb += [self.done.eq(changed), self.updated.eq(changed), ends.eq(1)]
                    m.d.sync += [state.eq(State.IDLE), wait.eq(0)]
