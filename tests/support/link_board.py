# SPDX-License-Identifier: BSD-2-Clause
"""A small board for the tests of the link, and what golden says of its images."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from firstspike.golden import Network, encode, infer
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.link.protocol.formats import (
    ANSWER,
    DECISION_FORMAT,
    EVENT_FORMAT,
    UNLABELLED,
    DecisionFlag,
    Request,
)
from firstspike.hdl.link.protocol.messages import packed
from firstspike.sim.benches.link.script import (
    Answer,
    LinkOutcome,
    Script,
    run_script,
)
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.flash_model import link_verilog

RING_BYTES = 256
BUILD = bytes(range(8))
CLOCK = 75_000_000
CHECKSUM_CYCLES = 45
"""Maximum number of clock cycles until the answer to CHECKSUM, per 4 bytes of all words."""


def small_network(
    inputs: np.ndarray | None = None,
    n_inputs: int = 40,
    hidden: tuple[int, ...] = (13,),
    encoding: str = "binary",
) -> Network:
    """A network of random weights; about half of its inputs are connected, or those given."""
    rng = np.random.default_rng(3)
    if inputs is None:
        inputs = np.flatnonzero(rng.random(n_inputs) < 0.5)
    return network_of(
        random_weights(rng, (len(inputs), *hidden, 5), -4, 8),
        (7, *(5 for _ in hidden)),
        inputs=inputs,
        n_inputs=n_inputs,
        encoding=encoding,
    )


@dataclass(frozen=True)
class SmallBoard:
    """A board with a network; it can show the first one of its images."""

    network: Network
    lanes: int = 4
    window: int = 0
    rows: int = 1
    overlap: bool = False
    loaded: bool = False
    flash_address: int | None = None
    """Address of the weights in the flash; None for a board without a flash."""
    ring_bytes: int = RING_BYTES
    bench_images: int = 0

    @cached_property
    def folding(self) -> Folding:
        """Folding of its core."""
        shape = CoreShape(self.lanes, self.window, rows=self.rows, overlap=self.overlap)
        return linked_folding(self.network, shape)

    @cached_property
    def config(self) -> CoreConfig:
        """Configuration of its core."""
        return CoreConfig.of(self.network.connected(), self.folding, any_weights=self.loaded)

    def verilog(self) -> str:
        """Return the Verilog of its core behind its link."""
        weights = None if self.loaded else self.network.weights
        digit = None
        if self.config.bitmap:
            digit = self.pixels(1)[0, self.network.inputs] > 127
        return link_verilog(
            self.config,
            self.network,
            weights=weights,
            digit=digit,
            build=BUILD,
            clock_hz=CLOCK,
            ring_bytes=self.ring_bytes,
            bench_images=self.bench_images,
            flash_address=self.flash_address,
        )

    def run(self, script: Script, **options: Any) -> LinkOutcome:
        """Follow a script."""
        return run_script(self.verilog(), script, **options)

    def pixels(self, count: int, seed: int = 1) -> np.ndarray:
        """Random images uint8 [n, n_inputs]: dim, bright, dark and light ones."""
        rng = np.random.default_rng(seed)
        level = (0.5, *np.random.default_rng(seed + 1).choice((0, 0.1, 0.5, 1), count - 1))
        chosen = [rng.random(self.network.n_inputs) < one for one in level]
        return np.where(chosen, 255, 0).astype(np.uint8)

    def ticks(self, pixels: np.ndarray) -> np.ndarray:
        """Return the spike ticks of the connected inputs."""
        return encode(self.network.connected(), pixels[:, self.network.inputs])

    def expected(self, pixels: np.ndarray) -> list[tuple]:
        """Return what `decisions` must say of images without errors."""
        network = self.network.connected()
        ticks = self.ticks(pixels)
        inference = infer(network, ticks)
        bitmap = pixels[:, self.network.inputs] if self.config.bitmap else None
        counts = cycles(network, ticks, inference, self.folding, bitmap)
        rows = inference.spikes_in.tolist()
        return [
            (int(d), int(f) << DecisionFlag.FORCED, int(t), int(c), tuple(r))
            for d, f, t, c, r in zip(
                inference.decision, inference.forced, inference.tick, counts, rows, strict=True
            )
        ]


def inputs_request(
    image: np.ndarray, network: Network, label: int = UNLABELLED
) -> tuple[Request, bytes]:
    """The connected inputs of an image."""
    return Request.INPUTS, bytes([label]) + packed(image[network.inputs] > 127)


def events_request(spikes: list, label: int = UNLABELLED) -> tuple[Request, bytes]:
    """Spikes (tick, row)."""
    return Request.EVENTS, bytes([label]) + b"".join(EVENT_FORMAT.pack(*one) for one in spikes)


def fields_of(answers: list[Answer]) -> list[tuple]:
    """Return type, sequence number and payload of answers."""
    return [(answer.kind, answer.sequence, answer.payload) for answer in answers]


def decision_of(answer: Answer, layers: int) -> tuple:
    """(class, flags, tick, cycles, spikes into each layer)."""
    assert answer.kind & ANSWER
    content, rest = answer.payload[: DECISION_FORMAT.size], answer.payload[DECISION_FORMAT.size :]
    assert len(rest) == 2 * layers
    return (*DECISION_FORMAT.unpack(content), tuple(np.frombuffer(rest, "<u2").tolist()))


async def put_response(ctx, response, byte: int | None) -> None:
    """Send a byte of a response to a Transmitter, or None for the end of the response."""
    ctx.set(response.payload.data, byte or 0)
    ctx.set(response.payload.end, byte is None)
    ctx.set(response.valid, 1)
    await ctx.tick().until(response.ready)
    ctx.set(response.valid, 0)
