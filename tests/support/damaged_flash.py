# SPDX-License-Identifier: BSD-2-Clause
"""A small design that needs no computer, and damage to its flash."""

import random
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from firstspike.golden import Network, encode, infer
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.hdl.standalone.core import LISTENING
from firstspike.hdl.standalone.status import STATUS_REQUEST, Status
from firstspike.hdl.standalone.texts import sentence
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.harness.runner import SimulationError

from .flashed_run import StandaloneSimulation, Start, statuses_of

IDENTITY = b"a design"

QUIET = 30_000
"""A cycle after the last line of the design."""

ANSWERING = 6_000
"""Cycles from a request to its answer, at most: a line that is being sent takes most of them."""


def small_network() -> Network:
    """Return a network whose words of weights need one chunk in a layer, and two in the other."""
    rng = np.random.default_rng(1)
    return network_of(
        random_weights(rng, (12, 9, 5), -40, 60),
        (60, 40),
        bits=8,
        unit=2,  # so that some decisions have a tick of one digit
        encoding="levels-4",
        classes=("nought", "one", "two", "three", "a name that is longer than the others"),
    )


def damage(
    network: Network, shape: CoreShape, count: int, images: int = 8, *, seed: int = 1
) -> int:
    """Damage `count` bytes of the flash, one by one; returns how many bytes its image has.

    The bytes are those of the header and of the checksum, and others at random, by `seed`. After
    each start images are offered. Raises SimulationError if the lines differ from those of golden,
    and if no class would be reported with the right weights.
    """
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (images, network.n_features)).astype(np.uint8)
    pixels[-1] = 0  # a dark image has a forced decision
    ticks = encode(network, pixels)
    if infer(network, ticks).forced.all():
        raise SimulationError(
            f"no class is reported with the right weights: all decisions of {images} images are "
            "forced; give lower thresholds."
        )
    config = CoreConfig.of(network, linked_folding(network, shape))
    simulation = StandaloneSimulation(config, network, IDENTITY)
    content = bytearray(b"\xff" * len(simulation.image))
    starts = list(_starts(simulation.image, count, seed))
    for start, text in zip(starts, simulation.run(ticks, starts), strict=True):
        for address, byte in start.bytes.items():
            content[address] = byte
        expected = simulation.expected(bytes(content), ticks, start)
        try:
            statuses, other_lines = statuses_of(text)
        except ValueError as error:  # a line that begins like a status
            raise SimulationError(str(error)) from None
        if other_lines != expected:
            raise SimulationError(
                f"after {dict(start.bytes)} were written it says {other_lines!r}, not {expected!r}"
            )
        listens = sentence(LISTENING) in expected
        _check(statuses, start, simulation.item_count(ticks) if listens else 0)
    return len(content)


def _check(statuses: list[Status], start: Start, item_count: int) -> None:
    """Raise SimulationError for answers that are missing, or that no such start gives.

    Before the weights are there no sample is given, and at last `item_count`.
    """
    if bool(statuses) != any(STATUS_REQUEST in sent for sent in start.requests.values()):
        raise SimulationError(f"asked {dict(start.requests)} it answers {statuses}")
    for before, after in pairwise(statuses):
        if after.cycles <= before.cycles or after.samples < before.samples:
            raise SimulationError(f"{after} follows {before}")
    if statuses and 0 in start.requests and statuses[0].samples:
        raise SimulationError(f"{statuses[0]} tells of samples before the weights are there")
    if statuses and not QUIET <= statuses[-1].cycles < QUIET + ANSWERING:
        raise SimulationError(f"{statuses[-1]} answers a request of about cycle {QUIET}")
    if statuses and statuses[-1] != Status(IDENTITY, statuses[-1].cycles, item_count):
        raise SimulationError(f"{statuses[-1]} does not tell of {item_count} samples")


def _starts(image: bytes, count: int, seed: int) -> Iterator[Start]:
    """Yield starts: an empty flash, the image, damaged bytes, and the image again.

    Some starts receive requests: while the weights are loaded, without a pause, with a fault and
    without a fault. One start receives all bytes that are no requests.
    """
    late = {QUIET: STATUS_REQUEST}
    yield Start({}, requests={0: STATUS_REQUEST * 2} | late)
    all_bytes = dict(enumerate(image))
    yield Start(all_bytes, broken=True, requests={0: STATUS_REQUEST * 200} | late)
    yield Start(dict.fromkeys(range(4), 0), requests={QUIET: STATUS_REQUEST})
    other_bytes = bytes(byte for byte in range(256) if byte != STATUS_REQUEST[0])
    yield Start(all_bytes, requests={0: other_bytes})
    yield from map(Start, damages(image, count, seed))
    yield Start({}, telling=False)


def damages(image: bytes, count: int, seed: int = 1) -> Iterator[dict[int, int]]:
    """Yield bytes by address: each damages one and mends the one before, the last only mends.

    They are those of the header and of the checksum, and others at random.
    """
    rng = random.Random(seed)
    ends = [*range(20), *range(len(image) - 4, len(image))]
    addresses = rng.sample(ends, min(count // 2, len(ends)))
    addresses += rng.sample(range(20, len(image) - 4), count - len(addresses))
    mended: dict[int, int] = {}
    for address in addresses:
        yield mended | {address: image[address] ^ rng.randrange(1, 256)}
        mended = {address: image[address]}
    yield mended
