# SPDX-License-Identifier: BSD-2-Clause
"""Layers of neurons that spike once, on spike times in z = exp(t): the base, and the dense one."""

import math
from dataclasses import astuple, dataclass
from typing import Any

import torch

from firstspike.golden.layers.kind import weight_range

from .spike_times import method_for

_DRIVE, _SPREAD = 12.0, 2.0  # initial mean of the summed weights, and their deviation


@dataclass(frozen=True)
class Quantised:
    """Quantisation of a layer. Raises ValueError for values that no network has."""

    bits: int
    """Bits of a weight."""
    threshold: int
    """The integer that represents 1.0."""
    unit: int
    """Ticks of z = 1."""
    deadline: int
    """The last tick."""

    def __post_init__(self) -> None:
        if min(astuple(self)) < 1 or not 2 <= self.bits <= 8:
            raise ValueError(f"{self} cannot be: bits are 2..8, all others 1 or more.")


class FirstSpikeLayer(torch.nn.Module):
    """Base class of all layers: the neuron, its exact derivative, and quantisation.

    A neuron's potential is M(z) = sum of w_p (z - z_p) over the inputs with z_p < z, less z. It
    spikes when M reaches 0, at z = A / (B - 1). A = sum of w_p z_p and B = sum of w_p are sums over
    its causal inputs (design, section 1). Then dz/dw_p = (z_p - z) / (B - 1) and
    dz/dz_p = w_p / (B - 1).

    Parameters
    ----------
    shape : of the weights, (neurons, inputs of a neuron, ...)
    output : whether this is the last layer of a network, whose silent neurons get the time
        `horizon` - M(`horizon`), which always has a gradient; in other layers they get inf
    horizon : z after which no neuron spikes
    smallest_slope : floor of B - 1 in the derivative, which limits the steepest steps; 0, the
        default, keeps it exact

    Attributes
    ----------
    weight : of `shape`, in units of the threshold
    quantised : the `Quantised` parameters, or None for real weights; `state_dict` holds them

    A quantised layer has integer weights, and its spike ticks equal those of the golden model and
    the hardware to the bit, up to the deadline instead of `horizon`. Derivatives ignore the
    rounding (straight-through). The last layer then returns float64 times, of which the earliest is
    the decision (`decide`): times within a tick differ by the potential.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        output: bool = False,
        horizon: float = 6.0,
        smallest_slope: float = 0.0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        """Draw the weights. Raises ValueError for invalid sizes or times."""
        super().__init__()
        if min(shape) < 1:
            sizes = " x ".join(map(str, shape))
            raise ValueError(f"a layer with weights of {sizes} is empty: give 1 or more.")
        if not 0 < horizon < math.inf or smallest_slope < 0:
            raise ValueError(
                f"horizon is {horizon} and smallest_slope {smallest_slope}: "
                "the first must be finite and over 0, the second 0 or more."
            )
        self.output, self.horizon, self.smallest_slope = output, float(horizon), smallest_slope
        self.weight = torch.nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.quantised: Quantised | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights with which most neurons spike while their inputs do."""
        n = self.weight[0].numel()
        torch.nn.init.normal_(self.weight, _DRIVE / n, _SPREAD / math.sqrt(n))

    def integers(self) -> torch.Tensor:
        """Return the integer weights of a quantised layer: float64, in the shape of `weight`."""
        assert self.quantised is not None
        W = self.weight.detach().double() * self.quantised.threshold
        return W.round().clamp(*weight_range(self.quantised.bits))

    def get_extra_state(self) -> tuple[int, ...] | None:
        """Return the quantisation for `state_dict`."""
        return None if self.quantised is None else astuple(self.quantised)

    def set_extra_state(self, state: tuple[int, ...] | None) -> None:
        """Set the quantisation from a `state_dict`."""
        self.quantised = None if state is None else Quantised(*state)

    def spike(self, z_in: torch.Tensor) -> torch.Tensor:
        """Return times [n, neurons] for the times [n, inputs of a neuron], common to all neurons.

        Raises ValueError for NaN and for times that are not positive.
        """
        if not bool((z_in > 0).all()):
            raise ValueError("the times hold NaN, 0 or less: all must be over 0, inf for silent.")
        return self._real(z_in) if self.quantised is None else self._ticks(z_in, self.quantised)

    def _real(self, z_in: torch.Tensor) -> torch.Tensor:
        W = self.weight.flatten(1)
        late, z, _ = _SpikeTimes.apply(z_in, W, 1.0, self.horizon, self.smallest_slope)
        return late if self.output else torch.where(z < torch.inf, late, torch.inf)

    def _ticks(self, z_in: torch.Tensor, to: Quantised) -> torch.Tensor:
        """Return spike ticks: integers in float64 are exact, and a real crossing is rounded up."""
        W = _Through.apply(self.weight.double() * to.threshold, self.integers()).flatten(1)
        ticks = z_in.double() * to.unit
        ticks = _Through.apply(ticks, ticks.detach().round())
        late, z, slope = _SpikeTimes.apply(
            ticks, W, float(to.threshold), float(to.deadline), self.smallest_slope
        )
        fired = z < torch.inf
        tick = torch.where(fired, z.ceil(), late).detach()
        if not self.output:
            out = _Through.apply(late, tick) / to.unit
            return torch.where(fired, out, torch.inf).to(z_in.dtype)
        # Among the neurons of one tick, the highest M = (B - threshold) (tick - z) comes first.
        M = torch.where(fired, (slope * (tick - z)).round(), 0)
        order = tick - M / (torch.where(fired, slope, 0).amax(-1, keepdim=True) + 1)
        return _Through.apply(late, order) / to.unit

    def extra_repr(self) -> str:
        """Return sizes and quantisation as text."""
        text = self._sizes() + (", output=True" * self.output)
        return text if self.quantised is None else f"{text}, bits={self.quantised.bits}"

    def _sizes(self) -> str:
        raise NotImplementedError


