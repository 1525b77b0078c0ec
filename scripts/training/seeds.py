# SPDX-License-Identifier: BSD-2-Clause
"""Trains with several seeds, distributed, and reports the spread of the results."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from firstspike.golden import Network
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.system.files import companion_path, replacing
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import Data
from firstspike.scripts.output import table
from firstspike.scripts.shares.work import Shares

from .report import full_result, result_of
from .session import Request, Session, new_session


def trained(session: Session) -> tuple[Network, dict[str, Any]]:
    """Run a training; return its network, and the result of `result_of`."""
    session.fit()
    return session.trainer.network_, result_of(session)


def train_all(
    work: Shares, images: Dataset, request: Request, seeds: Sequence[int], output: str
) -> dict[int, dict[str, Any]]:
    """Train with each seed, and write each network when it is done; return the results by seed.

    Network and figures equal those of a training with only this seed.
    """
    spelled = ",".join(map(str, seeds))
    sessions = {}
    for seed in seeds:
        command = request.command.replace(f"--seed {spelled}", f"--seed {seed}")
        changes = request.changes | {"seed": seed}
        sessions[seed] = new_session(replace(request, changes=changes, command=command), images)
    none = Request(Data(), None, Changes(Training))  # no part of the result
    tasks = [replace(session, request=none) for session in sessions.values()]
    results = {}
    for task, done in work.results(trained, tasks, what="seeds"):
        seed = task.trainer.training.seed
        path = companion_path(output, f"-seed{seed}")
        tells, network = full_result(sessions[seed], *done)
        with replacing(path) as file:
            network.save(file)
        results[seed] = tells | {"network": str(path), "digest": network.digest()}
    return {seed: results[seed] for seed in seeds}


def spread(results: Collection[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return mean and standard deviation of the held-out accuracy, None if it is unknown."""
    held_out = [result["validation_accuracy"] for result in results]
    known = None not in held_out
    several = known and len(held_out) > 1
    return {
        "mean": float(np.mean(held_out)) if known else None,
        "deviation": float(np.std(held_out, ddof=1)) if several else None,
    }


def report(results: Mapping[int, Mapping[str, Any]]) -> str:
    """Return the results as text, by seed, without the test part: it must not guide a choice."""
    overall = spread(results.values())
    rows = [
        (
            seed,
            f"{result['best_epoch']} of {result['epochs']}",
            _percent(result["validation_accuracy"]),
            result["network"],
        )
        for seed, result in results.items()
    ]
    return table(
        [
            ("seed", "best epoch", "held-out accuracy", "network"),
            *rows,
            ("mean", "", _percent(overall["mean"]), ""),
            ("deviation", "", _percent(overall["deviation"]), ""),
        ]
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
