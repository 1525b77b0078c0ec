# SPDX-License-Identifier: BSD-2-Clause
"""Convolving layers in one and two dimensions: a neuron reads a patch of maps (DESIGN, 7).

The patches of all positions are inputs of one layer, so neuron, derivative and quantisation are
those of `FirstSpikeLayer`. Each tap of each position takes memory.
"""

from typing import Any

import torch

from firstspike.golden.layers.geometry import Geometry

from .layer import FirstSpikeLayer


class FirstSpikeConv(FirstSpikeLayer):
    """Base class of both convolving layers; `dimensions` is 1 or 2.

    `weight` is [out_channels, in_channels, kernel_size]. A kernel size, stride or padding is a
    number or one per dimension. Padding adds silent inputs. All other arguments are those of
    `FirstSpikeLayer`.
    """

    dimensions: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        **more: Any,
    ) -> None:
        """Draw the weights. Raises ValueError for invalid sizes or times."""
        self.kernel_size = self._each("kernel_size", kernel_size, 1)
        self.stride = self._each("stride", stride, 1)
        self.padding = self._each("padding", padding, 0)
        super().__init__((out_channels, in_channels, *self.kernel_size), **more)
        self.in_channels, self.out_channels = in_channels, out_channels

    def _each(self, name: str, value: int | tuple[int, ...], least: int) -> tuple[int, ...]:
        """Return one integer per dimension. Raises ValueError below `least`."""
        values = (value,) * self.dimensions if isinstance(value, int) else tuple(value)
        if len(values) != self.dimensions or min(values) < least:
            raise ValueError(
                f"{name} is {value}: give an integer of {least} or more, or {self.dimensions} "
                "of them."
            )
        return values

    def geometry(self, size: tuple[int, ...]) -> Geometry:
        """Return the geometry of the kernel on maps of this size. Raises `NetworkError`."""
        if self.dimensions == 1:
            kernel, stride = (1, self.kernel_size[0]), (1, self.stride[0])
            return Geometry((1, size[0]), kernel, stride, (0, self.padding[0]))
        return Geometry(_pair(size), *map(_pair, (self.kernel_size, self.stride, self.padding)))

    def forward(self, z_in: torch.Tensor) -> torch.Tensor:
        """Return times [..., out_channels, out] for input times [..., in_channels, size].

        `size` has one number per dimension. Times are positive, or inf. Raises ValueError for other
        times, and `NetworkError` for maps smaller than the kernel.
        """
        split = z_in.dim() - self.dimensions - 1
        if split < 0 or z_in.shape[split] != self.in_channels:
            raise ValueError(
                f"the times are {list(z_in.shape)}: this layer takes "
                f"[..., {self.in_channels}{', size' * self.dimensions}]."
            )
        outer, size = z_in.shape[:split], tuple(z_in.shape[split + 1 :])
        geometry = self.geometry(size)
        around = [width for padding in reversed(self.padding) for width in (padding, padding)]
        patches = torch.nn.functional.pad(
            z_in.reshape(-1, self.in_channels, *size), around, value=torch.inf
        )
        for at, (kernel, stride) in enumerate(zip(self.kernel_size, self.stride, strict=True)):
            patches = patches.unfold(2 + at, kernel, stride)
        # [n, channels, out, kernel]: the positions move to the front, and the taps of all channels
        # become the inputs.
        positions = range(2, 2 + self.dimensions)
        taps = range(2 + self.dimensions, 2 + 2 * self.dimensions)
        patches = patches.permute(0, *positions, 1, *taps)
        z = self.spike(patches.reshape(-1, self.in_channels * geometry.taps))
        z = z.reshape(-1, *geometry.out[-self.dimensions :], self.out_channels)
        z = z.movedim(-1, 1)
        return z.reshape(*outer, *z.shape[1:])

    def _sizes(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}"
        )


class FirstSpikeConv1d(FirstSpikeConv):
    """Convolves spike times of series: [..., in_channels, length]."""

    dimensions = 1


class FirstSpikeConv2d(FirstSpikeConv):
    """Convolves spike times of pictures: [..., in_channels, rows, columns]."""

    dimensions = 2


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    down, across = values
    return down, across
