# SPDX-License-Identifier: BSD-2-Clause
"""What is searched: what training decides. How a network is folded is the planner's to choose."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firstspike.golden.training.trainer import Trainer

if TYPE_CHECKING:
    from optuna import Trial  # may not be there

DEPTH = 2
"""Hidden layers at most."""
HIDDEN = 8, 700
"""Neurons of one."""
SPARSITY = 1e-5, 1e-3
"""Cost of a spike, `Parameters.sparsity`."""
FEWEST_INPUTS = 1 / 8
"""Of all."""

LEAN = {"bits": 4, "inputs": 400 / 512}
"""What `mnist-4bit` has: bits, and inputs by those of the recipe."""
SMALL = 1 / 3
"""Of the neurons, beside them."""


def fewest(n_inputs: int) -> int:
    """Inputs that a network has at least."""
    return max(1, round(FEWEST_INPUTS * n_inputs))


def known(trainer: Trainer, n_inputs: int) -> list[dict[str, Any]]:
    """Where a search begins: at the recipe's sizes, with fewer bits, as lean, and as small."""
    inputs = trainer.n_connected or n_inputs
    hidden = [min(max(HIDDEN[0], size), HIDDEN[1]) for size in trainer.hidden[:DEPTH]]
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
    """Of a training."""

    hidden: tuple[int, ...]
    inputs: int
    bits: int
    sparsity: float

    @classmethod
    def of(cls, trial: "Trial", n_inputs: int) -> "Choice":
        """What the optimiser suggests for data of so many inputs."""
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
