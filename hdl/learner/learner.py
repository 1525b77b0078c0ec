# SPDX-License-Identifier: BSD-2-Clause
"""The Learner, which updates the weights that took part in an image (DESIGN, section 5)."""

from collections.abc import Sequence

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
from .row_sweeps import InputSweep, OutputSweep, SignedOutputSweep


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


class LastLayerLearner(Block):
    """Learn one image at a time: update the weights of the last layer after the decision.

    The learner records the hidden spikes of an image. After the image it updates the output weights
    (OutputSweep).

    Latency: from an outcome to the first cycle of settling `latencies.JUDGE`; then `settle_cycles`
    for settling. `firstspike.golden.timing.learning_cycles` returns the total. Throughput: one
    image at a time; `hold` prevents the start of the next one.

    Parameters: `layers`, the configurations of all layers; `ports`, those of a subclass.
    """

    def __init__(self, layers: Sequence[LayerConfig], **ports: wiring.Member | None) -> None:
        if not all(layer.learns for layer in layers):
            raise ValueError("a Learner is for layers with `learning`: one of these has none.")
        self._layers, self._last = layers, layers[-1]
        last = self._last
        n_hidden, n_out = last.folding.n_in, last.folding.n_out
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
            #: The result of an image, from the Decision.
            outcome=In(tap(what=outcome_layout(last))),
            #: Tap of the spikes that the last layer accepts. After the last tick of the margin,
            #: only spikes that were already under way may arrive.
            hidden=In(tap(tick=tick_shape(last.deadline), address=range(n_hidden))),
            #: With late inputs: an input event of the latest decided image is dropped.
            drops=In(1) if layers[0].late_inputs else None,
            #: Updates of words in the last layer's WeightStore.
            output_updates=Out(stream.Signature(update_layout(last))),
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
            **ports,
        )

    def _output_sweep(self) -> OutputSweep:
        return OutputSweep(self._last)

    def _connect_hidden(self, m: Module) -> None:
        """Connect the blocks for the hidden layer, if it learns."""
        m.d.comb += [
            self._outputs.start.eq(self._begins),
            self._lfsr.draw.eq(self._settings.output_draw),
            self._lfsr.take.eq(self._outputs.take),
        ]

    def _hidden_states(self, m: Module) -> None:
        """Add the states for the hidden layer, if it learns."""

    def _waits(self) -> Value:
        """Return whether the next image waits, apart from images, labels and settings."""
        return Const(0)

    _first_state = State.OUTPUTS
    """The first state of an update."""

    def build(self, m: Module) -> None:
        m.submodules.lfsr = self._lfsr = generator()
        m.submodules.output_sweep = self._outputs = self._output_sweep()
        wiring.connect(m, self._outputs.updates, wiring.flipped(self.output_updates))
        self._state, self._begins = Signal(State, name="state"), Signal(name="begins")
        self._scan_begins = Signal(name="begins_scan")
        # Outputs that are to fire earlier and later, and whether hidden neurons are on a tie.
        n_out = self._last.folding.n_out
        self._plus, self._minus = Signal(n_out, name="plus"), Signal(n_out, name="minus")
        self._tie_later = Signal(name="tie_later")
        self._connect_settings(m)
        in_flight = self._record(m)
        m.d.comb += [
            self._outputs.plus.eq(self._plus),
            self._outputs.minus.eq(self._minus),
            self._outputs.drawn.eq(self._lfsr.drawn),
        ]
        self._connect_hidden(m)
        self._control(m, in_flight, self._rivals(m))

    def _connect_settings(self, m: Module) -> None:
        """Build the registers of the rule."""
        self._settings = settings = Signal(
            settings_layout(), init=Settings().registers(), name="settings"
        )
        accepted = Signal()
        m.d.comb += [
            self.settings.ready.eq(self.resting & ~self.busy),
            accepted.eq(self.settings.valid & self.settings.ready),
            self._lfsr.load.eq(accepted & (self.settings.payload.seed != 0)),
            self._lfsr.seed.eq(self.settings.payload.seed),
            self.margin.shift.eq(settings.margin_shift),
            self.margin.minimum.eq(settings.margin_minimum),
        ]
        with m.If(accepted):
            m.d.sync += settings.eq(self.settings.payload)

    def _record(self, m: Module) -> Value:
        """Record the hidden neurons that took part; return whether spikes are to be recorded.

        Hidden spikes pass a FIFO until the end of the margin is known, because the latest of them
        may be beyond the margin.
        """
        in_flight = self._last.folding.spikes_in_flight
        m.submodules.latest = latest = ResetInserter(self.opens)(
            SyncFIFOBuffered(
                width=len(self.hidden.tick) + len(self.hidden.address),
                depth=in_flight + latencies.SORTING + 1,
            )
        )
        tick_bits = len(self.hidden.tick)
        tick, address = latest.r_data[:tick_bits], latest.r_data[tick_bits:]
        what = self.outcome.what
        m.d.comb += [
            self._outputs.clear.eq(self.opens),
            latest.w_en.eq(self.hidden.valid),
            latest.w_data.eq(Cat(self.hidden.tick, self.hidden.address)),
            latest.r_en.eq((latest.level > in_flight) | (self._state == State.SETTLE)),
            self._outputs.add.valid.eq(latest.r_en & latest.r_rdy & (tick < what.limit)),
            self._outputs.add.address.eq(address),
        ]
        return latest.level != 0

    def _rivals(self, m: Module) -> Value:
        """Return the outputs that are to fire later; drive those that are to fire earlier."""
        n_out, what = self._last.folding.n_out, self.outcome.what
        decided, minus = Signal(n_out, name="decided"), Signal(n_out, name="rivals")
        m.d.sync += self._plus.eq(1 << self.label)
        m.d.comb += decided.eq(1 << what.decision)
        wrong = what.decision != self.label
        with m.If(what.forced):
            m.d.comb += minus.eq(Mux(wrong, decided, 0))
        with m.Elif(self._settings.every_competitor):
            m.d.comb += minus.eq((what.fired | decided) & ~self._plus)
        with m.Else():
            m.d.comb += minus.eq(Mux(wrong, decided, what.rival))
        return minus

    def _control(self, m: Module, in_flight: Value, rivals: Value) -> None:
        """Build the state machine, and `hold`."""
        what, state, last = self.outcome.what, self._state, self._last
        assert last.learning is not None
        early = (what.tick << 1) < 5 * last.learning.unit
        settling = settle_cycles([layer.folding for layer in self._layers], last.late_inputs)
        writing = self._written.folding.update_cycles
        wait = Signal(range(max(settling, writing)))
        settled = (wait == settling - 1) & self.settled & ~in_flight
        update, changed = Signal(), Signal()
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
            | self._waits()
            | self.settings.valid
        )
        m.d.comb += self.busy.eq((state != State.IDLE) | self.outcome.valid | self._scan_begins)
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.sync += changed.eq(0)  # a scan changes no weight
                with m.If(self.outcome.valid):
                    m.d.sync += state.eq(State.JUDGE)
                with m.Elif(self._scan_begins):
                    m.d.sync += state.eq(State.OUTPUTS)
            with m.Case(State.JUDGE):
                m.d.sync += [
                    self._minus.eq(rivals),
                    self._tie_later.eq(~what.forced & early),
                    update.eq(what.learn & (what.forced | (rivals != 0))),
                    state.eq(State.SETTLE),
                ]
            with m.Case(State.SETTLE):
                with m.If(wait != settling - 1):
                    m.d.sync += wait.eq(wait + 1)
                with m.If(settled):
                    m.d.comb += [self._begins.eq(update), self.done.eq(~update), ends.eq(~update)]
                    m.d.sync += [
                        wait.eq(0),
                        changed.eq(update),
                        state.eq(Mux(update, self._first_state, State.IDLE)),
                    ]
                if last.late_inputs:
                    with m.If(self.drops):
                        m.d.sync += wait.eq(0)
            with m.Case(State.OUTPUTS), m.If(self._outputs.done):
                m.d.sync += state.eq(State.FINISH)
            with m.Case(State.FINISH):
                m.d.sync += wait.eq(wait + 1)
                with m.If(wait == writing - 1):
                    m.d.comb += [self.done.eq(changed), self.updated.eq(changed), ends.eq(1)]
                    m.d.sync += [state.eq(State.IDLE), wait.eq(0)]
        self._hidden_states(m)

    @property
    def _written(self) -> LayerConfig:
        """The layer whose words are written last."""
        return self._last


