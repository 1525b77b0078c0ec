# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of the link one by one, with pauses on both sides."""

import gc
import random
import re
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from cobs import cobs

from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.clock import ClockError
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.lib.counting import TAPS, next_address, next_of_most
from firstspike.hdl.link.board_rom import BoardRom
from firstspike.hdl.link.engine import Engine
from firstspike.hdl.link.framing.packet_fifo import PacketFifo
from firstspike.hdl.link.framing.receiver import SPACING, Receiver
from firstspike.hdl.link.framing.spi import BYTE_CLOCKS
from firstspike.hdl.link.framing.transmitter import Transmitter
from firstspike.hdl.link.framing.uart import (
    LINE_SPACING,
    TOLERANCE,
    UartReceiver,
    divisor_of,
)
from firstspike.hdl.link.handlers.handler import Handler
from firstspike.hdl.link.handlers.word_packer import WordPacker
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    BAUD,
    DELIMITER,
    Cause,
    Notice,
    Request,
    decode_frame,
    encode_frame,
)
from firstspike.hdl.link.protocol.identity import DesignProperties, identity_of
from firstspike.hdl.link.protocol.lines import SPI_CLOCKS, Line
from firstspike.hdl.link.protocol.messages import Length, weight_bytes
from firstspike.sim.benches.link.script import Script, run_script, serial_core_verilog
from tests.support.command import deep_toy_network, toy_network
from tests.support.link_board import (
    RING_BYTES,
    SmallBoard,
    decision_of,
    events_request,
    inputs_request,
    put_response,
    small_network,
)
from tests.support.simulators import CLOCK, memory_sizes, refused, run_bench, sampled

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("network", [toy_network(), deep_toy_network()], ids=["one", "three"])
@pytest.mark.parametrize("digit", [False, True])
def test_the_rom_has_all_that_is_read_of_it(network, digit):
    """Zeros at its end, too: what is read behind a memory is anything, in logic."""
    config = CoreConfig.of(
        network.connected(), Folding.of(network.connected(), CoreShape(5, bitmap=8))
    )
    identity = identity_of(config, network, DesignProperties(clock_hz=1))
    rom = BoardRom(identity, np.zeros(36, bool) if digit else None)
    hello = 1 + len(identity.to_bytes())
    ((_, depth),) = memory_sizes(rom)
    assert depth == ((1 << (hello - 1).bit_length()) + 6 if digit else hello)


@pytest.mark.parametrize("clock", [12_000_000, 24_000_000, 75_000_000, 81_250_000, 99_900_000])
def test_clocks_that_make_the_rate(clock):
    assert abs(clock / divisor_of(clock) / BAUD - 1) <= 0.01


@pytest.mark.parametrize(
    ("mhz", "advice"),
    [
        (79.5, "79.5 MHz is no multiple of the link's 3 Mbaud: take 78 or 81 MHz."),
        (13, "take 12 or 15 MHz."),
        (9, "9 MHz is too slow for the link's 3 Mbaud: take 12 MHz."),
        (11, "take 12 MHz."),
        (1, "take 12 MHz."),
    ],
)
def test_clocks_that_do_not(mhz, advice):
    with pytest.raises(ClockError, match=re.escape(advice)):
        divisor_of(mhz * 1_000_000)


@pytest.mark.parametrize("divisor", [4, 7])
@pytest.mark.parametrize("drift", [-2 * TOLERANCE, 0, 2 * TOLERANCE])
def test_uart_finds_bytes_breaks_and_glitches(divisor, drift):
    """On a line where both ends are off, with bits that begin at any time."""
    receiver = UartReceiver(divisor)
    bit = divisor * (1 + drift) * CLOCK
    rng = random.Random(2)
    expected, found = [], []

    async def line(ctx):
        async def levels(*bits):
            for level in bits:
                ctx.set(receiver.rx, level)
                await ctx.delay(bit)

        await ctx.delay(3.3 * CLOCK)
        for _ in range(60):
            byte = rng.randrange(256)
            kind = rng.choice(("byte", "byte", "no stop bit", "break"))
            if kind == "break":
                await levels(*[0] * rng.randrange(11, 40), 1)
                expected.append((0, 1))
            else:
                stop = (1,) if kind == "byte" else (0, 1)
                await levels(0, *(byte >> i & 1 for i in range(8)), *stop)
                expected.append((byte, 1 - stop[0]))
            await ctx.delay(rng.choice((0, rng.random())) * 3 * bit)
        await ctx.delay(20 * bit)

    async def watch(ctx):
        while True:
            await ctx.tick()
            if ctx.get(receiver.received.valid):
                payload = receiver.received.payload
                found.append((ctx.get(payload.data), ctx.get(payload.broken)))

    run_bench(receiver, line, watch)
    assert found == expected


