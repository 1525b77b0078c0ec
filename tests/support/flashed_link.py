# SPDX-License-Identifier: BSD-2-Clause
"""A small board with the link that has its first weights from a flash, and damage to that flash."""

from firstspike.golden import Network
from firstspike.golden.flash import Fault, ImageError, payload_of
from firstspike.hdl.flash.image import network_image, words_of
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    Cause,
    DecisionFlag,
    Identity,
    IdentityFlag,
    Request,
)
from firstspike.sim.benches.link.script import Answer, Script
from tests.support.damaged_flash import damages
from tests.support.flash_model import FLASH_ADDRESS
from tests.support.link_board import BUILD, SmallBoard, decision_of, inputs_request, small_network


def flashed_board(network: Network | None = None) -> SmallBoard:
    """Return a board for a network, or a small one, whose words have two chunks in one layer."""
    return SmallBoard(network or small_network(), loaded=True, lanes=9, flash_address=FLASH_ADDRESS)


def image_at(board: SmallBoard, shift: int = 0) -> dict[int, int]:
    """Return the right bytes of a board's flash, by their places, or moved by `shift`."""
    image = network_image(board.config, board.network.connected(), BUILD)
    return {FLASH_ADDRESS + shift + number: byte for number, byte in enumerate(image)}


def lack_of(answer: Answer) -> Fault | None:
    """Return why a board has no weights, as its answer to HELLO says; None if it has them."""
    assert answer.kind == Request.HELLO + ANSWER
    identity = Identity.from_bytes(answer.payload[1:])
    assert identity.has(IdentityFlag.NEEDS_WEIGHTS) or not identity.flags >> IdentityFlag.FAULT
    return identity.fault


def fault_of(board: SmallBoard, content: bytes) -> Fault | None:
    """Return what golden finds wrong with the content of a flash, from `FLASH_ADDRESS` on."""
    try:
        payload_of(content, BUILD, words_of(board.config))
    except ImageError as error:
        return error.fault
    return None


def damage_link(count: int, network: Network | None = None) -> int:
    """Damage `count` bytes of a flash, one by one; returns how many bytes its image has.

    The board is that of `flashed_board`.

    After each start the board must say what golden says of the flash, and refuse an image or
    decide it as golden does.
    """
    board = flashed_board(network)
    image = bytes(image_at(board).values())
    pixels = board.pixels(1)
    starts = [dict(enumerate(image)), *damages(image, count)]
    script = Script()
    for number, start in enumerate(starts):
        script.start({FLASH_ADDRESS + at: byte for at, byte in start.items()})
        script.request(Request.HELLO, 0).ask(inputs_request(pixels[0], board.network), 1)
        script.answers(2 * number + 2)
    answers = board.run(script).answers
    content, (expected,) = bytearray(image), board.expected(pixels)
    _, flags, *_ = expected
    assert not flags >> DecisionFlag.FORCED & 1  # else the weights would decide nothing
    decided = 0
    for number, start in enumerate(starts):
        for at, byte in start.items():
            content[at] = byte
        hello, answer = answers[2 * number :][:2]
        fault = fault_of(board, bytes(content))
        assert lack_of(hello) == fault, (start, fault)
        if fault is None:
            assert decision_of(answer, len(board.network.weights)) == expected
            decided += 1
        else:
            assert answer.payload == bytes([Cause.WEIGHTS]), start
    assert decided == 2  # before the damage, and when all is mended
    return len(image)
