# SPDX-License-Identifier: BSD-2-Clause
"""Hostile and damaged frames for the link, and what a board has to make of them.

Every one is followed by a delimiter and a good frame, a STATUS, whose answer must say that all of
the former was dropped, how much, and why; now and then by a CHECKSUM of all weights. The other
side of this file is `fuzz_bench`.
"""

import itertools
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from firstspike.golden import Network
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    CHECKSUM_FORMAT,
    DELIMITER,
    MAX_CHUNKS,
    STATUS_FORMAT,
    Request,
    encode_frame,
)
from firstspike.hdl.link.protocol.identity import linked_config
from firstspike.hdl.link.protocol.messages import WORD_BYTES, weight_bytes, weights_header
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import Simulation

from .link_model import BROKEN, LinkModel, ModelRequest
from .script import LINKED_CORE_TOP, SERIAL_CORE_TOP, linked_core_verilog, serial_core_verilog

LOW = 1 << 9
"""Added to a number of bits: the line is low for so long, and high for one."""

CLOCKS_A_BIT = 4
CLOCK = 12_000_000
RING_BYTES = 128
LANES = 5
BATCH = 2000
"""Frames in one simulation, from a power-up on."""

CHECKSUM_EVERY = 8

LONG = ("oversized", "runs")

HARMS = LOST, CHANGED, HANGS, WRONG = (
    "the next good frame was lost",
    "a weight was changed",
    "the link hung",
    "the answer was another one",
)
"""Effects that a hostile frame must not have."""


def small_network() -> Network:
    """Return the network of the board: so small that the link takes most of the time.

    With `LANES` lanes a word of the first layer has two chunks, and one of the second has one. A
    bitmap has three bytes: the Engine prefetches two.
    """
    inputs = np.array([1, 2, 5, 6, 7, 8, 11, 14, 16, 17, 19, 20, 22, 23, 24, 27, 28, 30])
    weights = random_weights(np.random.default_rng(1), (len(inputs), 6, 3), -8, 8)
    network = network_of(weights, (7, 5), unit=4, deadline=30, inputs=inputs)
    return replace(network, weight_bits=(8, 4))


@dataclass(frozen=True)
class Trial:
    """One hostile thing, and what the board must say of it afterwards."""

    kind: str
    content: list[int]
    """Bytes, some of them BROKEN; or LOW."""
    good: bytes
    """Bytes that follow it."""
    answers: list[bytes]
    """The answers to `good`: type, sequence, payload, or how they begin."""


class HostileModel(LinkModel):
    """A board that nothing hostile may get through to."""

    def harmless(self, content: list[int]) -> bool:
        """Take what is sent; whether all of it is dropped or refused. If not, nothing is taken."""
        before = self.dropped, self.cause, self.expected
        for byte in [*content, 0]:
            self.receive([byte])
            if self.ring and not self._refused(self.ring.popleft()):
                self.dropped, self.cause, self.expected = before
                return False
        return True

    def _refused(self, request: ModelRequest) -> bool:
        return request.kind in (Request.READ, Request.WRITE) and self.words_of(request) is None


