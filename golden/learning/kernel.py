# SPDX-License-Identifier: BSD-2-Clause
"""The rule of `learning`, compiled: 60,000 images of 784-600-10 in some seconds.

The kernel computes an image's hidden spikes from event to event as in `layers.event_kernel`, its
output spikes tick by tick, and then the updates, with the letters of DESIGN, section 5. Spike ticks
are 0 for silent. The tests compare the kernel with a plain second implementation.
"""

from collections import namedtuple
from dataclasses import fields
from typing import NamedTuple

import numpy as np

from firstspike.golden.layers.kind import weight_range as _weight_range
from firstspike.golden.results import RuleTrace
from firstspike.golden.system.kernels import njit

from .rule import UNLABELLED, Settings
from .rule import leap as _leap

leap = njit(_leap, cache=True)
weight_range = njit(_weight_range, cache=True)

_BLOCK = 256
"""Rows of 8-bit weights that can be summed in 16 bits: 256 * -128 is -2^15."""


class NetworkRecord(NamedTuple):
    """The fields of a network that learning does not change; pairs are those of both layers."""

    stored_bits: int
    weight_bits: tuple[int, ...]
    thresholds: tuple[int, ...]
    unit: int
    deadline: int


# Named tuples: compiled code does not accept these dataclasses. (mypy wants names spelled out.)
_SETTINGS = [*(one.name for one in fields(Settings)), "exact"]
SettingsRecord = namedtuple("SettingsRecord", _SETTINGS)  # type: ignore[misc]
RuleRecord = namedtuple("RuleRecord", [one.name for one in fields(RuleTrace)])  # type: ignore[misc]


class ResultsRecord(NamedTuple):
    """Arrays of `Results` to fill; `hidden`, int32 [n, n_hidden], may have no rows."""

    decision: np.ndarray
    tick: np.ndarray
    forced: np.ndarray
    spikes_in: np.ndarray
    updated: np.ndarray
    hidden: np.ndarray
    rule: RuleRecord


@njit(cache=True, nogil=True)
def learn_images(ticks, labels, weights, network, settings, s, results):
    """Learn images in order as `learn` does, from generator state s; return the final state.

    Changes the stored weights of both layers, int16, and fills `results`.
    """
    W1, W2 = weights
    unit, deadline = network.unit, network.deadline
    low, high = weight_range(network.stored_bits)
    step, row_draw = settings.step, settings.row_draw
    rule = results.rule
    n_hidden, n_out = W2.shape
    shift1 = network.stored_bits - network.weight_bits[0]
    shift2 = network.stored_bits - network.weight_bits[-1]
    # A copy of the bits in use: rows of bytes are summed twice as fast as stored weights.
    used1, used2 = (W1 >> shift1).astype(np.int8), (W2 >> shift2).astype(np.int8)
    z_hidden, z_out = np.empty(n_hidden, np.int64), np.empty(n_out, np.int64)
    B, correction = np.empty(n_hidden, np.int64), np.empty(n_hidden)
    D = np.empty(n_out, np.int64)  # 1 for outputs in D_plus, -1 for those in D_minus
    for image in range(len(ticks)):
        y = labels[image]
        rows = _in_order(ticks[image])
        _run_hidden(used1, network.thresholds[0], ticks[image], rows, deadline, z_hidden, B)
        zk = _decide(image, used2, network, z_hidden, settings, y, z_out, D, results)
        tick = results.tick[image]
        results.spikes_in[image, 0] = np.sum((ticks[image] > 0) & (ticks[image] < tick))
        results.spikes_in[image, 1] = np.sum((z_hidden > 0) & (z_hidden < tick))
        if len(results.hidden) > 0:
            for h in range(n_hidden):  # of an array numba would compile a message, too
                results.hidden[image, h] = z_hidden[h]
        if not results.updated[image]:
            continue
        zc = rule.limit[image]

        if len(rows) > 0 and ticks[image, rows[-1]] >= zc:
            B[:] = 0
            _add_rows(used1, rows[ticks[image][rows] < zc], B)
        quiet = zk > 0 and 2 * zk < 5 * unit  # an early decision: limit the activity
        _correct(W2, D, B, quiet, settings.exact, correction)
        change = (step * correction).astype(np.int64)
        rule.hidden_rows[image], rule.output_updates[image], s = _update_outputs(
            W2, used2, shift2, (low, high), D, z_hidden, zc, settings.output_draw, s
        )
        for i in range(len(W1)):
            if 0 < ticks[image, i] < zc:
                rule.input_rows[image] += 1
                s = leap(s) if row_draw else s
                if s & ((1 << row_draw) - 1):
                    continue
                rule.input_updates[image] += 1
                if settings.exact:
                    s = leap(s)
                    _round(step, correction, s, change)
                for h in range(n_hidden):
                    W1[i, h] = min(max(W1[i, h] + change[h], low), high)
                    used1[i, h] = W1[i, h] >> shift1
    return s


