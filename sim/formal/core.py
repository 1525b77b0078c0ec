# SPDX-License-Identifier: BSD-2-Clause
"""A whole core beside the definition: what must hold of its ports, whatever images come.

All weights and all spike ticks are constants of any value, and so is what happens in a run. The
order of a tick's spikes, pauses of the source, and waiting of whoever takes decisions are free.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.golden.network import Network
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import input_layout
from firstspike.hdl.layer.words import CHUNK_BITS

from .cycle_table import CycleTable
from .definition import Definition, Expected, LayerShape, Patch
from .source import EventSource, WordSource, register

CLOCK_BITS = 8
"""Cycles are compared modulo 2^8; no proof looks at so many."""

Bit = tuple[str, int]


@dataclass(frozen=True)
class Scenario:
    """What may happen in a run.

    `pauses` bounds the cycles in which the source offers nothing though images are left, or a
    decision waits, of both together. If `idles`, pauses between images are not counted. `extras`
    bounds the events ADVANCE and the bad events. With `aborts` every image may be aborted at any
    time. With `writes` a word of the weights is written at first; its
    address may be out of range.
    """

    images: int = 1
    pauses: int = 0
    idles: bool = False
    extras: int = 0
    aborts: bool = False
    writes: bool = False
    paced: bool = False
    """The source never pauses and sends the rows of a tick in ascending order, and decisions are
    taken at once: then the cycles are those of golden's model."""


def shape_of(layer: LayerConfig) -> LayerShape:
    """The layer as the definition has it."""
    kind, patch = layer.folding.kind, None
    if layer.folding.convolves:
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


def weight_bits_of(layer: LayerConfig) -> list[list[tuple[int, int] | None]]:
    """Of each bit of the weights, row by row: the word of the store that has it, and its bit."""
    folding, bits = layer.folding, layer.stored_bits
    found = []
    for row in range(folding.kind.rows):
        for column in range(folding.columns):
            group, lane = divmod(column, folding.lanes)
            word = group * folding.bank_rows * folding.rows + row
            found += [(word, lane * bits + bit) for bit in range(bits)]
    return found


def stored_bits(config: CoreConfig, prefix: str = "weights_") -> dict[Bit, Bit]:
    """The bit of a signal `weights_N` that each bit of the weight memories has."""
    found = {}
    for number, layer in enumerate(config.layers):
        for bit, (word, at) in enumerate(weight_bits_of(layer)):
            index, bank = divmod(word, layer.folding.rows)
            lane = at // layer.stored_bits
            for segment, lanes in enumerate(layer.segments):
                if lane in lanes:
                    name = f"core.layer_{number}.store.bank_{bank}_{segment}[{index}]"
                    at -= lanes.start * layer.stored_bits
                    found[name, at] = (f"{prefix}{number}", bit)
                    break
    return found


