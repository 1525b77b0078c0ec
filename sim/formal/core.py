# SPDX-License-Identifier: BSD-2-Clause
"""A harness that compares a whole core with the definition, for all images.

Weights and spike ticks are constants of any value. The order of a tick's spikes, the pauses of the
source, and the cycles in which a decision waits are free.
"""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.layer.words import CHUNK_BITS

from .checks import Checks
from .definition import Definition, Expected, LayerShape, Patch
from .scenario import Scenario
from .source import EventSource, WordSource, register
from .unroll import Setting

Bit = tuple[str, int]


def shape_of(layer: LayerConfig) -> LayerShape:
    """The layer as the definition has it."""
    kind, patch = layer.folding.kind, None
    if isinstance(kind, Convolution):
        geometry = kind.geometry
        patch = Patch(
            kind.maps,
            kind.columns,
            geometry.size,
            geometry.kernel,
            geometry.stride,
            geometry.padding,
        )
    return LayerShape(kind.n_in, kind.n_out, layer.weight_bits, layer.threshold, patch)


def weight_bits_of(layer: LayerConfig) -> list[tuple[int, int]]:
    """Return the word of the store and the bit in it for each bit of the weights, row by row."""
    folding, bits = layer.folding, layer.stored_bits
    bits_of = []
    for row in range(folding.kind.rows):
        for column in range(folding.columns):
            group, lane = divmod(column, folding.lanes)
            word = group * folding.bank_rows * folding.rows + row
            bits_of += [(word, lane * bits + bit) for bit in range(bits)]
    return bits_of


def stored_bits(config: CoreConfig, prefix: str = "weights_") -> dict[Bit, Bit]:
    """The bit of a signal `weights_N` that each bit of the weight memories has."""
    bits_of = {}
    for number, layer in enumerate(config.layers):
        for bit, (word, at) in enumerate(weight_bits_of(layer)):
            index, bank = divmod(word, layer.folding.rows)
            lane = at // layer.stored_bits
            for segment, lanes in enumerate(layer.segments):
                if lane in lanes:
                    name = f"core.layer_{number}.store.bank_{bank}_{segment}[{index}]"
                    at -= lanes.start * layer.stored_bits
                    bits_of[name, at] = (f"{prefix}{number}", bit)
                    break
    return bits_of


def host_ports(config: CoreConfig) -> dict[str, wiring.Member]:
    """Ports of a harness: the weights that the memories hold at first, and a request of the host.

    Where a scenario has no request, `host` is held at 0: without it nothing could write the
    memories, and Yosys would remove them.
    """
    weights = {
        f"weights_{number}": In(shape_of(layer).weights * layer.stored_bits)
        for number, layer in enumerate(config.layers)
    }
    return {
        **weights,
        "host": In(1),
        "write_layer": In(range(len(config.layers) + 1)),
        "write_address": In(range(max(layer.words for layer in config.layers) + 1)),
        "write_data": In(CHUNK_BITS),
    }


def connect_host(m: Module, core: Core, harness: wiring.Component, writes: Value | int = 1) -> None:
    """Offer the request of the host to the core."""
    request = core.weights
    m.d.comb += [
        # Without reads any value is right; a constant would give the core other cells.
        core.weights_read.ready.eq(harness.host),
        request.valid.eq(harness.host),
        request.payload.write.eq(writes),
        request.payload.layer.eq(harness.write_layer),
        request.payload.address.eq(harness.write_address),
        request.payload.data.eq(harness.write_data),
    ]


def setting_of(harness: Any) -> Setting:
    """Return what the runs of a harness are given; the memories begin with any weights."""
    start = stored_bits(harness.config)
    return {"held": harness.held, "constants": harness.constants, "start": start}


