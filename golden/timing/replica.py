# SPDX-License-Identifier: BSD-2-Clause
"""An event-level replica of a core, compiled: the cycle in which each image is decided.

`_push` offers every event to its layer and returns the cycle in which the layer accepts it. It
passes the operations of the event through the layer's registers, and pushes their spikes into the
next layer. Registers are a tandem queue with blocking: with e[k] the first cycle of an operation in
register k,

    e[k] = max(e[k - 1] + 1, e[k + 1] of the operation before)

A `+ 1` is the next cycle, since a register accepts one item per cycle; latencies have names. The
replica reads no weights: the spike ticks come from the integer model.

Each function is named after its block. All compiled functions are in this file: numba recompiles a
cached function only if its own file has changed. They receive the figures and the state of a layer
as records, because to pass many arrays takes longer than the work on them.
"""

from typing import NamedTuple

import numpy as np

from firstspike.golden.system.kernels import njit

SPIKE, ADVANCE, END = 0, 1, 2
BEGINS = -1
"""Value of `opening` for an image's first sweep, which does not advance time."""


class _Sweep(NamedTuple):
    """A sweep over the groups, or a scan of positions, that the sequencer begins."""

    first_group: int
    rows: int  # rows that each group adds; 0 if the event begins no sweep
    steps: int  # ticks by which time advances
    takes_row: bool  # whether the row of the event is added
    ends: bool  # whether the image ends


class _Visits(NamedTuple):
    """The operations of a sweep: visits of a group, in a convolving layer at a position."""

    at: int  # the earliest cycle of the first visit
    issue_cycle: int  # the cycle of the sweep's issue in a convolving layer, else -1
    total: int  # number of visits
    firing: int  # in a convolving layer, number of visits before the row is added
    first: int  # index of the first position that the row reaches


