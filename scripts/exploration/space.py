# SPDX-License-Identifier: BSD-2-Clause
"""What is searched: what training decides. How a network is folded is the planner's to choose."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

KNOWN: tuple[dict[str, Any], ...] = (
    {"depth": 1, "hidden_1": 600, "inputs": 400, "bits": 4, "sparsity": 1.5e-4},
    {"depth": 1, "hidden_1": 600, "inputs": 512, "bits": 8, "sparsity": 1.5e-4},
    {"depth": 1, "hidden_1": 200, "inputs": 400, "bits": 4, "sparsity": 1.5e-4},
)
"""Where a search begins on images of MNIST's kind: the sizes of the shipped networks, and less."""


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
        least = max(1, round(FEWEST_INPUTS * n_inputs))
        return cls(
            hidden=tuple(sizes[:depth]),
            inputs=trial.suggest_int("inputs", least, n_inputs),
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