class Learner(LastLayerLearner):
    """Learn one image at a time: update the weights of two layers after the decision.

    The Learner records the input and hidden spikes of an image. After the image it computes the
    corrections (Deltas), and updates the output weights (OutputSweep) and the input weights
    (InputSweep). Before the first image to learn after a reset or after a write from outside, it
    reads the signs of all output weights into the sign planes.

    Latency and throughput are those of the LastLayerLearner.
    """

    def __init__(self, hidden: LayerConfig, last: LayerConfig) -> None:
        self._hidden = hidden
        super().__init__(
            (hidden, last),
            #: With `labelled`: the next image is to be learned.
            next_learns=In(1),
            #: The host writes a weight of the last layer.
            rewritten=In(1),
            #: Updates of words in the hidden layer's WeightStore.
            input_updates=Out(stream.Signature(update_layout(hidden))),
            #: The signs of an updated word of the last layer.
            output_updated=In(updated_signature(last)),
            **self._state_ports(hidden),
        )

    @staticmethod
    def _state_ports(hidden: LayerConfig) -> dict[str, wiring.Member]:
        """Return the ports for the input spikes and the state of the hidden layer."""
        return {
            #: Tap of the spikes that the hidden layer accepts.
            "input": In(tap(address=range(hidden.folding.n_in))),
            #: Request to the hidden layer's Lanes for a group's neurons with S + threshold > 0.
            "probe": Out(probe_signature(hidden)),
            #: Answer of the Lanes, one cycle later.
            "alive": In(hidden.folding.lanes),
        }

    def _output_sweep(self) -> OutputSweep:
        return SignedOutputSweep(self._hidden, self._last)

    _first_state = State.DELTAS

    @property
    def _written(self) -> LayerConfig:
        return self._hidden

    def _waits(self) -> Value:
        return self.next_learns & (self._stale | self.rewritten)

    def _connect_hidden(self, m: Module) -> None:
        m.submodules.deltas = self._deltas = deltas = Deltas(self._hidden, self._last)
        m.submodules.input_sweep = self._inputs = inputs = InputSweep(self._hidden)
        outputs, lfsr, settings, state = self._outputs, self._lfsr, self._settings, self._state
        wiring.connect(m, outputs.sign, deltas.sign)
        wiring.connect(m, wiring.flipped(self.output_updated), outputs.updated)

        # Sign planes.
        self._stale = stale = Signal(init=1, name="stale")
        self._scanning = scanning = Signal(name="scanning")
        idle = (state == State.IDLE) & self.resting & ~self.outcome.valid
        m.d.comb += self._scan_begins.eq(idle & stale & self.next_learns)
        with m.If(self._scan_begins):
            m.d.sync += [stale.eq(0), scanning.eq(1)]
        with m.If(self.rewritten):
            m.d.sync += stale.eq(1)

        # The two sweeps share the generator, and run one after the other.
        drawing_outputs = (state == State.OUTPUTS) & ~scanning
        m.d.comb += [
            deltas.plus.eq(self._plus),
            deltas.minus.eq(self._minus),
            deltas.tie_later.eq(self._tie_later),
            deltas.group.eq(inputs.group),
            deltas.read.eq(inputs.read),
            inputs.clear.eq(self.opens),
            inputs.earlier.eq(deltas.earlier),
            inputs.later.eq(deltas.later),
            inputs.step.eq(settings.step),
            outputs.scan.eq(self._scan_begins),
            outputs.start.eq(self._scan_begins | deltas.done),
            inputs.start.eq((state == State.OUTPUTS) & outputs.done & ~scanning),
            lfsr.draw.eq(Mux(drawing_outputs, settings.output_draw, settings.row_draw)),
            lfsr.take.eq(outputs.take | inputs.take),
            inputs.drawn.eq(lfsr.drawn),
        ]
        self._connect_inputs(m, inputs, deltas)

    def _connect_inputs(self, m: Module, inputs: InputSweep, deltas: Deltas) -> None:
        """Connect the input spikes, and the state and the updates of the hidden layer."""
        wiring.connect(m, wiring.flipped(self.input), inputs.add)
        wiring.connect(m, inputs.updates, wiring.flipped(self.input_updates))
        wiring.connect(m, deltas.probe, wiring.flipped(self.probe))
        m.d.comb += [deltas.alive.eq(self.alive), deltas.start.eq(self._begins)]

    def _hidden_states(self, m: Module) -> None:
        state = self._state
        with m.Switch(state):
            with m.Case(State.DELTAS), m.If(self._deltas.done):
                m.d.sync += state.eq(State.OUTPUTS)
            with m.Case(State.OUTPUTS), m.If(self._outputs.done):
                m.d.sync += self._scanning.eq(0)
                with m.If(~self._scanning):
                    m.d.sync += state.eq(State.INPUTS)
            with m.Case(State.INPUTS), m.If(self._inputs.done):
                m.d.sync += state.eq(State.FINISH)


