# SPDX-License-Identifier: BSD-2-Clause
"""A board with the link that has its first weights from a flash: what it answers."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import Network
from firstspike.golden.flash import IDENTITY_BYTES, WORD_BYTES, Fault, header_of
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.flash.image import network_image
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    CHECKSUM_FORMAT,
    ERROR_FORMAT,
    PROBE,
    Cause,
    Notice,
    Request,
)
from firstspike.hdl.link.protocol.messages import weight_bytes, weight_writes
from firstspike.sim.benches.link.script import Answer, Script
from tests.support.command import toy_network
from tests.support.flashed_link import damage_link, flashed_board, image_at, lack_of
from tests.support.link_board import RING_BYTES, decision_of, fields_of, inputs_request

BOARD = flashed_board()
LAYERS = len(BOARD.network.weights)
PIXELS = BOARD.pixels(6)
IMAGES = [inputs_request(image, BOARD.network) for image in PIXELS]


def weights_of(network: Network) -> bytes:
    """The words of a network's weights in the format of the link."""
    return b"".join(weight_bytes(BOARD.config, network.connected()))


def writes(network: Network) -> list[tuple[Request, bytes]]:
    """The requests that write all weights of a network."""
    content = weight_bytes(BOARD.config, network.connected())
    return [(Request.WRITE, one) for one in weight_writes(BOARD.config, content, 64)]


def answers(script: Script, requests: list[tuple[Request, bytes]]) -> list[Answer]:
    """Return the answers of the board to HELLO and these requests, after the script."""
    script.request(Request.HELLO, 0).answers(1)
    return BOARD.run(script.stream(requests, 1, RING_BYTES - 1)).answers


def decisions(answers: list[Answer]) -> list[tuple]:
    """The decisions in answers."""
    return [decision_of(answer, LAYERS) for answer in answers]


@pytest.mark.parametrize(("lanes", "rows"), [((3, 2), 1), ((5, 4), 1), ((12, 4), 4), ((7, 3), 2)])
def test_an_image_has_its_words_in_the_order_of_the_design(lanes, rows):
    """Section 8: layer, group, row and chunk, the lowest chunk first."""
    network = toy_network().connected()
    folding = Folding.of(network, CoreShape(lanes, rows=rows))
    expected = b""
    for layer, weights in zip(folding.layers, network.weights, strict=True):
        below = -len(weights) % layer.rows
        padded = np.pad(weights, ((0, below), (0, -weights.shape[1] % layer.lanes)))
        for group in np.split(padded, padded.shape[1] // layer.lanes, axis=1):
            for row in group.astype(np.uint8):
                word = bytes(row[::-1]).rjust(-(-layer.lanes // 4) * 4, b"\0")
                expected += b"".join(word[at : at + 4] for at in reversed(range(0, len(word), 4)))
    image = network_image(CoreConfig.of(network, folding), network, bytes(IDENTITY_BYTES))
    header = header_of(bytes(IDENTITY_BYTES), len(expected) // WORD_BYTES)
    assert image[:-WORD_BYTES] == header + expected


@pytest.mark.long
def test_a_host_that_talks_while_weights_are_read_waits():
    """Each request comes first: what takes weights waits, and a dropped frame is told at once."""
    content = image_at(BOARD)
    reading = 16 * len(content)  # clock cycles, at least
    wanted = weights_of(BOARD.network)
    for request in (IMAGES[0], (Request.CHECKSUM, b""), writes(BOARD.network)[0]):
        script = Script().start(content).request(request[0], 0, request[1])
        script.request(Request.CHECKSUM, 1).answers(2)
        first, second = BOARD.run(script).answers
        assert (first.kind, first.sequence) == (request[0] + ANSWER, 0)
        assert first.cycle > reading
        assert CHECKSUM_FORMAT.unpack(second.payload) == (zlib.crc32(wanted),)
        if request is IMAGES[0]:
            assert decisions([first]) == BOARD.expected(PIXELS[:1])
    script = Script().start(content).request(PROBE, 77).answers(1)
    script.request(Request.STATUS, 0).answers(2)
    notice, status = BOARD.run(script).answers
    assert fields_of([notice]) == [(Notice.ERROR, 0, ERROR_FORMAT.pack(Cause.TYPE, 1))]
    assert notice.cycle < reading < status.cycle


def test_the_host_loads_other_weights_over_those_of_the_flash():
    other = replace(
        BOARD.network, weights=tuple(np.roll(one, 1, axis=0) for one in BOARD.network.weights)
    )
    requests = writes(other)
    script = Script().start(image_at(BOARD))
    _, *rest = answers(script, [*IMAGES, *requests, (Request.CHECKSUM, b""), *IMAGES])
    before, after = rest[: len(IMAGES)], rest[-len(IMAGES) :]
    checksum = rest[-len(IMAGES) - 1]
    assert decisions(before) == BOARD.expected(PIXELS)
    assert CHECKSUM_FORMAT.unpack(checksum.payload) == (zlib.crc32(weights_of(other)),)
    expected = replace(BOARD, network=other).expected(PIXELS)
    assert decisions(after) == expected
    assert expected != BOARD.expected(PIXELS)


def test_the_button_shows_nothing_without_weights():
    script = Script().start({}).request(Request.HELLO, 0).answers(1).press().pause(2000)
    assert BOARD.run(script).shown == -1
    script = Script().start(image_at(BOARD)).request(Request.HELLO, 0).answers(1)
    script.press().pause(2000)
    ((decision, *_),) = BOARD.expected(BOARD.pixels(1))
    assert BOARD.run(script).shown == decision


def test_what_is_wrong_with_the_flash_is_told():
    whole = image_at(BOARD)
    first_address = min(whole)
    cut = dict.fromkeys(list(whole)[-WORD_BYTES - 40 :], 0xFF)
    script, wanted = Script(), []
    for content, fault in (
        (whole, None),
        (cut, Fault.DAMAGED),
        ({first_address + 4: whole[first_address + 4] ^ 1}, Fault.OTHER),
        (dict.fromkeys(range(first_address, first_address + 4), 0), Fault.ABSENT),
        (image_at(BOARD, 1), Fault.FOREIGN),
    ):
        wanted.append(fault)
        script.start(content).request(Request.HELLO, 0).answers(len(wanted))
    assert [lack_of(answer) for answer in BOARD.run(script).answers] == wanted


def test_no_damaged_byte_leads_to_a_decision():
    damage_link(20)
