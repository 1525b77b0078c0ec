# SPDX-License-Identifier: BSD-2-Clause
"""Runs graphs of NIR by the equations of the package nir only: in steps, or in continuous time from
spike to spike.
"""

import math
from collections.abc import Iterator

import nir
import numpy as np


def chain(graph: nir.NIRGraph) -> list[tuple[str, nir.NIRNode]]:
    """The nodes behind the input, by their edges, without the output."""
    following = dict(graph.edges)
    assert len(following) == len(graph.edges), "a branch"
    (name,) = graph.inputs
    nodes = []
    while not isinstance(graph.nodes[following[name]], nir.Output):
        name = following[name]
        nodes.append((name, graph.nodes[name]))
    return nodes


class Stepwise:
    """A graph in steps of dt, after Euler: a spike is 1 in its step.

    `first`: by the names of spiking nodes, the step of the first spike int [n, neurons], -1 for
    none; `v`: the potential then, or at the end.
    """

    def __init__(self, graph: nir.NIRGraph, spikes: np.ndarray, dt: float) -> None:
        """`spikes`: bool [n, steps, inputs]."""
        self.dt = dt
        self.state: dict[str, np.ndarray] = {}
        self.first: dict[str, np.ndarray] = {}
        self.v: dict[str, np.ndarray] = {}
        self.twice = False
        nodes = chain(graph)
        (arguments,) = graph.inputs.values()
        spikes = spikes.reshape(*spikes.shape[:2], *arguments.input_type["input"])
        for step in range(spikes.shape[1]):
            x = spikes[:, step].astype(float)
            for name, node in nodes:
                x = self.out_of(name, node, x, step)

    def out_of(self, name: str, node: nir.NIRNode, x: np.ndarray, step: int) -> np.ndarray:
        """Return the output of a node in a step whose input is x."""
        dt = self.dt
        match node:
            case nir.Linear():
                return x @ node.weight.T
            case nir.Affine():
                return x @ node.weight.T + node.bias
            case nir.Conv1d() | nir.Conv2d():
                return convolved(node, x)
            case nir.Flatten():
                assert (node.start_dim, node.end_dim) == (0, -1)
                return x.reshape(len(x), -1)
            case nir.I():  # what it gives is of before this step's impulses
                v = self.state.get(name, np.zeros_like(x))
                self.state[name] = v + node.r * x
                return v
            case nir.IF():
                v = self.state.get(name, np.zeros_like(x)) + dt * node.r * x
                return self.fired(name, node, v, step)
            case nir.CubaLIF():
                current = self.state.get(f"{name}.I", np.zeros_like(x))
                current = current * (1 - dt / node.tau_syn) + dt / node.tau_syn * node.w_in * x
                v = self.state.get(name, np.zeros_like(x))
                v = v + dt / node.tau_mem * (node.v_leak - v + node.r * current)
                self.state[f"{name}.I"] = current
                return self.fired(name, node, v, step)
        raise AssertionError(f"{name} is {node}")

    def fired(self, name: str, node: nir.NIRNode, v: np.ndarray, step: int) -> np.ndarray:
        """Spikes of potentials, which are reset."""
        z = v > node.v_threshold
        first = self.first.setdefault(name, np.full(v.shape, -1))
        self.twice |= bool((z & (first >= 0)).any())
        previous = self.v.setdefault(name, v)
        self.v[name] = np.where(first < 0, v, previous)
        first[z & (first < 0)] = step
        self.state[name] = np.where(z, node.v_reset, v)
        return z.astype(float)


def convolved(node: nir.Conv1d | nir.Conv2d, x: np.ndarray) -> np.ndarray:
    """Return the convolution of x [n, channels, *size]."""
    kernel = node.weight.shape[2:]
    stride, padding, dilation = (
        np.broadcast_to(each, len(kernel)) for each in (node.stride, node.padding, node.dilation)
    )
    assert (node.groups, *dilation) == (1,) * (1 + len(kernel))
    x = np.pad(x, [(0, 0), (0, 0), *((width, width) for width in padding)])
    axes = tuple(range(2, x.ndim))
    patches = np.lib.stride_tricks.sliding_window_view(x, kernel, axes)
    patches = patches[(slice(None), slice(None), *(slice(None, None, step) for step in stride))]
    taps = tuple(range(patches.ndim - len(kernel), patches.ndim))
    out = np.tensordot(patches, node.weight, axes=((1, *taps), (1, *(at for at in axes))))
    return np.moveaxis(out, -1, 1) + node.bias.reshape(-1, *(1 for _ in kernel))


def continuous(graph: nir.NIRGraph, times: np.ndarray) -> Iterator[np.ndarray]:
    """One image through a chain of Linear or a convolution, LI and IF: the spike times of each IF.

    `times`: [inputs], inf for none. A spike is an impulse of area 1. Neurons that fire are not
    looked at any more: that v_reset allows that is for others to say.
    """
    nodes = [node for _, node in chain(graph) if not isinstance(node, nir.Flatten)]
    for connection, li, membrane in zip(nodes[::3], nodes[1::3], nodes[2::3], strict=True):
        n = li.tau.size
        shape = connection.input_type["input"]
        each = np.eye(math.prod(shape)).reshape(-1, *shape)  # an impulse of every input
        weight = convolved(connection, each) if len(shape) > 1 else connection.weight.T
        weight = weight.reshape(len(each), n)
        tau, r_in = li.tau.ravel(), li.r.ravel()
        r, v_threshold = membrane.r.ravel(), membrane.v_threshold.ravel()
        v_in, v, fired = np.zeros(n), np.zeros(n), np.full(n, np.inf)
        now = 0.0
        order = np.argsort(times, kind="stable")
        for row in [*order[np.isfinite(times[order])], None]:
            until = np.inf if row is None else times[row]
            # V rises by r tau v_in (1 - exp(-t / tau)) until then.
            total = r * tau * v_in
            with np.errstate(all="ignore"):
                left = 1 - (v_threshold - v) / total
                crossing = now - tau * np.log(left)
            # A crossing at the very time of the next spike counts, whatever the rounding.
            crosses = (total > 0) & (left > 0) & (crossing <= until + 1e-12) & np.isinf(fired)
            fired[crosses] = crossing[crosses]
            if row is None:
                break
            decay = np.exp(-(until - now) / tau)
            v += total * (1 - decay)
            v_in = v_in * decay + r_in / tau * weight[row]
            now = until
        yield fired
        times = fired
