# SPDX-License-Identifier: BSD-2-Clause
"""Geometry of a convolution: inputs of each position, and spelling in options and files.

DESIGN, section 7, defines it. A picture of one row makes a convolution one-dimensional.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from firstspike.golden.foreign.fields import NetworkError, integer
from firstspike.golden.foreign.json_text import JsonError, check_json, read_json
from firstspike.golden.system.errors import convert_errors

MOST_SIDE, MOST_KERNEL = 4095, 63
"""Largest side of a map, and of a kernel."""

_MOST_CONNECTIONS = 1 << 22
"""Largest number of taps of all neurons of a filter together, which limits the table of
`touched`."""

_WRITTEN = re.compile(r"(\d+)c(\d+)(?:s(\d+))?(?:p(\d+))?")
WRITTEN = "FcK, FcKsS or FcKsSpP: F filters of K x K inputs, by steps of S, with P inputs around"
"""The spelling of `Filters`."""


_RANGES = {
    "size": (1, MOST_SIDE),
    "kernel": (1, MOST_KERNEL),
    "stride": (1, MOST_KERNEL),
    "padding": (0, MOST_KERNEL),
}
_DESCRIBED = {name: [range(low, high + 1)] for name, (low, high) in _RANGES.items()}


@dataclass(frozen=True)
class Geometry:
    """The maps that a layer reads, and the steps of its kernel over them; pairs are (down, across).

    A field out of range raises `NetworkError`.
    """

    size: tuple[int, int]
    """Rows and columns of a map of inputs."""
    kernel: tuple[int, int]
    """Rows and columns of the patch that a neuron reads."""
    stride: tuple[int, int] = (1, 1)
    """Distance between neighbouring patches."""
    padding: tuple[int, int] = (0, 0)
    """Rows and columns of silent inputs on each side of a map."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            pair = tuple(getattr(self, name))
            if len(pair) != 2:
                raise NetworkError(f"{name} is {pair}: give two integers, (down, across).")
            numbers = tuple(integer(name, value, low, high) for value in pair)
            object.__setattr__(self, name, numbers)
        for side, kernel, padding in zip(self.size, self.kernel, self.padding, strict=True):
            if padding >= kernel:
                raise NetworkError(
                    f"padding is {padding} with a kernel of {kernel}: it must be less than the "
                    "kernel, or neurons see no input."
                )
            if kernel > side + 2 * padding:
                raise NetworkError(
                    f"the kernel is {kernel} and the map {side} with {padding} around: the kernel "
                    "must fit into the map."
                )
        if self.out[0] * self.out[1] * self.taps > _MOST_CONNECTIONS:
            raise NetworkError(
                f"maps of {self.size[0]} x {self.size[1]} with kernels of {self.kernel[0]} x "
                f"{self.kernel[1]} are too large: neurons times taps must be at most "
                f"{_MOST_CONNECTIONS}."
            )

    @property
    def out(self) -> tuple[int, int]:
        """Rows and columns of a map of neurons."""
        sides = zip(self.size, self.kernel, self.stride, self.padding, strict=True)
        down, across = ((side + 2 * p - k) // s + 1 for side, k, s, p in sides)
        return down, across

    @property
    def taps(self) -> int:
        """Weights of a kernel per input map."""
        return self.kernel[0] * self.kernel[1]

    @property
    def dimensions(self) -> int:
        """1 for a kernel on maps of one row, otherwise 2."""
        along = self.size[0] == self.kernel[0] == self.stride[0] == 1 and self.padding[0] == 0
        return 1 if along else 2

    @cached_property
    def touched(self) -> "Touched":
        """The neurons that a spike at each index of a map reaches."""
        across = self.out[1]
        columns = self._positions_along(1)
        first, positions, taps = [0], [], []
        for row in self._positions_along(0):
            for column in columns:
                for y, tap_y in row:
                    for x, tap_x in column:
                        positions.append(y * across + x)
                        taps.append(tap_y * self.kernel[1] + tap_x)
                first.append(len(positions))
        return Touched(*(np.array(part, np.int64) for part in (first, positions, taps)))

    def _positions_along(self, axis: int) -> list[list[tuple[int, int]]]:
        """Return, for each input along an axis, the positions that read it, each with the tap."""
        stride, padding = self.stride[axis], self.padding[axis]
        by_input = []
        for index in range(self.size[axis]):
            by_tap = ((index + padding - tap, tap) for tap in range(self.kernel[axis]))
            by_input.append(
                [
                    (start // stride, tap)
                    for start, tap in by_tap
                    if start >= 0 and start % stride == 0 and start // stride < self.out[axis]
                ]
            )
        return by_input


class Touched(NamedTuple):
    """The neurons that a spike at each index of a map reaches, int64; the same for every map.

    Index i reaches the positions `position[first[i]:first[i + 1]]` by the taps in the same range.
    """

    first: np.ndarray
    position: np.ndarray
    tap: np.ndarray


class Filters(NamedTuple):
    """A convolving layer as written in options, before the size of its input is known."""

    filters: int
    kernel: int
    stride: int = 1
    padding: int = 0

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Return the filters of a text such as 32c5s2p1, or None for another text."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            return None
        filters, kernel, stride, padding = match.groups()
        return cls(int(filters), int(kernel), int(stride or 1), int(padding or 0))

    def over(self, size: tuple[int, int]) -> Geometry:
        """Return the geometry over maps of this size.

        In maps of one row a kernel moves only across.

        Raises NetworkError.
        """
        if size[0] == 1:
            return Geometry(size, (1, self.kernel), (1, self.stride), (0, self.padding))
        pairs = ((value, value) for value in (self.kernel, self.stride, self.padding))
        return Geometry(size, *pairs)


def to_json(geometry: Iterable[Geometry | None]) -> str:
    """Return the geometry of a network's layers as JSON for the network file."""
    records = [one and {name: list(getattr(one, name)) for name in _RANGES} for one in geometry]
    return json.dumps(records)


def from_json(text: str) -> tuple[Geometry | None, ...]:
    """Return the geometry of a network file. Raises `NetworkError`."""
    with convert_errors(NetworkError, "geometry is ", JsonError, after="."):
        value: Any = read_json(text)
    with convert_errors(NetworkError, "", JsonError, after="."):
        check_json(value, [(None, _DESCRIBED)], "geometry")
    if any(one is not None and one.keys() != _RANGES.keys() for one in value):
        raise NetworkError(f"geometry has other fields than {', '.join(_RANGES)}.")
    return tuple(one and Geometry(**one) for one in value)
