# SPDX-License-Identifier: BSD-2-Clause
"""A board in Python: what the link does with every frame, and a line that damages them.

The model takes its bytes from `protocol` and its numbers from golden; its time is the line's.
"""

import os
import tty
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread

import numpy as np

from firstspike.golden import LearningState, Network, Settings, infer, learn
from firstspike.golden.learning.rule import REGISTERS, UNLABELLED
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.learning_cycles import learning_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig, weights_from_chunks
from firstspike.hdl.layer.words import chunks_of, pack_words
from firstspike.hdl.link.protocol import formats as protocol
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    Cause,
    DecisionFlag,
    IdentityFlag,
    Notice,
    Request,
)
from firstspike.hdl.link.protocol.identity import DesignProperties, identity_of
from firstspike.sim.benches.link.link_model import LinkModel
from tests.support.bad_events import causes_at

DECIDING = {Request.INPUTS, Request.EVENTS, Request.PLAY}
"""Requests that take weights."""


class BoardModel(LinkModel):
    """A board for `network`, with its weights inside, or `loaded` ones that are 0 at first.

    A `flashed` one has found its flash empty, and refuses images until all weights are written.

    `receive` takes bytes from the host, `work` does what has been taken, one request at a time,
    and `sent` collects the answers. An `eager` one tells of dropped frames at once, and does not
    wait until it has nothing else to do. `learned` lists what was learned, as (ticks, label);
    `played` has the images to play, by number: (class, tick) to expect, and bitmap.
    """

    def __init__(
        self,
        network: Network,
        *,
        lanes: int = 4,
        stored_bits: int | None = None,
        loaded: bool = False,
        flashed: bool = False,
        capacity: int = 1024,
        eager: bool = False,
        bench_images: int = 0,
        build: bytes = bytes(range(8)),
    ) -> None:
        self.network = network.connected()
        self._connected = network.inputs
        self.folding = linked_folding(network, CoreShape(lanes=lanes))
        self.config = CoreConfig.of(self.network, self.folding, stored_bits=stored_bits)
        self._state = None
        weights = self.network.weights
        if stored_bits is not None:
            self._state = LearningState.of(self.network, stored_bits)
            weights = self._state.weights
        if loaded:
            weights = [np.zeros_like(one) for one in weights]
        self.words = [
            pack_words(layer, one) for layer, one in zip(self.config.layers, weights, strict=True)
        ]
        self._rule = Settings()
        self._eager, self._lacks = eager, flashed
        self.identity = identity_of(
            self.config,
            network,
            DesignProperties(
                clock_hz=12_000_000,
                build=build,
                loaded=loaded and not flashed,
                ring_bytes=capacity + 1,
                bench_images=bench_images,
            ),
        )
        super().__init__(network, self.config, capacity + 1, bench_images)
        self.played: dict[int, tuple[tuple[int, int], bytes]] = {}
        self.learned: list[tuple[bytes, int]] = []

    def started_anew(self) -> None:
        """Start as after power-up, but keep the weights."""
        super().started_anew()
        self.sent = bytearray()
        self._untold = False

    def drop(self, cause: Cause) -> None:
        """Count a frame that is dropped, and tell of it later."""
        super().drop(cause)
        self._untold = True

    def _send(self, kind: int, sequence: int, payload: bytes = b"") -> None:
        self.sent += protocol.encode_frame(kind, sequence, payload)

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.ring) or self._untold

    @property
    def following(self) -> int | None:
        """The type of the next request."""
        return self.ring[0].kind if self.ring else None

    def work(self) -> None:
        """Do the next request. Without one, report the frames that were dropped."""
        if self._untold and (self._eager or not self.ring):
            self._untold = False
            report = protocol.ERROR_FORMAT.pack(self.cause, self.dropped)
            return self._send(Notice.ERROR, self.expected, report)
        request = self.ring.popleft()
        kind, sequence, expected, payload = request
        if kind == Request.HELLO:
            flags = self.identity.flags | self._lacks << IdentityFlag.NEEDS_WEIGHTS
            identity = self.identity._replace(flags=flags)
            return self._answer(kind, sequence, bytes([expected]) + identity.to_bytes())
        if kind in (Request.READ, Request.WRITE):
            words = self.words_of(request)
            if words is None:
                return self._send(Notice.REFUSED, sequence, bytes([Cause.RANGE]))
            reach = self._read if kind == Request.READ else self._write
            return self._answer(kind, sequence, reach(*words, payload))
        if self._lacks and kind in DECIDING:
            return self._send(Notice.REFUSED, sequence, bytes([Cause.WEIGHTS]))
        if not self._can(kind, payload):
            return self._send(Notice.REFUSED, sequence, bytes([Cause.RANGE]))
        done = getattr(self, f"_{Request(kind).name.lower()}")(payload)
        return self._answer(kind, sequence, done)

    def _answer(self, kind: int, sequence: int, payload: bytes) -> None:
        self._send(kind + protocol.ANSWER, sequence, payload)

    def _write(self, layer: int, words: slice, payload: bytes) -> bytes:
        if (layer, words.stop) == (len(self.words) - 1, len(self.words[layer])):
            self._lacks = False
        size = 4 * chunks_of(self.config.layers[layer])
        content = payload[protocol.WEIGHTS_FORMAT.size :]
        self.words[layer][words] = [
            int.from_bytes(content[i : i + size], "little") for i in range(0, len(content), size)
        ]
        return b""

    def _read(self, layer: int, words: slice, payload: bytes) -> bytes:
        return self.content(layer)[words].tobytes()

    def content(self, layer: int) -> np.ndarray:
        """The words of a layer as bytes, uint8 [words, bytes]."""
        size = 4 * chunks_of(self.config.layers[layer])
        joined = b"".join(word.to_bytes(size, "little") for word in self.words[layer])
        return np.frombuffer(joined, np.uint8).reshape(-1, size)

    def _checksum(self, payload: bytes) -> bytes:
        joined = b"".join(self.content(layer).tobytes() for layer in range(len(self.words)))
        return protocol.CHECKSUM_FORMAT.pack(zlib.crc32(joined))

    @property
    def weights(self) -> tuple[np.ndarray, ...]:
        """Weights that the words hold."""
        joined = b"".join(self.content(layer).tobytes() for layer in range(len(self.words)))
        return weights_from_chunks(self.config, np.frombuffer(joined, "<u4").tolist())

    def _inputs(self, payload: bytes) -> bytes:
        bits = np.unpackbits(np.frombuffer(payload[1:], np.uint8), bitorder="little")
        rows = len(self._connected)
        return self._image(bits[:rows].astype(np.int32) * self.network.unit, payload[0])

    def _events(self, payload: bytes) -> bytes:
        """Bad events do not count; the cycles are those of events without a pause."""
        ticks = np.zeros(len(self._connected), np.int32)
        stream, spiked, latest = [], set(), 0
        for tick, row in protocol.EVENT_FORMAT.iter_unpack(payload[1:]):
            causes = (row >= len(ticks) or row in spiked) << DecisionFlag.ADDRESS
            causes |= (not 1 <= tick <= self.network.deadline) << DecisionFlag.TICK
            causes |= (tick < latest) << DecisionFlag.ORDER
            spiked.add(row)
            stream.append((tick, causes))
            if not causes:
                ticks[row] = latest = tick
        return self._image(ticks, payload[0], stream)

    def _image(
        self, ticks: np.ndarray, label: int, stream: Sequence[tuple[int, int]] | None = None
    ) -> bytes:
        """`stream`: (tick, causes) of every event, if it comes as such, past the Encoder."""
        folding = self.folding if stream is None else replace(self.folding, bitmap=None)
        stream = stream or ()
        pixels = (ticks > 0).astype(np.uint8)[None] * 255
        ticks = ticks[None]
        if self._state is None:
            network = replace(self.network, weights=self.weights)
            results = infer(network, ticks)
            flags = causes_at(int(results.tick[0]), stream)
            results = replace(results, cycles=cycles(network, ticks, results, folding, pixels))
            updated, rest = False, b""
        else:
            state = replace(self._state, weights=self.weights)
            network = state.network
            known = label < network.shape[-1]
            flags = causes_at(int(infer(network, ticks).tick[0]), stream)
            flags |= (not known and label != protocol.UNLABELLED) << DecisionFlag.LABEL
            known &= not flags
            if known:
                self.learned.append((ticks.tobytes(), label))
            labels = np.array([label if known else UNLABELLED])
            results = learn(state, ticks, labels, self._rule, trace=True)
            results = learning_cycles(network, ticks, results, folding, pixels)
            updated, rest = (
                bool(results.updated[0]),
                int(results.turnaround[0]).to_bytes(4, "little"),
            )
            self._state.generator = state.generator
            self.words = [
                pack_words(layer, one)
                for layer, one in zip(self.config.layers, state.weights, strict=True)
            ]
        flags |= int(results.forced[0]) << DecisionFlag.FORCED | updated << DecisionFlag.UPDATED
        head = protocol.DECISION_FORMAT.pack(
            int(results.decision[0]), flags, int(results.tick[0]), int(results.cycles[0])
        )
        return head + results.spikes_in[0].astype("<u2").tobytes() + rest

    def _can(self, kind: int, payload: bytes) -> bool:
        """Whether there are such images, and something to do; or such registers."""
        if kind == Request.SETTINGS:
            values = protocol.SETTINGS_FORMAT.unpack(payload)
            registers = zip(values, REGISTERS.values(), strict=True)
            return all(one.lowest <= value <= one.highest for value, one in registers)
        if kind not in (Request.STORE, Request.PLAY):
            return True
        held = self.identity.bench_images
        if kind == Request.STORE:
            return payload[0] < held
        images, rounds = protocol.PLAY_FORMAT.unpack(payload)
        return 1 <= images <= held and rounds > 0

    def _store(self, payload: bytes) -> bytes:
        number, *decision = protocol.STORE_FORMAT.unpack_from(payload)
        self.played[number] = tuple(decision), payload[protocol.STORE_FORMAT.size :]
        return b""

    def _play(self, payload: bytes) -> bytes:
        """Images that do not overlap, with a cycle for a gap."""
        images, rounds = protocol.PLAY_FORMAT.unpack(payload)
        wrong = total = 0
        for number in range(images):
            expected, bitmap = self.played[number]
            decision = protocol.DECISION_FORMAT.unpack_from(self._inputs(b"\xff" + bitmap))
            decided, _, tick, cycle_count = decision
            wrong += (decided, tick) != expected
            total += cycle_count + 1
        return protocol.COUNTS_FORMAT.pack(rounds * images, rounds * wrong, rounds * total)

    def _settings(self, payload: bytes) -> bytes:
        *values, seed = protocol.SETTINGS_FORMAT.unpack(payload)
        self._rule = Settings(*values)
        if seed:
            self._state.generator = seed
        return b""

    def _status(self, payload: bytes) -> bytes:
        return protocol.STATUS_FORMAT.pack(self.cause, self.dropped)

    def _reset(self, payload: bytes) -> bytes:
        self._rule = Settings()
        return b""


