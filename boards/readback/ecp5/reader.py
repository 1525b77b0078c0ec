# SPDX-License-Identifier: BSD-2-Clause
"""Reads a bitstream of an ECP5: the configuration memory, and the content of block RAM.

A bitstream is a preamble and commands. The configuration memory follows frame by frame, the last
one first, each compressed and with a checksum. The source of the format is Project Trellis'
`Bitstream.cpp` (`deserialise_chip`, ISC licence); this reader is a new implementation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from amaranth.lib.crc.catalog import CRC16_UMTS

from firstspike.boards.readback.routed import BitstreamError

from .database import Device, device_of

PREAMBLE = b"\xff\xff\xbd\xb3"

_RESET_CRC, _VERIFY_ID, _CONTROL, _INIT_ADDRESS, _DICTIONARY = 0x3B, 0xE2, 0x22, 0x46, 0x02
_FRAMES, _COMPRESSED_FRAMES, _USERCODE, _RAM_ADDRESS, _RAM_WRITE = 0x82, 0xB8, 0xC2, 0xF6, 0xB2
_DONE, _SPI_MODE, _DUMMY = 0x5E, 0x79, 0xFF
"""Commands."""

_FRAME_FLAGS = 0x91
"""Flags of ecppack's frames: a checksum and one more byte after each."""

RAM_WORDS, RAM_BITS = 2048, 9
"""Size of a block RAM's content: the words of the narrowest port with parity."""

_RAM_FRAME = 9
"""Bytes per eight words."""


@dataclass(frozen=True, eq=False)
class Bits:
    """All configuration bits of a bitstream."""

    device: Device
    cram: np.ndarray
    """uint8 [frames, bits of a frame], 0 or 1."""
    content: Mapping[int, np.ndarray]
    """The content of each block RAM, uint16 [RAM_WORDS], by its number in the bitstream."""
    options: Mapping[str, int]
    """Values of the control register and of other settings outside of the memory."""


def read_bits(content: bytes) -> Bits:
    """Read a bitstream. Raises BitstreamError if it is not that of an ECP5, or is damaged."""
    begin = content.find(PREAMBLE)
    if begin < 0:
        raise BitstreamError("the bitstream has no preamble of an ECP5.")
    reader = _Reader(content, begin + len(PREAMBLE))
    try:
        while not reader.done:
            reader.command()
    except (IndexError, ValueError):
        raise BitstreamError("the bitstream is cut short.") from None
    if reader.device is None or reader.cram is None:
        raise BitstreamError("the bitstream has no frames.")
    return Bits(reader.device, reader.cram, reader.content, reader.options)


_CRC = [CRC16_UMTS().compute([byte]) for byte in range(256)]


@dataclass
class _Reader:
    """Executes the commands."""

    data: bytes
    at: int
    device: Device | None = None
    cram: np.ndarray | None = None
    content: dict[int, np.ndarray] = field(default_factory=dict)
    options: dict[str, int] = field(default_factory=dict)
    done: bool = False
    _crc: int = 0
    _words: list[int] = field(default_factory=list)
    """The bytes that the 16 short codes of compressed frames represent."""
    _ram: int = 0

    def command(self) -> None:
        code = self.data[self.at]
        self.at += 1
        if code == _DUMMY:
            return
        self._update(bytes([code]))
        flags, *size = self._take(3)
        if code == _RESET_CRC:
            self._crc = 0
        elif code == _VERIFY_ID:
            self.device = device_of(int.from_bytes(self._take(4)))
        elif code == _CONTROL:
            self.options["control"] = int.from_bytes(self._take(4))
        elif code == _SPI_MODE:
            self.options["SPI mode"] = flags
        elif code == _DICTIONARY:
            self._words = [1 << bit for bit in range(8)] + [*reversed(self._take(8))]
        elif code in (_FRAMES, _COMPRESSED_FRAMES):
            if flags != _FRAME_FLAGS or self.device is None:
                raise BitstreamError(f"frames with flags {flags:#04x} cannot be read.")
            self._frames(int.from_bytes(size), code == _COMPRESSED_FRAMES)
        elif code == _USERCODE:
            self.options["usercode"] = int.from_bytes(self._take(4))
            self._check(flags)
        elif code == _RAM_ADDRESS:
            address = int.from_bytes(self._take(4))
            self._ram = address >> 11
            if address % RAM_WORDS:
                raise BitstreamError("a block RAM is not written from its begin.")
        elif code == _RAM_WRITE:
            if int.from_bytes(size) * 8 != RAM_WORDS:
                raise BitstreamError("a block RAM is not written whole.")
            self._ram_words()
            self._check(flags)
        elif code == _DONE:
            self.done = True
        elif code != _INIT_ADDRESS:
            raise BitstreamError(f"the bitstream has an unknown command {code:#04x}.")

    def _take(self, count: int) -> bytes:
        chunk = self.data[self.at : self.at + count]
        if len(chunk) < count:
            raise IndexError
        self.at += count
        self._update(chunk)
        return chunk

    def _update(self, chunk: bytes) -> None:
        crc, table = self._crc, _CRC
        for byte in chunk:
            crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ byte]
        self._crc = crc

    def _check(self, flags: int) -> None:
        """Compare the following checksum."""
        if flags & 0x80:
            expected = self._crc
            if int.from_bytes(self._take(2)) != expected:
                raise BitstreamError("a checksum of the bitstream is wrong: the file is damaged.")
            self._crc = 0

    def _frames(self, count: int, is_compressed: bool) -> None:
        assert self.device is not None
        device = self.device
        if count != device.frames:
            raise BitstreamError(f"the bitstream has {count} frames, not {device.frames}.")
        size = (device.frame_bits + device.pad_bits) // 8
        length = -(-size // 8) * 8 if is_compressed else size
        tokens = re.compile(rf"(?:0|10.{{4}}|11.{{8}}){{{length}}}")
        plain = bytearray()
        for _ in range(count):
            if is_compressed:
                most = self.data[self.at : self.at + -(-length * 10 // 8)]
                text = f"{int.from_bytes(most):0{8 * len(most)}b}"
                frame = tokens.match(text)
                if frame is None:
                    raise IndexError
                self._take(-(-frame.end() // 8))
                plain += self._expanded(frame[0])[length - size :]
            else:
                plain += self._take(length)
            self._check(_FRAME_FLAGS)
            self._take(1)
        rows = np.frombuffer(bytes(plain), np.uint8).reshape(count, size)[::-1, ::-1]
        bits = np.unpackbits(rows, axis=1, bitorder="little")
        self.cram = np.ascontiguousarray(bits[:, : device.frame_bits])

    def _expanded(self, bits: str) -> bytes:
        """Return the bytes of a compressed frame.

        The codes are 0 for a zero byte, 10 and the number of a word, and 11 and the byte.
        """
        return bytes(
            0 if one == "0" else self._words[int(one[2:], 2)] if one[1] == "0" else int(one[2:], 2)
            for one in _TOKEN.findall(bits)
        )

    def _ram_words(self) -> None:
        """Read 9-bit words, highest bit first."""
        content = np.frombuffer(self._take(RAM_WORDS // 8 * _RAM_FRAME), np.uint8)
        bits = np.unpackbits(content).reshape(RAM_WORDS, RAM_BITS).astype(np.uint16)
        self.content[self._ram] = (bits << np.arange(RAM_BITS - 1, -1, -1)).sum(1, dtype=np.uint16)


_TOKEN = re.compile(r"0|10.{4}|11.{8}")