class FirstSpikeLinear(FirstSpikeLayer):
    """A dense layer: maps the spike times of inputs to those of neurons, with the exact derivative.

    Each neuron reads all inputs. `weight` is [out_features, in_features]; all other arguments are
    those of `FirstSpikeLayer`.
    """

    def __init__(self, in_features: int, out_features: int, **more: Any) -> None:
        """Draw the weights. Raises ValueError for invalid sizes or times."""
        super().__init__((out_features, in_features), **more)
        self.in_features, self.out_features = in_features, out_features

    def forward(self, z_in: torch.Tensor) -> torch.Tensor:
        """Return times [..., out_features] for input times [..., in_features], positive or inf.

        Raises ValueError for NaN and for times that are not positive.
        """
        if z_in.shape[-1:] != (self.in_features,):
            raise ValueError(
                f"the times are {list(z_in.shape)}: this layer takes [..., {self.in_features}]."
            )
        z = self.spike(z_in.reshape(-1, self.in_features))
        return z.reshape(*z_in.shape[:-1], self.out_features)

    def _sizes(self) -> str:
        return f"{self.in_features}, {self.out_features}"


class _Through(torch.autograd.Function):
    """Returns a rounded value with the derivative of the real value."""

    @staticmethod
    def forward(ctx: Any, real: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
        return rounded.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        return gradients[0], None


class _SpikeTimes(torch.autograd.Function):
    """Returns the times of a layer with and without silent neurons, and the slopes at them."""

    @staticmethod
    def forward(
        ctx: Any,
        z_in: torch.Tensor,
        weight: torch.Tensor,
        threshold: float,
        horizon: float,
        smallest_slope: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        W = weight.T.contiguous()
        z_in = z_in.to(W.dtype)
        method = method_for(z_in, ctx.needs_input_grad[0])
        times = method.times(W, threshold, horizon)
        fired = times.z < torch.inf
        ctx.method, ctx.threshold, ctx.smallest = method, threshold, smallest_slope * threshold
        z_end = torch.where(fired, times.z, horizon)
        ctx.save_for_backward(W, z_end, fired, times.slope)
        ctx.mark_non_differentiable(times.z, times.slope)
        late = torch.where(fired, times.z, horizon - times.potential / threshold)
        return late, times.z, times.slope

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        W, z_end, fired, slope = ctx.saved_tensors
        # A silent neuron's time changes with its potential, in units of the threshold.
        moves = torch.where(fired, slope.clamp(min=ctx.smallest), ctx.threshold)
        e = (gradients[0] / moves).contiguous()
        dW, dz_in = ctx.method.gradients(W, z_end, e)
        return dz_in if ctx.needs_input_grad[0] else None, dW.T, None, None, None
