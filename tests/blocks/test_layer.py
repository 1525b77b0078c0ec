# SPDX-License-Identifier: BSD-2-Clause
"""The Layer: random events in, and what comes out held against the integer model."""

import itertools
import random
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
import pytest
from cocotb.handle import SimHandleBase

from firstspike.golden.integer import run_layer
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.registry import layers_of
from firstspike.golden.timing import layer as timing
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import layer_widths
from firstspike.hdl.layer.config import LayerConfig
from firstspike.hdl.layer.events import Kind, input_event_layout, output_event_layout
from firstspike.hdl.layer.lanes import potentials_layout
from firstspike.hdl.layer.layer import layer_class
from firstspike.hdl.layer.operations import sweep_layout
from firstspike.hdl.lib.layouts import pack, unpack
from firstspike.sim.harness.runner import Simulation
from firstspike.sim.harness.streams import BlockBench, Dut, StreamSink, at_random
from tests.support.simulators import both_simulators, one_simulator, sampled

DEADLINE = 45
UNIT = 7
WEIGHT_BITS = 5

PATIENCE = 5000
"""Cycles in which an answer must come."""


def dense(n_in, n_out, lanes, window=0, last=False, **more):
    return LayerFolding(kind=Dense(n_in, n_out), lanes=lanes, window=window, last=last, **more)


def convolving(hidden, size, maps, lanes, window=0):
    kind = layers_of([hidden], maps * size[0] * size[1], 2, size)[0]
    return LayerFolding(kind=kind, lanes=lanes, window=window, last=False)


@one_simulator
@pytest.mark.parametrize(
    "folding",
    sampled(
        [
            dense(9, 13, 4, 2),  # windows
            dense(9, 13, 4),  # ticks
            dense(7, 6, 6),  # registers
            dense(9, 6, 1),  # just enough groups that walks go apart
            dense(8, 5, 2, last=True),
            dense(8, 5, 5, last=True),
            dense(8, 7, 1, last=True),  # likewise
            # several rows a cycle
            dense(9, 13, 4, 2, rows=2),
            dense(10, 40, 20, rows=4),
            dense(9, 13, 13, sends=2),
            dense(14, 21, 21, sends=4),
            dense(9, 7, 3, last=True, rows=2),
            dense(9, 7, 7, last=True, rows=4),
            # rows of one tick, with many groups, or two
            *(dense(9, 13, lanes, one_tick=True) for lanes in (2, 4, 7)),
            convolving("4c2", (5, 4), 1, 4),  # one group
            convolving("2c4", (4, 4), 2, 2),  # one place: its state is in registers
            # that, with windows
            convolving("5c3s2p1", (6, 5), 2, 2, 3),  # several groups
            convolving("3c5s3p2", (1, 14), 3, 2, 2),  # along one row
            convolving("5c4p3", (4, 4), 1, 5, 1),  # places follow each other closely
            convolving("3c1s2", (7, 7), 1, 1, 2),  # spikes that reach no position
            convolving("18c2", (3, 3), 2, 18, 2),  # masks wait
        ],
        8,
    ),
)
def test_layer(simulator, folding, seed):
    """30 images of random events through a layer of random weights."""
    rng = np.random.default_rng(seed)
    threshold = int(rng.integers(3, 4 + 2 * folding.n_in))
    weights = rng.integers(-8, 16, (folding.kind.rows, folding.columns))
    config = LayerConfig(
        folding=folding,
        weight_bits=WEIGHT_BITS,
        threshold=threshold,
        deadline=DEADLINE,
        widths=layer_widths(weights, threshold, DEADLINE, layer=folding.kind),
        counted=(folding.n_in,),
        unit=UNIT if folding.one_tick else None,
    )
    arguments = SimpleNamespace(config=config, weights=weights)
    Simulation.of(layer_class(config)(config, weights), simulator).run(
        __name__, arguments, seed=seed
    )


example = partial(test_layer, "verilator", dense(9, 13, 4, 4), seed=1)


@pytest.mark.long
@both_simulators
def test_layer_whose_walks_wait_for_one_another(simulator, monkeypatch):
    monkeypatch.setattr(timing, "LONG_SWEEP", 1)
    test_layer(simulator, convolving("4c2", (5, 4), 1, 2), seed=1)


@pytest.mark.long
def test_layer_that_searches_its_lanes_block_by_block():
    test_layer("verilator", dense(6, 80, 36, 1), seed=1)


@cocotb.test()
async def layer(dut):
    """Images decided at the end, or in the middle, with random pauses on both sides."""
    bench = await LayerBench(dut).start()
    for image in range(30):
        await bench.image(image, decided_early=image % 3 == 2)


