# SPDX-License-Identifier: BSD-2-Clause
"""Runs graphs of NIR from their equations alone: in steps, or in continuous time from spike to
spike. It knows the nodes of the package nir, and nothing of ours.
"""

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
        for step in range(spikes.shape[1]):
            x = spikes[:, step].astype(float)
            for name, node in nodes:
                x = self.out_of(name, node, x, step)

    def out_of(self, name: str, node: nir.NIRNode, x: np.ndarray, step: int) -> np.ndarray:
        """What a node gives in a step in which it is given x."""
        dt = self.dt
        match node:
            case nir.Linear():
                return x @ node.weight.T
            case nir.Affine():
                return x @ node.weight.T + node.bias
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
        kept = self.v.setdefault(name, v)
        self.v[name] = np.where(first < 0, v, kept)
        first[z & (first < 0)] = step
        self.state[name] = np.where(z, node.v_reset, v)
        return z.astype(float)


def continuous(graph: nir.NIRGraph, times: np.ndarray) -> Iterator[np.ndarray]:
    """One image through a chain of Linear, LI and IF, exactly: the spike times of each IF.

    `times`: [inputs], inf for none. A spike is an impulse of area 1. Neurons that fire are not
    looked at any more: that v_reset allows that is for others to say.
    """
    nodes = [node for _, node in chain(graph)]
    for linear, li, membrane in zip(nodes[::3], nodes[1::3], nodes[2::3], strict=True):
        n = len(li.tau)
        v_in, v, fired = np.zeros(n), np.zeros(n), np.full(n, np.inf)
        now = 0.0
        order = np.argsort(times, kind="stable")
        for row in [*order[np.isfinite(times[order])], None]:
            until = np.inf if row is None else times[row]
            # V rises by r tau v_in (1 - exp(-t / tau)) until then.
            whole = membrane.r * li.tau * v_in
            with np.errstate(all="ignore"):
                left = 1 - (membrane.v_threshold - v) / whole
                crossing = now - li.tau * np.log(left)
            crosses = (whole > 0) & (left > 0) & (crossing <= until) & np.isinf(fired)
            fired[crosses] = crossing[crosses]
            if row is None:
                break
            decay = np.exp(-(until - now) / li.tau)
            v += whole * (1 - decay)
            v_in = v_in * decay + li.r / li.tau * linear.weight[:, row]
            now = until
        yield fired
        times = fired
