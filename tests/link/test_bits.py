# SPDX-License-Identifier: BSD-2-Clause
"""A whole serial core, bit by bit on its two wires, and what it makes of bad lines."""

import asyncio
from types import SimpleNamespace

import pytest

from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DELIMITER,
    ERROR_FORMAT,
    Cause,
    Notice,
    Request,
    encode_frame,
)
from firstspike.sim.benches.link.fuzz import WRONG, fuzz
from firstspike.sim.benches.link.fuzz_bench import FuzzBench
from firstspike.sim.benches.link.script import CLOCK, Script, run_script, serial_core_verilog
from tests.support.link_board import (
    RING_BYTES,
    SmallBoard,
    decision_of,
    inputs_request,
    small_network,
)


def test_images_go_over_the_wires_and_framing_errors_are_told():
    board = SmallBoard(small_network())
    pixels = board.pixels(12)
    verilog = serial_core_verilog(
        board.config, board.network, weights=board.network.weights, ring_bytes=RING_BYTES
    )
    script = Script().request(Request.HELLO, 0).answers(1)
    script.stream([inputs_request(image, board.network) for image in pixels], 1, RING_BYTES - 1)
    script.broken(b"\x55").send(DELIMITER).request(Request.STATUS, 13).answers(15)
    answers = run_script(verilog, script, bits=CLOCK // 3_000_000).answers
    assert [decision_of(a, 2) for a in answers[1:13]] == board.expected(pixels)
    assert (answers[13].kind, answers[13].payload) == (
        Notice.ERROR,
        ERROR_FORMAT.pack(Cause.FRAMING, 1),
    )
    assert (answers[14].kind, answers[14].sequence) == (Request.STATUS + ANSWER, 13)


def test_an_answer_that_is_no_frame_is_wrong():
    bench = FuzzBench.__new__(FuzzBench)  # without a simulation
    content = bytes([Notice.ERROR, 1]) + DELIMITER + encode_frame(Request.STATUS + ANSWER, 7)
    bench.line = SimpleNamespace(arrived=SimpleNamespace(content=content))
    bench.domain, bench._read = SimpleNamespace(cycle=0), 0
    wrong = asyncio.run(bench.answered([bytes([Request.STATUS + ANSWER, 7])]))
    assert wrong == f"{WRONG}: 00ff01 instead of 8907"


@pytest.mark.long
@pytest.mark.parametrize(("frames", "bits"), [(1000, False), (160, True)])
def test_hostile_frames_do_no_harm(frames, bits):
    findings = fuzz("test", frames, bits=bits)
    assert findings.harmful == []
    assert findings.frames == frames
    assert min(findings.kinds.values()) > 0
    assert len(findings.kinds) == (17 if bits else 15)