@njit(cache=True)
def _issue(layer, state, at, fetched, ready):
    """Pass one operation from the sequencer to the lanes.

    Its word is available from cycle `fetched` on. Returns the cycle of its issue, and the cycle in
    which it leaves the lanes, from `ready` on.
    """
    e, stages = state.registers, layer.stages
    issued = max(at, e[2] - 1)
    e[1] = issued + 1
    for k in range(2, stages + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
        if k == layer.fetching:
            e[k] = max(e[k], fetched)
    leaves = max(e[stages], ready)
    e[stages + 1] = leaves + 1
    state.next = issued + 1
    return issued, leaves


@njit(cache=True)
def _sequencer(layer, state, kind, target):
    """Begin the next sweep of an event; the event is done when the layer is at its target tick."""
    first_group, rows, steps = np.int64(0), np.int64(1), np.int64(0)
    takes_row, ends = False, False
    replays = layer.groups > 1 and not layer.convolves
    lag = target - state.now if state.started else -1
    if (lag > 0 or (lag == 0 and kind == END)) and state.beats and replays:
        # The tick's rows are complete: the other groups now replay them.
        first_group, rows, steps = np.int64(1), state.beats, state.opening
    elif lag < 0:
        steps, takes_row = np.int64(BEGINS), kind == SPIKE
        state.started, state.now, state.listings = 1, target, 0
    elif lag > 0:
        steps = np.int64(1) << layer.window
        while steps > lag:
            steps >>= 1
        takes_row = kind == SPIKE and steps == lag
        state.now += steps
    elif kind == END:
        ends = True
    elif kind == SPIKE and layer.convolves:
        takes_row = True
    else:
        rows = np.int64(0)
    return _Sweep(first_group, rows, steps, takes_row, ends)


@njit(cache=True)
def _row_list(layer, state, kind, at):
    """Accept an event of the layer's tick; return the cycle in which the next one may follow.

    The first group adds the row at once; the row list keeps it for the other groups.
    """
    if kind == SPIKE:
        if state.beats == 0:
            state.opening = 0
        state.beats += 1
        return _issue(layer, state, at, 0, 0)[0]
    state.next = at + 1
    return at


@njit(cache=True)
def _locator(layer, state, at):
    """Pass an operation of a convolving layer from the sequencer to the register of its scan.

    Returns the cycle of its issue, and its first cycle in that register. `_finish_sweep` sets the
    cycle in which the register is free again.
    """
    e = state.located
    issued = max(at, e[2] - 1)
    e[1] = issued + 1
    for k in range(2, layer.located_cycles + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
    return issued, e[layer.located_cycles]


@njit(cache=True)
def _visits(layer, state, sweep, first, address, at):
    """Begin a sweep.

    A sweep visits all groups; only the first group while its rows arrive; or the other groups. A
    convolving layer visits the positions reached so far, and then those that the row reaches.
    """
    none, advances = np.int64(0), sweep.steps > 0 or sweep.ends
    if layer.serial_sweeps and advances and sweep.first_group == 0:
        at = max(at, state.sweep_free)
    if not layer.convolves:
        groups = np.int64(1) if sweep.takes_row or sweep.ends else layer.groups - sweep.first_group
        return _Visits(at, np.int64(-1), groups * sweep.rows, none, none)
    issue_cycle, at = _locator(layer, state, at)
    firing, visited, count = none, none, none
    if advances:
        at = max(at, state.settled)
        firing = np.int64(1) if sweep.ends else max(state.listings * layer.groups, 1)
    if sweep.takes_row:
        index = layer.reach_offset + address % layer.map_size
        visited = first[index]
        count = (first[index + 1] - visited) * layer.groups
    return _Visits(at, issue_cycle, firing + count, firing, visited)


@njit(cache=True)
def _visited(layer, state, sweep, visits, visit, position, listed):
    """Return group and position of a visit, whether neurons may fire, and whether a tick ends."""
    if not layer.convolves:
        number, index = divmod(visit, sweep.rows)
        group = sweep.first_group + number
        fires = index == 0 and (sweep.steps > 0 or sweep.ends) and not layer.is_last
        return group, np.int64(0), fires, group == layer.groups - 1
    if visit < visits.firing:
        number, group = divmod(visit, layer.groups)
        return group, listed[number], True, visit == visits.firing - 1
    number, group = divmod(visit - visits.firing, layer.groups)
    return group, position[visits.first + number], False, False


@njit(cache=True)
def _reached_positions(state, position, visited, listed):
    """Add a position to the list of those that a spike has reached in this image."""
    if visited[position] == 0:
        visited[position] = 1
        listed[state.listings] = position
        state.listings += 1


@njit(cache=True)
def _lanes(layer, state, fires, at):
    """Pass the operation of a visit to the lanes; return the cycles of its issue and its leaving.

    Before the weight store an operation waits for a slot for its mask; its first register takes a
    cycle. Without slots a mask waits in front of the serialiser.
    """
    fetched = ready = np.int64(0)
    if fires and layer.mask_fifo_depth > 0:
        fetched = state.slots_freed[state.masks % layer.mask_fifo_depth] + layer.FREED + 1
    elif fires:
        ready = state.skid_free
    return _issue(layer, state, at, fetched, ready)


@njit(cache=True)
def _decision(layer, state, outcome, sweep, visit, closes, issued, left):
    """Record the end of an image and its decision, for an operation of the last layer."""
    if sweep.ends:
        outcome.ended = issued
    potentials = closes and sweep.steps != 0 and visit % sweep.rows == 0
    if potentials and state.now == outcome.decision_tick:
        outcome.decided = left + layer.POTENTIALS + layer.decision_cycles


@njit(cache=True)
def _mask_beats(layer, state, spikes, group, position, steps, beats):
    """Fill `beats` [k, 2] with block and neuron of each beat of a mask; return the number of beats.

    The mask is that of a group at a position after an advance by `steps`. Without a beat the first
    block is -1. Spikes that are sent in one cycle belong to different banks of the next layer.
    """
    tick, after, count = state.now, state.now - steps, 0
    if layer.sends > 1:
        banks = np.zeros(layer.sends, np.int64)
        for lane in range(layer.lanes):
            if after < spikes[layer.offset + lane] <= tick:
                banks[lane % layer.sends] += 1
        count = banks.max()
        beats[: max(count, 1), 0] = 0 if count else -1
        return max(count, 1)
    columns = layer.n_out // layer.positions
    for lane in range(min(layer.lanes, columns - group * layer.lanes)):
        neuron = (group * layer.lanes + lane) * layer.positions + position
        if after < spikes[layer.offset + neuron] <= tick:
            beats[count, 0] = lane // layer.serialiser_block
            beats[count, 1] = neuron
            count += 1
    if count == 0:
        beats[0, 0] = -1
    return max(count, 1)


@njit(cache=True)
def _accept_mask(layer, state, left):
    """Accept the mask of an operation from the lanes; return the first cycle of its search."""
    if layer.mask_fifo_depth == 0:
        # A mask that the serialiser does not accept stalls the next one.
        state.skid_free = max(left, state.block_free) + layer.FIRST_BEAT
        return state.skid_free
    # It waits in the slot reserved for it.
    by_blocks = layer.sends == 1
    empty = state.mask_free if by_blocks else state.block_free
    departure = max(left + layer.MASK_CHECK, empty)
    state.slots_freed[state.masks % layer.mask_fifo_depth] = departure
    state.masks += 1
    return departure + (layer.BLOCK_SEARCH if by_blocks else layer.FIRST_BEAT)


@njit(cache=True)
def _search_block(layer, state, beats, beat, search_cycle, offer):
    """Search the next block if a beat is its first; return the cycles of the block and the beat."""
    by_blocks = layer.mask_fifo_depth > 0 and layer.sends == 1
    if by_blocks and (beat == 0 or beats[beat, 0] != beats[beat - 1, 0]):
        state.mask_free = max(search_cycle, state.block_free)
        search_cycle = offer = state.mask_free + layer.FIRST_BEAT
    return search_cycle, offer


@njit(cache=True)
def _window_queue(layer, state, spikes, arrived, steps, out):
    """Return tick and neuron of each spike in the window that ends now, [k, 2]: a part of `out`.

    The order is by tick, and within a tick by arrival.
    """
    count = 0
    for spike_tick in range(state.now - steps + 1, state.now + 1):
        for neuron in arrived[: state.arrivals]:
            if spikes[layer.offset + neuron] == spike_tick:
                out[count, 0] = spike_tick
                out[count, 1] = neuron
                count += 1
    state.arrivals = 0
    return out[:count]


@njit(cache=True)
def _finish_sweep(layer, state, sweep, visits, issue_cycle, at):
    """Return the cycle in which the next sweep may begin, and whether a window ends."""
    advances = sweep.steps > 0 or sweep.ends
    if layer.convolves:
        state.located[layer.located_cycles + 1] = at + (visits.total == 0)
        at = state.next = issue_cycle + 1
        if visits.total > visits.firing:
            state.settled = state.registers[layer.REACHED_POSITIONS]
        if advances:
            state.sweep_free = state.block_free + layer.DONE
    state.beats, state.opening = sweep.takes_row, sweep.steps
    return at, layer.window > 0 and advances and (layer.convolves or not sweep.takes_row)


@njit(cache=True)
def _push(core, image, number, kind, tick, address, offer_cycle):
    """Offer an event to layer `number` from cycle `offer_cycle` on; return its `accept_cycle`.

    Recursive over the layers; numba caches no recursion of several functions.
    """
    outcome = image.outcome[0]
    if outcome.decided >= 0:
        return offer_cycle
    layer, state = core.layers[number], image.layers[number]
    listed, arrived = image.listed[number], image.arrived[number]
    accept_cycle = max(offer_cycle, state.input_free)
    state.input_free = max(accept_cycle, state.event_free) + layer.EVENT
    at = max(state.input_free, state.next)
    target = layer.deadline if kind == END else tick
    beats = np.empty((layer.n_out + 1, 2), np.int64)
    while True:
        sweep = _sequencer(layer, state, kind, target)
        if sweep.rows == 0:
            state.event_free = _row_list(layer, state, kind, at)
            return accept_cycle
        visits = _visits(layer, state, sweep, core.first, address, at)
        issue_cycle, at = visits.issue_cycle, visits.at
        for visit in range(visits.total):
            group, position, fires, closes = _visited(
                layer, state, sweep, visits, visit, core.position, listed
            )
            issued, left = _lanes(layer, state, fires, at)
            at = issued + 1
            if issue_cycle < 0:
                issue_cycle = issued
            if layer.is_last:
                _decision(layer, state, outcome, sweep, visit, closes, issued, left)
            if not fires:
                if layer.convolves:
                    _reached_positions(state, position, image.visited[number], listed)
                continue
            count = _mask_beats(layer, state, image.spikes, group, position, sweep.steps, beats)
            search_cycle = offer = _accept_mask(layer, state, left)
            for beat in range(count):
                search_cycle, offer = _search_block(layer, state, beats, beat, search_cycle, offer)
                (block, neuron), sent_at = beats[beat], offer
                if layer.window and block >= 0:
                    arrived[state.arrivals] = neuron
                    state.arrivals += 1
                elif not layer.window and (block >= 0 or closes or sweep.ends):
                    sent = np.int64(END if sweep.ends else SPIKE if block >= 0 else ADVANCE)
                    sent_at = _push(core, image, number + 1, sent, state.now, neuron, offer)
                state.block_free = sent_at
                offer = sent_at + 1
        at, window_ends = _finish_sweep(layer, state, sweep, visits, issue_cycle, at)
        if window_ends:
            # A window's queue is released when its last beat has left the crossing-time divider.
            empty = state.block_free + layer.release_cycles
            offer = state.block_free + layer.queued_cycles
            queue = _window_queue(layer, state, image.spikes, arrived, sweep.steps, beats)
            for spike_tick, neuron in queue:
                sent_at = _push(core, image, number + 1, np.int64(SPIKE), spike_tick, neuron, offer)
                empty, offer = sent_at + 1, sent_at + layer.QUEUE_SELECT
            sent = np.int64(END if sweep.ends else ADVANCE)
            sent_at = _push(core, image, number + 1, sent, state.now, np.int64(0), empty)
            state.sweep_free = sent_at + layer.DONE
        arrives = sweep.first_group == 0 and state.now == target and kind != END
        if sweep.ends or arrives or outcome.decided >= 0:
            state.event_free = issue_cycle
            return accept_cycle


@njit(cache=True)
def _take(core, image, kind, tick, address, offer_cycle):
    """Offer an event to the ingress check from `offer_cycle` on; return its `accept_cycle`."""
    e, stages = image.outcome[0].ingress, core.layers[0].INGRESS_CHECK
    accept_cycle = max(offer_cycle, e[2] - 1)
    image.outcome[0].accepted += accept_cycle < image.outcome[0].until
    e[1] = accept_cycle + 1
    for k in range(2, stages + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
    first = np.int64(0)  # typed, since numba would compile a version for every literal
    e[stages + 1] = _push(core, image, first, kind, tick, address, e[stages]) + 1
    return accept_cycle


@njit(cache=True)
def _image(core, image, ticks, bitmap, connected):
    """Run one image: `ticks` [n_rows] of its inputs, or the bits of its bitmap."""
    if bitmap == 0:
        _events(core, image, ticks)
    elif core.layers[0].rows > 1:
        _banked_bitmap(core, image, bitmap, connected)
    else:
        _bitmap(core, image, bitmap, connected)


@njit(cache=True)
def _events(core, image, ticks):
    """Offer an image as events: each has one row of every bank that has any left at its tick."""
    spike, end = np.int64(SPIKE), np.int64(END)
    banks = np.zeros(core.layers[0].rows, np.int64)
    offer_cycle = np.int64(0)
    order = np.argsort(ticks, kind="mergesort")
    for index, row in enumerate(order):
        tick = ticks[row]
        if tick <= 0:
            continue
        banks[row % banks.size] += 1
        if index + 1 == order.size or ticks[order[index + 1]] != tick:
            amount = banks.max()
            for address in order[index + 1 - amount : index + 1]:
                offer_cycle = _take(core, image, spike, tick, address, offer_cycle) + 1
            banks[:] = 0
    _take(core, image, end, np.int64(0), np.int64(0), offer_cycle)


@njit(cache=True)
def _banked_bitmap(core, image, bitmap, connected):
    """Offer an image as words, cycle by cycle; every bank searches its own part of each word."""
    banks = core.layers[0].rows
    words = -(-connected.size // bitmap)
    final = words - 1
    bright = np.zeros((words, banks), np.int64)
    for pixel in range(connected.size):
        bright[pixel // bitmap, pixel % banks] += connected[pixel] > 0
    tick = connected.max() - 2
    ahead = np.zeros(banks, np.int64)  # the next word of each bank
    held = np.full(banks, -1)  # the one it searches
    left = np.zeros(banks, np.int64)  # bits of it
    free = none = np.int64(0)  # `free`: when the register of the event can be loaded
    latency = core.layers[0]
    cycle = np.int64(0)
    while True:
        step = cycle >= free
        ends = held.min() == final and left.max() == 0
        if step and ends:
            _take(core, image, np.int64(END), none, none, cycle + latency.ENCODER_ROW)
            return
        if step and left.max() > 0:
            free = _take(core, image, np.int64(SPIKE), tick, none, cycle + latency.ENCODER_ROW)
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
def _bitmap(core, image, bitmap, connected):
    """Offer an image as words; one register holds a word, one the pixel whose row is looked up."""
    spike, end = np.int64(SPIKE), np.int64(END)
    latency = core.layers[0]
    word_offer_cycle = 0
    word_free = 0
    row_free = 0
    words = -(-connected.size // bitmap)
    for word in range(words):
        pixels = connected[word * bitmap : (word + 1) * bitmap]
        if word < words - 1 and not pixels.any():
            # Dropped whatever the register is at.
            word_offer_cycle += 1
            continue
        word_accept_cycle = max(word_offer_cycle, word_free)
        word_offer_cycle = word_accept_cycle + 1
        at = word_accept_cycle + latency.ENCODER_WORD
        for index, pixel in enumerate(pixels):
            if pixel == 0:
                continue
            # 1: bright, but no input of the core; its tick otherwise
            word_free = max(at, row_free)
            at = word_free + 1
            row_free = word_free + latency.ENCODER_ROW
            if pixel > 1:
                address = np.int64(word * bitmap + index)
                row_free = _take(core, image, spike, pixel - 2, address, row_free)
    # With the end the last word is used up.
    offer_cycle = max(at, row_free) + latency.ENCODER_ROW
    _take(core, image, end, np.int64(0), np.int64(0), offer_cycle)


@njit(cache=True)
def count_images(core, image, spikes, decision_ticks, ticks, bitmap, connected, until):
    """The cycles in which each image is decided, and in which the last layer takes its end.

    A decision stops everything; -1 stands for what then does not happen. Also returns the number of
    events that the core accepts of each image before its cycle `until`.
    """
    decided, ended = np.empty(len(ticks), np.int64), np.empty(len(ticks), np.int64)
    accepted = np.empty(len(ticks), np.int64)
    before, state_before = image.outcome.copy(), image.layers.copy()
    outcome = image.outcome[0]
    for number in range(len(ticks)):
        image.outcome[:] = before
        image.layers[:] = state_before
        image.visited[:] = 0
        outcome.decision_tick = decision_ticks[number]
        outcome.until = until[number]
        for neuron in range(image.spikes.size):  # of an array numba compiles a message, too
            image.spikes[neuron] = spikes[number, neuron]
        _image(core, image, ticks[number], bitmap, connected[number])
        decided[number], ended[number] = outcome.decided, outcome.ended
        accepted[number] = outcome.accepted
    return decided, ended, accepted
