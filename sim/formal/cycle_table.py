# SPDX-License-Identifier: BSD-2-Clause
"""The clock cycles that golden's model counts for every image, as a circuit.

The model reads no weights: it counts from the spike ticks of all layers and the tick of the
decision. A small network has few combinations of ticks, so the model can fill a table of all.
"""

from types import SimpleNamespace

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from firstspike.golden.network import Network
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding

CYCLE_BITS = 8
"""No image of these networks takes as many as 2^8 cycles."""

_NEVER = -1
"""Stands for spike ticks that no weights can cause."""


def cycle_table(network: Network, folding: Folding) -> np.ndarray:
    """Return golden's cycles for all spike ticks, or -1 for spikes without a cause.

    Axes: the tick of each input, 0 for none, or with a bitmap each pixel of the image; the tick of
    each hidden neuron, layer by layer; the tick of the decision. The length of an axis is a power
    of two.
    """
    deadline = network.deadline
    hidden = [kind.n_out for kind in network.layers[:-1]]
    ticks = 1 << bits_for(deadline)
    bitmap = folding.bitmap is not None
    n_inputs = network.n_inputs if bitmap else len(network.inputs)
    shape = [2 if bitmap else ticks] * n_inputs + [ticks] * (sum(hidden) + 1)
    indices = np.indices(shape).reshape(len(shape), -1).T
    possible = (indices <= deadline).all(axis=1) & (indices[:, -1] > 0)
    inputs = indices[:, :n_inputs]
    pixels = None
    if bitmap:
        pixels = (inputs * 255).astype(np.uint8)
        inputs = inputs[:, network.inputs] * network.unit
    columns = np.split(indices[:, n_inputs:-1], np.cumsum(hidden)[:-1], axis=1)
    before = inputs
    for spikes in columns:
        first = np.where(before > 0, before, deadline + 1).min(axis=1)
        possible &= ((spikes == 0) | (spikes > first[:, None])).all(axis=1)
        before = spikes
    first = np.where(before > 0, before, deadline + 1).min(axis=1)
    decision = indices[:, -1]
    possible &= (decision == deadline) | (decision > first)
    results = SimpleNamespace(
        known_hidden=lambda: tuple(spikes[possible] for spikes in columns), tick=decision[possible]
    )
    counted = cycles(
        network,
        np.ascontiguousarray(inputs[possible]),
        results,  # type: ignore[arg-type]  # of which the model looks at these two
        folding,
        None if pixels is None else pixels[possible],
    )
    table = np.full(len(indices), _NEVER, np.int16)
    table[possible] = counted
    return table.reshape(shape)


class CycleTable(wiring.Component):
    """Looks the cycles of an image up, in a decision diagram of the table's bits.

    Parameters: those of `cycle_table`.
    """

    def __init__(self, network: Network, folding: Folding) -> None:
        self._table = cycle_table(network, folding)
        widths = [size.bit_length() - 1 for size in self._table.shape]
        super().__init__(
            {
                #: The axes of the table one behind the other.
                "key": In(sum(widths)),
                "cycles": Out(CYCLE_BITS),
            }
        )
        self._widths = widths

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The bits in the order in which the table is halved: the highest of each axis first.
        bits, start = [], 0
        for width in self._widths:
            bits += [self.key[start + bit] for bit in reversed(range(width))]
            start += width
        nodes: dict[bytes, Value | None] = {}

        def node(part: np.ndarray, level: int) -> Value | None:
            """The cycles in this part of the table; None if nothing has a cause."""
            key = part.tobytes()
            if key in nodes:
                return nodes[key]
            known = part[part != _NEVER]
            if not len(known):
                result = None
            elif (known == known[0]).all():
                result = Const(int(known[0]), CYCLE_BITS)
            else:
                half = len(part) // 2
                low, high = node(part[:half], level + 1), node(part[half:], level + 1)
                if low is None or high is None:
                    result = high if low is None else low
                elif low is high:
                    result = low
                else:
                    result = Signal(CYCLE_BITS, name=f"node_{len(nodes)}")
                    m.d.comb += result.eq(Mux(bits[level], high, low))
            nodes[key] = result
            return result

        m.d.comb += self.cycles.eq(node(self._table.reshape(-1), 0))
        return m
