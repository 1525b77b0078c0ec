# SPDX-License-Identifier: BSD-2-Clause
"""The cycle model: how many clock cycles the hardware takes for an image, exactly.

An event-level replica of the folding. Every event is pushed into its layer, which answers with
the cycle in which it takes it; on the way the operations it causes pass through the layer's
registers, and the spikes they cause are pushed into the next layer. Registers are a tandem queue
with blocking: with e[k] the cycle from which an operation is in register k,

    e[k] = max(e[k - 1] + 1, e[k + 1] of the operation before)

A `+ 1` is the next cycle, since a register takes one thing a cycle; latencies have names. No weight
is looked at: the spike ticks come from the integer model.
"""

from collections import namedtuple
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from firstspike.golden.network import Network
from firstspike.golden.results import Results

from . import latencies
from .folding import DRAIN_BLOCK, MASK_PLACES, Folding
from .overlapped import cycles_alone

SPIKE, ADVANCE, END = 0, 1, 2
BEGINS = -1
"""Of a walk in the place of its steps: the first of an image, which advances by none."""

# The figures come as arguments: compiled code would keep those it was compiled with.
_NAMES = [name for name in vars(latencies) if name.isupper()]
_Latencies = namedtuple("_Latencies", _NAMES)  # type: ignore[misc]  # mypy wants them spelled out


class _Shape(NamedTuple):
    """The folding as arrays over the layers; `crossing` and `decision` are latencies."""

    n_out: np.ndarray
    lanes: np.ndarray
    groups: np.ndarray
    window: np.ndarray
    stages: np.ndarray  # registers behind that of the event
    fetching: np.ndarray  # which of them is the memory's
    places: np.ndarray  # whether masks wait in places kept for them
    rows: np.ndarray
    sends: np.ndarray
    crossing: np.ndarray
    offset: np.ndarray  # of a layer's neurons in `spikes`
    decision: int
    deadline: int
    drain_block: int
    mask_places: int
    latency: _Latencies


class _State(NamedTuple):
    """What is known of an image; all times are cycles, all begins at 0 but `decided` and `ended`.

    From `masks` on there is an entry a layer, a row of `by_layer`.
    """

    spikes: np.ndarray  # ticks of all hidden neurons
    decision_tick: np.ndarray  # [0]
    decided: np.ndarray  # [0]: the cycle of the decision, -1 before
    ended: np.ndarray  # [0]: the cycle in which the last layer takes the image's end, -1 before
    intake: np.ndarray  # [k]: from when on the latest event is in the intake's register k
    registers: np.ndarray  # [layer, k]: from when on the latest operation is in register k
    places: np.ndarray  # [layer, k]: when the drain took the mask that was in place k
    by_layer: np.ndarray
    masks: np.ndarray  # how many have been made
    next: np.ndarray  # when the sequencer can work on its next event
    event_free: np.ndarray  # when the register in front of it takes that
    door_free: np.ndarray  # when the one before can hand it over
    started: np.ndarray
    now: np.ndarray  # tick
    beats: np.ndarray  # events with rows of tick `now` that have gone to the first group alone
    opening: np.ndarray  # by how many ticks the walk that they belong to advances, or BEGINS
    skid_free: np.ndarray  # when the lanes can hand over the next mask, where they wait for that
    mask_free: np.ndarray  # when the drain takes it, to empty it block by block
    block_free: np.ndarray  # when it takes the next block
    promised: np.ndarray  # when a window's walk may advance


