# SPDX-License-Identifier: BSD-2-Clause
"""How fast bytes may come, and how fast events go on."""

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring

from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.engine import Engine
from firstspike.hdl.link.framing.packet_fifo import PacketFifo
from firstspike.hdl.link.framing.receiver import SPACING, Receiver
from firstspike.hdl.link.framing.spi import BYTE_CLOCKS
from firstspike.hdl.link.framing.uart import LINE_SPACING
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import Request, encode_frame
from firstspike.hdl.link.protocol.messages import Length
from tests.support.link_board import events_request, small_network
from tests.support.simulators import run_bench

LINES = (Path(__file__).parents[2] / "docs" / "link.md").read_text()
PAGE = " ".join(LINES.split())  # wherever a line breaks

EVENT_CYCLES = 8
"""Cycles per event that comes over the link, as docs/link.md says."""


def receive(frames: list[bytes], spacing: int) -> list[list[int]]:
    """Return what a Receiver stores when bytes arrive every `spacing` cycles, frame by frame."""
    receiver = Receiver({Request.HELLO: Length(0), Request.INPUTS: Length(3)})
    stored = [[]]

    async def line(ctx):
        for byte in b"".join(frames):
            ctx.set(receiver.received.payload.data, byte)
            ctx.set(receiver.received.valid, 1)
            await ctx.tick()
            ctx.set(receiver.received.valid, 0)
            await ctx.tick().repeat(spacing - 1)
        await ctx.tick().repeat(LINE_SPACING)

    async def store(ctx):
        while True:
            *_, valid, payload = await ctx.tick().sample(receiver.put.valid, receiver.put.payload)
            if valid and payload.mark:
                stored.append([])
            elif valid:
                stored[-1].append(payload.data)

    run_bench(receiver, line, store)
    return stored[:-1]


@pytest.mark.parametrize(
    ("spacing", "right"), [(LINE_SPACING, True), (SPACING, True), (SPACING - 2, False)]
)
def test_the_receiver_needs_its_spacing(spacing, right):
    rng = np.random.default_rng(1)
    payloads = [bytes([255, *rng.integers(0, 256, 2).tolist()]) for _ in range(64)]
    frames = [encode_frame(Request.INPUTS, *one) for one in enumerate(payloads)]
    expected = [[Request.INPUTS, number, *one] for number, one in enumerate(payloads)]
    stored = receive(frames, spacing)
    assert ([frame[:-2] for frame in stored] == expected) == right  # without the checksum
    assert SPACING <= LINE_SPACING
    assert SPACING < BYTE_CLOCKS  # of SPI, one of which jitter may take


def test_events_go_on_at_the_pace_that_is_said():
    network = small_network()
    config = CoreConfig.of(
        network.connected(), linked_folding(network, CoreShape(lanes=4, window=0))
    )
    m = Module()
    m.submodules.fifo = fifo = PacketFifo(64)
    m.submodules.engine = engine = Engine(config, 80, digit=False)
    wiring.connect(m, fifo.get, engine.get)
    m.d.comb += [
        fifo.every_cycle.eq(engine.every_cycle),
        engine.prefetched.eq(fifo.prefetched),
        engine.core.events.ready.eq(1),
    ]
    kind, payload = events_request([(3, row) for row in range(8)])
    cycles, rows = [], []

    async def put(ctx):
        for byte in (kind, 0, *payload, 0, None):
            ctx.set(fifo.put.payload.data, byte or 0)
            ctx.set(fifo.put.payload.mark, byte is None)
            ctx.set(fifo.put.valid, 1)
            await ctx.tick()
            ctx.set(fifo.put.valid, 0)
            await ctx.tick().repeat(SPACING)
        await ctx.tick().repeat(200)

    async def take(ctx):
        cycle = 0
        while True:
            events = engine.core.events
            *_, valid, event = await ctx.tick().sample(events.valid, events.payload)
            cycle += 1
            if valid:
                cycles.append(cycle)
                rows.append(event.address)

    run_bench(m, put, take)
    assert rows[:8] == list(range(8))
    assert f"{EVENT_CYCLES} cycles per event" in PAGE
    assert np.diff(cycles).tolist() == [EVENT_CYCLES] * 7 + [2]  # END is the last
