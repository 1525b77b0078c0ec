# SPDX-License-Identifier: BSD-2-Clause
"""A harness for sequences without end of overlapped images, each a word of any value.

It checks that decisions and logged spikes belong to images, not their values.
"""

from collections.abc import Mapping

from amaranth.hdl import Assert, Assume, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core

from .checks import log_entries, spikes_of_neurons
from .core import shape_of
from .source import register


class StreamHarness(wiring.Component):
    """The core, inputs of any value, and the checks.

    Registers whose names do not begin with `PREFIX` belong to the invariant, too.

    Parameters
    ----------
    waits : cycles that a decision waits at most.
    """

    _MustUse__silence = True

    def __init__(self, config: CoreConfig, waits: int) -> None:
        assert config.bitmap is not None
        assert config.n_inputs is not None
        if config.n_inputs > config.bitmap:
            raise ValueError("an image of this harness is one word.")
        self.config, self._waits = config, waits
        super().__init__(
            {
                **{
                    f"weights_{number}": In(shape_of(layer).weights * layer.stored_bits)
                    for number, layer in enumerate(config.layers)
                },
                "offer": In(1),
                "word": In(config.bitmap),
                "take": In(1),
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
        self._check_logs(m, core)
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

    def _check_logs(self, m: Module, core: Core) -> None:
        """Each spike is logged once, with the bit of the oldest image that is not decided."""
        log, layer, decision = core.log_0, self.config.layers[0], core.decision
        neurons = range(layer.folding.n_out)
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
