# SPDX-License-Identifier: BSD-2-Clause
"""The space of a search: the choices of a training. The planner chooses how a network is folded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from firstspike.golden.layers.registry import filters
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.specification import Training

if TYPE_CHECKING:
    from optuna import Trial  # optional package

DEPTH = 2
"""Largest number of hidden layers."""
HIDDEN = 8, 700
"""Smallest and largest number of neurons of a dense hidden layer."""
FILTERS = 4, 64
"""Smallest and largest number of filters of a convolving layer."""
SPARSITY = 1e-5, 1e-3
"""Range of the cost per spike, `Training.sparsity`."""
FEWEST_INPUTS = 1 / 8
"""Smallest share of all inputs that a network has."""

LEAN = {"bits": 4, "inputs": 400 / 512}
"""Bits of `mnist-4bit`, and its inputs relative to the recipe's."""
SMALL = 1 / 3
"""Neurons, or filters, of the small network relative to the recipe's first layer."""


def fewest(n_inputs: int) -> int:
    """Return the smallest number of inputs of a network."""
    return max(1, round(FEWEST_INPUTS * n_inputs))


@dataclass(frozen=True)
class Space:
    """The networks of a search: layers of the recipe's kinds, with other sizes."""

    n_inputs: int
    """Inputs of the data."""
    moves: tuple[str, ...]
    """Kernel and stride of the filters of each hidden layer, such as c5s2; empty for a dense
    layer."""

    @classmethod
    def of(cls, training: Training, n_inputs: int) -> Self:
        """Return the space around the training of a recipe."""
        moves = ["" if isinstance(one, int) else one[one.index("c") :] for one in training.hidden]
        return cls(n_inputs, (*moves, *[""] * DEPTH)[:DEPTH])

    @property
    def chooses_inputs(self) -> bool:
        """Whether inputs can be left out. A convolving layer needs all of them."""
        return not any(self.moves)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Smallest and largest number of neurons or filters of each hidden layer."""
        return [FILTERS if move else HIDDEN for move in self.moves]

    def known(self, training: Training) -> list[dict[str, Any]]:
        """Return the first choices: the recipe's sizes, fewer bits, a lean network, a small one."""
        inputs = training.n_connected or self.n_inputs
        depth = min(len(training.hidden), DEPTH)
        hidden = (one if isinstance(one, int) else filters(one).filters for one in training.hidden)
        sizes = [
            min(max(low, size), high)
            for size, (low, high) in zip((*hidden, *[0] * DEPTH), self.sizes, strict=False)
        ]
        own = {
            "depth": depth,
            **{f"hidden_{layer}": size for layer, size in enumerate(sizes, 1)},
            "bits": training.weight_bits,
            "sparsity": min(max(SPARSITY[0], training.sparsity), SPARSITY[1]),
        }
        lean = own | {"bits": LEAN["bits"]}
        if self.chooses_inputs:
            own["inputs"] = inputs
            lean["inputs"] = max(fewest(self.n_inputs), round(LEAN["inputs"] * inputs))
        between = own | {"bits": (own["bits"] + lean["bits"]) // 2}
        small = lean | {"hidden_1": max(self.sizes[0][0], round(SMALL * sizes[0]))}
        return [own, between, lean, small]

    def choice(self, trial: "Trial") -> Changes[Training]:
        """Return the changes of the training that the optimiser suggests.

        Neurons that share weights cannot be removed, so a convolving network is not compacted.
        """
        depth = trial.suggest_int("depth", 1, DEPTH)
        # Sizes beyond the depth are drawn, too: the sampler works better in a space of constant
        # shape.
        sizes = [
            trial.suggest_int(f"hidden_{layer}", *limits, log=True)
            for layer, limits in enumerate(self.sizes, 1)
        ]
        layers = zip(sizes[:depth], self.moves, strict=False)
        fewest_inputs = fewest(self.n_inputs)
        return Changes(
            Training,
            hidden=tuple(f"{size}{move}" if move else size for size, move in layers),
            n_connected=trial.suggest_int("inputs", fewest_inputs, self.n_inputs)
            if self.chooses_inputs
            else None,
            weight_bits=trial.suggest_int("bits", 2, 8),
            sparsity=trial.suggest_float("sparsity", *SPARSITY, log=True),
            compact=self.chooses_inputs,
        )
