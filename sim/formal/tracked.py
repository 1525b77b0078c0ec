# SPDX-License-Identifier: BSD-2-Clause
"""A harness for sequences without end of overlapped images, of which it compares a single one.

Every image is a word of any value. The input `mark` chooses the image that is compared: it may be
any image of the sequence, so the comparison holds for each of them.
"""

from collections.abc import Mapping

from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core

from .checks import CLOCK_BITS, log_entries, payload_checks, spikes_of_neurons
from .core import shape_of
from .definition import Definition, Expected
from .source import register


class TrackedHarness(wiring.Component):
    """The core, inputs of any value, and the checks.

    Registers whose names do not begin with `PREFIX` belong to the invariant, too.

    Parameters
    ----------
    waits : cycles that a decision waits at most.
    fires_at : see `Definition`.
    """

    _MustUse__silence = True

    def __init__(self, config: CoreConfig, waits: int, fires_at: int = 0) -> None:
        assert config.bitmap is not None
        assert config.n_inputs is not None
        if config.n_inputs > config.bitmap:
            raise ValueError("an image of this harness is one word.")
        self.config, self._waits, self._fires_at = config, waits, fires_at
        self.layers = [shape_of(layer) for layer in config.layers]
        super().__init__(
            {
                **{
                    f"weights_{number}": In(layer.weights * config.layers[number].stored_bits)
                    for number, layer in enumerate(self.layers)
                },
                "offer": In(1),
                "word": In(config.bitmap),
                "take": In(1),
                #: The image that begins in this cycle is compared.
                "mark": In(1),
                "marked": Out(1),
                #: It is the oldest one in flight; the cycles since it was accepted.
                "is_oldest": Out(1),
                "age": Out(CLOCK_BITS),
                #: Its inputs that spike, and S of each hidden neuron once they have.
                "count": Out(range(config.layers[0].folding.n_in + 1)),
                **{f"slope_{o}": Out(signed(8)) for o in range(config.layers[0].folding.n_out)},
                #: The decision of the compared image has appeared.
                "done": Out(1),
            }
        )

    @property
    def constants(self) -> tuple[str, ...]:
        """The inputs that keep a value in a run."""
        return tuple(name for name in self.signature.members if name.startswith("weights_"))

    @property
    def held(self) -> Mapping[str, int]:
        """The inputs that have one value in all runs."""
        return {"rst": 0}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = Core(self.config)
        m.d.comb += [
            core.weights_read.ready.eq(1),
            core.words.valid.eq(self.offer),
            core.words.payload.eq(self.word),
            core.decision.ready.eq(self.take),
        ]
        begins = core.words.valid & core.words.ready
        self._check_stream(m, core, begins)
        self._compare(m, core, begins)
        return m

    def _check_stream(self, m: Module, core: Core, begins: Value) -> None:
        """A decision is of an image that has begun, and stays as it is until it is taken."""
        decision = core.decision
        payload = Value.cast(decision.payload)
        #: Images that have begun and whose decisions have not been taken.
        in_flight = Signal(range(8), name="in_flight")
        waiting = Signal(range(self._waits + 2), name="waiting")
        before = register(len(payload), "decision_before")
        accepted = decision.valid & decision.ready
        self._waiting, self._in_flight, self._accepted = waiting, in_flight, accepted
        #: No image is in flight, a cycle after a reset or later; and the first cycle after one.
        is_empty, fresh = Signal(name="is_empty"), Signal(name="fresh", init=1)
        following = Signal(in_flight.shape())
        waits = decision.valid & ~decision.ready
        m.d.comb += following.eq(in_flight + begins - accepted)
        m.d.sync += [
            in_flight.eq(following),
            is_empty.eq(following == 0),
            fresh.eq(0),
            waiting.eq(Mux(waits, waiting + 1, 0)),
            before.eq(payload),
        ]
        m.d.comb += [
            Assume(~waits | (waiting < self._waits)),
            Assert(~decision.valid | (in_flight != 0), "each decision is of an image"),
            Assert((waiting == 0) | decision.valid, "a decision is not withdrawn"),
            Assert((waiting == 0) | (payload == before), "a decision is steady"),
            Assert(in_flight <= 6, "the images are counted"),
            Assert(~(is_empty | fresh) | (in_flight == 0), "no image is in flight"),
        ]

    def _compare(self, m: Module, core: Core, begins: Value) -> None:
        """Compare the decision and the spikes of the marked image with the definition."""
        decision, n_in = core.decision, self.config.layers[0].folding.n_in
        marked, done = register(1, "marked"), register(1, "done")
        ahead = register(self._in_flight.shape(), "ahead")
        bits, start = register(n_in, "bits"), register(CLOCK_BITS, "start")
        clock = register(CLOCK_BITS, "clock")
        m.d.comb += [self.marked.eq(marked), self.done.eq(done)]
        m.d.sync += [clock.eq(clock + 1), ahead.eq(ahead - self._accepted)]
        with m.If(begins & self.mark & ~marked):
            m.d.sync += [
                marked.eq(1),
                ahead.eq(self._in_flight - self._accepted),
                bits.eq(self.word),
                start.eq(clock),
            ]
        expected = self._expect(m, bits)
        is_new = decision.valid & (self._waiting == 0)
        appears, cycles = Signal(name="appears"), self.age
        matrix = self.layers[0].matrix(self.weights_0)
        m.d.comb += [
            appears.eq(is_new & marked & ~done & (ahead == 0)),
            cycles.eq(clock - start),
            self.is_oldest.eq(marked & ~done & (ahead == 0)),
            self.count.eq(sum(bits)),
            *(
                getattr(self, f"slope_{o}").eq(
                    sum((Mux(bits[i], row[o], 0) for i, row in enumerate(matrix)))
                    - self.layers[0].threshold
                )
                for o in range(self.layers[0].n_out)
            ),
            *(
                Assert(~appears | right, what)
                for what, right in payload_checks(decision.payload, expected, cycles).items()
            ),
            Assert(~appears | ~decision.payload.error, "no error"),
            *(Cover(appears & (decision.payload["class"] == k), f"class {k}") for k in range(2)),
        ]
        with m.If(appears):
            m.d.sync += done.eq(1)
        self._check_logs(m, core, expected, appears, marked & ~done & (ahead == decision.valid))

    def _expect(self, m: Module, bits: Value) -> Expected:
        definition = Definition(m, self.layers, self.config.deadline, self._fires_at)
        weights = [getattr(self, f"weights_{number}") for number in range(len(self.layers))]
        matrices = [layer.matrix(flat) for layer, flat in zip(self.layers, weights, strict=True)]
        ticks = [Mux(bit, self.config.unit, 0) for bit in bits]
        return definition.expect(matrices, ticks)

    def _check_logs(
        self, m: Module, core: Core, expected: Expected, appears: Value, is_marked: Value
    ) -> None:
        """Each spike is logged once; those of the marked image are right, and none is missing."""
        ((log, layer),) = [(core.log_0, self.config.layers[0])]
        neurons, decision = range(layer.folding.n_out), core.decision
        entries = log_entries(log, layer)
        logged, logs = Signal(len(neurons), name="logged"), Signal(len(neurons))
        image = Signal(name="image")  # the image bit of the oldest image in flight
        is_new = decision.valid & (self._waiting == 0)
        m.d.sync += [
            image.eq(image ^ self._accepted),
            logged.eq(Mux(is_new, 0, logged) | logs),
        ]
        m.d.comb += [
            logs.eq(spikes_of_neurons(entries, len(neurons))),
            *(Assert(~valid | (one < len(neurons)), "a neuron") for valid, one in entries),
            Assert(~(logged & logs).any() | is_new, "a spike is logged once"),
            Assert(
                ~log.valid | (log.spike.image == image ^ decision.valid),
                "the image bit of a logged spike",
            ),
        ]
        for neuron, tick in enumerate(expected.spikes[1]):
            is_spike = (tick != 0) & (log.spike.tick == tick)
            before = (tick != 0) & (tick < expected.tick)
            m.d.comb += [
                Assert(~(is_marked & logs[neuron]) | is_spike, "a logged spike"),
                Assert(
                    ~(appears & before) | logged[neuron],
                    "a spike before the decision is logged",
                ),
            ]