@pytest.mark.parametrize("pauses", sampled([True, False], 2))
def test_frames_are_coded_as_the_host_decodes_them(pauses):
    rng = random.Random(3)
    payloads = [b"", b"\0", b"\1", bytes(300), b"\7" * 250, b"\7" * 251, b"\7" * 252, b"\7" * 253]
    payloads += [b"\7" * 260 + bytes(2), b"\7" * 600, bytes(range(256)) * 3]
    payloads += [rng.randbytes(rng.randrange(40)) for _ in range(30)]
    frames = [(rng.randrange(256), rng.randrange(256), payload) for payload in payloads]
    transmitter = Transmitter()
    response, sent = transmitter.response, transmitter.sent

    async def give(ctx):
        for kind, sequence, payload in frames:
            for byte in (kind, sequence, *payload, None):
                while pauses and rng.random() < 0.3:
                    await ctx.tick()
                await put_response(ctx, response, byte)

    async def take(ctx):
        content, count, idle = bytearray(), 0, 0
        while count < len(frames):
            idle += 1
            assert idle < 5000
            if pauses and rng.random() < 0.3:  # a line, which is slower than the engine
                await ctx.tick().repeat(rng.choice((1, 20)))
            ctx.set(sent.ready, 1)
            *_, valid, byte = await ctx.tick().sample(sent.valid, sent.payload)
            ctx.set(sent.ready, 0)
            if valid:
                idle = 0
                content.append(byte)
                count += byte == 0
        coded = bytes(content).split(DELIMITER)[:-1]
        assert [decode_frame(frame) for frame in coded] == frames
        assert all(len(frame) <= len(cobs.encode(cobs.decode(frame))) + 1 for frame in coded)

    run_bench(transmitter, take, give)


@pytest.mark.parametrize("width", TAPS)
@pytest.mark.parametrize(("following", "left_out"), [(next_address, 0), (next_of_most, 1)])
def test_places_take_turns(width, following, left_out):
    m = Module()
    place = Signal(width)
    m.d.sync += place.eq(following(place))

    async def watch(ctx):
        addresses = set()
        count = (1 << width) - left_out
        for _ in range(count):
            addresses.add(ctx.get(place))
            await ctx.tick()
        assert len(addresses) == count
        assert ctx.get(place) == 0

    run_bench(m, watch)


@pytest.mark.filterwarnings("ignore:.*created but never used")
@pytest.mark.parametrize("depth", [8, 100, 1 << 15])
def test_impossible_packet_fifos_are_refused(depth):
    with pytest.raises(ValueError, match=f"a power of two of bytes, 16 to 16384, not {depth}"):
        PacketFifo(depth)
    gc.collect()


@pytest.mark.parametrize(("width", "count"), [(8, 5), (16, 1), (16, 6), (32, 13), (32, 8)])
@pytest.mark.parametrize("pauses", [False, True])
def test_words_are_packed_of_bytes(width, count, pauses):
    """Image after image; the words of one come without a pause, and before the next one's bytes."""
    rng = random.Random(width + count)
    packer = WordPacker(width, count)
    images = [rng.randbytes(count) for _ in range(12)]
    lanes = width // 8

    async def give(ctx):
        for image in images:
            for byte in image:
                while pauses and rng.random() < 0.3:
                    await ctx.tick()
                ctx.set(packer.i.payload, byte)
                ctx.set(packer.i.valid, 1)
                await ctx.tick().until(packer.i.ready)
                ctx.set(packer.i.valid, 0)

    async def take(ctx):
        for image in images:
            for start in range(0, count, lanes):
                if pauses and rng.random() < 0.5:
                    await ctx.tick().repeat(rng.randrange(1, 9))
                ctx.set(packer.o.ready, 1)
                waited = 0
                while not ctx.get(packer.o.valid):
                    await ctx.tick()
                    waited += 1
                assert waited == 0 or start == 0
                part = image[start : start + lanes]
                word = ctx.get(packer.o.payload).to_bytes(lanes, "little")
                assert word[: len(part)] == part
                assert not ctx.get(packer.i.ready)
                await ctx.tick()
                ctx.set(packer.o.ready, 0)

    run_bench(packer, take, give)


