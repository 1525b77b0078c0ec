# SPDX-License-Identifier: BSD-2-Clause
"""The space of a search: what training decides. The planner chooses how a network is folded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firstspike.golden.training.trainer import Trainer

if TYPE_CHECKING:
    from optuna import Trial  # may not be there

DEPTH = 2
"""Most hidden layers."""
HIDDEN = 8, 700
"""Fewest and most neurons of a hidden layer."""
SPARSITY = 1e-5, 1e-3
"""Range of the cost per spike, `Parameters.sparsity`."""
FEWEST_INPUTS = 1 / 8
"""A network has at least this share of all inputs."""

LEAN = {"bits": 4, "inputs": 400 / 512}
"""What `mnist-4bit` has: bits, and inputs by those of the recipe."""
SMALL = 1 / 3
"""The small network has this share of the recipe's neurons."""


def fewest(n_inputs: int) -> int:
    """Return the least number of inputs of a network."""
    return max(1, round(FEWEST_INPUTS * n_inputs))


def known(trainer: Trainer, n_inputs: int) -> list[dict[str, Any]]:
    """Return the first choices: the recipe's sizes, fewer bits, a lean network and a small one."""
    inputs = trainer.n_connected or n_inputs
    hidden = [
        min(max(HIDDEN[0], size), HIDDEN[1])
        for size in trainer.hidden[:DEPTH]
        if isinstance(size, int)
    ]
    sizes = hidden + [HIDDEN[0]] * (DEPTH - len(hidden))
    own = {
        "depth": len(hidden),
        **{f"hidden_{layer}": size for layer, size in enumerate(sizes, 1)},
        "inputs": inputs,
        "bits": trainer.weight_bits,
        "sparsity": min(max(SPARSITY[0], trainer.sparsity), SPARSITY[1]),
    }
    lean = own | {
        "bits": LEAN["bits"],
        "inputs": max(fewest(n_inputs), round(LEAN["inputs"] * inputs)),
    }
    between = own | {"bits": (own["bits"] + lean["bits"]) // 2}
    small = lean | {"hidden_1": max(HIDDEN[0], round(SMALL * sizes[0]))}
    return [own, between, lean, small]


@dataclass(frozen=True)
class Choice:
    """Choices of a training."""

    hidden: tuple[int, ...]
    inputs: int
    bits: int
    sparsity: float

    @classmethod
    def of(cls, trial: "Trial", n_inputs: int) -> "Choice":
        """Return the choice that the optimiser suggests for data with so many inputs."""
        depth = trial.suggest_int("depth", 1, DEPTH)
        # Sizes that the depth leaves out are drawn as well: a search likes a space of one shape.
        sizes = [
            trial.suggest_int(f"hidden_{layer}", *HIDDEN, log=True) for layer in range(1, DEPTH + 1)
        ]
        return cls(
            hidden=tuple(sizes[:depth]),
            inputs=trial.suggest_int("inputs", fewest(n_inputs), n_inputs),
            bits=trial.suggest_int("bits", 2, 8),
            sparsity=trial.suggest_float("sparsity", *SPARSITY, log=True),
        )

    def run(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a training, as `scripts.training` takes them."""
        return options | {
            "hidden": self.hidden,
            "n_connected": self.inputs,
            "weight_bits": self.bits,
        }
