# SPDX-License-Identifier: BSD-2-Clause
"""The cycle model of a core whose images overlap: the start and the decision of each image.

The model simulates the front of the core cycle by cycle and register by register, from the words to
the END that waits for its start. After the start of an image only masks wait, for slots and for the
serialiser, and each time follows from the one before:

    start -> tick unit + 1 -> ... -> the decision's tick -> decision -> END -> start of the next
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from firstspike.golden.network import Network
from firstspike.golden.results import Results
from firstspike.golden.system.kernels import njit

from . import latencies
from .folding import MAX_IMAGES, Folding, bank_fifo_depth
from .layer import MASK_FIFO_DEPTH

NONE, SPIKE, END = 0, 1, 2


class _Images(NamedTuple):
    """Properties of images that determine their cycles."""

    parts: np.ndarray  # [n, words, banks]: bits of each bank's part of a word
    spikes: np.ndarray  # [n, n_hidden]: ticks from `unit` to each hidden spike, sorted
    sources: np.ndarray  # [n, n_hidden]: the bank of the mask in which the spike is
    decided_after: np.ndarray  # [n]: ticks from `unit` to the decision


class _Banks(NamedTuple):
    """The banks of the encoder: the waiting parts of words in each bank, and the one searched."""

    waiting: np.ndarray  # [banks, depth]: bits of each part
    last_waits: np.ndarray  # [banks, depth]: whether it is the last one of an image
    first: np.ndarray  # [banks]: the address of the first one
    level: np.ndarray  # [banks]: how many wait
    left: np.ndarray  # [banks]: bits left of the part that is searched, -1 without one
    is_last: np.ndarray  # [banks]: whether it is the last one of an image


class _Figures(NamedTuple):
    """Figures of the core, as arguments: compiled code would keep the values of its compilation."""

    depth: int  # words that can wait in the encoder
    most_images: int  # images that can be inside the encoder
    registers: int  # registers after the encoder's own, up to that of the start
    last_tick: int  # ticks from `unit` to the deadline
    to_serialiser: int  # from the operation of a tick until its mask can leave its slot
    to_decision: int  # from then to the decision
    freed: int
    mask_fifo_depth: int


def overlapped_cycles(
    network: Network, ticks: np.ndarray, results: Results, folding: Folding
) -> Results:
    """Add `cycles` and `apart`, for images without pauses between them, to `results`.

    `results` are those of `infer(network, ticks)`.
    """
    started, decided = run_overlapped(network, ticks, results, folding)
    return replace(results, cycles=decided - started, apart=np.diff(decided, prepend=0))


def run_overlapped(
    network: Network, ticks: np.ndarray, results: Results, folding: Folding, rounds: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cycles in which images start and are decided, round after round, without pauses.

    The arrays are int64 [rounds * n]; the first image starts in cycle 0. `results` are those of
    `infer(network, ticks)`, `ticks` [n, n_rows]; decisions are accepted at once.
    """
    return _run(*_known(network, ticks, results, folding), rounds)


def cycles_alone(
    network: Network, ticks: np.ndarray, results: Results, folding: Folding
) -> np.ndarray:
    """Return clock cycles int64 [n] of separate images; see `run_overlapped`."""
    images, core = _known(network, ticks, results, folding)
    alone = np.empty(len(ticks), np.int64)
    for image in range(len(ticks)):
        _, (alone[image],) = _run(_Images(*(one[image : image + 1] for one in images)), core, 1)
    return alone


