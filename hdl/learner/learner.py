# SPDX-License-Identifier: BSD-2-Clause
"""The Learner, which updates the weights that took part in an image (DESIGN, section 5)."""

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
from firstspike.hdl.layer.weight_store import update_layout, updated_signature, word_layout
from firstspike.hdl.lib.block import Block, tap
from firstspike.hdl.lib.layouts import DescribedLayout
from firstspike.hdl.lib.lfsr import Lfsr

from .causal_inputs import CausalInputs
from .deltas import Deltas
from .margin import margin_layout, outcome_layout
from .row_sweeps import InputSweep, OutputSweep


def settings_layout() -> DescribedLayout:
    """Return the layout of the registers of the rule (see `firstspike.golden.learning.rule`)."""
    return DescribedLayout(**{one.name: (one.bits, one.meaning) for one in REGISTERS.values()})


def out_of_range(name: str, value: Value) -> Value:
    """Return whether `value` is out of range for the rule's register `name`.

    Comparisons whose result is constant for this width are omitted, because a linter reports them.
    """
    register, wrong = REGISTERS[name], Const(0, 1)
    if register.lowest > 0:
        wrong |= value < register.lowest
    if register.highest < (1 << len(value)) - 1:
        wrong |= value > register.highest
    return wrong


def generator() -> Lfsr:
    """Return the random generator of the rule, with the state of a core after reset."""
    return Lfsr(leap, width=16, init=0xACE1)


class State(enum.Enum):
    """States of the Learner."""

    IDLE = 0
    JUDGE = 1  # determine D_minus, and whether there is an update
    SETTLE = 2  # wait until the layers have discarded the rest of the image
    DELTAS = 3  # compute the corrections of the hidden neurons
    OUTPUTS = 4  # update the rows of the hidden neurons that took part
    INPUTS = 5  # update the rows of the inputs that took part, group by group
    FINISH = 6  # the last words are being written
    CAUSES = 7  # with late inputs: determine the inputs that took part, and their sums


