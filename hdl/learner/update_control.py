# SPDX-License-Identifier: BSD-2-Clause
"""The control of a learner: the registers of the rule, and the steps after each image."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import enum, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from firstspike.golden.learning.rule import REGISTERS, RESET_STATE, Settings, leap
from firstspike.golden.timing import latencies
from firstspike.golden.timing.layer import settle_cycles
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import tick_shape
from firstspike.hdl.lib.block import Block, join, tap
from firstspike.hdl.lib.layouts import DescribedLayout
from firstspike.hdl.lib.lfsr import Lfsr

from .margin import margin_layout, outcome_layout


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
    return Lfsr(leap, width=16, init=RESET_STATE)


def learner_ports(layers: Sequence[LayerConfig]) -> dict[str, wiring.Member]:
    """Return the ports of every learner that its UpdateControl serves.

    Raises ValueError for layers without `learning`.
    """
    if not all(layer.learns for layer in layers):
        raise ValueError("a Learner is for layers with `learning`: one of these has none.")
    last = layers[-1]
    return {
        #: The registers of the rule; accepted while `resting` is high and `busy` is low.
        "settings": In(stream.Signature(settings_layout())),
        #: The class of the image. Stable while an image is under way.
        "label": In(range(last.folding.n_out)),
        #: A new image starts.
        "opens": In(1),
        #: No image is under way.
        "resting": In(1),
        #: The layers contain no event of the latest decided image.
        "settled": In(1),
        #: The label of the next image is valid.
        "labelled": In(1),
        #: The result of an image, from the Decision.
        "outcome": In(tap(what=outcome_layout(last))),
        #: Tap of the spikes that the last layer accepts. After the last tick of the margin, only
        #: spikes that were already under way may arrive.
        "hidden": In(tap(tick=tick_shape(last.deadline), address=range(last.folding.n_in))),
        #: With late inputs: an input event of the latest decided image is dropped.
        "drops": In(1),
        #: The margin of the settings, for the Decision.
        "margin": Out(margin_layout()),
        #: The learner processes an ended image, or reads the signs.
        "busy": Out(1),
        #: Prevents the start of an image; registered.
        "hold": Out(1, init=1),
        #: High in the last cycle of the processing of an image.
        "done": Out(1),
        #: With `done`: weights were updated.
        "updated": Out(1),
    }


class State(enum.Enum):
    """States of the UpdateControl."""

    IDLE = 0
    JUDGE = 1  # determine D_minus, and whether there is an update
    SETTLE = 2  # wait until the layers have discarded the rest of the image
    UPDATE = 3  # the blocks of the learner update weights, or read signs
    FINISH = 4  # the last words are being written


class UpdateControl(Block):
    """Determine after each image whether its weights change, and start and end their update.

    The control records the hidden spikes of an image for the OutputSweep. After the image it
    determines the outputs that are to fire earlier and later, waits until the layers are empty, and
    starts the update. The blocks of the learner then run one after the other.

    Latency: from an outcome to the first cycle of settling `latencies.JUDGE`; then `settle_cycles`
    for settling. Throughput: one image at a time; `hold` prevents the start of the next one.

    Parameters: `layers`, the configurations of all layers; `written`, that of the layer whose words
    are written last.
    """

    def __init__(self, layers: Sequence[LayerConfig], written: LayerConfig) -> None:
        self._layers, self._written = layers, written
        n_out = layers[-1].folding.n_out
        super().__init__(
            **learner_ports(layers),
            #: The registers of the rule.
            registers=Out(settings_layout(), init=Settings().registers()),
            #: A hidden neuron that took part in the image.
            add=Out(tap(address=range(layers[-1].folding.n_in))),
            #: The outputs that are to fire earlier and later. Stable during an update.
            plus=Out(n_out),
            minus=Out(n_out),
            #: Hidden neurons that are on a tie are to fire later. Stable during an update.
            tie_later=Out(1),
            #: A random number is drawn: see Lfsr.
            draw=In(REGISTERS["row_draw"].bits),
            take=In(1),
            drawn=Out(1),
            #: The next image must wait for a scan.
            waits=In(1),
            #: Start an update.
            starts=Out(1),
            #: No image is under way, so a scan may start.
            may_scan=Out(1),
            #: A scan starts: the blocks read signs, and change no weight. Only with `may_scan`.
            scans=In(1),
            #: The last update, or the scan, is sent to the WeightStore.
            complete=In(1),
        )

    def build(self, m: Module) -> None:
        self._state = Signal(State, name="state")
        self._connect_settings(m)
        in_flight = self._record(m)
        self._control(m, in_flight, self._rivals(m))

    def _connect_settings(self, m: Module) -> None:
        """Build the registers of the rule, and the generator."""
        m.submodules.lfsr = lfsr = generator()
        join(m, wiring.flipped(self), lfsr, "draw", "take", "drawn")
        accepted = Signal()
        m.d.comb += [
            self.settings.ready.eq(self.resting & ~self.busy),
            accepted.eq(self.settings.valid & self.settings.ready),
            lfsr.load.eq(accepted & (self.settings.payload.seed != 0)),
            lfsr.seed.eq(self.settings.payload.seed),
            self.margin.shift.eq(self.registers.margin_shift),
            self.margin.minimum.eq(self.registers.margin_minimum),
        ]
        with m.If(accepted):
            m.d.sync += self.registers.eq(self.settings.payload)

    def _record(self, m: Module) -> Value:
        """Send the hidden neurons that took part; return whether spikes are still in the FIFO.

        Hidden spikes pass a FIFO until the end of the margin is known, because the latest of them
        may be beyond the margin.
        """
        in_flight = self._layers[-1].folding.spikes_in_flight
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
            latest.w_en.eq(self.hidden.valid),
            latest.w_data.eq(Cat(self.hidden.tick, self.hidden.address)),
            latest.r_en.eq((latest.level > in_flight) | (self._state == State.SETTLE)),
            self.add.valid.eq(latest.r_en & latest.r_rdy & (tick < what.limit)),
            self.add.address.eq(address),
        ]
        return latest.level != 0

    def _rivals(self, m: Module) -> Value:
        """Return the outputs that are to fire later; drive those that are to fire earlier."""
        n_out, what = len(self.plus), self.outcome.what
        decided, minus = Signal(n_out, name="decided"), Signal(n_out, name="rivals")
        m.d.sync += self.plus.eq(1 << self.label)
        m.d.comb += decided.eq(1 << what.decision)
        wrong = what.decision != self.label
        with m.If(what.forced):
            m.d.comb += minus.eq(Mux(wrong, decided, 0))
        with m.Elif(self.registers.every_competitor):
            m.d.comb += minus.eq((what.fired | decided) & ~self.plus)
        with m.Else():
            m.d.comb += minus.eq(Mux(wrong, decided, what.rival))
        return minus

    def _control(self, m: Module, in_flight: Value, rivals: Value) -> None:
        """Build the state machine, and `hold`."""
        what, state, last = self.outcome.what, self._state, self._layers[-1]
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
            | self.waits
            | self.settings.valid
        )
        works = (state != State.IDLE) | self.outcome.valid
        m.d.comb += [self.may_scan.eq(self.resting & ~works), self.busy.eq(works | self.scans)]
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.sync += changed.eq(0)  # a scan changes no weight
                with m.If(self.outcome.valid):
                    m.d.sync += state.eq(State.JUDGE)
                with m.Elif(self.scans):
                    m.d.sync += state.eq(State.UPDATE)
            with m.Case(State.JUDGE):
                m.d.sync += [
                    self.minus.eq(rivals),
                    self.tie_later.eq(~what.forced & early),
                    update.eq(what.learn & (what.forced | (rivals != 0))),
                    state.eq(State.SETTLE),
                ]
            with m.Case(State.SETTLE):
                with m.If(wait != settling - 1):
                    m.d.sync += wait.eq(wait + 1)
                with m.If(settled):
                    m.d.comb += [self.starts.eq(update), self.done.eq(~update), ends.eq(~update)]
                    m.d.sync += [
                        wait.eq(0),
                        changed.eq(update),
                        state.eq(Mux(update, State.UPDATE, State.IDLE)),
                    ]
                with m.If(self.drops):
                    m.d.sync += wait.eq(0)
            with m.Case(State.UPDATE), m.If(self.complete):
                m.d.sync += state.eq(State.FINISH)
            with m.Case(State.FINISH):
                m.d.sync += wait.eq(wait + 1)
                with m.If(wait == writing - 1):
                    m.d.comb += [self.done.eq(changed), self.updated.eq(changed), ends.eq(1)]
                    m.d.sync += [state.eq(State.IDLE), wait.eq(0)]
