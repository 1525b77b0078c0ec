# SPDX-License-Identifier: BSD-2-Clause
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
from firstspike.hdl.core.config import CoreConfig, weight_chunks, weights_from_chunks
from firstspike.hdl.core.core import Core

from .benches.core.items import (
    image_port,
    items_of,
    label_items,
    read_requests,
    requests,
    settings_item,
)
from .benches.core.outcome import CoreOutcome, answers_of, results_of
from .harness.runner import SimulationError

PATIENCE = 3000
"""Cycles without a transfer, besides those of sweeps, after which a core counts as hung."""


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

    `pauses` lets both sides pause at random; `any_weights` is for `CoreConfig.of`. Raises
    SimulationError if the core hangs.
    """
    config = CoreConfig.of(network, folding, any_weights)
    items = np.concatenate(items_of(config, ticks, pixels)).tolist()
    phase = {image_port(config): items}, "decision", len(ticks)
    outcome = run_phases(Core(config, network.weights), [phase], pauses, seed)
    return results_of(config, outcome, len(ticks))


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
    config = CoreConfig.of(
        state.network, folding, stored_bits=state.stored_bits, last_layer=state.last_layer
    )
    items = np.concatenate(items_of(config, ticks)).tolist()
    images = {image_port(config): items, "labels": label_items(config, labels).tolist()}
    reads = read_requests(list(weight_chunks(config, state.network)))
    phases = [
        ({"settings": [settings_item(settings, state.generator)]}, "settings", 1),
        (images, "learned", len(ticks)),
        ({"weights": requests(config, reads).tolist()}, "weights_read", len(reads)),
    ]
    outcome = run_phases(Core(config, state.stored), phases, pauses, seed)
    weights = weights_from_chunks(config, answers_of(outcome)[:, 0].tolist())
    return replace(results_of(config, outcome, len(ticks)), weights=weights)


def run_phases(
    core: Core, phases: Sequence[tuple[dict[str, list[int]], str, int]], pauses: bool, seed: int
) -> CoreOutcome:
    """Run through phases: what to send into which ports, and what to wait for.

    A phase is over when as many payloads of a port as it says have been transferred since the
    start.
    """
    choice = random.Random(seed)

    def willing() -> Iterator[bool]:
        while True:
            probability = choice.choice((0.1, 0.5, 0.9)) if pauses else 1
            for _ in range(20):
                yield choice.random() < probability

    sinks = {name: getattr(core, name) for name in ("decision", "weights_read")}
    received: dict[str, list] = {name: [] for name in (*sinks, "learned")}
    learns = core.config.learns
    # A learner runs on after the decision; an image bit does not say what its spikes belong to.
    logged = range(0 if learns else len(core.config.layers) - 1)
    taps = [getattr(core, f"log_{layer}") for layer in logged]
    logs: list[list[tuple[int, int]]] = [[] for _ in taps]
    pausing = {name: willing() for name in sinks}

    accepted_cycles: list[int] = []
    # Between two transfers each layer may sweep over its groups at every tick.
    limit = PATIENCE + sum(layer.deadline * layer.folding.groups for layer in core.config.layers)

    async def bench(ctx) -> None:
        cycle = 0
        for sources, awaited, count in phases:
            sent = dict.fromkeys(sources, 0)
            offers = dict.fromkeys(sources, False)
            for name in sources:
                pausing.setdefault(name, willing())
            patience = limit
            while len(received.get(awaited, ())) + sent.get(awaited, 0) < count:
                for name, payloads in sources.items():
                    port = getattr(core, name)
                    if not offers[name] and sent[name] < len(payloads) and next(pausing[name]):
                        offers[name] = True
                        ctx.set(Value.cast(port.payload), payloads[sent[name]])
                    ctx.set(port.valid, offers[name])
                ready = {name: next(pausing[name]) for name in sinks}
                for name, port in sinks.items():
                    ctx.set(port.ready, ready[name])
                for log, tap in zip(logs, taps, strict=True):
                    if ctx.get(tap.valid):
                        bits, image = ctx.get(Value.cast(tap.spike)), len(received["decision"])
                        log.append((image + ((image + bits) & 1), bits))
                patience -= 1
                for name in sources:
                    if offers[name] and ctx.get(getattr(core, name).ready):
                        sent[name], offers[name] = sent[name] + 1, False
                        patience = limit
                for name, port in sinks.items():
                    if ready[name] and ctx.get(port.valid):
                        received[name].append(ctx.get(Value.cast(port.payload)))
                        if name == "decision":
                            accepted_cycles.append(cycle)
                        patience = limit
                if learns and ctx.get(core.learned.valid):
                    learned_fields = ctx.get(core.learned.updated), ctx.get(core.learned.cycles)
                    received["learned"].append((len(received["learned"]), *learned_fields))
                    patience = limit
                if not patience:
                    raise SimulationError(
                        f"the core hangs: nothing has happened for {limit} cycles after "
                        f"{sent} items and {len(received['decision'])} decisions."
                    )
                await ctx.tick()
                cycle += 1
            for name in sources:
                ctx.set(getattr(core, name).valid, 0)

    simulator = Simulator(core)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return CoreOutcome(
        decisions=list(enumerate(received["decision"])),
        answers=received["weights_read"],
        accepted_cycles=accepted_cycles,
        logs=[np.array(log, np.int64).reshape(-1, 2) for log in logs],
        learned=received["learned"],
    )
