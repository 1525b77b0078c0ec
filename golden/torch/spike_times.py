# SPDX-License-Identifier: BSD-2-Clause
"""Spike times and gradients of a layer on tensors, with a method that suits its input times.

Inputs that all spike together are a matrix product. Others use the compiled loops of `training` on
the CPU, and plain tensor operations on other devices. Times and weights share a unit: real with
threshold 1, or ticks and integer weights, for which float64 is exact.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from firstspike.golden.training import kernels, level_kernels

_WIDE = 32  # fewest neurons for which `wide_spike_times` is faster
_GROUPS = 64  # most distinct times for which inputs are summed by time
_CHUNK = 1 << 24  # elements of [images, n_in, n_out] processed at once


@dataclass(frozen=True, eq=False)
class Times:
    """The spike times of a layer and the values that they depend on, each [n, n_out]."""

    #: when a neuron spiked, inf where it was silent
    z: torch.Tensor
    #: B - threshold at the spike
    slope: torch.Tensor
    #: M(horizon) of a silent neuron
    potential: torch.Tensor


class Together:
    """All inputs that spike have the same time."""

    def __init__(self, z_in: torch.Tensor, first: torch.Tensor) -> None:
        """`z_in`: [n, n_in], each `first` or inf."""
        self._first = first
        self._spikes = z_in.isfinite().to(z_in.dtype)

    def times(self, W: torch.Tensor, threshold: float, horizon: float) -> Times:
        """Return the times for weights [n_in, n_out]."""
        arrived, first = _product(self._spikes, W), self._first.clamp(max=horizon)
        slope = arrived - threshold
        potential = slope * horizon - arrived * first
        z = torch.where(potential >= 0, arrived * first / slope, torch.inf)
        return Times(z, slope, potential)

    def gradients(
        self, W: torch.Tensor, z_end: torch.Tensor, e: torch.Tensor
    ) -> tuple[torch.Tensor, None]:
        """Return dL/dW, without dL/dz_in."""
        return _product(self._spikes.T, e * (self._first - z_end).clamp(max=0)), None


class Grouped:
    """Inputs spike at few distinct times, on the CPU."""

    def __init__(self, z_in: np.ndarray, times: np.ndarray) -> None:
        """`z_in`: [n, n_in], each one of the ascending `times` or inf."""
        last = len(times)
        level = np.searchsorted(times, z_in).astype(np.uint8 if last < 256 else np.int32)
        self._groups = level_kernels.group(level, np.arange(last + 1, dtype=np.int32), times)
        self._groups = self._groups._replace(z=self._groups.z.astype(z_in.dtype))

    def times(self, W: torch.Tensor, threshold: float, horizon: float) -> Times:
        """Return the times for weights [n_in, n_out]."""
        return _looped(level_kernels.group_times, (self._groups,), W, threshold, horizon)

    def gradients(
        self, W: torch.Tensor, z_end: torch.Tensor, e: torch.Tensor
    ) -> tuple[torch.Tensor, None]:
        """Return dL/dW, without dL/dz_in."""
        dW = np.zeros_like(W.numpy())
        level_kernels.group_gradients(self._groups, z_end.numpy(), e.numpy(), dW)
        return torch.from_numpy(dW), None


class Ordered:
    """Inputs spike at any time, on the CPU."""

    def __init__(self, z_in: np.ndarray) -> None:
        """`z_in`: [n, n_in], inf for silent inputs."""
        self._z_in = z_in

    def times(self, W: torch.Tensor, threshold: float, horizon: float) -> Times:
        """Return the times for weights [n_in, n_out]."""
        loop = kernels.wide_spike_times if W.shape[1] >= _WIDE else kernels.spike_times
        inputs = self._z_in, np.argsort(self._z_in, axis=1)
        return _looped(loop, inputs, W, threshold, horizon)

    def gradients(
        self, W: torch.Tensor, z_end: torch.Tensor, e: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return dL/dW and dL/dz_in."""
        dW, dz_in = np.zeros_like(W.numpy()), np.empty_like(self._z_in)
        kernels.gradients(self._z_in, W.numpy(), z_end.numpy(), e.numpy(), dW, dz_in)
        return torch.from_numpy(dW), torch.from_numpy(dz_in)


class Plain:
    """Inputs spike at any time, on any device: all inputs of all neurons at once."""

    def __init__(self, z_in: torch.Tensor) -> None:
        """`z_in`: [n, n_in], inf for silent inputs."""
        self._z_in = z_in

    def times(self, W: torch.Tensor, threshold: float, horizon: float) -> Times:
        """Return the times for weights [n_in, n_out]."""
        parts = [self._part(z_in, W, threshold, horizon) for z_in in self._parts(self._z_in, W)]
        return Times(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))

    def gradients(
        self, W: torch.Tensor, z_end: torch.Tensor, e: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return dL/dW and dL/dz_in."""
        dW, dz_in = torch.zeros_like(W), []
        parts = zip(*(self._parts(x, W) for x in (self._z_in, z_end, e)), strict=True)
        for z_in, end, error in parts:
            before = (z_in[:, :, None] - end[:, None]).clamp(max=0)
            dW += (before * error[:, None]).sum(0)
            dz_in.append(((before < 0) * error[:, None] * W).sum(2))
        return dW, torch.cat(dz_in)

    @staticmethod
    def _parts(x: torch.Tensor, W: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return x.split(max(1, _CHUNK // W.numel()))

    @staticmethod
    def _part(
        z_in: torch.Tensor, W: torch.Tensor, threshold: float, horizon: float
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        z, order = z_in.clamp(max=horizon).sort(dim=1)
        following = torch.cat([z[:, 1:], torch.full_like(z[:, :1], horizon)], 1)[:, :, None]
        z = z[:, :, None]
        w = torch.where(z < horizon, W[order], 0)
        slope = w.cumsum(1) - threshold
        A = (w * z).cumsum(1)
        fires = (slope * following >= A) & (slope > 0) & (following > z)
        at = torch.where(fires.any(1), fires.int().argmax(1), z.shape[1] - 1)[:, None]
        slope, A = (x.gather(1, at)[:, 0] for x in (slope, A))
        return torch.where(fires.any(1), A / slope, torch.inf), slope, slope * horizon - A


def method_for(z_in: torch.Tensor, with_gradient: bool) -> Together | Grouped | Ordered | Plain:
    """Return the fastest method for input times [n, n_in], with dL/dz_in if `with_gradient`."""
    if not with_gradient:
        first = z_in.min() if z_in.numel() else torch.tensor(torch.inf)
        if bool(((z_in == first) | z_in.isinf()).all()):
            return Together(z_in, first if first.isfinite() else torch.ones_like(first))
    if z_in.device.type != "cpu":
        return Plain(z_in)
    z = z_in.contiguous().numpy()
    if not with_gradient:
        times = np.unique(z)
        times = times[np.isfinite(times)]
        if len(times) <= _GROUPS:
            return Grouped(z, times)
    return Ordered(z)


def _product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the matrix product, on the CPU by numpy, whose BLAS is always fast."""
    return torch.from_numpy(a.numpy() @ b.numpy()) if a.device.type == "cpu" else a @ b


def _looped(
    loop: Any, inputs: tuple[Any, ...], W: torch.Tensor, threshold: float, horizon: float
) -> Times:
    """Run a compiled loop of `training`."""
    number = W.numpy().dtype.type
    results = loop(*inputs, W.numpy(), number(horizon), threshold=number(threshold))
    return Times(*map(torch.from_numpy, results))
