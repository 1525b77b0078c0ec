# SPDX-License-Identifier: BSD-2-Clause
"""Blocks against the names of their latencies, on Amaranth's simulator.

The exact cycles of whole cores hold the others: tests/core/test_shapes.py.
"""

import numpy as np
import pytest
from amaranth.hdl import Value

from firstspike.golden import Network
from firstspike.golden.timing import latencies
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.layer import settle_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.ingress_check import IngressCheck
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.emitter import TickEmitter, WindowEmitter
from firstspike.hdl.layer.events import Kind
from firstspike.hdl.layer.locator import Locator
from firstspike.hdl.layer.mask_credits import MaskCredits
from firstspike.hdl.layer.operations import read_layout
from firstspike.hdl.layer.position_scan import PositionScan
from firstspike.hdl.layer.reached_positions import ReachedPositions
from firstspike.hdl.layer.sequencer import sequencer_class
from firstspike.hdl.layer.weight_store import store_class
from firstspike.hdl.learner.causal_inputs import CausalInputs
from firstspike.hdl.learner.deltas import Deltas
from firstspike.hdl.learner.learner import Learner
from firstspike.hdl.learner.margin import Margin
from firstspike.hdl.learner.row_sweeps import InputSweep, SignedOutputSweep
from firstspike.hdl.lib.pipeline import SkidBuffer, Stage
from tests.support.shapes import convolving_network
from tests.support.simulators import refused, run_bench

PATIENCE = 50
"""Cycles after which a missing output fails the test."""


def layers(
    n_in: int = 6, n_out: int = 12, lanes: int = 4, window: int = 2, stored_bits: int | None = None
) -> tuple[LayerConfig, ...]:
    """A hidden layer and one of 7 outputs; with `stored_bits` they learn."""
    network = Network(
        weights=(np.ones((n_in, n_out), int), np.ones((n_out, 7), int)),
        weight_bits=(8, 8),
        thresholds=(3, 3),
        unit=8,
        deadline=48,
        n_inputs=n_in,
        inputs=np.arange(n_in),
    )
    return CoreConfig.of(
        network, Folding.of(network, CoreShape(lanes, window)), False, stored_bits
    ).layers


FOLDINGS = {
    "groups": layers(),
    "one group": layers(n_out=4, window=0),
    "no window": layers(window=0),
    "blocks": layers(n_out=40, lanes=20),
    "one group of blocks": layers(n_out=40, lanes=40, window=0),
    "banks": layers(n_in=600, n_out=40, lanes=20),
    "learning": layers(stored_bits=10),
    "learning banks": layers(n_in=600, n_out=40, lanes=20, stored_bits=10),
}
CONVOLVING = convolving_network(hidden=("3c3s2p1",))
FOLDINGS["positions"] = CoreConfig.of(
    CONVOLVING, Folding.of(CONVOLVING, CoreShape(2, 2))
).layers  # several groups

by_folding = pytest.mark.parametrize("name", FOLDINGS)


def latency(component, arguments, awaited, **steady) -> int:
    """Cycles from the one in which the input is taken to the first with the output.

    `arguments`: {port: value}, streams that are offered until they are taken, and signals that are
    high for a cycle, or of another value. `awaited`: a signal, or a function of a value. `steady`:
    signals from the start on.
    """
    output_cycles = []

    async def bench(ctx):
        for name, value in steady.items():
            ctx.set(getattr(component, name), value)
        await ctx.tick()
        streams = [getattr(component, name) for name in arguments]
        for port, value in zip(streams, arguments.values(), strict=True):
            if hasattr(port, "payload"):
                ctx.set(port.payload, value)
                ctx.set(port.valid, 1)
            else:
                ctx.set(port, value)
        waits = [port.ready for port in streams if hasattr(port, "ready")]
        for _ in range(PATIENCE):
            if all(ctx.get(ready) for ready in waits):
                break
            await ctx.tick()
        for cycle in range(PATIENCE):
            if ctx.get(awaited):
                output_cycles.append(cycle)
                return
            await ctx.tick()
            for port in streams:
                ctx.set(port.valid if hasattr(port, "payload") else Value.cast(port), 0)

    run_bench(component, bench)
    assert output_cycles, "nothing has come"
    return output_cycles[0]


async def high_after(ctx, pulse, valid) -> list[int]:
    """The cycles in which `valid` is high, counted from the one in which `pulse` is."""
    ctx.set(pulse, 1)
    high = []
    for cycle in range(PATIENCE):
        if ctx.get(valid):
            high.append(cycle)
        await ctx.tick()
        ctx.set(pulse, 0)
    return high


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_stage_and_skid(depth):
    stage = Stage(8, depth)
    assert latency(stage, {"i": 1}, stage.o.valid) == depth
    skid = SkidBuffer(8)
    assert latency(skid, {"i": 1}, skid.o.valid) == 0


def test_a_stage_has_a_register():
    refused(lambda: Stage(8, 0), "at least 1 register, not 0")