@njit(cache=True)
def _issue(shape, state, layer, at, fetched, ready):
    """One operation from the sequencer to the lanes.

    Its word is not there before `fetched`. Returns the cycle of its issue, and that in which it
    leaves the lanes, not before `ready`.
    """
    e = state.registers[layer]
    stages = shape.stages[layer]
    issued = max(at, e[2] - 1)
    e[1] = issued + 1
    for k in range(2, stages + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
        if k == shape.fetching[layer]:
            e[k] = max(e[k], fetched)
    leaves = max(e[stages], ready)
    e[stages + 1] = leaves + 1
    state.next[layer] = issued + 1
    return issued, leaves


@njit(cache=True)
def _mask_beats(shape, state, layer, group, steps, beats):
    """The beats of a group's mask after an advance by `steps`: the block of each, -1 for none.

    Of several spikes sent in a cycle each is of another bank of the next layer.
    """
    lanes, tick = shape.lanes[layer], state.now[layer]
    first = shape.offset[layer] + group * lanes
    count = 0
    if shape.sends[layer] > 1:
        banks = np.zeros(shape.sends[layer], np.int64)
        for neuron in range(first, first + lanes):
            if tick - steps < state.spikes[neuron] <= tick:
                banks[(neuron - first) % shape.sends[layer]] += 1
        count = banks.max()
        beats[: max(count, 1)] = 0 if count else -1
        return max(count, 1)
    for neuron in range(first, min(first + lanes, shape.offset[layer] + shape.n_out[layer])):
        if tick - steps < state.spikes[neuron] <= tick:
            beats[count] = (neuron - first) // shape.drain_block
            count += 1
    if count == 0:
        beats[0] = -1
    return max(count, 1)


@njit(cache=True)
def _queued(shape, state, layer, steps, out):
    """The spike ticks of the window that ends now, in order of time; returns how many."""
    tick, count = state.now[layer], 0
    first = shape.offset[layer]
    for spike_tick in range(tick - steps + 1, tick + 1):
        for neuron in range(first, first + shape.n_out[layer]):
            if state.spikes[neuron] == spike_tick:
                out[count] = spike_tick
                count += 1
    return count


@njit(cache=True)
def _push(shape, state, layer, kind, tick, offered):
    """Offer an event to `layer` from cycle `offered` on; returns the cycle in which it is taken.

    Recursive in the layers (and one function for that reason: numba caches no other recursion).
    """
    if state.decided[0] >= 0:
        return offered
    latency = shape.latency
    taken = max(offered, state.door_free[layer])
    state.door_free[layer] = max(taken, state.event_free[layer]) + latency.EVENT
    at = max(state.door_free[layer], state.next[layer])
    target = shape.deadline if kind == END else tick
    groups, window = shape.groups[layer], shape.window[layer]
    last = layer == shape.n_out.size - 1
    places, sends = shape.places[layer], shape.sends[layer]
    beats = np.empty(shape.n_out[layer] + 1, np.int64)

    while True:
        lag = target - state.now[layer] if state.started[layer] else -1
        ends = False
        if (lag > 0 or (lag == 0 and kind == END)) and state.beats[layer] and groups > 1:
            # The tick's rows are complete: the other groups replay them.
            first_group, rows, steps = 1, state.beats[layer], state.opening[layer]
            takes_row = False
        elif lag < 0:
            first_group, rows, steps = 0, 1, BEGINS
            takes_row = kind == SPIKE
            state.started[layer], state.now[layer] = 1, target
        elif lag > 0:
            steps = 1 << window
            while steps > lag:
                steps >>= 1
            first_group, rows = 0, 1
            takes_row = kind == SPIKE and steps == lag
            state.now[layer] += steps
        elif kind == SPIKE:
            if state.beats[layer] == 0:
                state.opening[layer] = 0
            state.beats[layer] += 1
            state.event_free[layer] = _issue(shape, state, layer, at, 0, 0)[0]
            return taken
        elif kind == ADVANCE:
            state.next[layer] = at + 1
            state.event_free[layer] = at
            return taken
        else:
            first_group, rows, steps, takes_row, ends = 0, 1, 0, False, True
        if window and (ends or (first_group == 0 and steps > 0)):
            at = max(at, state.promised[layer])

        # A walk over all groups; over the first alone while its rows come; over the others.
        begun = np.int64(-1)
        for group in range(first_group, 1 if takes_row or ends else groups):
            closes = group == groups - 1
            for index in range(rows):
                fires = index == 0 and (steps > 0 or ends) and not last
                place = state.masks[layer] % shape.mask_places
                # In front of the store an operation waits for a place for its mask; its first
                # register takes a cycle.
                freed = state.places[layer, place] + latency.FREED
                fetched = freed + 1 if fires and places else 0
                ready = state.skid_free[layer] if fires and not places else 0
                issued, left = _issue(shape, state, layer, at, fetched, ready)
                at = issued + 1
                if begun < 0:
                    begun = issued
                if ends and last:
                    state.ended[0] = issued
                potentials = last and closes and index == 0 and steps != 0
                if potentials and state.now[layer] == state.decision_tick[0]:
                    state.decided[0] = left + latency.POTENTIALS + shape.decision
                    return taken
                if not fires:
                    continue

                # The mask is searched, block by block.
                count = _mask_beats(shape, state, layer, group, steps, beats)
                if places:
                    # It waits in a place kept for it.
                    empty = state.mask_free[layer] if sends == 1 else state.block_free[layer]
                    taken_out = max(left + latency.DRAIN_PLACE, empty)
                    state.places[layer, place] = taken_out
                    state.masks[layer] += 1
                if places and sends > 1:
                    found = offer = taken_out + latency.DRAIN_BEAT
                elif places:
                    found = offer = taken_out + latency.DRAIN_BLOCKS
                else:
                    # Not taken, it waits beside the drain and holds up the next one.
                    found = offer = max(left, state.block_free[layer]) + latency.DRAIN_BEAT
                    state.skid_free[layer] = offer
                for beat in range(count):
                    if places and sends == 1 and (beat == 0 or beats[beat] != beats[beat - 1]):
                        moved = max(found, state.block_free[layer])
                        state.mask_free[layer] = moved
                        found = offer = moved + latency.DRAIN_BEAT
                    gone = offer
                    if not window and (beats[beat] >= 0 or closes or ends):
                        sent = np.int64(END if ends else SPIKE if beats[beat] >= 0 else ADVANCE)
                        gone = _push(shape, state, layer + 1, sent, state.now[layer], offer)
                        if state.decided[0] >= 0:
                            return taken
                    state.block_free[layer] = gone
                    offer = gone + 1

        # A window's queue is released when its last beat has come through the crossing unit.
        if window and (ends or (steps > 0 and not takes_row)):
            pushed = state.block_free[layer] + shape.crossing[layer]
            empty = pushed + latency.RELEASE
            offer = max(empty, pushed + latency.QUEUE_STORE) + latency.QUEUE_SELECT
            count = _queued(shape, state, layer, steps, beats)
            for position in range(count):
                gone = _push(shape, state, layer + 1, np.int64(SPIKE), beats[position], offer)
                if state.decided[0] >= 0:
                    return taken
                empty = gone + 1
                offer = gone + latency.QUEUE_SELECT
            sent = np.int64(END if ends else ADVANCE)
            gone = _push(shape, state, layer + 1, sent, state.now[layer], empty)
            state.promised[layer] = gone + latency.DONE
        if ends:
            state.event_free[layer] = begun
            return taken
        state.beats[layer] = takes_row
        state.opening[layer] = steps
        if first_group == 0 and state.now[layer] == target and kind != END:
            state.event_free[layer] = begun
            return taken


@njit(cache=True)
def _take(shape, state, kind, tick, offered):
    """Offer an event to the intake from cycle `offered` on; returns the cycle it is taken in."""
    e, stages = state.intake, shape.latency.INTAKE
    taken = max(offered, e[2] - 1)
    e[1] = taken + 1
    for k in range(2, stages + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
    first = np.int64(0)  # typed, since numba would compile a version for every literal
    e[stages + 1] = _push(shape, state, first, kind, tick, e[stages]) + 1
    return taken


@njit(cache=True)
def _image(shape, state, ticks, bitmap, connected):
    """One image: `ticks` [n_rows] of its inputs, or the bits of its bitmap."""
    if bitmap == 0:
        _events(shape, state, ticks)
    elif shape.rows[0] > 1:
        _banked_bitmap(shape, state, bitmap, connected)
    else:
        _bitmap(shape, state, bitmap, connected)


@njit(cache=True)
def _events(shape, state, ticks):
    """In every event a row of each bank that has any left at its tick."""
    spike, end = np.int64(SPIKE), np.int64(END)
    banks = np.zeros(shape.rows[0], np.int64)
    offered = np.int64(0)
    order = np.argsort(ticks, kind="mergesort")
    for place, row in enumerate(order):
        tick = ticks[row]
        if tick <= 0:
            continue
        banks[row % banks.size] += 1
        if place + 1 == order.size or ticks[order[place + 1]] != tick:
            for _ in range(banks.max()):
                offered = _take(shape, state, spike, tick, offered) + 1
            banks[:] = 0
    _take(shape, state, end, np.int64(0), offered)


@njit(cache=True)
def _banked_bitmap(shape, state, bitmap, connected):
    """Every bank searches its own part of the words, which wait for it: cycle by cycle."""
    banks = shape.rows[0]
    words = -(-connected.size // bitmap)
    final = words - 1
    bright = np.zeros((words, banks), np.int64)
    for pixel in range(connected.size):
        bright[pixel // bitmap, pixel % banks] += connected[pixel] > 0
    tick = connected.max() - 2
    ahead = np.zeros(banks, np.int64)  # the next word of each bank
    held = np.full(banks, -1)  # the one it searches
    left = np.zeros(banks, np.int64)  # bits of it
    free = np.int64(0)  # when the register of the event can be loaded
    latency = shape.latency
    cycle = np.int64(0)
    while True:
        step = cycle >= free
        ends = held.min() == final and left.max() == 0
        if step and ends:
            _take(shape, state, np.int64(END), np.int64(0), cycle + latency.ENCODER_ROW)
            return
        if step and left.max() > 0:
            free = _take(shape, state, np.int64(SPIKE), tick, cycle + latency.ENCODER_ROW)
        for bank in range(banks):
            if step and left[bank] > 0:
                left[bank] -= 1
                used = left[bank] == 0
            else:
                used = held[bank] < 0
            if used and held[bank] < final:
                # Dark words are not kept, but for the last one.
                word = ahead[bank]
                while word < final and word <= cycle and bright[word, bank] == 0:
                    word += 1
                ahead[bank] = word
                held[bank], left[bank] = -1, 0
                if word <= cycle:
                    held[bank], left[bank] = word, bright[word, bank]
                    ahead[bank] = word + 1
        cycle += 1


@njit(cache=True)
def _bitmap(shape, state, bitmap, connected):
    """A register for a word, and one for the pixel whose row is looked up."""
    spike, end = np.int64(SPIKE), np.int64(END)
    latency = shape.latency
    word_offered = 0
    word_free = 0
    row_free = 0
    words = -(-connected.size // bitmap)
    for word in range(words):
        pixels = connected[word * bitmap : (word + 1) * bitmap]
        if word < words - 1 and not pixels.any():
            # Dropped whatever the register is at.
            word_offered += 1
            continue
        word_taken = max(word_offered, word_free)
        word_offered = word_taken + 1
        at = word_taken + latency.ENCODER_WORD
        for pixel in pixels:
            if pixel == 0:
                continue
            # 1: bright, but no input of the core; its tick otherwise
            word_free = max(at, row_free)
            at = word_free + 1
            row_free = word_free + latency.ENCODER_ROW
            if pixel > 1:
                row_free = _take(shape, state, spike, pixel - 2, row_free)
    # With the end the last word is used up.
    offered = max(at, row_free) + latency.ENCODER_ROW
    _take(shape, state, end, np.int64(0), offered)


@njit(cache=True)
def _images(shape, state, spikes, decision_ticks, ticks, bitmap, connected):
    """When each image is decided, and when the last layer takes its end.

    -1 for what never happens, since a decision stops everything.
    """
    decided, ended = np.empty(len(ticks), np.int64), np.empty(len(ticks), np.int64)
    for image in range(len(ticks)):
        for known in (state.by_layer, state.registers, state.places):
            known[:] = 0
        state.intake[:] = 0
        state.decided[0] = state.ended[0] = -1
        for neuron in range(state.spikes.size):  # of an array numba compiles a message, too
            state.spikes[neuron] = spikes[image, neuron]
        state.decision_tick[0] = decision_ticks[image]
        _image(shape, state, ticks[image], bitmap, connected[image])
        decided[image], ended[image] = state.decided[0], state.ended[0]
    return decided, ended


def cycles(
    network: Network,
    ticks: np.ndarray,
    results: Results,
    folding: Folding,
    pixels: np.ndarray | None = None,
) -> np.ndarray:
    """Clock cycles, int64 [n], from the first word the core takes for an image to its decision.

    `results` are those of `infer(network, ticks)`, `ticks` [n, n_rows], or of `learn` with `trace`.
    A bitmap of all pixels needs `pixels`, uint8 [n, n_inputs]: connected or not, a bright one takes
    the encoder a cycle. For a source that never pauses and a taker that is always ready. Where
    images overlap, for those that come alone; `overlapped_cycles` knows about the others.
    """
    if folding.overlaps:
        return cycles_alone(network, ticks, results, folding)
    decided, _ = run_images(network, ticks, results.known_hidden(), results.tick, folding, pixels)
    # Less would pass for UNCOUNTED, which differs from nothing.
    assert (decided > 0).all(), "the cycle model has left an image undecided"
    return decided


def shape_of(network: Network, folding: Folding) -> _Shape:
    """All figures of a core by which its cycles are counted, here and elsewhere."""
    layers = folding.layers

    def each(name: str) -> np.ndarray:
        return np.array([getattr(layer, name) for layer in layers], np.int64)

    n_out = each("n_out")
    return _Shape(
        n_out=n_out,
        lanes=each("lanes"),
        groups=each("groups"),
        window=each("window"),
        stages=each("fetch_cycles") - latencies.EVENT,
        fetching=each("operation_cycles") - latencies.EVENT + 1,
        places=each("mask_places") > 0,
        rows=each("rows"),
        sends=each("sends"),
        crossing=each("crossing_cycles"),
        offset=np.cumsum(n_out) - n_out,
        decision=layers[-1].decision_cycles,
        deadline=network.deadline,
        drain_block=DRAIN_BLOCK,
        mask_places=MASK_PLACES,
        latency=_Latencies(*(getattr(latencies, name) for name in _NAMES)),
    )


def run_images(
    network: Network,
    ticks: np.ndarray,
    hidden: Sequence[np.ndarray],
    decision_ticks: np.ndarray,
    folding: Folding,
    pixels: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Cycles of images that run to `decision_ticks` [n]: int64 [n] until these are known.

    `hidden`: spike ticks of each hidden layer, [n, n_out]. Also until the last layer takes an
    image's end, -1 for those that are decided before.
    """
    shape, layers = shape_of(network, folding), folding.layers
    count = len(ticks)
    hidden = [np.asarray(spikes, np.int64) for spikes in hidden]
    spikes = np.concatenate([*hidden, np.zeros((count, 1), np.int64)], axis=1)
    connected = np.zeros((count, 1), np.int64)
    if folding.bitmap is not None:
        # Per pixel 0 for dark, 1 for bright but unconnected, 2 + tick for an input spike.
        connected = np.where(ticks > 0, ticks + 2, 0).astype(np.int64)
        if layers[0].rows == 1:
            assert pixels is not None, "a core with a bitmap in front depends on the pixels"
            inputs, connected = connected, (pixels > 127).astype(np.int64)
            connected[:, network.inputs] = inputs
    sizes = [spikes.shape[1], 1, 1, 1, latencies.INTAKE + 2]
    sizes += [(len(layers), shape.stages.max() + 2), (len(layers), MASK_PLACES)]
    by_layer = np.zeros((len(_State._fields) - len(sizes) - 1, len(layers)), np.int64)
    arrays = [np.zeros(size, np.int64) for size in sizes]
    state = _State._make([*arrays, by_layer, *by_layer])
    # In one layout: numba would compile a version for every other.
    spikes, decision_ticks, ticks, connected = (
        np.ascontiguousarray(one, np.int64) for one in (spikes, decision_ticks, ticks, connected)
    )
    return _images(shape, state, spikes, decision_ticks, ticks, folding.bitmap or 0, connected)
