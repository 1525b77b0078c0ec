# SPDX-License-Identifier: BSD-2-Clause
"""The definition of docs/design.md, tick by tick, for symbolic weights and spike ticks.

It is written from the text of the page, and shares no code with the golden model or the hardware.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.utils import bits_for

Matrix = Sequence[Sequence[Value | None]]
"""The weight from each input to each neuron; None where an input does not reach a neuron."""


@dataclass(frozen=True)
class LayerShape:
    """A layer as the definition has it; `patch` is that of a layer that convolves (section 7)."""

    n_in: int
    n_out: int
    weight_bits: int
    threshold: int
    patch: "Patch | None" = None

    @property
    def weights(self) -> int:
        """Number of weights."""
        return self.n_in * self.n_out if self.patch is None else self.patch.weights

    def matrix(self, flat: Value) -> Matrix:
        """The weights as a matrix; `flat` has them row by row, the lowest bits first."""

        def weight(number: int) -> Value:
            return flat[number * self.weight_bits :][: self.weight_bits].as_signed()

        if self.patch is None:
            return [
                [weight(i * self.n_out + o) for o in range(self.n_out)] for i in range(self.n_in)
            ]
        rows: list[list[Value | None]] = [[None] * self.n_out for _ in range(self.n_in)]
        for i, o, number in self.patch.reached_pairs():
            rows[i][o] = weight(number)
        return rows


@dataclass(frozen=True)
class Patch:
    """The geometry of a layer that convolves, [down, across] each, as section 7 has it."""

    maps: int
    filters: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    @property
    def outputs(self) -> tuple[int, int]:
        """OH and OW."""
        down, across = (
            (size + 2 * padding - kernel) // stride + 1
            for size, padding, kernel, stride in zip(
                self.size, self.padding, self.kernel, self.stride, strict=True
            )
        )
        return down, across

    @property
    def weights(self) -> int:
        """Number of weights: those of a filter are the same at all positions."""
        return self.maps * self.kernel[0] * self.kernel[1] * self.filters

    def reached_pairs(self) -> list[tuple[int, int, int]]:
        """All (input, neuron, number of the weight) with y = oy SY + ky - PY, and x alike."""
        (H, W), (KH, KW), (OH, OW) = self.size, self.kernel, self.outputs
        pairs = []
        for c in range(self.maps):
            for y, x, ky, kx in (
                (y, x, ky, kx)
                for y in range(H)
                for x in range(W)
                for ky in range(KH)
                for kx in range(KW)
            ):
                down, across = y - ky + self.padding[0], x - kx + self.padding[1]
                oy, ox = down // self.stride[0], across // self.stride[1]
                if down % self.stride[0] or across % self.stride[1]:
                    continue
                if not (0 <= oy < OH and 0 <= ox < OW):
                    continue
                row = (c * KH + ky) * KW + kx
                for f in range(self.filters):
                    neuron = f * OH * OW + oy * OW + ox
                    pairs.append((c * H * W + y * W + x, neuron, row * self.filters + f))
        return pairs


@dataclass(frozen=True)
class Expected:
    """The results of an image as sections 2 and 3 define them."""

    #: Spike ticks of the inputs and of each hidden layer, 0 for none.
    spikes: list[list[Value]]
    winner: Value
    tick: Value
    forced: Value
    #: Input spikes of each layer at ticks strictly before that of the decision.
    counts: list[Value]


class Definition:
    """Adds the logic of the definition to a module.

    Parameters
    ----------
    fires_at : the least M with which a neuron fires. The definition has 0; tests give another one
        to see that proofs notice a wrong definition.
    """

    def __init__(
        self, m: Module, layers: Sequence[LayerShape], deadline: int, fires_at: int = 0
    ) -> None:
        self._m, self._layers, self._deadline = m, layers, deadline
        self._fires_at = fires_at
        self._number = 0

    def signal(self, value: Value, shape: Shape) -> Signal:
        """A signal of this value, which keeps expressions small."""
        self._number += 1
        signal = Signal(shape, name=f"definition_{self._number}")
        self._m.d.comb += signal.eq(value)
        return signal

    def _potentials(
        self, layer: LayerShape, matrix: Matrix, ticks: Sequence[Value]
    ) -> list[list[Signal]]:
        """M of every neuron at ticks 1 .. deadline; S = -threshold and M = 0 at tick 0."""
        reach = layer.n_in << layer.weight_bits - 1
        S_bits = 1 + bits_for(layer.threshold + reach)
        M_bits = S_bits + bits_for(self._deadline)
        of_ticks = []
        S: list[Value] = [Const(-layer.threshold, signed(S_bits))] * layer.n_out
        M: list[Value] = [Const(0, signed(M_bits))] * layer.n_out
        for z in range(1, self._deadline + 1):
            M = [self.signal(M[o] + S[o], signed(M_bits)) for o in range(layer.n_out)]
            of_ticks.append(M)
            for o in range(layer.n_out):
                for i, tick in enumerate(ticks):
                    weight = matrix[i][o]
                    if weight is not None:
                        S[o] = self.signal(S[o] + Mux(tick == z, weight, 0), signed(S_bits))
        return of_ticks

    def fires(self, layer: LayerShape, matrix: Matrix, ticks: Sequence[Value]) -> list[Value]:
        """The first tick with M >= 0 of every neuron, 0 for none."""
        shape = unsigned(bits_for(self._deadline))
        first: list[Value] = [Const(0, shape)] * layer.n_out
        for z, M in enumerate(self._potentials(layer, matrix, ticks), 1):
            for o in range(layer.n_out):
                now = (first[o] == 0) & (M[o] >= self._fires_at)
                first[o] = self.signal(Mux(now, z, first[o]), shape)
        return first

    def expect(self, weights: Sequence[Matrix], ticks: Sequence[Value]) -> Expected:
        """Return the results of an image whose inputs spike at `ticks`, 0 for none."""
        spikes = [list(ticks)]
        for layer, matrix in zip(self._layers[:-1], weights[:-1], strict=True):
            spikes.append(self.fires(layer, matrix, spikes[-1]))
        last = self._layers[-1]
        shape = unsigned(bits_for(self._deadline))
        winner: Value = Const(0, unsigned(bits_for(last.n_out - 1)))
        tick: Value = Const(0, shape)
        forced: Value = Const(0)
        for z, M in enumerate(self._potentials(last, weights[-1], spikes[-1]), 1):
            best: Value = Const(0, unsigned(bits_for(last.n_out - 1)))
            most: Value = M[0]
            for o in range(1, last.n_out):
                more = M[o] > most
                best, most = Mux(more, o, best), Mux(more, M[o], most)
            fires = most >= self._fires_at
            now = (tick == 0) & (fires if z < self._deadline else Const(1))
            winner = self.signal(Mux(now, best, winner), unsigned(bits_for(last.n_out - 1)))
            forced = self.signal(Mux(now, ~fires, forced), unsigned(1))
            tick = self.signal(Mux(now, z, tick), shape)
        counts = [
            self.signal(
                sum(((one != 0) & (one < tick) for one in of_layer), Const(0)),
                unsigned(bits_for(len(of_layer))),
            )
            for of_layer in spikes
        ]
        return Expected(spikes, winner, tick, forced, counts)
