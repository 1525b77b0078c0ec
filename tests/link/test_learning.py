# SPDX-License-Identifier: BSD-2-Clause
"""Learning over the link, against the golden rule."""

import zlib
from dataclasses import replace

import numpy as np

from firstspike.golden import encode
from firstspike.golden.learning.learn import learn
from firstspike.golden.learning.rule import REGISTERS, UNLABELLED, Settings
from firstspike.golden.learning.state import LearningState
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol import formats as protocol
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    CHECKSUM_FORMAT,
    SETTINGS_BYTES,
    SETTINGS_FORMAT,
    Cause,
    Notice,
    Request,
)
from firstspike.hdl.link.protocol.messages import settings_payload, weight_bytes
from firstspike.sim.benches.link.script import Script, linked_core_verilog, run_script
from tests.support.link_board import RING_BYTES, inputs_request

STATE = LearningState.random((20, 13, 4), 8, 3)
STATE = replace(
    STATE,
    template=replace(
        STATE.template,
        thresholds=(40, 30),
        n_inputs=35,
        inputs=np.arange(5, 25),
    ),
)
CONNECTED = STATE.template.connected()
FOLDING = linked_folding(CONNECTED, CoreShape(lanes=4, window=0))
SHAPE = CoreConfig.of(CONNECTED, FOLDING, stored_bits=STATE.stored_bits)
FIRST = Settings(step=3, row_draw=1, output_draw=0)


def settings_request(settings: Settings, seed: int) -> tuple[Request, bytes]:
    """The registers of the rule."""
    return Request.SETTINGS, settings_payload(settings, seed)


def requests_of(pixels, labels):
    """Return the requests for images with labels."""
    arguments = [protocol.UNLABELLED if label == UNLABELLED else int(label) for label in labels]
    return [
        inputs_request(image, STATE.template, label)
        for image, label in zip(pixels, arguments, strict=True)
    ]


def out_of_range() -> list[bytes]:
    """The payloads of SETTINGS that are wrong in one register, by little and by much."""
    good = Settings(step=7).registers(1)
    payloads = []
    for register in REGISTERS.values():
        most = (1 << 8 * SETTINGS_BYTES[register.name]) - 1
        # The last of them would be good in so many bits.
        wrong = {register.lowest - 1, register.highest + 1, most, most & ~register.highest | 2}
        for value in sorted(wrong):
            if 0 <= value <= most and not register.lowest <= value <= register.highest:
                payloads.append(SETTINGS_FORMAT.pack(*(good | {register.name: value}).values()))
    return payloads


def test_settings_out_of_range_are_refused_and_those_before_stay():
    rng = np.random.default_rng(9)
    pixels = np.where(rng.random((8, 35)) < 0.5, 255, 0).astype(np.uint8)
    labels, bad = np.arange(8) % 4, out_of_range()
    script = Script().ask(settings_request(FIRST, STATE.generator), 0)
    for number, payload in enumerate(bad):
        script.request(Request.SETTINGS, 1 + number, payload).answers(2 + number)
    begin = 1 + len(bad)
    script.stream(requests_of(pixels, labels), begin, RING_BYTES - 1)
    script.request(Request.CHECKSUM, begin + 8).answers(begin + 9)
    answers = _run(script)
    refused = [(Notice.REFUSED, 1 + number, bytes([Cause.RANGE])) for number in range(len(bad))]
    assert [(a.kind, a.sequence, a.payload) for a in answers[1:begin]] == refused
    state = STATE.copy()
    learn(state, encode(CONNECTED, pixels[:, 5:25]), labels, FIRST)
    assert answers[-1].payload == checksum_of(state)


def checksum_of(state: LearningState) -> bytes:
    """The answer to CHECKSUM of a board with these weights."""
    content = b"".join(weight_bytes(SHAPE, CONNECTED, state.weights))
    return CHECKSUM_FORMAT.pack(zlib.crc32(content))


def _run(script):
    verilog = linked_core_verilog(
        SHAPE, STATE.template, weights=STATE.weights, ring_bytes=RING_BYTES
    )
    return run_script(verilog, script).answers