def _known(
    network: Network, ticks: np.ndarray, results: Results, folding: Folding
) -> tuple[_Images, _Figures]:
    hidden, last = folding.layers
    rows, width = hidden.rows, folding.bitmap
    assert width is not None
    words = -(-hidden.n_in // width)
    bright = np.zeros((len(ticks), words * width), np.int64)
    bright[:, : hidden.n_in] = ticks > 0
    parts = bright.reshape(len(ticks), words, width // rows, rows).sum(axis=2)
    (spikes,) = results.known_hidden()
    order = np.argsort(spikes, axis=1)
    after = np.take_along_axis(spikes, order, axis=1).astype(np.int64) - network.unit
    decided_after = np.asarray(results.tick, np.int64) - network.unit
    decision = latencies.FIRST_BEAT + last.fetch_cycles + latencies.POTENTIALS
    return _Images(parts, after, order % hidden.sends, decided_after), _Figures(
        depth=bank_fifo_depth(words),
        most_images=MAX_IMAGES,
        registers=latencies.INGRESS_CHECK + latencies.EVENT,
        last_tick=network.deadline - network.unit,
        to_serialiser=hidden.stages + latencies.MASK_CHECK,
        to_decision=decision + last.decision_cycles,
        freed=latencies.FREED,
        mask_fifo_depth=MASK_FIFO_DEPTH,
    )


@njit(cache=True)
def _run(known, core, rounds):
    """Return the cycles in which images start and are decided."""
    parts, depth, registers = known.parts, core.depth, core.registers
    count, words, banks = parts.shape
    images = rounds * count
    started, decided = np.empty(images, np.int64), np.empty(images, np.int64)

    incoming, word, older = 0, 0, 0  # the incoming words
    encoder = _Banks(
        waiting=np.zeros((banks, depth), np.int64),
        last_waits=np.zeros((banks, depth), np.bool_),
        first=np.zeros(banks, np.int64),
        level=np.zeros(banks, np.int64),
        left=np.full(banks, -1),
        is_last=np.zeros(banks, np.bool_),
    )
    # The encoder's event, and the registers after it.
    chain = np.zeros(registers + 1, np.int64)

    # The image whose END waits, and its start; for the image before, the cycles of its END and of
    # its decision; when the serialiser is free; when the latest masks have left their slots.
    image, start = 0, np.int64(-1)
    back = np.array([-1, -1, 0, 0])
    departures = np.full(core.mask_fifo_depth, -core.freed - 1)

    cycle = np.int64(0)
    while image < images:
        if chain[registers] == END and start < cycle:
            earliest = max(cycle, max(back[0], back[1]) + 1)
            start = _advance(known, image % count, core, earliest, back, departures)
            decided[image] = back[1]
            image += 1

        # From the start backwards: registers that are empty, or can advance.
        ready = chain[registers] != END or cycle == start
        for register in range(registers, 0, -1):
            before = chain[register - 1]
            if ready:
                chain[register] = before
            ready = before == NONE or ready
        sent = ready and chain[0] == END

        ends, hits, room = True, False, True
        for bank in range(banks):
            ends &= encoder.left[bank] == 0 and encoder.is_last[bank]
            hits |= encoder.left[bank] > 0
            room &= encoder.level[bank] < depth
        accepted = incoming < images and room and (word > 0 or older < core.most_images)
        if accepted and word == 0:
            started[incoming] = cycle
        last = accepted and word == words - 1
        _search(encoder, parts[incoming % count, word], accepted, last, ready, ends)
        if ready:
            chain[0] = END if ends else SPIKE if hits else NONE
        if accepted:
            word += 1
            if word == words:
                incoming, word, older = incoming + 1, 0, older + 1
        older -= sent
        cycle += 1
    return started, decided


@njit(cache=True)
def _search(encoder, parts, accepted, last, ready, ends):
    """Simulate a cycle of the encoder's banks, which accept their parts of a word if `accepted`.

    A part without bits is the last one of an image. `ready`: the encoder's register accepts the
    bits that the banks have found; `ends`: all banks are at the end of an image.
    """
    banks, depth = encoder.waiting.shape
    for bank in range(banks):
        left, level, first = encoder.left[bank], encoder.level[bank], encoder.first[bank]
        is_offered = accepted and (parts[bank] > 0 or last)
        used = left < 0 or (ready and (ends or (left <= 1 and not encoder.is_last[bank])))
        keeps = is_offered and (level > 0 or not used)
        if ready and left > 0:
            encoder.left[bank] = left - 1
        if used and level > 0:
            encoder.left[bank] = encoder.waiting[bank, first]
            encoder.is_last[bank] = encoder.last_waits[bank, first]
            first, level = (first + 1) % depth, level - 1
        elif used and is_offered:
            encoder.left[bank], encoder.is_last[bank] = parts[bank], last
        elif used:
            encoder.left[bank] = -1
        if keeps:
            slot = (first + level) % depth
            encoder.waiting[bank, slot], encoder.last_waits[bank, slot] = parts[bank], last
            level += 1
        encoder.first[bank], encoder.level[bank] = first, level


@njit(cache=True)
def _advance(known, image, core, earliest, back, departures):
    """Compute the times of an image from its start to its END; return the cycle of its start.

    `back` is that of `_run`, and is updated.
    """
    spikes, sources = known.spikes[image], known.sources[image]
    spike = np.searchsorted(spikes, 0, side="right")
    in_mask = np.zeros(sources.max() + 1, np.int64)  # spikes of each bank
    free, masks = back[2], back[3]
    issued, start = earliest - 1, np.int64(-1)
    decided = np.int64(1 << 62)
    tick = 0
    while True:
        slot = masks % core.mask_fifo_depth
        issued = max(issued + 1, departures[slot] + core.freed)
        if tick == 0:
            start = issued
        departures[slot] = max(issued + core.to_serialiser, free)
        masks += 1
        if tick == core.last_tick or issued >= decided:
            break
        tick += 1
        if tick == known.decided_after[image]:
            decided = departures[slot] + core.to_decision
        # A mask has as many beats as the bank with the most spikes, and at least one.
        in_mask[:] = 0
        while spike < spikes.size and spikes[spike] == tick:
            in_mask[sources[spike]] += 1
            spike += 1
        beats = max(in_mask.max(), 1)
        # After the decision, masks are dropped, one per cycle, once the layer receives it.
        free = min(departures[slot] + beats, max(departures[slot], decided) + 1)
    back[0], back[1], back[2], back[3] = issued, decided, departures[slot] + 1, masks
    return start