Damage = Callable[[bytes, float], tuple[bytes, float]]
"""(bytes, time) -> what comes of them, and when."""


class ModelLine:
    """A line to a model with simulated time: no call waits for a real clock.

    `damage_out` and `damage_in` are what the line does to the bytes on the way to the board and
    back; a request takes the board a millisecond, or `seconds` of its type.
    """

    name = "the model"

    def __init__(self, board: BoardModel) -> None:
        self.board = board
        self.damage_out: Damage = lambda sent, now: (sent, now)
        self.damage_in: Damage = self.damage_out
        self.seconds: dict[int | None, float] = {}
        self._now = 0.0
        self._end = 0.0
        self.patience()
        self._out: deque[tuple[float, bytes]] = deque()
        self._in: deque[tuple[float, bytes]] = deque()
        self._ready: float | None = None  # when the board has done what it is at

    def patience(self) -> None:
        """Give the host 10,000 s from now on, after which a call counts as hung."""
        self._end = self._now + 10_000

    def now(self) -> float:
        """Seconds since the line was made."""
        return self._now

    def close(self) -> None:
        """There is nothing to let go of."""

    def write(self, sent: bytes) -> None:
        """Send bytes to the board."""
        self._put(self._out, self.damage_out, sent)
        self._turn(self._now)

    def _put(self, queue: deque[tuple[float, bytes]], damage: Damage, content: bytes) -> None:
        content, at = damage(content, self._now)
        queue.append((max(at, queue[-1][0] if queue else 0.0), content))

    def read(self, seconds: float) -> bytes:
        """Return the bytes that have arrived, or else wait for the next ones."""
        until = self._now + seconds
        assert until < self._end, "the host hangs"
        while not (self._in and self._in[0][0] <= self._now):
            following = self._turn(until)
            if following is None:
                self._now = until
                return b""
            self._now = following
        received = b""
        while self._in and self._in[0][0] <= self._now:
            received += self._in.popleft()[1]
        return received

    def _turn(self, until: float) -> float | None:
        """Do all that happens by now; returns when the next thing does, if before `until`."""
        board = self.board
        while self._out and self._out[0][0] <= self._now:
            board.receive(self._out.popleft()[1])
        if self._ready is not None and self._ready <= self._now:
            if board.busy:  # and was not started anew meanwhile
                board.work()
            self._ready = None
        if self._ready is None and board.busy:
            self._ready = self._now + self.seconds.get(board.following, 1e-3)
        if board.sent:
            content, board.sent = bytes(board.sent), bytearray()
            self._put(self._in, self.damage_in, content)
        times = [queue[0][0] for queue in (self._out, self._in) if queue]
        times += [] if self._ready is None else [self._ready]
        following = min(times, default=until)
        return following if following < until else None


@contextmanager
def served(model: BoardModel) -> Iterator[str]:
    """Put a model behind a pseudo-terminal, whose name is given."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def answer() -> None:
        with suppress(OSError):  # the end
            while received := os.read(ours, 4096):
                model.receive(received)
                while model.busy:
                    model.work()
                while model.sent:
                    del model.sent[: os.write(ours, model.sent)]

    thread = Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        thread.join()
        os.close(ours)
