"""Runs a core on Amaranth's own simulator: without Verilog, and without anything to compile.

Slow by the cycle, but the quickest way to run a few images through a small core, and so through
many small cores.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator

from firstspike.golden import LearningState, Network, Results, Settings
from firstspike.golden.timing.folding import Folding
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.words import weight_chunks, weights_from_chunks

from .benches.core.items import items_of, label_items, read_requests, requests, settings_item
from .benches.core.outcome import Outcome, answers_of, results_of
from .harness.runner import SimulationError

PATIENCE = 3000
"""Cycles without a transfer at either end after which a core is said to hang."""


def simulate_directly(
    network: Network,
    ticks: np.ndarray,
    folding: Folding,
    pixels: np.ndarray | None = None,
    pauses: bool = False,
    seed: int = 1,
    any_weights: bool = False,
) -> Results:
    """Classify images on the core in Amaranth; parameters are those of `benches.core.run.simulate`.

    With `pauses` both sides pause at random; `any_weights` is for `CoreConfig.of`. Raises
    SimulationError if the core hangs.
    """
    config = CoreConfig.of(network, folding, any_weights)
    core = Core(config, network.weights)
    items = np.concatenate(items_of(config, ticks, pixels)).tolist()
    phase = ({_port(config): items}, "decision", len(ticks))
    return results_of(config, _DirectRun(core, pauses, seed, [phase]).outcome(), len(ticks))


def learn_directly(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    folding: Folding,
    pauses: bool = False,
    seed: int = 1,
) -> Results:
    """Learn images on the core in Amaranth; parameters are as of `learn_on_rtl`.

    Raises SimulationError if the core hangs.
    """
    config = CoreConfig.of(state.network, folding, stored_bits=state.stored_bits)
    core = Core(config, state.weights)
    items = np.concatenate(items_of(config, ticks)).tolist()
    images = {_port(config): items, "labels": label_items(config, labels).tolist()}
    asked = read_requests(list(weight_chunks(config, state.network)))
    phases = [
        ({"settings": [settings_item(settings, state.generator)]}, "settings", 1),
        (images, "learned", len(ticks)),
        ({"weights": requests(config, asked).tolist()}, "weights_read", len(asked)),
    ]
    outcome = _DirectRun(core, pauses, seed, phases).outcome()
    weights = weights_from_chunks(config, answers_of(outcome)[:, 0].tolist())
    return replace(results_of(config, outcome, len(ticks)), weights=weights)


def _port(config: CoreConfig) -> str:
    return "events" if config.bitmap is None else "words"


class _DirectRun:
    """Phases, one after the other: what to send into which ports, and what to wait for.

    A phase is over when as many payloads of a port as it says have been transferred since the
    start. `received` has those of the streams that come out, and of the tap `learned`.
    """

    def __init__(
        self,
        core: Core,
        pauses: bool,
        seed: int,
        phases: Sequence[tuple[dict[str, list[int]], str, int]],
    ) -> None:
        self._core = core
        self._random = random.Random(seed)
        self._pauses = pauses
        self._phases = phases
        self.received: dict[str, list] = {"decision": [], "weights_read": [], "learned": []}
        # A learner runs on after the decision; an image bit does not say what its spikes belong to.
        logged = () if core.config.learns else core.config.layers[1:]
        self.logs: list[list[tuple[int, int]]] = [[] for _ in logged]
        simulator = Simulator(core)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self._bench)
        simulator.run()

    def outcome(self) -> Outcome:
        """All that came out."""
        received = self.received
        return Outcome(
            decisions=list(enumerate(received["decision"])),
            answers=received["weights_read"],
            logs=[np.array(log, np.int64).reshape(-1, 2) for log in self.logs],
            learned=[(image, *what) for image, what in enumerate(received["learned"])],
        )

    def _willing(self) -> Iterator[bool]:
        while True:
            probability = self._random.choice((0.1, 0.5, 0.9)) if self._pauses else 1
            for _ in range(20):
                yield self._random.random() < probability

    async def _bench(self, ctx) -> None:
        core, received = self._core, self.received
        learned = getattr(core, "learned", None)
        taps = [getattr(core, f"log_{i}") for i in range(len(self.logs))]
        sinks = {name: getattr(core, name) for name in ("decision", "weights_read")}
        willing = {name: self._willing() for name in sinks}
        for sources, awaited, count in self._phases:
            sent = {name: 0 for name in sources}
            offers = dict.fromkeys(sources, False)
            for name in sources:
                willing.setdefault(name, self._willing())
            patience = PATIENCE
            while len(received.get(awaited, ())) + sent.get(awaited, 0) < count:
                for name, payloads in sources.items():
                    port = getattr(core, name)
                    if not offers[name] and sent[name] < len(payloads) and next(willing[name]):
                        offers[name] = True
                        ctx.set(Value.cast(port.payload), payloads[sent[name]])
                    ctx.set(port.valid, offers[name])
                ready = {name: next(willing[name]) for name in sinks}
                for name, port in sinks.items():
                    ctx.set(port.ready, ready[name])
                for log, tap in zip(self.logs, taps, strict=True):
                    if ctx.get(tap.valid):
                        bits, image = ctx.get(Value.cast(tap.spike)), len(received["decision"])
                        log.append((image + ((image + bits) & 1), bits))
                patience -= 1
                for name in sources:
                    if offers[name] and ctx.get(getattr(core, name).ready):
                        sent[name], offers[name] = sent[name] + 1, False
                        patience = PATIENCE
                for name, port in sinks.items():
                    if ready[name] and ctx.get(port.valid):
                        received[name].append(ctx.get(Value.cast(port.payload)))
                        patience = PATIENCE
                if learned is not None and ctx.get(learned.valid):
                    received["learned"].append((ctx.get(learned.updated), ctx.get(learned.cycles)))
                    patience = PATIENCE
                if not patience:
                    raise SimulationError(
                        f"the core hangs: nothing has happened for {PATIENCE} cycles after "
                        f"{sent} items and {len(received['decision'])} decisions."
                    )
                await ctx.tick()
            for name in sources:
                ctx.set(getattr(core, name).valid, 0)
