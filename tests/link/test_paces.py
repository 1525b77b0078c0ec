# SPDX-License-Identifier: BSD-2-Clause
"""How fast bytes may come, and how fast events go on."""

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.engine import Engine
from firstspike.hdl.link.framing.receiver import LAST_PLACE, SPACING, Receiver
from firstspike.hdl.link.framing.ring import Ring
from firstspike.hdl.link.framing.uart import LINE_SPACING
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import Request, encode_frame
from firstspike.hdl.link.protocol.messages import Length, bitmap_bytes, packed
from tests.support.link_board import events_request, small_network

PAGE = (Path(__file__).parents[2] / "docs" / "link.md").read_text()

EVENT_CYCLES = 8
"""Cycles per event that comes over the link, as docs/link.md says."""

PIXELS = 16


def simulate(design, testbench, *others) -> None:
    """Run testbenches, the first one to its end."""
    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    for other in others:
        simulator.add_testbench(other, background=True)
    simulator.run()


def put_by_receiver(mask: np.ndarray, frames: list[bytes], spacing: int) -> list[list[int]]:
    """Return what a Receiver puts into the ring when bytes come `spacing` cycles apart."""
    lengths = {Request.HELLO: Length(0), Request.PIXELS: Length(1 + bitmap_bytes(len(mask)))}
    receiver = Receiver(lengths, selects=True)
    places = bytes(LAST_PLACE) + bytes(reversed(packed(mask)))
    found = [[]]

    async def line(ctx):
        for byte in b"".join(frames):
            ctx.set(receiver.received.payload.data, byte)
            ctx.set(receiver.received.valid, 1)
            await ctx.tick()
            ctx.set(receiver.received.valid, 0)
            await ctx.tick().repeat(spacing - 1)
        await ctx.tick().repeat(LINE_SPACING)

    async def masks(ctx):
        while True:
            *_, valid, place = await ctx.tick().sample(receiver.select.valid, receiver.select.place)
            ctx.set(receiver.mask, places[place] if valid and place < len(places) else 0xA5)

    async def take(ctx):
        while True:
            *_, valid, payload = await ctx.tick().sample(receiver.put.valid, receiver.put.payload)
            if valid and payload.mark:
                found.append([])
            elif valid:
                found[-1].append(payload.data)

    m = Module()
    m.submodules.receiver = receiver
    simulate(m, line, masks, take)
    return found[:-1]


@pytest.mark.parametrize(
    ("spacing", "right"), [(LINE_SPACING, True), (SPACING, True), (SPACING - 1, False)]
)
def test_the_receiver_keeps_its_promise_and_needs_no_less(spacing, right):
    """Bitmaps of which any number of pixels is connected, before the last byte and in it."""
    rng = np.random.default_rng(1)
    wrong = 0
    for before in range(8):
        for last in (0x01, 0x80, 0xC0, 0xFF):
            mask = np.arange(PIXELS) < before
            mask[8:] = [last >> i & 1 for i in range(8)]
            pixels = rng.random((2, PIXELS)) < 0.5
            frames = [
                encode_frame(Request.PIXELS, number, b"\xff" + packed(one))
                for number, one in enumerate(pixels)
            ]
            wanted = [
                [Request.PIXELS, number, 0xFF, *packed(one[mask])]
                for number, one in enumerate(pixels)
            ]
            found = put_by_receiver(mask, frames, spacing)
            wrong += [frame[:-2] for frame in found] != wanted  # without the checksum
    assert (wrong == 0) == right
    assert SPACING <= LINE_SPACING


def test_events_go_on_at_the_pace_that_is_said():
    network = small_network()
    config = CoreConfig.of(
        network.connected(), linked_folding(network, CoreShape(lanes=4, window=0))
    )
    m = Module()
    m.submodules.ring = ring = Ring(64)
    m.submodules.engine = engine = Engine(config, 80, digit=False)
    wiring.connect(m, ring.get, engine.get)
    m.d.comb += [
        ring.every_cycle.eq(engine.every_cycle),
        engine.follows.eq(ring.follows),
        engine.core.events.ready.eq(1),
    ]
    kind, payload = events_request([(3, row) for row in range(8)])
    cycles, rows = [], []

    async def put(ctx):
        for byte in (kind, 0, *payload, 0, None):
            ctx.set(ring.put.payload.data, byte or 0)
            ctx.set(ring.put.payload.mark, byte is None)
            ctx.set(ring.put.valid, 1)
            await ctx.tick()
            ctx.set(ring.put.valid, 0)
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

    simulate(m, put, take)
    assert rows[:8] == list(range(8))
    assert f"{EVENT_CYCLES} cycles per event" in PAGE
    assert np.diff(cycles).tolist() == [EVENT_CYCLES] * 7 + [2]  # END is the last