def test_intake():
    intake = IngressCheck(layers()[0])
    event = {"kind": Kind.SPIKE, "tick": 8}
    free = {"decided_image": 1, "finished_image": 1}
    assert (
        latency(intake, {"source": event}, intake.events.valid, **free) == latencies.INGRESS_CHECK
    )


def test_a_scan_of_positions():
    config = FOLDINGS["positions"][0]
    locator, positions, scan = Locator(config), ReachedPositions(config), PositionScan(config)
    adds = {"operation": {"start": 1, "row": 1}}
    located = latency(locator, {"i": adds}, locator.o.valid)
    assert located == latencies.LOCATE
    assert latency(positions, {"i": adds}, positions.o.valid) == latencies.REACHED_POSITIONS
    first = latency(scan, {"i": adds}, scan.reads.valid)
    assert first == config.folding.located_cycles + latencies.REACHED_POSITIONS


@by_folding
def test_the_end_of_a_decided_image(name):
    sequencer = sequencer_class(FOLDINGS[name][0])(FOLDINGS[name][0])
    finished = latency(sequencer, {"events": {"kind": Kind.END}}, ~sequencer.finished_image)
    assert finished == latencies.EVENT + latencies.FINISHED


def test_mask_credits():
    config = FOLDINGS["blocks"][0]
    depth = config.folding.mask_fifo_depth
    credits, waited = MaskCredits(shape=read_layout(config), depth=depth), []

    async def bench(ctx):
        ctx.set(credits.i.payload, {"operation": {"first": 1, "advance": 1}})
        ctx.set(credits.i.valid, 1)
        ctx.set(credits.o.ready, 1)
        for _ in range(depth):
            assert ctx.get(credits.o.valid)
            await ctx.tick()
        waited.extend(await high_after(ctx, credits.freed, credits.o.valid))

    run_bench(credits, bench)
    assert waited == [latencies.FREED]


@by_folding
def test_weight_store(name):
    for config in FOLDINGS[name]:
        store = store_class(config)(config)
        assert latency(store, {"reads": {}}, store.words.valid) == config.folding.word_cycles
        if config.learns:
            store = store_class(config)(config)
            written = latency(store, {"updates": {}}, store.updated.valid)
            assert written == config.folding.update_cycles


def test_emitters():
    tick = TickEmitter(FOLDINGS["no window"][0])
    assert latency(tick, {"beats": {"hit": 1, "some": 1}}, tick.events.valid) == 0
    config = FOLDINGS["groups"][0]
    beat = {"last": 1, "operation": {"closes": 1, "image": 1}}
    window = WindowEmitter(config)
    promised = latency(window, {"beats": beat}, window.events.valid)
    assert promised == config.folding.release_cycles
    window = WindowEmitter(config)
    sent = latency(window, {"beats": beat | {"hit": 1}}, window.events.valid)
    assert sent == config.folding.queued_cycles


def test_run_on():
    last = FOLDINGS["learning"][1]
    run_on = Margin(last)
    assert latency(run_on, {"verdict": 1}, run_on.valid) == latencies.OUTCOME
    run_on = Margin(last)
    learns = {"verdict": 1, "learn": 1}
    limit = latency(run_on, learns, (run_on.outcome.limit != 0) & (run_on.outcome.limit < 48))
    assert limit == latencies.DECISION + latencies.LIMIT


@pytest.mark.parametrize("name", ["learning", "learning banks"])
def test_learner(name):
    hidden, last = FOLDINGS[name]
    learner, done = Learner(hidden, last), []

    async def outcome(ctx):
        ctx.set(learner.settled, 1)
        ctx.set(learner.outcome.valid, 1)
        for cycle in range(PATIENCE):
            if ctx.get(learner.done):
                done.append(cycle)
            await ctx.tick()
            ctx.set(learner.outcome.valid, 0)

    run_bench(learner, outcome)
    settling = settle_cycles([hidden.folding, last.folding])
    assert done == [latencies.JUDGE + settling - 1]  # in the last cycle of settling


@pytest.mark.parametrize("name", ["learning", "learning banks"])
def test_learning(name):
    hidden, last = FOLDINGS[name]
    deltas = Deltas(hidden.folding, last.folding)
    assert latency(deltas, {"start": 1}, deltas.done) == hidden.folding.deltas_cycles
    causal = CausalInputs(hidden)
    assert latency(causal, {"start": 1}, causal.done) == hidden.folding.causal_cycles(0)
    for sweep in (InputSweep(hidden.folding), SignedOutputSweep(hidden.folding, last.folding)):
        assert latency(sweep, {"start": 1}, sweep.done) == latencies.SWEEP_DONE
    sweep = SignedOutputSweep(hidden.folding, last.folding)
    # The first row of a scan is that of the cycle after the start.
    update = latency(sweep, {"start": 1, "scan": 1}, sweep.updates.valid)
    assert update == 1 + latencies.SWEEP_UPDATE
