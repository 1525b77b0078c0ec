# SPDX-License-Identifier: BSD-2-Clause
"""The rule of learning once more, loop by loop and tick by tick from DESIGN, section 5.

Plain on purpose, and made of Python's integers only: what the golden model is held against.
"""

from dataclasses import dataclass

from firstspike.golden import Network, Settings


@dataclass
class PlainState:
    """Stored weights as lists of rows, and the generator."""

    W1: list[list[int]]
    W2: list[list[int]]
    generator: int


def draw(state: PlainState, j: int) -> bool:
    """True with probability 2^-j."""
    if j == 0:
        return True
    for _ in range(16):
        low_bit = state.generator % 2
        state.generator //= 2
        if low_bit == 1:
            state.generator ^= 0xB400
    return state.generator % 2**j == 0


def learn_image(
    network: Network,
    state: PlainState,
    stored_bits: int,
    ticks: list[int],
    label: int | None,
    settings: Settings,
) -> dict:
    """Run one image and learn it; returns the fields of `Results` for it."""
    n_hidden, n_out = network.shape[1:]
    deadline, unit = network.deadline, network.unit
    T1, T2 = network.thresholds

    def used(weight: int, layer: int) -> int:
        return weight >> (stored_bits - network.weight_bits[layer])

    # Both layers advance tick by tick; output spikes after `until` are ignored.
    S1, M1, fired1 = [-T1] * n_hidden, [0] * n_hidden, [0] * n_hidden
    S2, M2, fired2 = [-T2] * n_out, [0] * n_out, [0] * n_out
    k, zk, until = None, None, deadline
    slopes_at = {}  # S of the hidden neurons at each tick, after that tick's input spikes
    for z in range(1, deadline + 1):
        for h in range(n_hidden):
            M1[h] += S1[h]
            if M1[h] >= 0 and fired1[h] == 0:
                fired1[h] = z
        for o in range(n_out):
            M2[o] += S2[o]
            if M2[o] >= 0 and fired2[o] == 0 and z <= until:
                fired2[o] = z
        if k is None and max(fired2) > 0:
            for o in range(n_out):
                if fired2[o] == z and (k is None or M2[o] > M2[k]):
                    k = o
            zk = z
            m = max(settings.margin_minimum, (zk - unit) >> settings.margin_shift)
            until = min(deadline, zk + m) if label is not None else zk
        for i, tick in enumerate(ticks):
            if tick == z:
                for h in range(n_hidden):
                    S1[h] += used(state.W1[i][h], 0)
        for h in range(n_hidden):
            if fired1[h] == z:
                for o in range(n_out):
                    S2[o] += used(state.W2[h][o], 1)
        slopes_at[z] = list(S1)
    forced = k is None
    if forced:
        k, zk = 0, deadline
        for o in range(n_out):
            if M2[o] > M2[k]:
                k = o

    result = {
        "decision": k,
        "tick": zk,
        "forced": forced,
        "spikes_in": [sum(0 < tick < zk for tick in part) for part in (ticks, fired1)],
        "until": until,
        "updated": False,
        "input_rows": 0,
        "input_updates": 0,
        "hidden_rows": 0,
        "output_updates": 0,
        "limit": 0,
        "hidden": fired1,
    }
    if label is None:
        return result

    D_plus, D_minus = {label}, set()
    if forced:
        zc = result["limit"] = deadline + 1
        if k != label:
            D_minus.add(k)
    else:
        zc = result["limit"] = min(zk + m, deadline + 1)
        wrong = [o for o in range(n_out) if o != label and 0 < fired2[o] <= zk + m]
        if settings.every_competitor:
            D_minus.update(wrong)
        elif k != label:
            D_minus.add(k)
        elif wrong:
            D_minus.add(min(wrong, key=lambda o: (fired2[o], o)))
        if not D_minus:
            return result
    result["updated"] = True

    # The corrections, by the signs from before the update
    delta = [0] * n_hidden
    for h in range(n_hidden):
        # what spikes at zc or later does not count: S as it was after tick zc - 1
        B = slopes_at[zc - 1][h] + T1
        if B <= 0:
            continue
        positive = {o for o in range(n_out) if state.W2[h][o] >= 0}
        negative = set(range(n_out)) - positive
        p = len(D_plus & positive) + len(D_minus & negative)
        q = len(D_plus & negative) + len(D_minus & positive)
        if p > q:
            delta[h] = 1
        elif p < q or (not forced and 2 * zk < 5 * unit):
            delta[h] = -1

    def saturated(weight: int) -> int:
        return min(max(weight, -(2 ** (stored_bits - 1))), 2 ** (stored_bits - 1) - 1)

    for h in range(n_hidden):
        if 0 < fired1[h] < zc:
            result["hidden_rows"] += 1
            if draw(state, settings.output_draw):
                result["output_updates"] += 1
                for o in D_plus:
                    state.W2[h][o] = saturated(state.W2[h][o] + 1)
                for o in D_minus:
                    state.W2[h][o] = saturated(state.W2[h][o] - 1)
    for i, tick in enumerate(ticks):
        if 0 < tick < zc:
            result["input_rows"] += 1
            if draw(state, settings.row_draw):
                result["input_updates"] += 1
                for h in range(n_hidden):
                    state.W1[i][h] = saturated(state.W1[i][h] + settings.step * delta[h])
    return result
