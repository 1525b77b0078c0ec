# SPDX-License-Identifier: BSD-2-Clause
"""A design that needs no computer: its flash, and what it says."""

import pytest

from firstspike.golden.flash import Fault, ImageError, crc, header_of, image_of, payload_of
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.alone.loader import Loader
from firstspike.hdl.alone.texts import said_of_class, spoken
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.sim.benches.alone.example import IDENTITY, damage, small_network
from tests.support.refused import refused

PAYLOAD = bytes(range(40))


def test_the_checksum_is_that_of_the_catalogue():
    assert crc(b"123456789") == 0xFC891918  # CRC-32/BZIP2


def test_what_was_written_is_read():
    image = image_of(IDENTITY, PAYLOAD)
    assert payload_of(image + b"more", IDENTITY, 10) == PAYLOAD


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.ABSENT),
        (bytes(100), Fault.ABSENT),
        (b"\xff\xff\xff", Fault.ABSENT),
        (b"\xff\xff\xff\xfe", Fault.FOREIGN),
        (image_of(IDENTITY, PAYLOAD)[1:], Fault.FOREIGN),
        (image_of(b"another.", PAYLOAD), Fault.OTHER),
        (image_of(IDENTITY, PAYLOAD[4:]), Fault.OTHER),
        (image_of(IDENTITY, PAYLOAD)[:-1], Fault.DAMAGED),
        (image_of(IDENTITY, PAYLOAD)[:30], Fault.DAMAGED),
        (header_of(IDENTITY, 10), Fault.DAMAGED),
    ],
)
def test_what_is_wrong_is_told(content, fault):
    with pytest.raises(ImageError) as error:
        payload_of(content, IDENTITY, 10)
    assert error.value.fault == fault


def test_every_damaged_byte_is_found():
    image = image_of(IDENTITY, PAYLOAD)
    for place in range(len(image)):
        for change in range(1, 256):
            damaged = bytearray(image)
            damaged[place] ^= change
            with pytest.raises(ImageError):
                payload_of(bytes(damaged), IDENTITY, 10)


def test_impossible_images_are_refused():
    refused(lambda: image_of(IDENTITY, b"123"), "words of 4 bytes, not 3 bytes")
    refused(lambda: header_of(b"short", 1), "an identity has 8 bytes, not 5")
    network = small_network()
    config = CoreConfig.of(network, linked_folding(network, CoreShape(lanes=3)))
    refused(lambda: Loader(config, IDENTITY, 1 << 24, 10**6), "24 bits: 0x1000000 has more")


def test_what_is_said_of_a_class():
    assert spoken(said_of_class("seven", 384), 7) == b"seven 7\r\n"
    assert spoken(said_of_class("a\nb", 384), 100) == b"a?b 100\r\n"
    assert spoken(said_of_class("ü" * 40, 9), 3) == ("ü" * 24).encode() + b" 3\r\n"


def test_nothing_is_decided_with_a_damaged_flash():
    damage(small_network(), CoreShape(lanes=(9, 5)), 16)  # words of several chunks
