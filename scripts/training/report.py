# SPDX-License-Identifier: BSD-2-Clause
"""The result of a run of `firstspike train`, as data and as text."""

import resource
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from firstspike.golden import Network, encode, infer
from firstspike.golden.foreign.printable import printable
from firstspike.golden.integer import decisions
from firstspike.scripts.datasets import ground_in, recorded
from firstspike.scripts.metrics import mean_metrics, test_part_rows
from firstspike.scripts.output import table

from .session import Session


def result_of(session: Session) -> dict[str, Any]:
    """Return the result of `train --json`; figures of a missing test part are None."""
    trainer, images = session.trainer, session.images
    network = trainer.network_
    training = decisions(network, images.x_train)
    right, held_out = training == images.y_train, trainer.held_out_
    test = infer(network, encode(network, images.x_test))
    result: dict[str, Any] = {
        "epochs": len(trainer.history_),
        "best_epoch": trainer.best_.number,
        "interrupted": trainer.interrupted_,
        "seconds": round(trainer.history_[-1].seconds, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "samples": [len(images.x_train), len(images.x_test)],
        "held_out": int(held_out.sum()),
        "training_accuracy": float(right[~held_out].mean()),
        "validation_accuracy": float(right[held_out].mean()) if held_out.any() else None,
        **mean_metrics(network, test, images.y_test),
        "history": [asdict(epoch) for epoch in trainer.history_],
    }
    if trainer.training.compact:
        uncompacted = trainer.uncompacted_
        changed = int((decisions(uncompacted, images.x_train) != training).sum())
        changed += int((decisions(uncompacted, images.x_test) != test.decision).sum())
        result["decisions_changed_by_compaction"] = changed
    return result


def full_result(
    session: Session, network: Network, result: dict[str, Any]
) -> tuple[dict[str, Any], Network]:
    """Return the full result of a training, and its network, which stores a shorter one."""
    request, seed = session.request, session.trainer.training.seed
    full = {"command": request.command, "dataset": request.data.dataset, "seed": seed}
    full |= {"recipe": session.recipe, **result}
    meta = {name: value for name, value in full.items() if name not in _TOO_LONG}
    meta |= recorded(request.data) | ground_in(session.images)
    return full, replace(network, meta=network.meta | meta)


_TOO_LONG = ("history", "confusion", "class_accuracy")
"""Parts of the result that the network file omits."""


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"


def report(output: str, session: Session, result: dict[str, Any]) -> str:
    """Return the result as text."""
    network = session.trainer.network_
    held_out = result["validation_accuracy"]
    rows = [
        ("network", "-".join(map(str, network.shape))),
        ("connected inputs", len(network.inputs)),
        ("weight bits", ", ".join(map(str, network.weight_bits))),
        ("best epoch", f"{result['best_epoch']} of {result['epochs']}"),
        ("training time", _time(result["seconds"])),
        ("peak memory", f"{result['peak_memory_mb']} MB"),
        ("training error", f"{1 - result['training_accuracy']:.3%}"),
        ("held-out accuracy", "none held out" if held_out is None else f"{held_out:.2%}"),
        *test_part_rows(result),
    ]
    if "decisions_changed_by_compaction" in result:
        rows.append(("decisions changed by compaction", result["decisions_changed_by_compaction"]))
    return f"{table(rows)}\nwritten to {printable(Path(output))}"
