# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts saves of taught words by losses of power, and lets the board start from each flash.

    python -m docs.measurements.interrupted_saves [COUNT]

A simulated board with a saved image learns a further word, and saves again. Each of COUNT (2,000)
interruptions is during one of the changes of the flash: of a page some bytes and bits are
programmed, and of a sector some bytes are erased, and any bits are set. Then the board starts with
this flash. Its last layer must have the weights of one of the two images, or the trained ones,
unless the board decides nothing. The same is done for forgetting.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import cocotb

from firstspike.golden import encode
from firstspike.golden.flash import WORD_BYTES, saved_address
from firstspike.hdl.standalone.saving_core import FORGET, SAVE
from firstspike.sim.harness.bench_io import report
from firstspike.sim.harness.runner import SimulationError
from firstspike.sim.harness.taps import tap
from tests.blocks.test_saving_core import HEADER_BYTES, REGION, Home, KeeperBench
from tests.blocks.test_teachable_core import POLL, Word
from tests.support.flash_changes import Change

BENCH = "docs.measurements.interrupted_saves"

COUNT = 2000

OLD, TRAINED, NEW = "the words saved before", "the trained weights", "the new words"
REFUSED, HALF_WRITTEN = "no decision", "half-written weights"

BEGIN, FLASH_BYTES = saved_address(REGION), 1 << 14


def interrupted_saves(home: Home, count: int, seed: int = 1) -> dict[str, Counter[str]]:
    """Return how many starts have which weights, by the interrupted request.

    Raises SimulationError for a start with half-written weights.
    """
    words = [Word(home.pictures[0], label=2), Word(home.pictures[1], label=1)]
    images, state = {TRAINED: home.trained}, None
    for name, word in zip((OLD, NEW), words, strict=True):
        teacher = home.content.teacher(home.network)  # each start begins with the references
        if state is not None:
            teacher.state.weights = state.weights
        teacher.teach(encode(home.network, word.pixels[None])[0], word.label)
        state = teacher.state
        images[name] = home.image(state)
    counts = {}
    for request, last in ((SAVE, NEW), (FORGET, TRAINED)):
        changes = home.start(images[OLD], [words[1], request]).changes
        contents = list(_interrupted(images[OLD], changes, count, random.Random(seed)))
        contents.append(images[last] if last == NEW else bytes(len(images[OLD])))
        starts = home.simulation.run(
            BENCH, SimpleNamespace(contents=contents, pauses=False), "restarts", seed
        )
        found = [_weights_of(start, images, home.words) for start in starts]
        if found[-1] != last:
            raise SimulationError(f"an uninterrupted {request!r} leaves {found[-1]}.")
        counts[request.decode()] = Counter(found[:-1])
    return counts


def _interrupted(
    image: bytes, changes: Sequence[Change], count: int, rng: random.Random
) -> Iterator[bytes]:
    """Yield contents of the flash from the address of the image on, after `count` interruptions."""
    for _ in range(count):
        content = bytearray(b"\xff" * FLASH_BYTES)
        content[BEGIN : BEGIN + len(image)] = image
        number = rng.randrange(len(changes))
        for change in changes[:number]:
            change.apply(content)
        changes[number].interrupt(content, rng)
        yield bytes(content[BEGIN : BEGIN + len(image)])


def _weights_of(start: "Start", images: Mapping[str, bytes], words: int) -> str:
    """Return which weights a start has in a last layer of this many words.

    Raises SimulationError for half-written ones.
    """
    if not start.usable:
        return REFUSED
    weights, chunk = bytearray(images[TRAINED][HEADER_BYTES:-WORD_BYTES]), Counter[int]()
    word_bytes = len(weights) // words
    for address, data in start.written:
        begin = address * word_bytes + chunk[address] * WORD_BYTES
        weights[begin : begin + WORD_BYTES] = data.to_bytes(WORD_BYTES, "big")
        chunk[address] += 1
    for name, image in images.items():
        if weights == image[HEADER_BYTES:-WORD_BYTES]:
            return name
    raise SimulationError(f"a start has {HALF_WRITTEN}: {start}")


class Start(NamedTuple):
    """The state of a board that has read its flash."""

    usable: bool
    """Whether the board decides."""
    written: list[tuple[int, int]]
    """The chunks that were written into the last layer: address of the word, and data."""


@cocotb.test()
async def restarts(dut):
    """Start after start, each with its content of the flash."""
    bench = await KeeperBench(dut).start()
    report([await start_with(bench, content) for content in bench.arguments.contents])


async def start_with(bench: KeeperBench, content: bytes) -> Start:
    """Fill the flash, start, and wait until the flash is read."""
    dut, domain, written = bench.dut, bench.domain, []
    await bench.restart(content)

    def write() -> None:
        assert dut.written__layer.value == 1
        written.append((int(dut.written__address.value), int(dut.written__data.value)))

    watching = cocotb.start_soon(tap(domain, dut.written__valid, write))
    while not (dut.usable.value or dut.fault.value):
        await domain.cycles(POLL)
    await domain.cycles(POLL)
    watching.cancel()
    return Start(bool(dut.usable.value), written)


def main() -> None:
    """Print how many starts have which weights."""
    count = int(sys.argv[1]) if sys.argv[1:] else COUNT
    for request, counts in interrupted_saves(Home(), count).items():
        names = (OLD, TRAINED, NEW, REFUSED, HALF_WRITTEN)
        found = ", ".join(f"{counts[name]} {name}" for name in names)
        print(f"{request}: {count} interruptions: {found}")


if __name__ == "__main__":
    main()
