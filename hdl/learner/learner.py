# SPDX-License-Identifier: BSD-2-Clause
"""The learners, which update the weights that took part in an image (DESIGN, section 5)."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import tick_shape
from firstspike.hdl.layer.lanes import probe_signature
from firstspike.hdl.layer.weight_store import update_layout, updated_signature, word_layout
from firstspike.hdl.lib.block import Block, join, tap

from .causal_inputs import CausalInputs
from .deltas import Deltas
from .row_sweeps import InputSweep, OutputSweep, SignedOutputSweep
from .update_control import UpdateControl, learner_ports


class LastLayerLearner(Block):
    """Learn one image at a time: update the weights of the last layer after the decision.

    Latency: that of the UpdateControl, and then that of the OutputSweep. Throughput: one image at a
    time. `firstspike.golden.timing.learning_cycles` returns the total.

    Parameters: `layers`, the configurations of all layers, of which the last one learns.
    """

    def __init__(self, layers: Sequence[LayerConfig]) -> None:
        self._layers = layers
        super().__init__(
            **learner_ports(layers),
            #: Updates of words in the last layer's WeightStore.
            output_updates=Out(stream.Signature(update_layout(layers[-1].folding))),
        )

    def build(self, m: Module) -> None:
        last = self._layers[-1]
        m.submodules.control = control = UpdateControl(self._layers, last)
        m.submodules.output_sweep = outputs = OutputSweep(last.folding)
        join(m, wiring.flipped(self), control, *learner_ports(self._layers))
        join(m, control, outputs, "add", "plus", "minus", "drawn")
        wiring.connect(m, outputs.updates, wiring.flipped(self.output_updates))
        m.d.comb += [
            outputs.clear.eq(self.opens),
            outputs.start.eq(control.starts),
            control.draw.eq(control.registers.output_draw),
            control.take.eq(outputs.take),
            control.complete.eq(outputs.done),
        ]


def _learner_ports(hidden: LayerConfig, last: LayerConfig) -> dict[str, wiring.Member]:
    """Return the ports of every learner of two layers."""
    return {
        **learner_ports((hidden, last)),
        #: With `labelled`: the next image is to be learned.
        "next_learns": In(1),
        #: The host writes a weight of the last layer.
        "rewritten": In(1),
        #: Updates of words in the last layer's WeightStore.
        "output_updates": Out(stream.Signature(update_layout(last.folding))),
        #: The signs of an updated word of the last layer.
        "output_updated": In(updated_signature(last.folding)),
    }


class Learner(Block):
    """Learn one image at a time: update the weights of two layers after the decision.

    The Learner records the input and hidden spikes of an image. After the image it computes the
    corrections (Deltas), and updates the output weights (OutputSweep) and the input weights
    (InputSweep). Before the first image to learn after a reset or after a write from outside, it
    reads the signs of all output weights into the sign planes.

    Latency: that of the UpdateControl, and then those of Deltas and both sweeps, one after the
    other. Throughput: one image at a time. `firstspike.golden.timing.learning_cycles` returns the
    total.
    """

    def __init__(self, hidden: LayerConfig, last: LayerConfig) -> None:
        self._hidden, self._last = hidden, last
        super().__init__(
            **_learner_ports(hidden, last),
            #: A row of the hidden layer that took part.
            input=In(tap(address=range(hidden.folding.n_in))),
            #: Updates of words in the hidden layer's WeightStore.
            input_updates=Out(stream.Signature(update_layout(hidden.folding))),
            #: An update starts.
            starts=Out(1),
            #: The rows of the hidden layer are complete, and `alive` can be read.
            ready=In(1),
            #: Request for a group's neurons with S + threshold > 0.
            probe=Out(probe_signature(hidden.folding)),
            #: Answer, one cycle later.
            alive=In(hidden.folding.lanes),
        )

    def build(self, m: Module) -> None:
        hidden, last = self._hidden, self._last
        m.submodules.control = control = UpdateControl((hidden, last), hidden)
        m.submodules.deltas = deltas = Deltas(hidden.folding, last.folding)
        m.submodules.output_sweep = outputs = SignedOutputSweep(hidden.folding, last.folding)
        m.submodules.input_sweep = inputs = InputSweep(hidden.folding)
        outside = wiring.flipped(self)
        join(m, outside, control, *learner_ports((hidden, last)), "starts")
        join(m, control, outputs, "add", "plus", "minus", "drawn")
        join(m, control, deltas, "plus", "minus", "tie_later")
        join(m, deltas, outputs, "sign")
        join(m, inputs, deltas, "group", "read", "earlier", "later")
        join(m, outside, deltas, "probe", "alive")
        wiring.connect(m, outside.input, inputs.add)
        wiring.connect(m, inputs.updates, outside.input_updates)
        wiring.connect(m, outputs.updates, outside.output_updates)
        wiring.connect(m, outside.output_updated, outputs.updated)

        # Sign planes.
        stale = Signal(init=1)
        scanning = Signal()
        scans = control.scans
        m.d.comb += [
            scans.eq(control.may_scan & stale & self.next_learns),
            control.waits.eq(self.next_learns & (stale | self.rewritten)),
        ]
        with m.If(scans):
            m.d.sync += [stale.eq(0), scanning.eq(1)]
        with m.Elif(outputs.done):
            m.d.sync += scanning.eq(0)
        with m.If(self.rewritten):
            m.d.sync += stale.eq(1)

        # The blocks run one after the other, and the two sweeps share the generator.
        registers = control.registers
        m.d.comb += [
            outputs.clear.eq(self.opens),
            outputs.scan.eq(scans),
            deltas.start.eq(self.ready),
            outputs.start.eq(scans | deltas.done),
            inputs.clear.eq(self.opens),
            inputs.step.eq(registers.step),
            inputs.start.eq(outputs.done & ~scanning),
            control.complete.eq(inputs.done | (outputs.done & scanning)),
            control.draw.eq(Mux(inputs.read, registers.row_draw, registers.output_draw)),
            control.take.eq(outputs.take | inputs.take),
            inputs.drawn.eq(control.drawn),
        ]


class LateLearner(Block):
    """A Learner of a core whose inputs spike at several ticks, with CausalInputs.

    Latency: that of the Learner, and before its Deltas that of the CausalInputs. Throughput: one
    image at a time.
    """

    def __init__(self, hidden: LayerConfig, last: LayerConfig) -> None:
        self._hidden, self._last = hidden, last
        super().__init__(
            **_learner_ports(hidden, last),
            #: Tap of the spikes that the hidden layer accepts.
            input=In(tap(tick=tick_shape(hidden.deadline), address=range(hidden.folding.n_in))),
            #: Updates of words in the hidden layer's WeightStore.
            input_updates=Out(stream.Signature(update_layout(hidden.folding))),
            #: An updated word of the hidden layer.
            input_updated=In(tap(word=word_layout(hidden))),
        )

    def build(self, m: Module) -> None:
        hidden, last = self._hidden, self._last
        m.submodules.learner = learner = Learner(hidden, last)
        m.submodules.causal_inputs = causal = CausalInputs(hidden)
        outside = wiring.flipped(self)
        join(m, outside, learner, *_learner_ports(hidden, last))
        join(m, learner, causal, "probe", "alive")
        wiring.connect(m, outside.input, causal.add)
        wiring.connect(m, causal.row, learner.input)
        wiring.connect(m, outside.input_updated, causal.returned)
        m.d.comb += [
            causal.clear.eq(self.opens),
            causal.start.eq(learner.starts),
            causal.limit.eq(self.outcome.what.limit),
            learner.ready.eq(causal.done),
            self.input_updates.valid.eq(learner.input_updates.valid | causal.updates.valid),
            self.input_updates.payload.eq(learner.input_updates.payload),
        ]
        with m.If(causal.updates.valid):
            m.d.comb += self.input_updates.payload.eq(causal.updates.payload)


def learner_of(layers: Sequence[LayerConfig]) -> LastLayerLearner | Learner | LateLearner:
    """Return the learner of a core with these layers."""
    if not layers[0].is_updated:
        return LastLayerLearner(layers)
    return (LateLearner if layers[0].late_inputs else Learner)(*layers)