@njit(cache=True, nogil=True)
def learn_last_layer(z_hidden, labels, weights, network, settings, s, results):
    """Learn as `learn_images`, but change only the stored weights of the last layer.

    `z_hidden`, int32 [n, n_hidden], are the spikes of the last hidden layer.
    """
    n_out, shift = weights.shape[1], network.stored_bits - network.weight_bits[-1]
    used = (weights >> shift).astype(np.int8)
    z_out, D = np.empty(n_out, np.int64), np.empty(n_out, np.int64)
    limits, rule = weight_range(network.stored_bits), results.rule
    for image in range(len(z_hidden)):
        z = z_hidden[image].astype(np.int64)
        _decide(image, used, network, z, settings, labels[image], z_out, D, results)
        if results.updated[image]:
            rule.hidden_rows[image], rule.output_updates[image], s = _update_outputs(
                weights, used, shift, limits, D, z, rule.limit[image], settings.output_draw, s
            )
    return s


@njit(cache=True, nogil=True)
def _decide(image, weights, network, z_hidden, settings, y, z_out, D, results):
    """Decide an image, and choose D; fill its results. Returns the tick zk, 0 if forced."""
    deadline, rule = network.deadline, results.rule
    k, zk, end = _run_outputs(weights, network, z_hidden, settings, y != UNLABELLED, z_out)
    results.decision[image] = k
    results.tick[image] = zk if zk > 0 else deadline
    results.forced[image] = zk == 0
    rule.until[image] = end
    if y == UNLABELLED:
        return zk
    zc = deadline + 1
    if zk > 0:
        zc = min(zk + _margin(zk, network.unit, settings), deadline + 1)
    rule.limit[image] = zc
    results.updated[image] = _choose(k, zk, y, settings.every_competitor, z_out, D)
    return zk


@njit(cache=True, nogil=True)
def _update_outputs(weights, used, shift, limits, D, z_hidden, zc, draw, s):
    """Add D to the weights of some hidden neurons that spike before zc, and renew the bits in use.

    Returns the number of those neurons, of those whose weights are updated, and the generator's
    next state.
    """
    low, high = limits
    rows = updates = 0
    for h in range(len(z_hidden)):
        if 0 < z_hidden[h] < zc:
            rows += 1
            s = leap(s) if draw else s
            if s & ((1 << draw) - 1):
                continue
            updates += 1
            for o in range(len(D)):
                weights[h, o] = min(max(weights[h, o] + D[o], low), high)
                used[h, o] = weights[h, o] >> shift
    return rows, updates, s


@njit(cache=True, nogil=True)
def _margin(zk, unit, settings):
    """Return m, the number of ticks after the decision at zk up to which spikes are regarded."""
    return max(settings.margin_minimum, (zk - unit) >> settings.margin_shift)


@njit(cache=True, nogil=True)
def _in_order(ticks):
    """Return the rows of the inputs or neurons that spike, sorted by tick."""
    rows = np.flatnonzero(ticks)
    if len(rows) > 0 and ticks[rows].min() != ticks[rows].max():
        rows = rows[np.argsort(ticks[rows], kind="mergesort")]
    return rows


@njit(cache=True, nogil=True)
def _add_rows(weights, rows, B):
    """Add rows of weights, int8 [n_in, n_out], to B, int64 [n_out]."""
    n_out = weights.shape[1]
    total = np.empty(n_out, np.int16)
    for start in range(0, len(rows), _BLOCK):
        total[:] = 0
        for row in rows[start : start + _BLOCK]:
            for h in range(n_out):
                total[h] += weights[row, h]
        for h in range(n_out):
            B[h] += total[h]


