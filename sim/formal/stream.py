# SPDX-License-Identifier: BSD-2-Clause
"""A harness that compares overlapped images with the definition, in sequences without end.

Each image is a word of any value. The words of the images in flight are kept until their decisions
have been taken.
"""

from collections.abc import Mapping

from amaranth.hdl import Assert, Assume, Const, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.ports import CYCLES_BITS

from .checks import log_checks, log_entries, payload_checks, spikes_of_neurons
from .core import connect_host, host_ports, shape_of
from .definition import Definition, Expected
from .source import register

IMAGES = 6
"""Most images that are in flight."""


class StreamHarness(wiring.Component):
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
        super().__init__(
            {
                **host_ports(config),
                "offer": In(1),
                "word": In(config.bitmap),
                "take": In(1),
            }
        )

    @property
    def constants(self) -> tuple[str, ...]:
        """The inputs that keep a value in a run."""
        fixed = ("weights_", "write_")
        return tuple(name for name in self.signature.members if name.startswith(fixed))

    @property
    def held(self) -> Mapping[str, int]:
        """The inputs that have one value in all runs."""
        return {"rst": 0, "host": 0}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = Core(self.config)
        connect_host(m, core, self)
        m.d.comb += [
            core.words.valid.eq(self.offer),
            core.words.payload.eq(self.word),
            core.decision.ready.eq(self.take),
        ]
        self._check_stream(m, core)
        expected, age = self._expect(m)
        self._check_decision(m, core, expected, age)
        self._check_logs(m, core, expected)
        return m

    def _check_stream(self, m: Module, core: Core) -> None:
        """A decision is of an image that has begun, and stays as it is until it is taken."""
        decision = core.decision
        payload = Value.cast(decision.payload)
        #: Images that have begun and whose decisions have not been taken.
        in_flight = Signal(range(8), name="in_flight")
        waiting = Signal(range(self._waits + 2), name="waiting")
        before = register(len(payload), "decision_before")
        begins, accepted = core.words.valid & core.words.ready, decision.valid & decision.ready
        self._begins, self._accepted = begins, accepted
        self._in_flight, self._is_new = in_flight, decision.valid & (waiting == 0)
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
            Assert(in_flight <= IMAGES, "the images are counted"),
            Assert(~(is_empty | fresh) | (in_flight == 0), "no image is in flight"),
            Assert(~is_empty | core.words.ready, "a core without an image accepts a word"),
            Assert(core.busy | core.words.ready, "an idle core is ready"),
            Assert(core.busy | (in_flight == decision.valid), "a core is busy up to the decision"),
            *(
                Cover(self._is_new & (decision.payload.forced == one), f"a decision, forced {one}")
                for one in (0, 1)
            ),
        ]

    def _expect(self, m: Module) -> tuple[Expected, Value]:
        """Return what the definition says of the oldest image in flight, and its age in cycles.

        The words of all images in flight are kept, and the times at which they were accepted.
        """
        config, time = self.config, register(CYCLES_BITS, "time")
        assert config.inputs is not None
        assert config.n_inputs is not None
        words = [register(config.n_inputs, f"word_{k}") for k in range(IMAGES)]
        starts = [register(CYCLES_BITS, f"start_{k}") for k in range(IMAGES)]
        m.d.sync += time.eq(time + 1)
        for of_images, latest in ((words, self.word), (starts, time)):
            following = zip(of_images, [*of_images[1:], Const(0)], strict=True)
            for k, (one, younger) in enumerate(following):
                begins = self._begins & (self._in_flight == k + self._accepted)
                m.d.sync += one.eq(Mux(begins, latest, Mux(self._accepted, younger, one)))
        ticks = [Mux(words[0][pixel], config.unit, 0) for pixel in config.inputs]
        layers = [shape_of(layer) for layer in config.layers]
        definition = Definition(m, layers, config.deadline, self._fires_at)
        weights = [
            layer.matrix(getattr(self, f"weights_{number}")) for number, layer in enumerate(layers)
        ]
        return definition.expect(weights, ticks), (time - starts[0])[:CYCLES_BITS]

    def _check_decision(self, m: Module, core: Core, expected: Expected, age: Value) -> None:
        """The decision that appears is that of the oldest image, without an error."""
        payload = core.decision.payload
        causes = Value.cast(payload.causes)
        checks = {
            **payload_checks(payload, expected),
            "the cycles": payload.cycles == age,
            "no error": ~payload.error & (causes == 0),
        }
        m.d.comb += [Assert(~self._is_new | right, what) for what, right in checks.items()]

    def _check_logs(self, m: Module, core: Core, expected: Expected) -> None:
        """Each spike is logged once, with the bit and the tick of the oldest image in flight."""
        log, layer, decision = core.log_0, self.config.layers[0], core.decision
        neurons = range(layer.folding.n_out)
        entries = log_entries(log, layer)
        logged, logs = Signal(len(neurons), name="logged"), Signal(len(neurons))
        image = Signal(name="image")  # the image bit of the oldest image in flight
        m.d.sync += [
            image.eq(image ^ self._accepted),
            logged.eq(Mux(self._is_new, 0, logged) | logs),
        ]
        m.d.comb += [
            logs.eq(spikes_of_neurons(entries, len(neurons))),
            *(Assert(~valid | (one < len(neurons)), "a neuron") for valid, one in entries),
            Assert(~(logged & logs).any() | self._is_new, "a spike is logged once"),
            Assert(~log.valid | ~decision.valid, "the image of a logged spike is not decided"),
            Assert(~log.valid | (log.spike.image == image), "the image bit of a logged spike"),
            *log_checks(expected, 1, log, logs, Mux(self._is_new, logged, -1)),
        ]