class Expected:
    """An image as the integer model has it."""

    def __init__(
        self, arguments: SimpleNamespace, image: int, ticks: np.ndarray, start: int
    ) -> None:
        self.config = arguments.config
        kind, threshold = arguments.config.folding.kind, arguments.config.threshold
        spikes, self.M = run_layer(arguments.weights, threshold, ticks[:, None], DEADLINE, 1, kind)
        self.image = image
        self.start = start
        """The tick of the first event."""
        self.ticks = ticks
        neurons = np.flatnonzero(spikes[:, 0])
        self.spikes = sorted(zip(spikes[neurons, 0].tolist(), neurons.tolist(), strict=True))

    def rows_before(self, tick: int) -> int:
        """Inputs that spiked before a tick."""
        return int(((self.ticks > 0) & (self.ticks < tick)).sum())


class Judge(StreamSink):
    """Takes what the layer sends, image by image, and judges it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.expected: Expected | None = None
        self.promised = 0
        """The tick up to which the layer has sent everything, past the deadline at the end."""
        self._next = 0
        self._left: list[tuple[int, int]] = []
        """Expected spikes that have not arrived yet."""
        self.cut = False
        """The image has been decided: what comes of it is no longer complete."""

    def begin(self, expected: Expected) -> None:
        """Expect an image."""
        self.expected, self.cut, self.promised, self._next = expected, False, 0, 0
        self._left = list(expected.spikes)

    async def until(self, tick: int) -> None:
        """Wait for the promise of a tick."""
        promised = await self._domain.until(lambda: self.promised >= tick, PATIENCE)
        assert promised, f"no promise of tick {tick}"


class SentJudge(Judge):
    """Judges the events of a hidden layer: order, promises, counts, and nothing after the end."""

    def _offer(self) -> int:
        """Return the bits: only a spike has an address, which is undefined before the first one."""
        payload = str(self._payload.value)
        spikes = payload.endswith(f"{Kind.SPIKE.value:02b}")
        return int(payload if spikes else payload.replace("X", "0"), 2)

    def take(self, cycle: int, payload: int) -> None:
        """Judge an event."""
        event = self.fields(payload)
        expected, left = self.expected, self._left
        sends = expected.config.folding.sends
        where = f"cycle {cycle}: {event}"
        assert event["image"] == expected.image & 1, where
        assert self.promised <= DEADLINE, f"{where} after the end"
        if event["kind"] == Kind.END.value:
            assert self.cut or not left, f"{where}, expected {left[0]}"
            self.promised = DEADLINE + 1
            return
        tick = event["tick"]
        assert self.promised <= tick, f"{where}, but {self.promised} was promised"
        assert event["context.spikes_in.0"] == expected.rows_before(tick), where
        if event["kind"] == Kind.SPIKE.value:
            if sends == 1:
                neurons = [event["address"]]
                if not expected.config.folding.convolves:  # else they come in any order
                    assert left[:1] == [(tick, *neurons)], f"{where}, of {left}"
            else:
                banks = [bank for bank in range(sends) if event[f"banks.{bank}.present"]]
                neurons = [event[f"banks.{bank}.index"] * sends + bank for bank in banks]
            assert neurons, f"{where}: a spike of none"
            for neuron in neurons:
                assert (tick, neuron) in left, f"{where}, of {left}"
                left.remove((tick, neuron))
        assert all(before >= tick for before, _ in left), f"{where}: spike lost"
        self.promised = tick


class PotentialsJudge(Judge):
    """Judges the potentials of the last layer: those of every tick, group by group."""

    sweep: SimHandleBase | None = None
    """The fields that the operations of a sweep share, if the layer has some."""
    _shared: dict[str, int]

    def begin(self, expected: Expected) -> None:
        """Expect an image, from the tick of its first event on."""
        super().begin(expected)
        groups = range(expected.config.folding.groups)
        self._order = list(itertools.product(range(expected.start, DEADLINE + 1), groups))

    def take(self, cycle: int, payload: int) -> None:
        """Judge a group's potentials."""
        values = self.fields(payload)
        group = values["operation.group"]
        if self.sweep is not None:
            if group == 0:  # in this cycle only
                shared = unpack(sweep_layout(self.expected.config), [int(self.sweep.value)])
                self._shared = {
                    f"operation.{name}": int(value[0]) for name, value in shared.items()
                }
            values |= self._shared
        tick = values["operation.tick"]
        where = f"cycle {cycle}: group {group} at tick {tick}"
        assert values["operation.image"] == self.expected.image & 1, where
        assert self._order[self._next : self._next + 1] == [(tick, group)], where
        assert values["operation.context.spikes_in.0"] == self.expected.rows_before(tick), where
        self._next += 1
        folding, bits = self.expected.config.folding, self.expected.config.widths.M
        for lane in range(folding.lanes):
            neuron = group * folding.lanes + lane
            if neuron < folding.n_out:
                M = values[f"M.{lane}"]
                M -= (M >> bits - 1) << bits
                assert self.expected.M[tick, neuron] == M, f"{where}: M of neuron {neuron} is {M}"
        if group == folding.groups - 1:
            self.promised = tick