class Hostility:
    """Makes hostile frames at random.

    With `bits` there are breaks and noise; without `framing` every byte has its stop bit, as what
    comes from the port of a computer has.
    """

    def __init__(self, rng: random.Random, model: HostileModel, bits: bool, framing: bool) -> None:
        self._rng = rng
        self._model = model
        self._kinds: dict[str, Callable[[], Sequence[int]]] = {
            "truncated": self._truncated,
            "flipped": partial(self._damaged, 8, self._flip),
            "wrong bytes": partial(self._damaged, 3, self._change),
            "lost bytes": partial(self._damaged, 2, self._lose),
            "doubled bytes": partial(self._damaged, 2, self._double),
            "oversized": self._oversized,
            "wrong length": self._wrong_length,
            "wrong type": self._wrong_type,
            "wrong sequence": self._wrong_sequence,
            "out of range": self._out_of_range,
            "wrong checksum": self._wrong_checksum,
            "random bytes": self._random_bytes,
            "runs": self._runs,
            "no delimiter": self._no_delimiter,
        }
        if framing:
            self._kinds |= {"broken bytes": partial(self._damaged, 3, self._break_stop)}
        if bits:
            self._kinds |= {
                "breaks": partial(self._damaged, 2, self._hold_low),
                "noise": self._noise,
            }

    def make(self) -> tuple[str, list[int]]:
        """Return a frame that the model has accepted, after the name of its kind."""
        while True:
            kind = self._rng.choice(list(self._kinds))
            if kind in LONG and self._rng.random() < 0.75:  # they take most of the time
                continue
            content = list(self._kinds[kind]())
            # Damage of which no checksum of 16 bits tells is not the board's fault.
            if content and self._model.harmless([BROKEN if b & LOW else b for b in content]):
                return kind, content

    def _good(self) -> tuple[int, int, bytes]:
        """A request that would be taken."""
        kind = self._rng.choice(list(self._model.lengths))
        length = self._model.lengths[kind]
        payload = self._rng.randbytes(length.least)
        if kind in (Request.READ, Request.WRITE):
            chunks = self._rng.randrange(6)
            payload = weights_header(self._rng.randrange(2), 1, chunks)
            payload += self._rng.randbytes(WORD_BYTES * chunks * length.counted)
        if length.variable:
            payload += self._rng.randbytes(WORD_BYTES * self._rng.randrange(6))
        return kind, self._model.expected, payload

    def _frame(self) -> bytes:
        return encode_frame(*self._good())

    def _truncated(self) -> bytes:
        frame = self._frame()
        return frame[: self._rng.randrange(1, len(frame) - 1)]

    def _damaged(self, most: int, damage: Callable[[list[int]], None]) -> list[int]:
        """A good frame, damaged up to `most` times."""
        frame = list(self._frame())
        for _ in range(self._rng.randrange(1, most + 1)):
            damage(frame)
        return frame

    def _flip(self, frame: list[int]) -> None:
        frame[self._rng.randrange(len(frame))] ^= 1 << self._rng.randrange(8)

    def _change(self, frame: list[int]) -> None:
        frame[self._rng.randrange(len(frame))] = self._rng.randrange(256)

    def _lose(self, frame: list[int]) -> None:
        del frame[self._rng.randrange(len(frame) - 1)]

    def _double(self, frame: list[int]) -> None:
        position = self._rng.randrange(len(frame) - 1)
        frame.insert(position, frame[position])

    def _break_stop(self, frame: list[int]) -> None:
        frame[self._rng.randrange(len(frame))] |= BROKEN

    def _hold_low(self, frame: list[int]) -> None:
        bits = self._rng.choice((*range(1, 9), *range(10, 60)))  # nine would be a good zero
        frame.insert(self._rng.randrange(len(frame)), LOW | bits)

    def _oversized(self) -> bytes:
        kind, sequence, payload = Request.EVENTS, self._model.expected, bytes(1)
        most = self._model.capacity // WORD_BYTES
        chunks = self._rng.randrange(most, most + 14)
        if self._rng.random() < 0.5 and chunks <= MAX_CHUNKS:
            kind, payload = Request.WRITE, weights_header(0, 0, chunks)
        payload += self._rng.randbytes(WORD_BYTES * chunks)
        return encode_frame(kind, sequence, payload)

    def _wrong_length(self) -> bytes:
        kind, sequence, payload = self._good()
        change = self._rng.choice((-4, -2, -1, 1, 2, 3, 4, 5, 256))
        payload = payload[:change] if change < 0 else payload + self._rng.randbytes(change)
        return encode_frame(kind, sequence, payload)

    def _wrong_type(self) -> bytes:
        _, sequence, payload = self._good()
        kind = self._rng.choice([k for k in range(256) if k not in self._model.lengths])
        return encode_frame(kind, sequence, payload)

    def _wrong_sequence(self) -> bytes:
        ahead = self._rng.randrange(1, 256)
        kind, sequence, payload = self._good()
        return encode_frame(kind, sequence + ahead, payload)

    def _out_of_range(self) -> bytes:
        kind = self._rng.choice((Request.READ, Request.WRITE))
        layer = self._rng.choice((self._rng.randrange(4), self._rng.randrange(256)))
        address = self._rng.choice((self._rng.randrange(32), self._rng.randrange(1 << 24)))
        chunks = self._rng.choice((self._rng.randrange(24), self._rng.randrange(MAX_CHUNKS + 1)))
        if kind == Request.WRITE:
            chunks = self._rng.randrange(24)
        payload = weights_header(layer, address, chunks)
        payload += self._rng.randbytes(WORD_BYTES * chunks) if kind == Request.WRITE else b""
        return encode_frame(kind, self._model.expected, payload)

    def _wrong_checksum(self) -> bytes:
        kind, sequence, payload = self._good()
        return encode_frame(kind, sequence, payload + self._rng.randbytes(2))

    def _random_bytes(self) -> bytes:
        return self._rng.randbytes(self._rng.randrange(61))

    def _runs(self) -> bytes:
        return b"".join(
            bytes([self._rng.choice((0xFF, 0, 1, 0xFE))]) * self._rng.randrange(1, 200)
            for _ in range(self._rng.randrange(1, 3))
        )

    def _no_delimiter(self) -> bytes:
        return self._frame()[:-1] + self._frame()[: self._rng.choice((-1, None))]

    def _noise(self) -> list[int]:
        return [LOW | self._rng.randrange(1, 8) for _ in range(self._rng.randrange(1, 40))]