@pytest.mark.parametrize(("width", "count"), [(0, 3), (12, 3), (8, 0)])
def test_impossible_words_are_refused(width, count):
    refused(lambda: WordPacker(width, count), f"at least 1 byte, not of {width} and {count}")


def test_every_request_has_one_handler():
    handlers = Handler.__subclasses__()
    assert sorted(one for handler in handlers for one in handler.requests) == sorted(Request)


# How fast bytes may come, and how fast events go on.

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


# The link over SPI: frames without gaps, and a whole board behind a master's wires.


@pytest.mark.long
@pytest.mark.parametrize("gapless", [True, False])
def test_a_frame_of_any_length_has_no_gap(gapless):
    """Send on a line with a fixed time per byte, from a slightly faster engine."""
    rng = random.Random(6)
    frames = [
        bytes(range(60)),
        b"",
        b"\0",
        b"\7" * 300,
        bytes(40),
        bytes(range(256)) * 3,
        b"\7" * 1600,
        b"\7" * 160,
        b"\1\0",
    ]
    frames += [rng.randbytes(rng.randrange(30)) for _ in range(5)]
    transmitter = Transmitter(gapless)
    response, sent = transmitter.response, transmitter.sent
    gaps = 0

    async def give(ctx):
        for number, payload in enumerate(frames):
            after_long = number and len(frames[number - 1]) > 1000  # then the line becomes idle
            await ctx.tick().repeat(600 * BYTE_CLOCKS if after_long else rng.choice((1, 500)))
            for byte in (Request.READ | ANSWER, 0, *payload, None):
                await put_response(ctx, response, byte)
                await ctx.tick().repeat(rng.choice((1, BYTE_CLOCKS // 2, BYTE_CLOCKS - 8)))

    async def take(ctx):
        nonlocal gaps
        content = bytearray()
        while content.count(0) < len(frames):
            ctx.set(sent.ready, 1)
            *_, valid, byte = await ctx.tick().sample(sent.valid, sent.payload)
            ctx.set(sent.ready, 0)
            if valid:
                content.append(byte)
            elif content and content[-1]:
                gaps += 1
            await ctx.tick().repeat(BYTE_CLOCKS - 1)
        coded = bytes(content).split(DELIMITER)[:-1]
        assert [decode_frame(one)[2] for one in coded] == frames

    run_bench(transmitter, take, give)
    assert (gaps == 0) == gapless


@pytest.mark.long
@pytest.mark.parametrize("pauses", [True, False])
def test_images_and_long_answers_go_over_spi(pauses):
    """Bytes right behind one another, or with pauses, jitter and chip selects within a frame."""
    board = SmallBoard(small_network())
    network = board.network
    pixels = board.pixels(12)
    words = board.config.layers[0].words
    verilog = serial_core_verilog(
        board.config, network, weights=network.weights, ring_bytes=RING_BYTES, line=Line.SPI
    )
    script = Script().request(Request.HELLO, 0).answers(1)
    images = [inputs_request(image, network) for image in pixels]
    script.stream(images, 1, RING_BYTES - 1).request(Request.READ, 13, bytes([0, 0, 0, 0, words]))
    script.answers(14).send(b"\5\1\2").send(DELIMITER).answers(15)
    script.request(Request.CHECKSUM, 14).answers(16)
    answers = run_script(verilog, script, bits=SPI_CLOCKS, pauses=pauses, line=Line.SPI).answers
    assert [decision_of(one, 2) for one in answers[1:13]] == board.expected(pixels)
    assert [one.sequence for one in answers[:14]] == list(range(14))
    assert answers[13].payload == weight_bytes(board.config, network)[0]
    assert (answers[14].kind, answers[14].payload[0]) == (Notice.ERROR, Cause.FRAMING)
    assert (answers[15].kind, answers[15].sequence) == (Request.CHECKSUM + ANSWER, 14)
