# SPDX-License-Identifier: BSD-2-Clause
"""The core: IngressCheck, Encoder, layers, Decision and Learner, connected to the core's ports."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import stream, wiring

from firstspike.hdl.layer.events import Kind, spikes_of
from firstspike.hdl.layer.layer import Layer, layer_class
from firstspike.hdl.layer.words import check_weights
from firstspike.hdl.learner.learner import LastLayerLearner, LateLearner, Learner, learner_of
from firstspike.hdl.lib.arithmetic import below
from firstspike.hdl.lib.block import assign_members, join
from firstspike.hdl.lib.memories import Memory, inside

from .config import CoreConfig
from .cycle_counter import cycle_counter
from .decision import Decision, LearningDecision
from .encoder import encoder_class
from .ingress_check import IngressCheck
from .ports import CoreSignature


class Core(wiring.Component):
    """A complete network, which processes one image at a time, or two that overlap.

        events ----------> IngressCheck -> Layer -> ... -> Layer -> Decision -> decision
        words -> Encoder --^

    `CoreSignature` describes the ports. An image arrives through `events` or `words`; if both are
    valid, `events` has priority. Each chunk at the weight port takes three cycles, and, if the
    layer has several banks, the last one of a word to write takes four. The first chunk of a word
    to read takes four cycles, plus two if the layer has several banks, plus one if it has several
    pages.

    Under back-pressure at `decision`, the core accepts no event of the next image; with overlapped
    images it accepts the rows of the next image, but does not advance its time. A core that learns
    (see Learner) accepts the next image only after the last decision has left.

    Parameters: `config`; `weights`, (n_in, n_out) per layer, the content of the weight memories at
    power-up (for a core that learns, the stored weights), or None for zeros; `checks_addresses`,
    whether the weight port answers requests for words that do not exist, which a
    WeightAddressCounter never makes. Raises ValueError for weights of another shape or of more
    bits.

    Latency: the model `firstspike.golden.timing.cycles` returns the exact number of cycles.
    Throughput: an image takes about the sum over the layers of input spikes * groups cycles.
    """

    def __init__(
        self,
        config: CoreConfig,
        weights: Sequence[np.ndarray | None] | None = None,
        *,
        checks_addresses: bool = True,
    ) -> None:
        if not isinstance(config, CoreConfig):
            raise TypeError(f"a core is made for a CoreConfig, not {config!r}.")
        self.config = config
        self._checks_addresses = checks_addresses
        self._weights = [None] * len(config.layers) if weights is None else weights
        if len(self._weights) != len(config.layers):
            raise ValueError(
                f"a core of {len(config.layers)} layers takes as many arrays of weights, "
                f"not {len(self._weights)}."
            )
        for layer, weights_of in zip(config.layers, self._weights, strict=True):
            check_weights(layer, weights_of)
        super().__init__(CoreSignature(config))

    @staticmethod
    def memories(config: CoreConfig) -> Iterator[Memory]:
        """Yield the memories of the Encoder and the layers, without those of the Learner."""
        first = config.layers[0].folding
        if config.bitmap and config.inputs and config.n_inputs:
            encoder = encoder_class(first.rows)
            yield from inside(
                "encoder",
                encoder.memories(config.inputs, config.n_inputs, config.bitmap, first.rows),
            )
        for number, layer in enumerate(config.layers):
            yield from inside(f"layer_{number}", layer_class(layer).memories(layer))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, overlaps = self.config, self.config.folding.overlaps
        m.submodules.ingress = ingress = IngressCheck(config.layers[0])
        decides = LearningDecision if config.learns else Decision
        m.submodules.decision = decision = decides(config.layers[-1])
        hold = Signal()  # the Learner prevents the start of an image
        join(m, decision, ingress, "decided_image")
        begins, has_images = self._connect_front(m, ingress)
        layers = self._connect_layers(m, ingress, decision)
        finished = layers[-1].finished_image
        m.d.comb += [
            ingress.finished_image.eq(finished),
            # No image starts before the last decision has left, so the pipeline never stalls.
            ingress.hold.eq(hold if overlaps else decision.decision.valid | hold),
        ]
        m.d.comb += layers[0].may_start.eq(~decision.decision.valid)

        def spikes(events: stream.Interface) -> Value:
            """Whether a layer accepts a spike of an undecided image in this cycle."""
            event = events.payload
            is_spike = events.valid & events.ready & (event.kind == Kind.SPIKE)
            return is_spike & (event.image != decision.decided_image)

        self._connect_logs(m, layers, spikes)

        # The cycles since the transfer of the image's first event or word.
        m.submodules.cycle_counter = counter = cycle_counter(config)
        m.d.comb += [
            counter.begins.eq(begins),
            counter.decided.eq(decision.load),
            counter.waiting.eq(decision.decision.valid),
            decision.cycles.eq(counter.total),
        ]
        join(m, decision, wiring.flipped(self), "decision")
        has_images |= counter.pending | (finished != decision.decided_image)

        self._connect_host(m, layers)
        if config.learns:
            has_images |= self._connect_learner(
                m, ingress, layers, decision, hold, counter.age, spikes
            )
        m.d.comb += self.busy.eq(has_images)
        return m

    def _connect_front(self, m: Module, ingress: IngressCheck) -> tuple[Value, Value]:
        """Connect the sources of events, with the Encoder of a core with bitmap.

        Returns whether the first event or word of an image is accepted, and whether an image is
        under way.
        """
        config = self.config
        if config.bitmap is None:
            join(m, wiring.flipped(self), ingress, "abort_image")
            wiring.connect(m, wiring.flipped(self.events), ingress.source)
            return ingress.begins, ~ingress.resting
        assert config.inputs is not None
        assert config.n_inputs is not None
        assert config.unit is not None
        rows = config.layers[0].folding.rows
        m.submodules.encoder = encoder = encoder_class(rows)(
            config.inputs,
            n_inputs=config.n_inputs,
            unit=config.unit,
            deadline=config.deadline,
            width=config.bitmap,
            rows=rows,
            overlap=config.folding.overlaps,
        )
        join(m, wiring.flipped(self), encoder, "words")
        with m.If(encoder.busy):
            wiring.connect(m, encoder.events, ingress.source)
        with m.Else():
            wiring.connect(m, wiring.flipped(self.events), ingress.source)
        begins = encoder.begins | (ingress.begins & ~encoder.busy)
        m.d.comb += [
            encoder.start.eq(encoder.busy | (ingress.idle & ~self.events.valid)),
            encoder.abort_image.eq(self.abort_image),
            ingress.abort_image.eq(encoder.aborted | (self.abort_image & ~encoder.busy)),
            ingress.ahead.eq(encoder.busy),
        ]
        return begins, ~ingress.resting | encoder.busy

    def _connect_layers(self, m: Module, ingress: IngressCheck, decision: Decision) -> list[Layer]:
        """Return the layers, a chain from the IngressCheck to the Decision."""
        layers: list[Layer] = []
        for i, layer_config in enumerate(self.config.layers):
            layer = layer_class(layer_config)(layer_config, self._weights[i])
            m.submodules[f"layer_{i}"] = layer
            join(m, decision, layer, "decided_image")
            wiring.connect(m, layers[-1].sent if layers else ingress.events, layer.events)
            layers.append(layer)
        join(m, layers[-1], decision, "potentials", "sweep")
        return layers

    def _connect_logs(
        self, m: Module, layers: list[Layer], spikes: Callable[[stream.Interface], Value]
    ) -> None:
        """Drive the log ports with the spikes that each layer except the first accepts."""
        for i, layer in enumerate(layers[:-1]):
            log, sent = getattr(self, f"log_{i}"), layer.sent
            m.d.comb += [
                log.valid.eq(spikes(sent)),
                assign_members(log.spike, sent.payload, "image", "tick"),
            ]
            sends = self.config.layers[i].folding.sends
            if sends == 1:
                m.d.comb += log.spike.neuron.eq(sent.payload.address)
                continue
            for bank, (present, index) in enumerate(spikes_of(sent.payload, sends)):
                of_bank = log.spike.banks[str(bank)]
                neuron = Cat(Const(bank, range(sends)), index)
                m.d.comb += [of_bank.present.eq(present), of_bank.neuron.eq(neuron)]

    def _connect_learner(
        self,
        m: Module,
        ingress: IngressCheck,
        layers: list[Layer],
        decision: Decision,
        hold: Signal,
        age: Value,
        spikes: Callable[[stream.Interface], Value],
    ) -> Value:
        """Connect the Learner to the layers; return whether it is busy."""
        last = layers[-1]
        finished = last.finished_image
        m.submodules.learner = learner = learner_of(self.config.layers)
        join(m, wiring.flipped(self), learner, "settings")
        join(m, decision, learner, "outcome")
        wiring.connect(m, learner.output_updates, last.updates)

        request = self.labels.payload
        label, learn = Signal.like(learner.label), Signal()
        bad = request.learn & (request.label >= self.config.layers[-1].folding.n_out)
        with m.If(ingress.opens):
            m.d.sync += [label.eq(request.label), learn.eq(request.learn & ~bad)]

        m.d.comb += [
            self.labels.ready.eq(ingress.opens),
            ingress.bad_label.eq(bad),
            hold.eq(learner.hold),
            decision.opens.eq(ingress.opens),
            decision.learn.eq(learn),
            decision.complete.eq(finished != decision.decided_image),
            decision.margin.eq(learner.margin),
            learner.label.eq(label),
            assign_members(learner, ingress, "opens", "drops", "resting"),
            learner.settled.eq(finished == decision.decided_image),
            learner.labelled.eq(self.labels.valid),
            learner.hidden.valid.eq(spikes(last.events)),
            assign_members(learner.hidden, last.events.payload, "tick", "address"),
            self.learned.valid.eq(learner.done),
            self.learned.updated.eq(learner.updated),
            self.learned.cycles.eq(age + 1),
        ]
        if not isinstance(learner, LastLayerLearner):
            m.d.comb += learner.next_learns.eq(self.labels.valid & request.learn)
            self._connect_learned_layers(m, learner, layers, spikes(layers[0].events))
        return learner.busy

    def _connect_learned_layers(
        self, m: Module, learner: Learner | LateLearner, layers: list[Layer], accepts_input: Value
    ) -> None:
        """Connect a Learner to the state and weights of both layers."""
        hidden, last = layers
        wiring.connect(m, learner.input_updates, hidden.updates)
        wiring.connect(m, last.updated, learner.output_updated)
        m.d.comb += [
            learner.rewritten.eq(last.host.valid & last.host.ready & last.host.payload.write),
            learner.input.valid.eq(accepts_input),
            learner.input.address.eq(hidden.events.payload.address),
        ]
        if isinstance(learner, LateLearner):
            m.d.comb += [
                learner.input.tick.eq(hidden.events.payload.tick),
                learner.input_updated.valid.eq(hidden.updated.valid),
                learner.input_updated.word.eq(hidden.updated_word),
            ]
        else:
            join(m, hidden, learner, "probe", "alive")
            m.d.comb += learner.ready.eq(learner.starts)

    def _connect_host(self, m: Module, layers: list[Layer]) -> None:
        """Route the weight port to the layers, with at most one read request under way.

        In the first cycle of a request, registers decode the layer. In the next cycles the request
        is valid at this layer, and in the cycle after its transfer `weights.ready` is high. The
        registers are necessary because the routes from the port to the layers are long.
        """
        request, answer = self.weights.payload, self.weights_read
        write = Signal()  # the request is a write
        accepted = Signal()
        reading = Signal()  # a read request is accepted, and its answer has not left
        pending = self.weights.valid & ~accepted & (request.write | ~reading)
        m.d.sync += write.eq(request.write)
        m.d.comb += self.weights.ready.eq(accepted)
        exists, done = Const(0), Const(0)
        for i, layer in enumerate(layers):
            selected = request.layer == i
            if self._checks_addresses:
                selected &= below(request.address, self.config.layers[i].words)
            transfer = layer.host.valid & layer.host.ready
            m.d.sync += layer.host.valid.eq(pending & selected & ~transfer)
            m.d.comb += [
                layer.host.payload.write.eq(write),
                assign_members(layer.host.payload, request, "address", "data"),
                layer.answers.ready.eq(answer.ready),
            ]
            with m.If(layer.answers.valid):
                m.d.comb += [answer.valid.eq(1), answer.payload.data.eq(layer.answers.payload)]
            exists |= selected
            done |= transfer
        if self._checks_addresses:
            done |= self._answer_missing(m, pending & ~exists, write)
        m.d.sync += accepted.eq(done)
        with m.If(accepted & ~write):
            m.d.sync += reading.eq(1)
        with m.If(answer.valid & answer.ready):
            m.d.sync += reading.eq(0)

    def _answer_missing(self, m: Module, missing: Value, write: Signal) -> Value:
        """Drop a write to a word that does not exist, and answer a read with an error.

        Returns whether the request is accepted in the next cycle.
        """
        answer = self.weights_read
        dropped = Signal()
        error = Signal()
        m.d.sync += dropped.eq(missing & ~dropped)
        with m.If(error):
            m.d.comb += [answer.valid.eq(1), answer.payload.error.eq(1)]
        with m.If(answer.valid & answer.ready):
            m.d.sync += error.eq(0)
        with m.If(dropped & ~write):
            m.d.sync += error.eq(1)
        return dropped
