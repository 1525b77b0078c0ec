# SPDX-License-Identifier: BSD-2-Clause
"""The client of a board on a serial port: identification, weights, classification, learning.

    with BoardClient.open("/dev/ttyUSB1") as board:
        board.load(network)
        results = board.classify(encode(network, pixels))
    print(results.decision, results.tick)

The client repairs losses on the line (see `transport`); otherwise it raises a BoardError with a
remedy. After a BoardError, load the weights again: the board may have restarted.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from firstspike.golden.flash import ImageError
from firstspike.golden.layers.registry import geometry_of
from firstspike.golden.learning.rule import Settings
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.results import Results
from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.hdl.link.protocol import formats as protocol
from firstspike.hdl.link.protocol.formats import Cause, Request
from firstspike.hdl.link.protocol.identity import config_of
from firstspike.hdl.link.protocol.messages import (
    WORD_BYTES,
    Counts,
    connected_inputs,
    counts_of,
    play_payload,
    results_of,
    settings_payload,
    store_payloads,
    weight_bytes,
    weight_parts,
    weight_writes,
    weights_header,
    weights_of,
    word_bytes,
)

from .channel import Channel, SerialPort
from .errors import MismatchError, RefusedError
from .request import PendingRequest, image, image_of_pixels
from .transport import Transport

TIMEOUT = 1.0
"""Default time-out in seconds."""

PIECE = 256
"""Largest number of bytes of weights in a frame: several frames are under way, and a loss is
small."""

PART = 500
"""Smallest number of images per play request, if there are enough: the answer then arrives soon."""

_WRONG_CORE = "its core is not as it says; load its bitstream anew."

Progress = Callable[[int, int], None]
"""Function that receives the number of bytes transferred so far, and the total."""


@dataclass(frozen=True)
class Status:
    """The state of the line as the board reports it."""

    dropped: int
    """Frames dropped since power-up, modulo 65536."""
    cause: Cause | None
    """Cause of the latest drop."""


class BoardClient:
    """A board at the other end of a line. Create it with `open`, and use it in a `with` block.

    `identity` is the identification that the board reports, `config` the configuration of its core.
    """

    def __init__(self, channel: Channel, timeout: float = TIMEOUT) -> None:
        self._channel = channel
        self._transport = Transport(channel, timeout)
        self.identity = self._transport.identity
        self._connected = connected_inputs(self.identity)
        try:
            self.config = config_of(self.identity)
        except NetworkError as error:
            raise MismatchError(
                f"{channel.name}: what the board says of itself is no core: {error!s:.200}."
            ) from None

    @classmethod
    def open(cls, port: str, baud: int = protocol.BAUD, timeout: float = TIMEOUT) -> Self:
        """Return the board on a serial port, such as /dev/ttyUSB1.

        `timeout`: seconds after which a missing answer is requested again; a slow board therefore
        needs no longer time-out. Raises BoardError.
        """
        channel = SerialPort(port, baud)
        try:
            return cls(channel, timeout)
        except BaseException:
            channel.close()
            raise

    def close(self) -> None:
        """Close the port."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self, network: Network) -> None:
        """Raise MismatchError if the core does not support networks of this shape."""
        core = self.identity
        ours = (len(network.inputs), *network.shape[1:])
        theirs = (core.layers[0].n_in, *(layer.n_out for layer in core.layers))
        for what, in_core, in_network in (
            ("shape", _joined(theirs), _joined(ours)),
            ("geometry", self.config.geometry, geometry_of(network.layers)),
            ("unit", core.unit, network.unit),
            ("deadline", core.deadline, network.deadline),
            ("thresholds", [one.threshold for one in core.layers], [*network.thresholds]),
            ("weight bits", [one.weight_bits for one in core.layers], [*network.weight_bits]),
        ):
            if in_core != in_network:
                raise MismatchError(
                    f"the board's core is for another network, {core.network.hex()[:12]}: its "
                    f"{what} is {in_core}, and {in_network} that of {network.digest()[:12]}; build "
                    "a bitstream for this one, or name the other."
                )

    def load(
        self,
        network: NetworkSource,
        stored: Iterable[np.ndarray] | None = None,
        progress: Progress | None = None,
    ) -> bool:
        """Ensure that the core's weights are those of `network`; return whether any were written.

        `network` is as `load_network` accepts it. `stored`: for a core that learns, the stored
        weights, int [n_in, n_out] per layer; None for those of the network. Raises MismatchError,
        and NetworkError for weights that the core's sums are too narrow for.
        """
        network = load_network(network)
        self.check(network)
        content = weight_bytes(self.config, network, None if stored is None else tuple(stored))
        checksum = zlib.crc32(b"".join(content))
        if self.checksum() == checksum:
            return False
        most = min(PIECE, self.identity.max_payload - protocol.WEIGHTS_FORMAT.size)
        payloads = weight_writes(self.config, content, most)
        self._move((PendingRequest(Request.WRITE, payload) for payload in payloads), progress)
        if self.checksum() != checksum:
            raise RefusedError(
                "the board's weights are not those that were written: load the bitstream and try "
                "again; if it stays so, the memory is at fault."
            )
        return True

    def read_weights(self, progress: Progress | None = None) -> tuple[np.ndarray, ...]:
        """Return the core's weights, int16 [n_in, n_out] per layer; stored ones of a learner."""
        reads = (
            PendingRequest(
                Request.READ,
                weights_header(layer, address, size // WORD_BYTES),
                size,
            )
            for layer, address, count in weight_parts(self.config, PIECE)
            for size in [count * word_bytes(self.config.layers[layer])]
        )
        return weights_of(self.config, b"".join(self._move(reads, progress)))

    def checksum(self) -> int:
        """Return the CRC-32 of all weight words, computed by the board."""
        form = protocol.CHECKSUM_FORMAT
        (value,) = form.unpack(self._ask(Request.CHECKSUM, form.size))
        return value

    def classify(
        self,
        ticks: np.ndarray | Iterable[np.ndarray],
        pixels: np.ndarray | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Results:
        """Classify images, with dozens of them under way at a time.

        `ticks`: int [n, n_rows] as `encode` returns them, or any iterable of rows. Images whose
        inputs spike only at tick `unit` are sent as bitmaps if the board supports them, others as
        events, whose cycles include the time of the link. With `pixels`, uint8 [n, n_inputs],
        images are sent as bitmaps of the inputs that are connected in the board's core. `progress`
        receives the number of finished images.
        """
        n_inputs = self.identity.n_inputs
        if pixels is None:
            requests = (image(self.config, row) for row in ticks)
        else:
            requests = (
                image_of_pixels(self.config, self._connected, n_inputs, row) for row in pixels
            )
        return self._decided(requests, progress)

    def learn(
        self,
        ticks: np.ndarray | Iterable[np.ndarray],
        labels: Iterable[int],
        settings: Settings,
        seed: int = 0,
        progress: Callable[[int], None] | None = None,
    ) -> Results:
        """Classify images and learn them, one after the other.

        `labels`: classes, or UNLABELLED; `seed`: the generator's next state, 0 to keep the present
        one; `progress` receives the number of finished images. An image whose answer was `lost` has
        been learned exactly once, like all others.
        """
        if not self.config.learns:
            raise MismatchError("the board's core does not learn: build its bitstream by --learn.")
        self._ask(Request.SETTINGS, 0, settings_payload(settings, seed))
        requests = (
            image(self.config, row, label, once=True)
            for row, label in zip(ticks, labels, strict=True)
        )
        return self._decided(requests, progress)

    def play(
        self,
        ticks: np.ndarray,
        expected: Results,
        rounds: int,
        progress: Callable[[int], None] | None = None,
    ) -> Counts:
        """Store images on the board, and let the board classify all of them `rounds` times.

        `ticks`: int [n, n_rows] as `encode` returns them, of images that can be bitmaps;
        `expected`: the expected decisions. `progress` receives the number of finished images.
        Raises MismatchError if the board cannot store all images.
        """
        held = self.identity.bench_images
        if not 1 <= len(ticks) <= held:
            raise MismatchError(
                f"{len(ticks)} images are to be played: the board's design holds {held}; build its "
                "bitstream by --bench, or play as many as it holds."
            )
        if any(image(self.config, row).kind is not Request.INPUTS for row in ticks):
            raise MismatchError(
                "images to be played go as bitmaps: give those alone whose inputs spike at tick "
                f"{self.identity.unit}."
            )
        stores = (PendingRequest(Request.STORE, one) for one in store_payloads(ticks, expected))
        for request in self._transport.ask_all(stores):
            self._answer(request)
        step = min(rounds, -(-PART // len(ticks)))
        plays = (
            PendingRequest(
                Request.PLAY,
                play_payload(len(ticks), min(step, rounds - begin)),
                protocol.COUNTS_FORMAT.size,
            )
            for begin in range(0, rounds, step)
        )
        total = Counts(0, 0, 0)
        for request in self._transport.ask_all(plays):
            counts = counts_of(self._answer(request))
            if not (counts.decisions and 0 < counts.cycles < 1 << protocol.PLAY_CYCLES_BITS):
                raise RefusedError(
                    f"the board counts {counts.decisions} decisions in {counts.cycles} clock "
                    f"cycles, and not 1 or more in 1 to {(1 << protocol.PLAY_CYCLES_BITS) - 1}: "
                    f"{_WRONG_CORE}"
                )
            total = Counts(*map(sum, zip(total, counts, strict=True)))
            if progress is not None:
                progress(total.decisions)
        return total

    def _decided(
        self, requests: Iterable[PendingRequest], progress: Callable[[int], None] | None
    ) -> Results:
        answers: list[bytes | None] = []
        for request in self._transport.ask_all(requests):
            lost = request.answer is None and request.refused is None
            answers.append(None if lost else self._answer(request))
            if progress is not None:
                progress(len(answers))
        results = results_of(self.config, answers)
        classes = self.config.layers[-1].folding.n_out
        if results.decision.max(initial=0) >= classes:
            raise RefusedError(
                f"the board decides for class {results.decision.max()}, of {classes}: {_WRONG_CORE}"
            )
        return results

    def status(self) -> Status:
        """Return the state of the line."""
        form = protocol.STATUS_FORMAT
        cause, dropped = form.unpack(self._ask(Request.STATUS, form.size))
        if cause and cause not in set(Cause):
            raise RefusedError(
                f"the board has dropped a frame for the cause {cause}, and not 0 to {max(Cause)}: "
                f"{_WRONG_CORE}"
            )
        return Status(dropped, Cause(cause) if cause else None)

    def reset(self) -> None:
        """Reset the core to the state after power-up, except for the weights."""
        self._ask(Request.RESET, 0)

    def _ask(self, kind: Request, length: int, payload: bytes = b"") -> bytes:
        return self._answer(self._transport.ask(PendingRequest(kind, payload, length)))

    def _move(self, requests: Iterable[PendingRequest], progress: Progress | None) -> list[bytes]:
        """Return the answers to requests that read or write all weights."""
        total = sum(layer.words * word_bytes(layer) for layer in self.config.layers)
        done, answers = 0, []
        for request in self._transport.ask_all(requests):
            answers.append(self._answer(request))
            # Answers to reads contain the weights; answers to writes are empty.
            done += len(answers[-1]) or len(request.payload) - protocol.WEIGHTS_FORMAT.size
            if progress is not None:
                progress(done, total)
        return answers

    def _answer(self, request: PendingRequest) -> bytes:
        if request.refused == Cause.WEIGHTS:
            fault = self.identity.fault
            why = "" if fault is None else f" ({ImageError(fault)})"
            raise RefusedError(
                f"the board has no weights{why}: load them, or flash bitstream and weights of one "
                "build."
            )
        if request.refused is not None:
            raise RefusedError(
                f"the board refuses {request.kind.name} ({request.refused.name}): {_WRONG_CORE}"
            )
        assert request.answer is not None, "it has not been done yet"
        return request.answer


def _joined(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))