class Learner(Block):
    """Learn one image at a time: update the weights of two layers after the decision.

    The Learner records the input and hidden spikes of an image. After the image it computes the
    corrections (Deltas), and updates the output weights (OutputSweep) and the input weights
    (InputSweep). Before the first image to learn after a reset or after a write from outside, it
    reads the signs of all output weights into the sign planes.

    Latency: from an outcome to the first cycle of settling `latencies.JUDGE`; then `settle_cycles`
    for settling. `firstspike.golden.timing.learning_cycles` returns the total. Throughput: one
    image at a time; `hold` prevents the start of the next one.
    """

    def __init__(self, hidden: LayerConfig, last: LayerConfig) -> None:
        if not (hidden.learns and last.learns):
            raise ValueError("a Learner is for two layers with `learning`: one of these has none.")
        self._hidden, self._last = hidden, last
        n_in, n_hidden, n_out = hidden.folding.n_in, last.folding.n_in, last.folding.n_out
        deadline, late = hidden.deadline, hidden.late_inputs
        super().__init__(
            #: The registers of the rule; accepted while `resting` is high and `busy` is low.
            settings=In(stream.Signature(settings_layout())),
            #: The class of the image. Stable while an image is under way.
            label=In(range(n_out)),
            #: A new image starts.
            opens=In(1),
            #: No image is under way.
            resting=In(1),
            #: The layers contain no event of the latest decided image.
            settled=In(1),
            #: The label of the next image is valid.
            labelled=In(1),
            #: With `labelled`: the next image is to be learned.
            next_learns=In(1),
            #: The host writes a weight of the last layer.
            rewritten=In(1),
            #: The result of an image, from the Decision.
            outcome=In(tap(what=outcome_layout(last))),
            #: Taps of the spikes that the two layers accept. After the last tick of the margin,
            #: only spikes that were already under way may arrive.
            input=In(tap(**({"tick": tick_shape(deadline)} if late else {}), address=range(n_in))),
            hidden=In(tap(tick=tick_shape(deadline), address=range(n_hidden))),
            #: Request to the hidden layer's Lanes for a group's neurons with S + threshold > 0.
            probe=None if late else Out(probe_signature(hidden)),
            #: Answer of the Lanes, one cycle later.
            alive=None if late else In(hidden.folding.lanes),
            #: An input event of the latest decided image is dropped.
            drops=In(1) if late else None,
            #: An updated word of the hidden layer.
            input_updated=In(tap(word=word_layout(hidden))) if late else None,
            #: Updates of words in the hidden layer's WeightStore.
            input_updates=Out(stream.Signature(update_layout(hidden))),
            #: Updates of words in the last layer's WeightStore.
            output_updates=Out(stream.Signature(update_layout(last))),
            #: The signs of an updated word of the last layer.
            output_updated=In(updated_signature(last)),
            #: The margin of the settings, for the Decision.
            margin=Out(margin_layout()),
            #: The Learner processes an ended image, or reads the signs.
            busy=Out(1),
            #: Prevents the start of an image; registered.
            hold=Out(1, init=1),
            #: High in the last cycle of the processing of an image.
            done=Out(1),
            #: With `done`: weights were updated.
            updated=Out(1),
        )

    def build(self, m: Module) -> None:
        hidden, last = self._hidden.folding, self._last.folding
        assert self._hidden.learning is not None
        unit = self._hidden.learning.unit

        m.submodules.lfsr = lfsr = generator()
        m.submodules.deltas = deltas = Deltas(self._hidden, self._last)
        m.submodules.input_sweep = inputs = InputSweep(self._hidden)
        m.submodules.output_sweep = outputs = OutputSweep(self._hidden, self._last)
        wiring.connect(m, outputs.sign, deltas.sign)
        wiring.connect(m, wiring.flipped(self.output_updated), outputs.updated)
        wiring.connect(m, outputs.updates, wiring.flipped(self.output_updates))

        # Settings.
        settings = Signal(settings_layout(), init=Settings().registers())
        accepted = Signal()
        m.d.comb += [
            self.settings.ready.eq(self.resting & ~self.busy),
            accepted.eq(self.settings.valid & self.settings.ready),
            lfsr.load.eq(accepted & (self.settings.payload.seed != 0)),
            lfsr.seed.eq(self.settings.payload.seed),
            self.margin.shift.eq(settings.margin_shift),
            self.margin.minimum.eq(settings.margin_minimum),
        ]
        with m.If(accepted):
            m.d.sync += settings.eq(self.settings.payload)

        # The rows that took part. Inputs are added at once. Hidden spikes pass a FIFO until the end
        # of the margin is known, because the latest of them may be beyond the margin.
        what = self.outcome.what
        state = Signal(State)
        in_flight = last.spikes_in_flight
        m.submodules.latest = latest = ResetInserter(self.opens)(
            SyncFIFOBuffered(
                width=len(self.hidden.tick) + len(self.hidden.address),
                depth=in_flight + latencies.SORTING + 1,
            )
        )
        tick_bits = len(self.hidden.tick)
        tick, address = latest.r_data[:tick_bits], latest.r_data[tick_bits:]
        m.d.comb += [
            inputs.clear.eq(self.opens),
            outputs.clear.eq(self.opens),
            latest.w_en.eq(self.hidden.valid),
            latest.w_data.eq(Cat(self.hidden.tick, self.hidden.address)),
            latest.r_en.eq((latest.level > in_flight) | (state == State.SETTLE)),
            outputs.add.valid.eq(latest.r_en & latest.r_rdy & (tick < what.limit)),
            outputs.add.address.eq(address),
        ]

        # The outputs that are to fire earlier (`label`) and later (`minus`).
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
            (state == State.IDLE) & stale & self.next_learns & self.resting & ~self.outcome.valid
        )
        with m.If(begins_scan):
            m.d.sync += [stale.eq(0), scanning.eq(1)]
        with m.If(self.rewritten):
            m.d.sync += stale.eq(1)

        # The two sweeps share the generator, and run one after the other.
        drawing_outputs = (state == State.OUTPUTS) & ~scanning
        m.d.comb += [
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

        # The state machine, and `hold`.
        begins = Signal()  # the update begins
        first_state = State.CAUSES if self._hidden.late_inputs else State.DELTAS
        self._connect_inputs(m, inputs, deltas, begins)
        settling = settle_cycles(hidden, last, self._hidden.late_inputs)
        wait = Signal(range(max(settling, hidden.update_cycles)))
        settled = (wait == settling - 1) & self.settled & (latest.level == 0)
        update = Signal()
        changed = Signal()
        # High from the first event of an image on, because no signal precedes `outcome` by a cycle.
        engaged = Signal()
        ends = Signal()  # the last cycle with `engaged` or `busy`
        with m.If(self.opens):
            m.d.sync += engaged.eq(1)
        with m.Elif(ends):
            m.d.sync += engaged.eq(0)
        m.d.sync += self.hold.eq(
            self.opens
            | ((engaged | self.busy) & ~ends)
            | ~self.labelled
            | (self.next_learns & (stale | self.rewritten))
            | self.settings.valid
        )
        m.d.comb += self.busy.eq((state != State.IDLE) | self.outcome.valid | begins_scan)
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.sync += changed.eq(0)  # a scan changes no weight
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
                    m.d.comb += [begins.eq(update), self.done.eq(~update), ends.eq(~update)]
                    m.d.sync += [
                        wait.eq(0),
                        changed.eq(update),
                        state.eq(Mux(update, first_state, State.IDLE)),
                    ]
                if self._hidden.late_inputs:
                    with m.If(self.drops):
                        m.d.sync += wait.eq(0)
            with m.Case(State.CAUSES), m.If(deltas.start):
                m.d.sync += state.eq(State.DELTAS)
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

    def _connect_inputs(self, m: Module, inputs: InputSweep, deltas: Deltas, begins: Value) -> None:
        """Connect the input spikes and the hidden layer; `begins` is high as the update begins."""
        if not self._hidden.late_inputs:
            wiring.connect(m, wiring.flipped(self.input), inputs.add)
            wiring.connect(m, inputs.updates, wiring.flipped(self.input_updates))
            wiring.connect(m, deltas.probe, wiring.flipped(self.probe))
            m.d.comb += [deltas.alive.eq(self.alive), deltas.start.eq(begins)]
            return
        m.submodules.causal_inputs = causal = CausalInputs(self._hidden)
        wiring.connect(m, wiring.flipped(self.input), causal.add)
        wiring.connect(m, causal.row, inputs.add)
        wiring.connect(m, wiring.flipped(self.input_updated), causal.returned)
        wiring.connect(m, deltas.probe, causal.probe)
        m.d.comb += [
            causal.clear.eq(self.opens),
            causal.start.eq(begins),
            causal.limit.eq(self.outcome.what.limit),
            deltas.alive.eq(causal.alive),
            deltas.start.eq(causal.done),
            self.input_updates.valid.eq(inputs.updates.valid | causal.updates.valid),
            self.input_updates.payload.eq(inputs.updates.payload),
        ]
        with m.If(causal.updates.valid):
            m.d.comb += self.input_updates.payload.eq(causal.updates.payload)
