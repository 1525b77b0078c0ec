# SPDX-License-Identifier: BSD-2-Clause
"""The report of a self-test: its content, its validation, and its text.

The checksum detects a file that was truncated or changed by accident, but not a forgery.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from firstspike.boards.families.pll import MHZ
from firstspike.golden.foreign.json_text import JsonError, check_json, read_json
from firstspike.golden.system.files import read_file
from firstspike.hdl.link.protocol.formats import VERSION, Identity, IdentityFlag
from firstspike.scripts.output import table

from .stages import Stage

FORM = 1
"""Version of the report's format."""

MOST_BYTES = 1 << 20

CHECKSUM = "sha256"

_COUNT = range(1 << 62)
_FIGURES = {
    "weights": {"weights": _COUNT, "seconds": float},
    "digits": {
        **dict.fromkeys(("images", "dropped"), _COUNT),
        **{"right": (None, _COUNT), "cycles": (None, float)},
        **dict.fromkeys(("seconds", "per_second"), float),
    },
    "memory": dict.fromkeys(("images", "rounds", "cycles", "per_second"), _COUNT),
    "hostile frames": {"frames": _COUNT, "seconds": float},
    "learning": dict.fromkeys(("images", "updated", "weights", "lost"), _COUNT),
}
"""Figures of each stage for a board with a link."""

_SENSING_FIGURES = {
    "answers": {"seconds": float},
    "sensor": {
        **dict.fromkeys(("samples", "cycles"), _COUNT),
        **dict.fromkeys(("loudest", "lost"), (None, _COUNT)),
    },
    "lines": {"lines": _COUNT},
}
"""Figures of each stage for a standalone board."""


def _described(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the description of stages with these figures."""
    return [
        {"name": name, "figures": (None, each), "failure": (None, str)}
        for name, each in figures.items()
    ]


_FORM = {
    "form": range(FORM, FORM + 1),
    "versions": {"firstspike": str, "protocol": _COUNT},
    "board": (None, str),
    "design": {
        **dict.fromkeys(("network", "build"), str),
        **dict.fromkeys(("clock", "capacity", "bench_images"), _COUNT),
        **dict.fromkeys(("loaded", "learns", "overlaps"), bool),
        "layers": [dict.fromkeys(("inputs", "neurons", "lanes", "window", "rows"), _COUNT)],
    },
    "seed": _COUNT,
    "stages": _described(_FIGURES),
    "passed": bool,
    CHECKSUM: str,
}
_SENSING_FORM = _FORM | {"sensor": str, "stages": _described(_SENSING_FIGURES)}


def report_of(
    identity: Identity,
    board: str | None,
    seed: int,
    stages: Sequence[Stage],
    sensor: str | None = None,
) -> dict[str, Any]:
    """Return the report, which contains nothing about the computer or its user.

    `sensor` is the name of the sensor of a standalone board.
    """
    flags = {
        name: identity.has(flag)
        for name, flag in (
            ("loaded", IdentityFlag.NEEDS_WEIGHTS),
            ("learns", IdentityFlag.LEARNS),
            ("overlaps", IdentityFlag.OVERLAPS),
        )
    }
    report = {
        "form": FORM,
        "versions": {"firstspike": version("firstspike"), "protocol": VERSION},
        "board": board,
        "design": {
            "network": identity.network.hex(),
            "build": identity.build.hex(),
            "clock": identity.clock,
            "capacity": identity.capacity,
            "bench_images": identity.bench_images,
            **flags,
            "layers": [
                {
                    "inputs": layer.n_in,
                    "neurons": layer.n_out,
                    "lanes": layer.lanes,
                    "window": layer.window,
                    "rows": layer.rows,
                }
                for layer in identity.layers
            ],
        },
        "seed": seed,
        "stages": [vars(stage) for stage in stages],
        "passed": all(stage.failure is None for stage in stages),
    }
    if sensor is not None:
        report["sensor"] = sensor
    return report | {CHECKSUM: _checksum(report)}


def read_report(path: Path) -> dict[str, Any]:
    """Read a report. Raises JsonError for an invalid report, and OSError for a missing one."""
    report = read_json(read_file(path, MOST_BYTES))
    senses = isinstance(report, dict) and "sensor" in report
    check_json(report, _SENSING_FORM if senses else _FORM, "report")
    held = {name: value for name, value in report.items() if name != CHECKSUM}
    if report[CHECKSUM] != _checksum(held):
        raise JsonError("report['sha256'] is not that of the rest: it was changed")
    return report


def _checksum(report: dict[str, Any]) -> str:
    content = json.dumps(report, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def page(report: dict[str, Any]) -> str:
    """Return the report as text."""
    design, versions = report["design"], report["versions"]
    layers = design["layers"]
    sizes = [layer["inputs"] for layer in layers[:1]] + [layer["neurons"] for layer in layers]
    kinds = [name for name in ("learns", "overlaps") if design[name]]
    sensor = report.get("sensor")
    of_link = [
        ("firstspike", f"{versions['firstspike']}, link {versions['protocol']}"),
        ("seed", report["seed"]),
    ]
    rows = [
        ("board", report["board"] or "not named"),
        *([] if sensor is None else [("sensor", sensor)]),
        ("clock", f"{design['clock'] / MHZ:g} MHz"),
        ("network", f"{design['network'][:16]} ({'-'.join(map(str, sizes))})"),
        ("design", ", ".join([design["build"], *kinds])),
        ("lanes", ", ".join(str(layer["lanes"]) for layer in layers)),
        *(of_link if sensor is None else [("firstspike", versions["firstspike"])]),
        *_stages(report["stages"]),
        ("verdict", "passed" if report["passed"] else "FAILED"),
        (CHECKSUM, report[CHECKSUM]),
    ]
    return table(rows, str.ljust)


def _stages(stages: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each stage, and its result as text."""
    left_out = "not in this design"
    for stage in stages:
        name, figures, failure = stage["name"], stage["figures"], stage["failure"]
        if failure is not None:
            yield name, f"FAILED: {failure}"
            left_out = "not reached"
        else:
            yield name, left_out if figures is None else f"passed: {_SENTENCES[name](figures)}"


def _of_digits(figures: dict[str, Any]) -> str:
    text = f"{figures['images']} images, 0 differences"
    if figures["right"] is not None:
        text += f", {figures['right']} right"
    if figures["cycles"] is not None:
        text += f", {figures['cycles']} cycles in the mean"
    return f"{text}; {figures['per_second']:g} per second over the link"


def _of_sensor(figures: dict[str, Any]) -> str:
    text = "{samples} samples in {cycles} clock cycles".format_map(figures)
    if figures["lost"] is not None:
        text += ", {lost} lost, the loudest {loudest}".format_map(figures)
    return text


_SENTENCES = {
    "weights": "{weights} weights written and read back in {seconds:g} s".format_map,
    "digits": _of_digits,
    "memory": "{images} images, {rounds} times, 0 differences; {per_second} per second".format_map,
    "hostile frames": "{frames} in {seconds:g} s, 0 of them did harm".format_map,
    "learning": "{images} images, {updated} updates, {weights} weights equal golden's".format_map,
    "answers": "it is this design, and answers in {seconds:g} s".format_map,
    "sensor": _of_sensor,
    "lines": "{lines}, all of which it can say".format_map,
}