class CoreHarness(wiring.Component):
    """The core, its source, and the checks of what it says.

    Parameters
    ----------
    network : one of the shape of the core; its weights do not matter.
    fires_at : see `Definition`.
    """

    _MustUse__silence = True  # a check may ask for the inputs of a harness that it has compiled

    def __init__(
        self, network: Network, config: CoreConfig, scenario: Scenario, fires_at: int = 0
    ) -> None:
        self._network = network
        self.config, self.scenario, self._fires_at = config, scenario, fires_at
        self.layers = [shape_of(layer) for layer in config.layers]
        first, images = config.layers[0].folding, scenario.images
        self.tick_bits = bits_for(config.deadline)
        ports = host_ports(config)
        if config.bitmap is None:
            ports["ticks"] = In(self.tick_bits * first.n_in * images)
            ports["pick"] = In(first.n_in)
            ports["end_event"] = In(input_layout(first.n_in, config.deadline, first.rows))
        else:
            assert config.n_inputs is not None
            words = -(-config.n_inputs // config.bitmap)
            ports["bits"] = In(config.bitmap * words * images)
        if scenario.extras:
            ports["extra"] = In(1)
            ports["extra_event"] = In(input_layout(first.n_in, config.deadline, first.rows))
        if scenario.reads:  # an input, for Yosys has no memory that nothing could write
            ports |= {"host_writes": In(1), "take_answer": In(1)}
        if scenario.aborts:
            ports |= {
                "abort": In(1),
                "aborted": In(images),
                "survivors": In(first.n_in * images),
            }
        super().__init__(
            {
                **ports,
                "offer": In(1),
                "take": In(1),
                #: The word has been written, or read and answered.
                "written": Out(1),
                #: Every image is decided, and every decision has been accepted.
                "done": Out(1),
                #: The first event or word of an image is accepted.
                "accepts": Out(1),
                #: No image is open, and the first event or word of one would be accepted; where
                #: images overlap the core also rests.
                "is_ready": Out(1),
                #: And all images are decided, of which there are some.
                "is_between": Out(1),
            }
        )

    @property
    def constants(self) -> tuple[str, ...]:
        """The inputs that keep a value in a run."""
        fixed = ("ticks", "bits", "aborted", "survivors", "write_")
        return tuple(
            name for name in self.signature.members if name.startswith(("weights_", *fixed))
        )

    @property
    def held(self) -> Mapping[str, int]:
        """The inputs that have one value in all runs."""
        held = {"rst": 0, "host": int(self.scenario.requests)}
        if self.scenario.reads:
            held["host_writes"] = 0
        if self.scenario.paced:
            held |= {"offer": 1, "take": 1}
            if self.config.bitmap is None:
                held["pick"] = (1 << self.config.layers[0].folding.n_in) - 1
        return held

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, scenario = self.config, self.scenario
        self._given_up: Value = Const(0)  # an image is aborted
        m.submodules.core = core = Core(config)
        weights = self._connect_host(m, core)
        source, ticks = self._connect_source(m, core)
        expected = self._expect(m, weights, ticks)
        checks = Checks(m, core, source, expected, scenario, self._given_up)
        checks.check_stream()
        checks.check_decisions()
        checks.check_logs()
        if scenario.paced:
            checks.check_golden_cycles(self._network, self.bits if config.bitmap else None)
        checks.bound_pauses(self.written if scenario.requests else Const(1))
        overlaps = config.folding.overlaps
        inlet = core.events if config.bitmap is None else core.words
        m.d.comb += [
            core.decision.ready.eq(self.take),
            self.done.eq(checks.decided == scenario.images),
            self.accepts.eq(source.begins),
            self.is_ready.eq(~source.is_open & inlet.ready & ~(core.busy & overlaps)),
            self.is_between.eq(
                self.is_ready & (source.begun != 0) & (checks.decided == source.begun)
            ),
        ]
        return m

    def _connect_host(self, m: Module, core: Core) -> list[Value]:
        """Write or read a word if the scenario says so; returns the weights that images find."""
        weights = [getattr(self, f"weights_{number}") for number in range(len(self.layers))]
        scenario, request, answer = self.scenario, core.weights, core.weights_read
        connect_host(m, core, self, self.host_writes if scenario.reads else 1)
        self._may_send: Value = Const(1)
        if not scenario.requests:
            return weights
        requested, written = register(1, "requested"), register(1, "written")
        accepted = request.valid & request.ready
        ends = answer.valid & answer.ready if scenario.reads else accepted
        m.d.comb += [request.valid.eq(self.host & ~requested), self.written.eq(written)]
        with m.If(accepted):
            m.d.sync += requested.eq(1)
        with m.If(ends):
            m.d.sync += written.eq(1)
        self._may_send = written | ends
        if scenario.reads:
            self._check_answer(m, core, weights, (requested | accepted) & ~written)
            return weights
        return [
            self._after_write(m, number, layer, weights[number])
            for number, layer in enumerate(self.config.layers)
        ]

    def _check_answer(self, m: Module, core: Core, weights: list[Value], waits: Value) -> None:
        """Assert that the answer is the stored word, or reports an address without a word."""
        answer, exists, differs = core.weights_read, [], []
        content = Value.cast(answer.payload)
        waited, before = register(1, "answer_waited"), register(len(content), "answer_before")
        m.d.sync += [waited.eq(answer.valid & ~answer.ready), before.eq(content)]
        for number, layer in enumerate(self.config.layers):
            here = self.write_layer == number
            exists.append(here & (self.write_address < layer.words))
            for bit, (word, at) in enumerate(weight_bits_of(layer)):
                wrong = answer.payload.data[at] ^ weights[number][bit]
                differs.append(here & (self.write_address == word) & wrong)
        no_word = ~Cat(exists).any()
        m.d.comb += [
            answer.ready.eq(self.take_answer | waited),
            Assert(~waited | (answer.valid & (content == before)), "an answer is steady"),
            Assert(~answer.valid | waits, "an answer is that of a request to read"),
            Assert(~answer.valid | (answer.payload.error == no_word), "the error of an answer"),
            Assert(~answer.valid | ~Cat(differs).any(), "the word of an answer"),
        ]

    def _after_write(self, m: Module, number: int, layer: LayerConfig, before: Value) -> Value:
        selected = Signal(name=f"writes_layer_{number}")
        m.d.comb += selected.eq(self.write_layer == number)
        bits = []
        for bit, (word, at) in enumerate(weight_bits_of(layer)):
            hit = selected & (self.write_address == word)
            bits.append(Mux(hit, self.write_data[at], before[bit]))
        after = Signal(len(before), name=f"weights_after_{number}")
        m.d.comb += after.eq(Cat(*bits))
        return after

    def _connect_source(
        self, m: Module, core: Core
    ) -> tuple[EventSource | WordSource, list[list[Value]]]:
        """Connect the source; returns the ticks of each image's inputs."""
        config, scenario, size = self.config, self.scenario, self.tick_bits
        images, n_in = range(scenario.images), config.layers[0].folding.n_in
        offer = self.offer & self._may_send
        if config.bitmap is not None:
            assert config.inputs is not None
            words = WordSource(config, scenario.images)
            m.submodules.source = words
            wiring.connect(m, words.words, core.words)
            m.d.comb += [words.bits.eq(self.bits), words.offer.eq(offer)]
            wide = config.bitmap * words.words_per_image
            ticks = [
                [Mux(self.bits[k * wide + pixel], config.unit, 0) for pixel in config.inputs]
                for k in images
            ]
            return words, ticks
        m.submodules.source = events = EventSource(config, scenario.images)
        wiring.connect(m, events.events, core.events)
        m.d.comb += [
            events.ticks.eq(self.ticks),
            events.offer.eq(offer),
            events.pick.eq(self.pick),
            events.end_event.eq(self.end_event),
            Assume(events.valid),
        ]
        ticks = [[self.ticks[(k * n_in + i) * size :][:size] for i in range(n_in)] for k in images]
        m.d.comb += [Assume(tick <= config.deadline) for of_image in ticks for tick in of_image]
        if scenario.extras:
            count = register(range(scenario.extras + 1), "extras")
            m.d.comb += [
                events.extra.eq(self.extra & (count != scenario.extras)),
                events.extra_event.eq(self.extra_event),
            ]
            m.d.sync += count.eq(count + events.accepts_extra)
        if scenario.aborts:
            ticks = self._connect_abort(m, core, events, ticks)
        return events, ticks

    def _connect_abort(
        self, m: Module, core: Core, source: EventSource, ticks: list[list[Value]]
    ) -> list[list[Value]]:
        """Abort images; the spikes that had been accepted before an abort count.

        Constants of any value say which images are aborted and which spikes survive. Assumptions
        make them agree with the run.
        """
        n_in, ends = self.config.layers[0].folding.n_in, Signal()
        given_up = self.abort & source.is_open & ~source.ends_now
        self._given_up = Signal()
        m.d.comb += [
            core.abort_image.eq(self.abort),
            source.give_up.eq(self.abort),
            ends.eq(source.ends_now),
            self._given_up.eq(given_up),
        ]
        for k in range(self.scenario.images):
            selected, survivors = source.number == k, self.survivors[k * n_in :][:n_in]
            m.d.comb += [
                Assume(~(selected & given_up) | (self.aborted[k] & (survivors == source.sent))),
                Assume(~(selected & ends) | ~self.aborted[k]),
            ]
        return [
            [
                Mux(self.aborted[k] & ~self.survivors[k * n_in + i], 0, tick)
                for i, tick in enumerate(of_image)
            ]
            for k, of_image in enumerate(ticks)
        ]

    def _expect(self, m: Module, weights: list[Value], ticks: list[list[Value]]) -> list[Expected]:
        definition = Definition(m, self.layers, self.config.deadline, self._fires_at)
        matrices = [layer.matrix(flat) for layer, flat in zip(self.layers, weights, strict=True)]
        return [definition.expect(matrices, of_image) for of_image in ticks]
