"""Parameters of `Trainer` for any data: features, time series or spike times, few or many."""

from typing import Any

from .recipes import DEEP, GRADED
from .trainer import sensible_batch

HELD_OUT = 0.15
"""Share of the samples that choose the epoch."""

_STEPS = 6000  # of training with real weights, at least
_FEWEST, _MOST = 20, 400  # epochs
_TUNING = 10  # times as many epochs as there are of fine-tuning


def suited(
    n: int, encoding: str | None = None, last_tick: int | None = None, **changes: Any
) -> dict[str, Any]:
    """Parameters for n samples of any sort; of `changes` None is no change.

    `last_tick`: of samples that are spike ticks, the latest.
    """
    encoding = "ticks" if last_tick else encoding or "levels-17"
    epochs = changes.get("epochs") or min(
        _MOST, max(_FEWEST, _STEPS // max(1, n // sensible_batch(n)))
    )
    parameters: dict[str, Any] = GRADED | {
        "hidden": (100,),
        "encoding": encoding,
        "complement": encoding.startswith(("levels", "binary")),
        "constant": encoding != "ticks",
        "late": -1,
        "n_connected": None,
        "augmentation": None,
        "sparsity": 0.0,
        "batch": None,
        "epochs": epochs,
        "fine_tuning_epochs": max(1, epochs // _TUNING),
        "rate": 3e-3,
        "held_out": HELD_OUT,
    }
    if last_tick:
        unit = -(-last_tick // 6)
        parameters |= {"unit": unit, "deadline": 12 * unit}
    parameters |= {key: value for key, value in changes.items() if value is not None}
    return (DEEP if len(parameters["hidden"]) > 1 else {}) | parameters