def trials(
    model: HostileModel, checksum: int, seed: str, *, bits: bool = False, framing: bool = True
) -> Iterator[Trial]:
    """Hostile frames without end, and what must come of each.

    `model` is in the state of the board that they are for, and `checksum` is that of its weights.
    `bits` and `framing` are those of `Hostility`.
    """
    hostility = Hostility(random.Random(seed), model, bits, framing)
    for number in itertools.count():
        kind, content = hostility.make()
        frames, answers = [], []
        kinds = [Request.STATUS] + [Request.CHECKSUM] * (number % CHECKSUM_EVERY == 0)
        for request in kinds:
            sequence = model.expected
            model.expected = (sequence + 1) & 0xFF
            frames.append(encode_frame(request, sequence))
            payload = CHECKSUM_FORMAT.pack(checksum)
            if request == Request.STATUS:
                payload = STATUS_FORMAT.pack(model.cause, model.dropped)
                if bits:  # how many frames a break makes depends on what it meets
                    payload = b""
            answers.append(bytes([request + ANSWER, sequence]) + payload)
        yield Trial(kind, content, DELIMITER + b"".join(frames), answers)


@dataclass(frozen=True)
class FuzzParameters:
    """Parameters of the bench."""

    trials: Sequence[Trial]
    bits: int | None
    """Clocks a bit of a line; None for a LinkedCore without one."""


@dataclass(frozen=True)
class Findings:
    """Result of some hostile frames; `harmful` has (kind, content, what) of one that did harm."""

    frames: int
    kinds: dict[str, int]
    """How many there were of each kind."""
    harmful: list[tuple[str, str, str]]


def fuzz(seed: str, count: int, *, bits: bool = False) -> Findings:
    """Send `count` hostile frames to a board after power-up.

    `bits` sends them bit by bit, with framing errors and breaks. The first frame that does harm
    ends the run. Raises SimulationError where the simulation itself fails.
    """
    network = small_network()
    config = linked_config(network, CoreShape(lanes=LANES))
    make, top = (
        (serial_core_verilog, SERIAL_CORE_TOP) if bits else (linked_core_verilog, LINKED_CORE_TOP)
    )
    verilog = make(config, network, weights=network.weights, clock_hz=CLOCK, ring_bytes=RING_BYTES)
    model = HostileModel(network, config, RING_BYTES)
    checksum = zlib.crc32(b"".join(weight_bytes(config, network)))
    sent = list(itertools.islice(trials(model, checksum, seed, bits=bits), count))
    parameters = FuzzParameters(sent, CLOCKS_A_BIT if bits else None)
    return Simulation(verilog, top).run("firstspike.sim.benches.link.fuzz_bench", parameters)
