# SPDX-License-Identifier: BSD-2-Clause
"""An event-level replica of a core, compiled: the cycle in which each image is decided.

`_push` offers every event to its layer and returns the cycle in which the layer accepts it. It
passes the operations of the event through the layer's registers, and pushes their spikes into the
next layer. Registers are a tandem queue with blocking: with e[k] the first cycle of an operation in
register k,

    e[k] = max(e[k - 1] + 1, e[k + 1] of the operation before)

A `+ 1` is the next cycle, since a register accepts one item per cycle; latencies have names. The
replica reads no weights: the spike ticks come from the integer model.

All compiled functions are in this file: numba recompiles a cached function only if its own file has
changed.
"""

import numpy as np
from numba import njit

SPIKE, ADVANCE, END = 0, 1, 2
BEGINS = -1
"""Value of `opening` for an image's first sweep, which does not advance time."""


@njit(cache=True)
def _issue(core, state, layer, at, fetched, ready):
    """Pass one operation from the sequencer to the lanes.

    Its word is available from cycle `fetched` on. Returns the cycle of its issue, and the cycle in
    which it leaves the lanes, from `ready` on.
    """
    e = state.registers[layer]
    stages = core.stages[layer]
    issued = max(at, e[2] - 1)
    e[1] = issued + 1
    for k in range(2, stages + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
        if k == core.fetching[layer]:
            e[k] = max(e[k], fetched)
    leaves = max(e[stages], ready)
    e[stages + 1] = leaves + 1
    state.next[layer] = issued + 1
    return issued, leaves


@njit(cache=True)
def _located(core, state, layer, at):
    """Pass an operation of a convolving layer from the sequencer to the register of its scan.

    Returns the cycle of its issue, and its first cycle in that register. The caller sets the cycle
    in which the register is free again.
    """
    e = state.located[layer]
    walk = core.reach.located[layer]
    issued = max(at, e[2] - 1)
    e[1] = issued + 1
    for k in range(2, walk + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
    return issued, e[walk]


@njit(cache=True)
def _mask_beats(core, state, layer, group, position, steps, beats):
    """Fill `beats` [k, 2] with block and neuron of each beat of a mask; return the number of beats.

    The mask is that of a group at a position after an advance by `steps`. Without a beat the first
    block is -1. Spikes that are sent in one cycle belong to different banks of the next layer.
    """
    lanes, tick = core.lanes[layer], state.now[layer]
    positions, first = core.reach.positions[layer], core.offset[layer]
    columns = core.n_out[layer] // positions
    count = 0
    if core.sends[layer] > 1:
        banks = np.zeros(core.sends[layer], np.int64)
        for lane in range(lanes):
            if tick - steps < state.spikes[first + lane] <= tick:
                banks[lane % core.sends[layer]] += 1
        count = banks.max()
        beats[: max(count, 1), 0] = 0 if count else -1
        return max(count, 1)
    for lane in range(min(lanes, columns - group * lanes)):
        neuron = (group * lanes + lane) * positions + position
        if tick - steps < state.spikes[first + neuron] <= tick:
            beats[count, 0] = lane // core.drain_block
            beats[count, 1] = neuron
            count += 1
    if count == 0:
        beats[0, 0] = -1
    return max(count, 1)


@njit(cache=True)
def _queued(core, state, layer, steps, out):
    """Fill `out` [k, 2] with tick and neuron of the window that ends now; return their number.

    The order is by tick, and within a tick by arrival.
    """
    tick, count = state.now[layer], 0
    arrived = state.arrived[layer, : state.arrivals[layer]]
    for spike_tick in range(tick - steps + 1, tick + 1):
        for neuron in arrived:
            if state.spikes[core.offset[layer] + neuron] == spike_tick:
                out[count, 0] = spike_tick
                out[count, 1] = neuron
                count += 1
    state.arrivals[layer] = 0
    return count


@njit(cache=True)
def _push(core, state, layer, kind, tick, address, offered):
    """Offer an event to `layer` from cycle `offered` on; return the cycle in which it is accepted.

    Recursive over the layers (therefore a single function: numba caches no other recursion).
    """
    if state.decided[0] >= 0:
        return offered
    latency, reach = core.latency, core.reach
    taken = max(offered, state.door_free[layer])
    state.door_free[layer] = max(taken, state.event_free[layer]) + latency.EVENT
    at = max(state.door_free[layer], state.next[layer])
    target = core.deadline if kind == END else tick
    groups, window = core.groups[layer], core.window[layer]
    last = layer == core.n_out.size - 1
    places, sends = core.places[layer], core.sends[layer]
    convolves = reach.convolves[layer]
    replays = groups > 1 and not convolves
    beats = np.empty((core.n_out[layer] + 1, 2), np.int64)

    while True:
        lag = target - state.now[layer] if state.started[layer] else -1
        ends = False
        if (lag > 0 or (lag == 0 and kind == END)) and state.beats[layer] and replays:
            # The tick's rows are complete: the other groups now replay them.
            first_group, rows, steps = 1, state.beats[layer], state.opening[layer]
            takes_row = False
        elif lag < 0:
            first_group, rows, steps = 0, 1, BEGINS
            takes_row = kind == SPIKE
            state.started[layer], state.now[layer] = 1, target
            state.reached[layer] = 0
        elif lag > 0:
            steps = 1 << window
            while steps > lag:
                steps >>= 1
            first_group, rows = 0, 1
            takes_row = kind == SPIKE and steps == lag
            state.now[layer] += steps
        elif kind == SPIKE and convolves:
            first_group, rows, steps, takes_row = 0, 1, 0, True
        elif kind == SPIKE:
            if state.beats[layer] == 0:
                state.opening[layer] = 0
            state.beats[layer] += 1
            state.event_free[layer] = _issue(core, state, layer, at, 0, 0)[0]
            return taken
        elif kind == ADVANCE:
            state.next[layer] = at + 1
            state.event_free[layer] = at
            return taken
        else:
            first_group, rows, steps, takes_row, ends = 0, 1, 0, False, True
        if core.one_walk[layer] and (ends or (first_group == 0 and steps > 0)):
            at = max(at, state.promised[layer])

        # A sweep over all groups, over only the first group while its rows arrive, or over the
        # others. A convolving layer visits the positions reached so far, and then those of the row.
        begun = np.int64(-1)
        told, position = np.int64(0), np.int64(0)
        visits = (groups - first_group) * rows
        if convolves:
            begun, at = _located(core, state, layer, at)
            if steps > 0 or ends:
                at = max(at, state.settled[layer])
                told = 1 if ends else max(state.listings[layer] * groups, 1)
            elif steps == BEGINS:
                state.listings[layer] = 0
            visits, start = told, np.int64(0)
            if takes_row:
                start = reach.offset[layer] + address % reach.places[layer]
                visits += (reach.first[start + 1] - reach.first[start]) * groups
                start = reach.first[start]
        elif takes_row or ends:
            visits = rows
        for visit in range(visits):
            if convolves:
                fires = visit < told
                closes = visit == told - 1
                number, group = divmod(visit if fires else visit - told, groups)
                if not fires:
                    position = reach.position[start + number]
                    if state.reached[layer, position] == 0:
                        state.reached[layer, position] = 1
                        state.listed[layer, state.listings[layer]] = position
                        state.listings[layer] += 1
                else:
                    position = state.listed[layer, number]
            else:
                number, index = divmod(visit, rows)
                group = first_group + number
                closes = group == groups - 1
                fires = index == 0 and (steps > 0 or ends) and not last
            place = state.masks[layer] % core.mask_places
            # An operation waits before the store for a slot for its mask; its first register takes
            # a cycle.
            freed = state.places[layer, place] + latency.FREED
            fetched = freed + 1 if fires and places else 0
            ready = state.skid_free[layer] if fires and not places else 0
            issued, left = _issue(core, state, layer, at, fetched, ready)
            at = issued + 1
            if begun < 0:
                begun = issued
            if ends and last:
                state.ended[0] = issued
            potentials = last and closes and (steps != 0) and visit % rows == 0
            if potentials and state.now[layer] == state.decision_tick[0]:
                state.decided[0] = left + latency.POTENTIALS + core.decision
                return taken
            if not fires:
                if convolves:
                    state.settled[layer] = state.registers[layer, latency.REACHED]
                continue

            # The drain searches the mask block by block.
            count = _mask_beats(core, state, layer, group, position, steps, beats)
            if window and beats[0, 0] >= 0:
                for beat in range(count):
                    state.arrived[layer, state.arrivals[layer]] = beats[beat, 1]
                    state.arrivals[layer] += 1
            if places:
                # The mask waits in a slot reserved for it.
                empty = state.mask_free[layer] if sends == 1 else state.block_free[layer]
                taken_out = max(left + latency.DRAIN_PLACE, empty)
                state.places[layer, place] = taken_out
                state.masks[layer] += 1
            if places and sends > 1:
                found = offer = taken_out + latency.DRAIN_BEAT
            elif places:
                found = offer = taken_out + latency.DRAIN_BLOCKS
            else:
                # A mask that is not accepted waits next to the drain and blocks the next one.
                found = offer = max(left, state.block_free[layer]) + latency.DRAIN_BEAT
                state.skid_free[layer] = offer
            for beat in range(count):
                block, neuron = beats[beat]
                if places and sends == 1 and (beat == 0 or block != beats[beat - 1, 0]):
                    moved = max(found, state.block_free[layer])
                    state.mask_free[layer] = moved
                    found = offer = moved + latency.DRAIN_BEAT
                gone = offer
                if not window and (block >= 0 or closes or ends):
                    sent = np.int64(END if ends else SPIKE if block >= 0 else ADVANCE)
                    gone = _push(core, state, layer + 1, sent, state.now[layer], neuron, offer)
                    if state.decided[0] >= 0:
                        return taken
                state.block_free[layer] = gone
                offer = gone + 1
        if convolves:
            state.located[layer, reach.located[layer] + 1] = at if visits else at + 1
            at = state.next[layer] = begun + 1
            if steps > 0 or ends:
                state.promised[layer] = state.block_free[layer] + latency.DONE

        # A window's queue is released when its last beat has passed the crossing-time divider.
        if window and (ends or (steps > 0 and (convolves or not takes_row))):
            empty = state.block_free[layer] + core.release[layer]
            offer = state.block_free[layer] + core.queued[layer]
            count = _queued(core, state, layer, steps, beats)
            for queued in range(count):
                spike_tick, neuron = beats[queued]
                gone = _push(core, state, layer + 1, np.int64(SPIKE), spike_tick, neuron, offer)
                if state.decided[0] >= 0:
                    return taken
                empty = gone + 1
                offer = gone + latency.QUEUE_SELECT
            sent = np.int64(END if ends else ADVANCE)
            none = np.int64(0)
            gone = _push(core, state, layer + 1, sent, state.now[layer], none, empty)
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
def _take(core, state, kind, tick, address, offered):
    """Offer an event to the intake from cycle `offered` on; return the cycle of its acceptance."""
    e, stages = state.intake, core.latency.INTAKE
    taken = max(offered, e[2] - 1)
    e[1] = taken + 1
    for k in range(2, stages + 1):
        e[k] = max(e[k - 1] + 1, e[k + 1])
    first = np.int64(0)  # typed, since numba would compile a version for every literal
    e[stages + 1] = _push(core, state, first, kind, tick, address, e[stages]) + 1
    return taken


@njit(cache=True)
def _image(core, state, ticks, bitmap, connected):
    """Run one image: `ticks` [n_rows] of its inputs, or the bits of its bitmap."""
    if bitmap == 0:
        _events(core, state, ticks)
    elif core.rows[0] > 1:
        _banked_bitmap(core, state, bitmap, connected)
    else:
        _bitmap(core, state, bitmap, connected)


@njit(cache=True)
def _events(core, state, ticks):
    """Offer an image as events: each has one row of every bank that still has rows at its tick."""
    spike, end = np.int64(SPIKE), np.int64(END)
    banks = np.zeros(core.rows[0], np.int64)
    offered = np.int64(0)
    order = np.argsort(ticks, kind="mergesort")
    for place, row in enumerate(order):
        tick = ticks[row]
        if tick <= 0:
            continue
        banks[row % banks.size] += 1
        if place + 1 == order.size or ticks[order[place + 1]] != tick:
            amount = banks.max()
            for address in order[place + 1 - amount : place + 1]:
                offered = _take(core, state, spike, tick, address, offered) + 1
            banks[:] = 0
    _take(core, state, end, np.int64(0), np.int64(0), offered)


@njit(cache=True)
def _banked_bitmap(core, state, bitmap, connected):
    """Offer an image as words, cycle by cycle; every bank searches its own part of each word."""
    banks = core.rows[0]
    words = -(-connected.size // bitmap)
    final = words - 1
    bright = np.zeros((words, banks), np.int64)
    for pixel in range(connected.size):
        bright[pixel // bitmap, pixel % banks] += connected[pixel] > 0
    tick = connected.max() - 2
    ahead = np.zeros(banks, np.int64)  # next word of each bank
    held = np.full(banks, -1)  # word that each bank searches
    left = np.zeros(banks, np.int64)  # its remaining bits
    free = none = np.int64(0)  # `free`: when the register of the event can be loaded
    latency = core.latency
    cycle = np.int64(0)
    while True:
        step = cycle >= free
        ends = held.min() == final and left.max() == 0
        if step and ends:
            _take(core, state, np.int64(END), none, none, cycle + latency.ENCODER_ROW)
            return
        if step and left.max() > 0:
            free = _take(core, state, np.int64(SPIKE), tick, none, cycle + latency.ENCODER_ROW)
        for bank in range(banks):
            if step and left[bank] > 0:
                left[bank] -= 1
                used = left[bank] == 0
            else:
                used = held[bank] < 0
            if used and held[bank] < final:
                # Dark words are dropped, except the last one.
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
def _bitmap(core, state, bitmap, connected):
    """Offer an image as words; one register holds a word, another the pixel with its row."""
    spike, end = np.int64(SPIKE), np.int64(END)
    latency = core.latency
    word_offered = 0
    word_free = 0
    row_free = 0
    words = -(-connected.size // bitmap)
    for word in range(words):
        pixels = connected[word * bitmap : (word + 1) * bitmap]
        if word < words - 1 and not pixels.any():
            # The word is dropped in any state of the register.
            word_offered += 1
            continue
        word_taken = max(word_offered, word_free)
        word_offered = word_taken + 1
        at = word_taken + latency.ENCODER_WORD
        for place, pixel in enumerate(pixels):
            if pixel == 0:
                continue
            # 1: bright but unconnected; otherwise 2 + tick
            word_free = max(at, row_free)
            at = word_free + 1
            row_free = word_free + latency.ENCODER_ROW
            if pixel > 1:
                address = np.int64(word * bitmap + place)
                row_free = _take(core, state, spike, pixel - 2, address, row_free)
    # The END uses up the last word.
    offered = max(at, row_free) + latency.ENCODER_ROW
    _take(core, state, end, np.int64(0), np.int64(0), offered)


@njit(cache=True)
def count_images(core, state, spikes, decision_ticks, ticks, bitmap, connected):
    """Return the cycles in which images are decided, and in which the last layer accepts their END.

    A decision stops everything; -1 marks an event that does not occur.
    """
    decided, ended = np.empty(len(ticks), np.int64), np.empty(len(ticks), np.int64)
    for image in range(len(ticks)):
        for known in (state.by_layer, state.registers, state.places, state.located):
            known[:] = 0
        state.intake[:] = 0
        state.decided[0] = state.ended[0] = -1
        for neuron in range(state.spikes.size):  # of an array numba would compile a message, too
            state.spikes[neuron] = spikes[image, neuron]
        state.decision_tick[0] = decision_ticks[image]
        _image(core, state, ticks[image], bitmap, connected[image])
        decided[image], ended[image] = state.decided[0], state.ended[0]
    return decided, ended
