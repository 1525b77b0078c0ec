# SPDX-License-Identifier: BSD-2-Clause
"""The link over SPI: frames without gaps, and a whole board behind a master's wires."""

import random

import pytest

from firstspike.hdl.link.framing.spi import BYTE_CLOCKS
from firstspike.hdl.link.framing.transmitter import Transmitter
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DELIMITER,
    Cause,
    Notice,
    Request,
    decode_frame,
)
from firstspike.hdl.link.protocol.lines import SPI_CLOCKS, Line
from firstspike.hdl.link.protocol.messages import weight_bytes
from firstspike.sim.benches.link.script import Script, run_script, serial_core_verilog
from tests.support.link_board import (
    RING_BYTES,
    SmallBoard,
    decision_of,
    inputs_request,
    put_response,
    small_network,
)
from tests.support.simulators import run_bench


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
