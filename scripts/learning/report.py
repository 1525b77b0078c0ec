# SPDX-License-Identifier: BSD-2-Clause
"""The result of a run of `firstspike learn`, as data and as text."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from firstspike.golden import encode, infer
from firstspike.golden.foreign.printable import printable
from firstspike.scripts.metrics import mean_metrics, test_part_rows
from firstspike.scripts.output import table

from .session import DIFFERENCES, Session, rates, total_of

WITHIN = 0.02
"""A run has adapted when its accuracy is at most this much below that before the change."""


def result_of(session: Session) -> dict[str, Any]:
    """Return the result of `learn --json`; without a test part, its accuracy is None."""
    state, request, network = session.state, session.request, session.state.network
    labels = session.images.y_test
    test = infer(network, encode(network, session.images.x_test))
    return {
        "command": request.command,
        "dataset": request.data.dataset,
        **{name: getattr(request.learning, name) for name in ("seed", "competitors", "shift")},
        "stored_bits": state.stored_bits,
        "images": session.course.n_images,
        "epochs": epochs(session),
        "seconds": round(session.seconds, 2),
        "images_per_second": round(session.learned / session.seconds),
        **(mean_metrics(network, test, labels) if len(labels) else {"accuracy": None}),
        **{name: total_of(session.curve, name) for name in DIFFERENCES},
        "change": change(session) if session.watches else None,
        "curve": session.curve,
    }


def epochs(session: Session) -> list[dict[str, Any]]:
    """Return the rates of every epoch, and after a change the watched accuracy at its end."""
    n = session.course.n_images
    grouped: dict[int, list[dict[str, Any]]] = {}
    for point in session.curve:
        grouped.setdefault((point["done"] - 1) // n + 1, []).append(point)
    return [
        {"epoch": epoch, **rates(points), "watched": points[-1]["watched"]}
        for epoch, points in grouped.items()
    ]


def change(session: Session) -> dict[str, Any]:
    """Return the adaptation of a run: `images` learned until within 2 points of before, or None."""
    before = session.state.meta["before"]
    points = [(0, session.state.meta["after"])]
    points += [(point["done"], point["watched"]) for point in session.curve]
    return {
        "before": before,
        "after": points[0][1],
        "lowest": min(watched for _, watched in points),
        "images": next((done for done, watched in points if watched >= before - WITHIN), None),
        "end": points[-1][1],
    }


def report(session: Session, result: dict[str, Any], paths: Sequence[str]) -> str:
    """Return the result as text."""
    rows = [
        ("epoch", "accuracy", "updates", "forced", "input rows an update", "hidden rows an update")
    ]
    for epoch in result["epochs"]:
        counts = [
            _of(epoch[f"{part}_updates_per_update"], epoch[f"{rows_of}_rows_per_update"])
            for part, rows_of in (("input", "input"), ("output", "hidden"))
        ]
        percents = [f"{epoch[name]:.2%}" for name in ("accuracy", "updated", "forced")]
        rows.append((epoch["epoch"], *percents, *counts))
    parts = [table(rows)]
    network = session.state.template
    lines = [
        ("network", "-".join(map(str, network.shape))),
        ("connected inputs", len(network.inputs)),
        ("stored bits", f"{result['stored_bits']}, used {network.weight_bits[-1]}"),
        ("images learned", session.state.done),
        ("images per second", result["images_per_second"]),
    ]
    first, last = result["epochs"][0], result["epochs"][-1]
    ratio, latency = first["update_cycles_over_run_on"], last["latency_without_update"]
    if ratio and latency:
        lines += [
            ("clock cycles until the next image, last epoch", f"{last['cycles']:.1f}"),
            ("over those without updates, last epoch", f"{last['cycles_over_run_on']:.4f}"),
            ("the same of images that update, first epoch", f"{ratio:.4f}"),
            ("cycles from decision to next image, no update, last epoch", f"{latency:.1f}"),
        ]
    if result["differences"] is not None:
        weights = sum(map(np.size, session.state.weights))
        lines += [
            ("differences of the hardware from golden", result["differences"]),
            ("of these weights", f"{result['weights_differ']} of {weights}"),
        ]
    if result["change"]:
        adapted = result["change"]
        images = adapted["images"]
        lines += [
            ("accuracy before the change, held-out images", f"{adapted['before']:.2%}"),
            ("just after it", f"{adapted['after']:.2%}"),
            ("at the end", f"{adapted['end']:.2%}"),
            ("images until within 2 points of before", "never" if images is None else images),
        ]
    parts.append(table([*lines, *test_part_rows(result)]))
    return "\n\n".join(parts) + f"\nwritten to {' and '.join(map(printable, paths))}"


def _of(drawn: float | None, rows: float | None) -> str:
    return "-" if rows is None else f"{drawn:.0f} of {rows:.0f}"