class LayerBench(BlockBench):
    """A layer's ports; `decided_image` is what the Decision would say."""

    def __init__(self, dut: Dut) -> None:
        super().__init__(dut)
        self.config = config = self.arguments.config
        self.last = config.folding.last
        self.decides = False
        """From the cycle before a decision on all is taken, as layer and Decision would."""
        self.events_source = self.source("events", input_event_layout(config), at_random(1))
        # A layer of several rows per cycle has its potentials taken at once, as by the Decision.
        at_once = self.last and config.folding.rows > 1
        willing = at_random(2, lambda: at_once or self.decides)
        if self.last:
            layout = potentials_layout(config)
            self.judge = self.sink("potentials", layout, willing, PotentialsJudge)
            if config.shared_fields:
                self.judge.sweep = dut.sweep
        else:
            self.judge = self.sink("sent", output_event_layout(config), willing, SentJudge)
        self.drive(host__valid=0, host__payload=0, answers__ready=0, decided_image=1)

    def events(self, image: int, ticks: np.ndarray) -> Iterator[tuple[int, int]]:
        """(tick, payload) of an image's events before its end, with promises in between."""
        rows = np.flatnonzero(ticks).tolist()
        random.shuffle(rows)
        listed = [("SPIKE", int(ticks[beat[0]]), beat) for beat in self.beats(rows, ticks)]
        promises = random.sample(range(1, DEADLINE + 1), random.choice((0, 0, 3, 10)))
        listed += [("ADVANCE", tick, ()) for tick in promises]
        banks = self.config.folding.rows
        for kind, tick, beat in sorted(listed, key=lambda event: event[1]):
            fields = {"kind": Kind[kind].value, "image": image & 1, "tick": tick}
            for row in beat:
                bank = f"banks.{row % banks}"
                if banks == 1:
                    fields["address"] = row
                else:
                    fields |= {f"{bank}.present": 1, f"{bank}.index": row // banks}
            yield tick, pack(input_event_layout(self.config), fields)

    def beats(self, rows: list[int], ticks: np.ndarray) -> Iterator[list[int]]:
        """Rows that come together: of one tick, at most one of a bank, and now and then fewer."""
        banks = self.config.folding.rows
        beat: list[int] = []
        for row in sorted(rows, key=lambda row: ticks[row]):
            same = beat and ticks[beat[0]] == ticks[row]
            fits = same and row % banks not in {one % banks for one in beat}
            if beat and not (fits and random.random() < 0.8):
                yield beat
                beat = []
            beat.append(row)
        if beat:
            yield beat

    async def image(self, image: int, decided_early: bool) -> None:
        """Send an image, and wait for its end."""
        n_in = self.config.folding.n_in
        latest = random.randint(1, DEADLINE)
        ticks = np.array([random.randint(0, latest) for _ in range(n_in)])
        if self.config.folding.one_tick:
            ticks = np.where(ticks, UNIT, 0)
        if image % 7 == 6:
            ticks[:] = 0
        events = list(self.events(image, ticks))
        start = events[0][0] if events else DEADLINE
        self.decides = False
        self.judge.begin(Expected(self.arguments, image, ticks, start))
        end = pack(input_event_layout(self.config), {"kind": Kind.END.value, "image": image & 1})
        if decided_early:
            cocotb.start_soon(self._decide(image, random.randint(1, 150)))
        latest = start
        for tick, payload in events:
            await self.events_source.send(payload)
            # A promise is kept without anything more.
            if payload & 3 == Kind.ADVANCE.value and not decided_early and tick > latest:
                await self.judge.until(tick)
            latest = tick
        await self.events_source.send(end)
        if self.last:
            if not decided_early:
                await self.judge.until(DEADLINE)
            await self.domain.cycles(10)
        else:
            await self.judge.until(DEADLINE + 1)
        await self._decide(image, 0)
        await self.domain.cycles(40 if self.last else 0)  # the Decision discards what comes late

    async def _decide(self, image: int, after: int) -> None:
        await self.domain.cycles(after)
        if self.judge.expected.image == image:
            self.judge.cut = self.decides = True
            await self.domain.cycles(1)
            self.dut.decided_image.value = image & 1
