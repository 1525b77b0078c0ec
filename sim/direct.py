"""Runs a core on Amaranth's own simulator: without Verilog, and without anything to compile.

Slow by the cycle, but the quickest way to run a few images through a small core, and so through
many small cores.
"""

import random
from collections.abc import Iterator

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator

from firstspike.golden import Network
from firstspike.golden.schedule import Schedule
from firstspike.hdl.core import Core, CoreShape

from .core import HardwareRun, hardware_run, image_items
from .runner import SimulationError

PATIENCE = 3000
"""Cycles without a transfer at either end after which a core is said to hang."""


def simulate_directly(
    network: Network,
    ticks: np.ndarray,
    schedule: Schedule,
    pixels: np.ndarray | None = None,
    pauses: bool = False,
    seed: int = 1,
    any_weights: bool = False,
) -> HardwareRun:
    """Classify images on the core in Amaranth; parameters are those of `sim.core.simulate`.

    With `pauses` both sides pause at random; `any_weights` is for `CoreShape.of`. Raises
    SimulationError if the core hangs.
    """
    shape = CoreShape.of(network, schedule, any_weights)
    items = np.concatenate(
        [
            image_items(shape, ticks[i], None if pixels is None else pixels[i])
            for i in range(len(ticks))
        ]
    )
    run = _DirectRun(Core(shape, network), items.tolist(), len(ticks), pauses, seed)
    results = {
        "images": np.arange(len(run.decisions)),
        "decisions": np.array(run.decisions, str),
        **{f"log_{i}": np.array(log, np.int64).reshape(-1, 2) for i, log in enumerate(run.logs)},
    }
    return HardwareRun(
        **hardware_run(shape, results, len(ticks), set()), answers=np.empty((0, 2), np.int64)
    )


class _DirectRun:
    def __init__(self, core: Core, items: list[int], count: int, pauses: bool, seed: int) -> None:
        self._core = core
        self._items = items
        self._count = count
        self._random = random.Random(seed)
        self._pauses = pauses
        self.decisions: list[str] = []
        self.logs: list[list[tuple[int, int]]] = [[] for _ in core.shape.layers[1:]]
        simulator = Simulator(core)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self._bench)
        simulator.run()

    def _willing(self) -> Iterator[bool]:
        while True:
            probability = self._random.choice((0.1, 0.5, 0.9)) if self._pauses else 1
            for _ in range(20):
                yield self._random.random() < probability

    async def _bench(self, ctx) -> None:
        core, patience = self._core, PATIENCE
        port = core.events if core.shape.bitmap is None else core.words
        payload, decision = Value.cast(port.payload), Value.cast(core.decision.payload)
        taps = [getattr(core, f"log_{i}") for i in range(len(self.logs))]
        spikes = [Value.cast(tap.spike) for tap in taps]
        sends, takes = self._willing(), self._willing()
        position, offers = 0, False
        while len(self.decisions) < self._count:
            if not offers and position < len(self._items) and next(sends):
                offers = True
                ctx.set(payload, self._items[position])
            ctx.set(port.valid, offers)
            ready = next(takes)
            ctx.set(core.decision.ready, ready)
            for log, tap, spike in zip(self.logs, taps, spikes, strict=True):
                if ctx.get(tap.valid):
                    bits = ctx.get(spike)
                    image = len(self.decisions)
                    log.append((image + ((image + bits) & 1), bits))
            taken = offers and ctx.get(port.ready)
            decided = ready and ctx.get(core.decision.valid)
            if taken:
                position, offers = position + 1, False
            if decided:
                self.decisions.append(hex(ctx.get(decision)))
            patience = PATIENCE if taken or decided else patience - 1
            if not patience:
                raise SimulationError(
                    f"the core hangs: nothing has happened for {PATIENCE} cycles after "
                    f"{position} items and {len(self.decisions)} decisions."
                )
            await ctx.tick()