class CoreHarness(wiring.Component):
    """The core, its source, and the checks of what it says.

    Parameters
    ----------
    network : one of the shape of the core; its weights do not matter.
    fires_at : see `Definition`.
    """

    def __init__(
        self, network: Network, config: CoreConfig, scenario: Scenario, fires_at: int = 0
    ) -> None:
        self._network = network
        self.config, self.scenario, self._fires_at = config, scenario, fires_at
        self.layers = [shape_of(layer) for layer in config.layers]
        first, images = config.layers[0].folding, scenario.images
        self.tick_bits = bits_for(config.deadline)
        ports: dict[str, wiring.Member] = {
            f"weights_{number}": In(layer.weights * config.layers[number].stored_bits)
            for number, layer in enumerate(self.layers)
        }
        if config.bitmap is None:
            ports["ticks"] = In(self.tick_bits * first.n_in * images)
            ports["pick"] = In(first.n_in)
        else:
            assert config.n_inputs is not None
            words = -(-config.n_inputs // config.bitmap)
            ports["bits"] = In(config.bitmap * words * images)
        if scenario.extras:
            ports["extra"] = In(1)
            ports["extra_event"] = In(input_layout(first.n_in, config.deadline, first.rows))
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
                #: A request of the host comes; without `writes` it is held at 0.
                "host": In(1),
                "write_layer": In(range(len(config.layers) + 1)),
                "write_address": In(range(max(layer.words for layer in config.layers) + 1)),
                "write_data": In(CHUNK_BITS),
                #: The word has been written.
                "written": Out(1),
                #: All images are decided, and all decisions taken.
                "done": Out(1),
                #: The first event or word of an image is accepted.
                "accepts": Out(1),
                #: No image is open, and the first event or word of one would be accepted.
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
        held = {"rst": 0, "host": int(self.scenario.writes)}
        if self.scenario.paced:
            held |= {"offer": 1, "take": 1}
            if self.config.bitmap is None:
                held["pick"] = (1 << self.config.layers[0].folding.n_in) - 1
        return held

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, scenario = self.config, self.scenario
        m.submodules.core = core = Core(config)
        weights = self._connect_host(m, core)
        source, ticks = self._connect_source(m, core)
        expected = self._expect(m, weights, ticks)
        self._check(m, core, source, expected)
        return m

    def _connect_host(self, m: Module, core: Core) -> list[Value]:
        """Write a word if the scenario says so; returns the weights that the images find."""
        weights = [getattr(self, f"weights_{number}") for number in range(len(self.layers))]
        m.d.comb += [
            core.weights_read.ready.eq(1),
            core.weights.valid.eq(self.host),
            core.weights.payload.write.eq(1),
            core.weights.payload.layer.eq(self.write_layer),
            core.weights.payload.address.eq(self.write_address),
            core.weights.payload.data.eq(self.write_data),
        ]
        self._may_send: Value = Const(1)
        if not self.scenario.writes:
            return weights
        written = register(1, "written")
        m.d.comb += [
            core.weights.valid.eq(self.host & ~written),
            self.written.eq(written),
        ]
        accepted = core.weights.valid & core.weights.ready
        with m.If(accepted):
            m.d.sync += written.eq(1)
        self._may_send = written | accepted
        return [
            self._after_write(m, number, layer, weights[number])
            for number, layer in enumerate(self.config.layers)
        ]

    def _after_write(self, m: Module, number: int, layer: LayerConfig, before: Value) -> Value:
        here = Signal(name=f"writes_layer_{number}")
        m.d.comb += here.eq(self.write_layer == number)
        bits = []
        for bit, (word, at) in enumerate(weight_bits_of(layer)):
            hit = here & (self.write_address == word)
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
        """Abort images; of those the spikes count that had been accepted.

        Which images are aborted, and which of their spikes survive, are constants of any value, of
        which the assumptions say that they are what happens.
        """
        n_in, ends = self.config.layers[0].folding.n_in, Signal()
        m.d.comb += [core.abort_image.eq(self.abort), source.give_up.eq(self.abort)]
        given_up = self.abort & source.is_open & ~source.ends_now
        m.d.comb += ends.eq(source.ends_now)
        for k in range(self.scenario.images):
            here, survivors = source.number == k, self.survivors[k * n_in :][:n_in]
            m.d.comb += [
                Assume(~(here & given_up) | (self.aborted[k] & (survivors == source.sent))),
                Assume(~(here & ends) | ~self.aborted[k]),
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

    def _check(
        self,
        m: Module,
        core: Core,
        source: EventSource | WordSource,
        expected: list[Expected],
    ) -> None:
        """Compare what the core says with what is expected, cycle by cycle."""
        images = self.scenario.images
        decision, payload = core.decision, core.decision.payload
        decided = register(range(images + 1), "decided")
        waits = register(1, "decision_waits")
        before = register(len(Value.cast(payload)), "decision_before")
        appears = Signal()
        inlet = core.events if self.config.bitmap is None else core.words
        m.d.comb += [
            decision.ready.eq(self.take),
            appears.eq(decision.valid & ~waits),
            self.done.eq(decided == images),
            self.accepts.eq(source.begins),
            self.is_ready.eq(~source.is_open & inlet.ready),
            self.is_between.eq(self.is_ready & (source.begun != 0) & (decided == source.begun)),
        ]
        m.d.sync += [waits.eq(decision.valid & ~self.take), before.eq(Value.cast(payload))]
        with m.If(decision.valid & self.take):
            m.d.sync += decided.eq(decided + 1)
        m.d.comb += [
            Assert(~decision.valid | (decided < source.begun), "each decision is of an image"),
            Assert(~waits | decision.valid, "a decision is not withdrawn"),
            Assert(
                ~source.begins | (decided == source.begun) | self.config.folding.overlaps,
                "an image begins when the one before is decided",
            ),
            Assert(~waits | (Value.cast(payload) == before), "a decision is steady"),
        ]
        self._check_decisions(m, payload, appears, decided, source, expected)
        if self.scenario.paced:
            self._check_paced(m, payload, appears, decided, expected)
        self._check_logs(m, core, appears, decided, expected)
        self._bound_pauses(m, source, decision.valid & ~self.take)

    def _check_decisions(self, m, payload, appears, decided, source, expected) -> None:
        clock = register(CLOCK_BITS, "clock")
        m.d.sync += clock.eq(clock + 1)
        for k, image in enumerate(expected):
            start, cycles = register(CLOCK_BITS, f"start_{k}"), Signal(CLOCK_BITS)
            with m.If(source.begins & (source.begun == k)):
                m.d.sync += start.eq(clock)
            m.d.comb += cycles.eq(clock - start)
            here = Signal(name=f"appears_{k}")
            m.d.comb += here.eq(appears & (decided == k))
            must, may = self._causes(m, k, source, image)
            causes = Value.cast(payload.causes)
            checks = {
                "the class": payload["class"] == image.winner,
                "the tick": payload.tick == image.tick,
                "forced": payload.forced == image.forced,
                "the error": payload.error == causes.any(),
                "the causes": ((must & ~causes) == 0) & ((causes & ~may) == 0),
                "the cycles": payload.cycles == cycles,
                **{
                    f"the spikes into layer {number}": payload.spikes_in[str(number)] == count
                    for number, count in enumerate(image.counts)
                },
            }
            m.d.comb += [
                Assert(~here | right, f"{what} of image {k}") for what, right in checks.items()
            ]

    def _check_paced(self, m, payload, appears, decided, expected) -> None:
        """Compare the cycles with those that golden's model counts."""
        config = self.config
        n_inputs = config.n_inputs or 0
        wide = len(self.bits) // len(expected) if config.bitmap else 0
        for k, image in enumerate(expected):
            m.submodules[f"table_{k}"] = table = CycleTable(self._network, config.folding)
            first = Cat(image.spikes[0])
            if config.bitmap:
                first = self.bits[k * wide : k * wide + n_inputs]
            m.d.comb += [
                table.key.eq(Cat(first, *image.spikes[1:], image.tick)),
                Assert(
                    ~(appears & (decided == k)) | (payload.cycles == table.cycles),
                    f"golden's cycles of image {k}",
                ),
            ]

    def _causes(self, m, k, source, image) -> tuple[Value, Value]:
        """The causes that the decision of image k must have, and those that it may have.

        It must have those of the events before the one that promises its tick: whatever follows
        may come too late. It has no cause that was not there.
        """
        if not (self.scenario.extras or self.scenario.aborts):
            return Const(0, 4), Const(0, 4)
        sealed = register(1, f"sealed_{k}")
        must, may = (register(4, f"{name}_{k}") for name in ("must", "may"))
        event = source.events.payload
        accepted = source.events.valid & source.events.ready
        of_image, given_up = Signal(name=f"event_of_{k}"), Const(0)
        m.d.comb += of_image.eq((source.number == k) & (source.begins | source.is_open))
        if self.scenario.aborts:
            given_up = self.abort & source.is_open & ~source.ends_now
        found, seals = Signal(4, name=f"found_{k}"), Signal(name=f"seals_{k}")
        m.d.comb += [
            found.eq(Cat(Mux(accepted, source.bad, 0), given_up)),
            seals.eq(accepted & ~source.bad.any() & (event.tick >= image.tick)),
        ]
        with m.If(of_image):
            m.d.sync += [may.eq(may | found), sealed.eq(sealed | seals)]
            with m.If(~(sealed | seals)):
                m.d.sync += must.eq(must | found)
        return must, may

    def _check_logs(self, m, core, appears, decided, expected) -> None:
        """Check that each hidden spike is logged once with its tick, if it precedes the decision."""
        image = Signal(range(len(expected) + 1))  # of which a spike is logged
        m.d.comb += image.eq(decided + core.decision.valid)
        # The image bit alternates; the first spike that is logged shows that of its image.
        known, bit_of_even = register(1, "bit_is_known"), register(1, "bit_of_even")
        for number, layer in enumerate(self.config.layers[:-1]):
            log, sends = getattr(core, f"log_{number}"), layer.folding.sends
            logged = register(layer.folding.n_out, f"logged_{number}")
            entries = (
                [(log.valid, log.spike.neuron)]
                if sends == 1
                else [
                    (log.valid & bank.present, bank.neuron)
                    for bank in (log.spike.banks[str(b)] for b in range(sends))
                ]
            )
            now = Signal(layer.folding.n_out, name=f"logs_{number}")
            m.d.comb += [
                now.eq(
                    Cat(
                        Cat(valid & (neuron == o) for valid, neuron in entries).any()
                        for o in range(layer.folding.n_out)
                    )
                ),
                *(
                    Assert(~valid | (neuron < layer.folding.n_out), "a neuron")
                    for valid, neuron in entries
                ),
                Assert(~(logged & now).any(), "a spike is logged once"),
                Assert(
                    ~(log.valid & known) | (log.spike.image == image[0] ^ bit_of_even),
                    "the image bit of a logged spike",
                ),
            ]
            m.d.sync += logged.eq(Mux(appears, 0, logged) | now)
            with m.If(log.valid):
                m.d.sync += [known.eq(1), bit_of_even.eq(log.spike.image ^ image[0])]
            for k, of_image in enumerate(expected):
                spikes = of_image.spikes[number + 1]
                here = Signal(name=f"logs_{number}_of_{k}")
                m.d.comb += here.eq(image == k)
                for o, tick in enumerate(spikes):
                    m.d.comb += [
                        Assert(~(here & now[o]) | (log.spike.tick == tick), "a logged tick"),
                        Assert(
                            ~(appears & (decided == k) & (tick != 0) & (tick < of_image.tick))
                            | logged[o],
                            "a spike before the decision is logged",
                        ),
                    ]
                m.d.comb += Assert(~(here & log.valid) | (log.spike.tick != 0), "a tick")

    def _bound_pauses(self, m, source, decision_waits) -> None:
        """Assume that there are at most so many pauses."""
        scenario = self.scenario
        count = register(range(scenario.pauses + 2), "pauses")
        pauses = Signal()
        fresh = register(1, "fresh", init=1)  # nothing can be offered in the first cycle
        m.d.sync += fresh.eq(0)
        paused = source.pauses & (self.written if scenario.writes else 1)
        if scenario.idles:
            paused &= source.is_open
        m.d.comb += [
            pauses.eq((paused & ~fresh) | decision_waits),
            Assume(count + pauses <= scenario.pauses),
        ]
        m.d.sync += count.eq(count + pauses)