@njit(cache=True, nogil=True)
def _run_hidden(weights, threshold, ticks, rows, deadline, z_hidden, B):
    """Return the hidden spike ticks up to the deadline; B becomes the final S + threshold."""
    B[:] = 0
    z_hidden[:] = 0
    M = np.zeros(len(B), np.int64)
    now = event = 0
    while now < deadline:
        then = deadline
        if event < len(rows):
            then = ticks[rows[event]]
        for h in range(len(B)):
            S = B[h] - threshold
            if z_hidden[h] == 0 and S > 0 and M[h] + S * (then - now) >= 0:
                z_hidden[h] = now - M[h] // S
            M[h] += S * (then - now)
        now = then
        first = event
        while event < len(rows) and ticks[rows[event]] == now:
            event += 1
        _add_rows(weights, rows[first:event], B)


@njit(cache=True, nogil=True)
def _run_outputs(weights, network, z_hidden, settings, labelled, z_out):
    """Return the decision k, its tick zk (0 if forced), and the last tick regarded.

    Fills z_out with the spike ticks up to this last tick.
    """
    n_out, deadline, threshold = len(z_out), network.deadline, network.thresholds[-1]
    z_out[:] = 0
    rows, event = _in_order(z_hidden), 0
    z = z_hidden[rows[0]] if len(rows) > 0 else np.int64(deadline)
    S = np.full(n_out, -threshold, np.int64)
    M = -threshold * z * np.ones(n_out, np.int64)
    k, zk, end = np.int64(-1), np.int64(0), np.int64(deadline)
    while True:
        while event < len(rows) and z_hidden[rows[event]] == z:
            for o in range(n_out):
                S[o] += weights[rows[event], o]
            event += 1
        if z == end:
            break
        z += 1
        for o in range(n_out):
            M[o] += S[o]
            if z_out[o] == 0 and M[o] >= 0:
                z_out[o] = z
                if zk == 0 or (zk == z and M[o] > M[k]):
                    k, zk = o, z
        if zk == z:
            end = zk
            if labelled:
                end = min(deadline, zk + _margin(zk, network.unit, settings))
    if zk == 0:
        k = np.argmax(M)  # at a tie the lowest index
    return k, zk, end


@njit(cache=True, nogil=True)
def _choose(k, zk, y, every_competitor, z_out, D):
    """Return whether there is an update; fill D: 1 for o in D_plus, -1 in D_minus, otherwise 0."""
    D[:] = 0
    D[y] = 1
    if zk == 0:
        if k != y:
            D[k] = -1
        return True
    if k != y and not every_competitor:
        D[k] = -1
        return True
    rival = -1
    for o in range(len(D)):
        if o != y and z_out[o] > 0:
            if every_competitor:
                D[o] = -1
            if rival < 0 or z_out[o] < z_out[rival]:
                rival = o
    if rival >= 0:
        D[rival] = -1
    return rival >= 0


@njit(cache=True, nogil=True)
def _correct(W2, D, B, quiet, exact, correction):
    """Compute the hidden neurons' corrections: sign(p - q), 1 to fire earlier, -1 to fire later.

    The ablation `exact` uses the weighted p - q, in units of the mean absolute output weight.
    """
    if exact:
        weights = W2 / np.abs(W2).mean()
    for h in range(len(B)):
        correction[h] = 0
        if B[h] > 0:
            if exact:
                correction[h] = (D * weights[h]).sum()
            else:
                difference = 0  # p - q
                for o in range(len(D)):
                    difference += D[o] if W2[h, o] >= 0 else -D[o]
                correction[h] = np.sign(difference)
            if correction[h] == 0 and quiet:
                correction[h] = -1


@njit(cache=True, nogil=True)
def _round(step, correction, s, change):
    """Round each step * correction at random with its own random number, for the ablation.

    A linear congruential generator (Numerical Recipes) with the initial state s draws the numbers.
    """
    for h in range(len(correction)):
        s = (1664525 * s + 1013904223) & 0xFFFFFFFF
        change[h] = np.floor(step * correction[h] + s / (1 << 32))
