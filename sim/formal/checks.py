# SPDX-License-Identifier: BSD-2-Clause
"""Assertions on the decisions and logs of a core, and the assumption on pauses."""

from typing import Any

from amaranth.hdl import Assert, Assume, Cat, Const, Cover, Module, Mux, Signal, Value

from firstspike.golden.network import Network
from firstspike.hdl.core.core import Core
from firstspike.hdl.layer.config import LayerConfig

from .cycle_table import CycleTable
from .definition import Expected
from .scenario import Scenario
from .source import EventSource, WordSource, register

CLOCK_BITS = 8
"""Cycles are compared modulo 2^8; every proof is shorter."""


class Checks:
    """Adds the assertions on a core to a module, and the assumption on pauses.

    Parameters
    ----------
    expected : what the definition says of each image.
    given_up : high in the cycle in which an image is aborted.
    """

    def __init__(
        self,
        m: Module,
        core: Core,
        source: EventSource | WordSource,
        expected: list[Expected],
        scenario: Scenario,
        given_up: Value,
    ) -> None:
        self._m, self._core, self._source = m, core, source
        self._expected, self._scenario, self._given_up = expected, scenario, given_up
        #: Decisions that have been taken.
        self.decided = register(range(len(expected) + 1), "decided")
        self._appears = [Signal(name=f"appears_{k}") for k in range(len(expected))]

    def check_stream(self) -> None:
        """A decision is of an image, comes once, and stays as it is until it is taken."""
        m, core, decision, source = self._m, self._core, self._core.decision, self._source
        config, busy, appeared = core.config, core.busy, self.decided + decision.valid
        inlet = core.events if config.bitmap is None else core.words
        payload = Value.cast(decision.payload)
        waits, before = register(1, "decision_waits"), register(len(payload), "decision_before")
        m.d.sync += [waits.eq(decision.valid & ~decision.ready), before.eq(payload)]
        with m.If(decision.valid & decision.ready):
            m.d.sync += self.decided.eq(self.decided + 1)
        m.d.comb += [
            Assert(~decision.valid | (self.decided < source.begun), "each decision is of an image"),
            Assert(~waits | decision.valid, "a decision is not withdrawn"),
            Assert(~waits | (payload == before), "a decision is steady"),
            Assert(busy | ~source.is_open, "a core with an open image is busy"),
            Assert(busy | (source.begun == appeared), "a core is busy up to the decision"),
            Assert(busy | decision.valid | inlet.ready | config.learns, "an idle core is ready"),
            *(
                appears.eq(decision.valid & ~waits & (self.decided == k))
                for k, appears in enumerate(self._appears)
            ),
        ]
        if not config.folding.overlaps:
            begins_alone = ~source.begins | (self.decided == source.begun)
            m.d.comb += Assert(begins_alone, "an image begins when the one before is decided")

    def check_decisions(self) -> None:
        """Every decision is that of the definition, and its cycles are those that went by."""
        m, source, payload = self._m, self._source, self._core.decision.payload
        clock = register(CLOCK_BITS, "clock")
        m.d.sync += clock.eq(clock + 1)
        causes = Value.cast(payload.causes)
        for k, image in enumerate(self._expected):
            start, cycles = register(CLOCK_BITS, f"start_{k}"), Signal(CLOCK_BITS)
            with m.If(source.begins & (source.begun == k)):
                m.d.sync += start.eq(clock)
            m.d.comb += cycles.eq(clock - start)
            must, may = self._causes(k, image)
            checks = {
                **payload_checks(payload, image),
                "the cycles": payload.cycles == cycles,
                "the error": payload.error == causes.any(),
                "the causes": ((must & ~causes) == 0) & ((causes & ~may) == 0),
            }
            m.d.comb += [
                *(
                    Assert(~self._appears[k] | right, f"{what} of image {k}")
                    for what, right in checks.items()
                ),
                Cover(self._appears[k] & payload.forced, f"image {k} is forced"),
                Cover(
                    self._appears[k] & ~payload.forced & (payload["class"] != 0),
                    f"an output fires in image {k}",
                ),
            ]
            if self._scenario.extras or self._scenario.aborts:
                m.d.comb += Cover(self._appears[k] & payload.error, f"image {k} has an error")

    def _causes(self, k: int, image: Expected) -> tuple[Value, Value]:
        """The causes that the decision of image k must have, and those that it may have.

        It must have those of the events before the one that promises its tick: whatever follows
        may come too late. It has no cause that was not there.
        """
        m, source, size = self._m, self._source, len(self._core.decision.payload.causes.as_value())
        if not (self._scenario.extras or self._scenario.aborts):
            return Const(0, size), Const(0, size)
        assert isinstance(source, EventSource)
        sealed = register(1, f"sealed_{k}")
        must, may = (register(size, f"{name}_{k}") for name in ("must", "may"))
        event = source.events.payload
        accepted = source.events.valid & source.events.ready
        of_image = Signal(name=f"event_of_{k}")
        causes_now, seals = Signal(size, name=f"found_{k}"), Signal(name=f"seals_{k}")
        m.d.comb += [
            of_image.eq((source.number == k) & (source.begins | source.is_open)),
            causes_now.eq(Cat(Mux(accepted, source.bad, 0), self._given_up)),
            seals.eq(accepted & ~source.bad.any() & (event.tick >= image.tick)),
        ]
        with m.If(of_image):
            m.d.sync += [may.eq(may | causes_now), sealed.eq(sealed | seals)]
            with m.If(~(sealed | seals)):
                m.d.sync += must.eq(must | causes_now)
        return must, may

    def check_golden_cycles(self, network: Network, bits: Value | None) -> None:
        """The cycles are those that golden's model counts; `bits` are those of the bitmaps."""
        m, config = self._m, self._core.config
        for k, image in enumerate(self._expected):
            m.submodules[f"table_{k}"] = table = CycleTable(network, config.folding)
            first = Cat(image.spikes[0])
            if bits is not None:
                first = bits[k * len(bits) // len(self._expected) :][: config.n_inputs]
            right = self._core.decision.payload.cycles == table.cycles
            m.d.comb += [
                table.key.eq(Cat(first, *image.spikes[1:], image.tick)),
                Assert(~self._appears[k] | right, f"golden's cycles of image {k}"),
            ]

    def check_logs(self) -> None:
        """Each hidden spike is logged at most once and with its tick, and before the decision."""
        m, core = self._m, self._core
        image = Signal(range(len(self._expected) + 1))  # of which a spike is logged
        m.d.comb += image.eq(self.decided + core.decision.valid)
        # The image bit alternates; the first spike that is logged shows that of its image.
        known, bit_of_even = register(1, "bit_is_known"), register(1, "bit_of_even")
        appears = Cat(self._appears).any()
        for number, layer in enumerate(core.config.layers[:-1]):
            neurons = range(layer.folding.n_out)
            log = getattr(core, f"log_{number}")
            entries = log_entries(log, layer)
            logged, logs = register(len(neurons), f"logged_{number}"), Signal(len(neurons))
            m.d.comb += [
                logs.eq(spikes_of_neurons(entries, len(neurons))),
                *(Assert(~valid | (one < len(neurons)), "a neuron") for valid, one in entries),
                Assert(~(logged & logs).any(), "a spike is logged once"),
                Assert(
                    ~(log.valid & known) | (log.spike.image == image[0] ^ bit_of_even),
                    "the image bit of a logged spike",
                ),
            ]
            m.d.sync += logged.eq(Mux(appears, 0, logged) | logs)
            with m.If(log.valid):
                m.d.sync += [known.eq(1), bit_of_even.eq(log.spike.image ^ image[0])]
            for k, of_image in enumerate(self._expected):
                now = Signal(len(neurons), name=f"logs_{number}_of_{k}")
                m.d.comb += now.eq(Mux(image == k, logs, 0))
                m.d.comb += log_checks(
                    of_image, number + 1, log, now, Mux(self._appears[k], logged, -1)
                )

    def bound_pauses(self, may_send: Value) -> None:
        """Assume that the pauses of a run do not exceed the bound of the scenario."""
        m, scenario, decision = self._m, self._scenario, self._core.decision
        count, pauses = register(range(scenario.pauses + 2), "pauses"), Signal()
        fresh = register(1, "fresh", init=1)  # nothing can be offered in the first cycle
        m.d.sync += fresh.eq(0)
        paused = self._source.pauses & may_send & ~fresh
        if scenario.idles:
            paused &= self._source.is_open
        m.d.comb += [
            pauses.eq(paused | (decision.valid & ~decision.ready)),
            Assume(count + pauses <= scenario.pauses),
        ]
        m.d.sync += count.eq(count + pauses)


def payload_checks(payload: Any, image: Expected) -> dict[str, Value]:
    """Return what must hold of a decision without an error, by name."""
    return {
        "the class": payload["class"] == image.winner,
        "the tick": payload.tick == image.tick,
        "forced": payload.forced == image.forced,
        **{
            f"the spikes into layer {number}": payload.spikes_in[str(number)] == count
            for number, count in enumerate(image.counts)
        },
    }


def log_checks(image: Expected, layer: int, log: Any, now: Value, logged: Value) -> list[Assert]:
    """Assert that each spike `now` logged of an image is right, and none is missing.

    `logged` are the neurons whose spikes have been logged: all of them before the decision.
    """
    checks = []
    for neuron, tick in enumerate(image.spikes[layer]):
        is_spike = (tick != 0) & (log.spike.tick == tick)
        before = (tick != 0) & (tick < image.tick)
        checks += [
            Assert(~now[neuron] | is_spike, "a logged spike"),
            Assert(~before | logged[neuron], "a spike before the decision is logged"),
        ]
    return checks


def log_entries(log: Any, layer: LayerConfig) -> list[tuple[Value, Value]]:
    """Return whether each entry of a layer's log holds a spike, and of which neuron."""
    sends = layer.folding.sends
    if sends == 1:
        return [(log.valid, log.spike.neuron)]
    banks = [log.spike.banks[str(bank)] for bank in range(sends)]
    return [(log.valid & bank.present, bank.neuron) for bank in banks]


def spikes_of_neurons(entries: list[tuple[Value, Value]], n_out: int) -> Value:
    """Return a mask of the neurons that are among the entries of a log."""
    return Cat(
        Cat(valid & (one == neuron) for valid, one in entries).any() for neuron in range(n_out)
    )