class LateLearner(Learner):
    """A Learner of a core whose inputs spike at several ticks, with CausalInputs."""

    _first_state = State.CAUSES

    @staticmethod
    def _state_ports(hidden: LayerConfig) -> dict[str, wiring.Member]:
        return {
            #: Tap of the spikes that the hidden layer accepts.
            "input": In(tap(tick=tick_shape(hidden.deadline), address=range(hidden.folding.n_in))),
            #: An updated word of the hidden layer.
            "input_updated": In(tap(word=word_layout(hidden))),
        }

    def _connect_inputs(self, m: Module, inputs: InputSweep, deltas: Deltas) -> None:
        m.submodules.causal_inputs = causal = CausalInputs(self._hidden)
        wiring.connect(m, wiring.flipped(self.input), causal.add)
        wiring.connect(m, causal.row, inputs.add)
        wiring.connect(m, wiring.flipped(self.input_updated), causal.returned)
        wiring.connect(m, deltas.probe, causal.probe)
        m.d.comb += [
            causal.clear.eq(self.opens),
            causal.start.eq(self._begins),
            causal.limit.eq(self.outcome.what.limit),
            deltas.alive.eq(causal.alive),
            deltas.start.eq(causal.done),
            self.input_updates.valid.eq(inputs.updates.valid | causal.updates.valid),
            self.input_updates.payload.eq(inputs.updates.payload),
        ]
        with m.If(causal.updates.valid):
            m.d.comb += self.input_updates.payload.eq(causal.updates.payload)

    def _hidden_states(self, m: Module) -> None:
        super()._hidden_states(m)
        with m.If(self._deltas.start):
            m.d.sync += self._state.eq(State.DELTAS)


def learner_of(layers: Sequence[LayerConfig]) -> LastLayerLearner:
    """Return the learner of a core with these layers."""
    if not layers[0].is_updated:
        return LastLayerLearner(layers)
    return (LateLearner if layers[0].late_inputs else Learner)(*layers)
