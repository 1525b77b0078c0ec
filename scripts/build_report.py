# SPDX-License-Identifier: BSD-2-Clause
"""The report of a build as text."""

from typing import Any

from firstspike.boards.building.standalone import TALK
from firstspike.boards.families.pll import MHZ

from .output import counted, table


def report_text(report: dict[str, Any]) -> str:
    """Return the report as text."""
    holds, bits = report["holds"], report["stored_bits"]
    stored = f"; the core learns, with {bits} bits a weight" if bits else ""
    used = [
        (name, f"{number} of {holds[name]}" if name in holds else number)
        for name, number in report["used"].items()
        if number
    ]
    rows = [
        ("board", report["board"]),
        ("device", f"{report['device']}, speed grade {report['speed']}"),
        ("network", report["network"]),
        ("build", report["build"]),
        ("lanes", ", ".join(map(str, report["lanes"]))),
        ("window", ", ".join(map(str, report["window"]))),
        ("rows", ", ".join(map(str, report["rows"]))),
        ("weights", f"{_WEIGHTS[report['weights']]}{stored}"),
        *([("images to play", report["bench_images"])] if report["bench_images"] else []),
        *used,
        ("placed", ", ".join(f"{number} {kind}" for kind, number in report["placed"].items())),
        ("clock", f"{report['clock'] / MHZ:g} MHz"),
        _talk(report),
        *(
            (f"seed {seed}", f"{fmax:.2f} MHz{', taken' if seed == report['seed'] else ''}")
            for seed, fmax in report["fmax"].items()
        ),
        ("timing", "met" if report["met"] else "not met: no bitstream"),
        *_layout(report["layout"]),
    ]
    if report["digits"]:
        cycles, us = report["digits"]["cycles"], report["digits"]["us"]
        rows += [
            ("test digits", report["digits"]["images"]),
            ("cycles", f"{cycles['mean']:.1f} in the mean, {cycles['most']:.0f} at most"),
            ("latency", f"{us['mean']:.2f} us in the mean, {us['most']:.2f} us at most"),
        ]
    if "duty" in report:
        shares = ", ".join(f"{part} {share:.1%}" for part, share in report["duty"].items())
        rows.append(("cycles in use", shares))
    rows += [("tools", ", ".join(report["tools"])), ("built in", f"{report['seconds']:.0f} s")]
    return table(rows, str.ljust)


def _layout(record: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return the result of the comparison of the bitstream with the routed design."""
    if record is None:
        return []
    if "unchecked" in record:
        return [("bitstream", f"not compared with the routed design: {record['unchecked']}")]
    if record["faults"]:
        verdict = f"differs from the routed design in {counted(record['faults'], 'place')}"
        return [("bitstream", verdict), *(("", one) for one in record["first"])]
    compared = f"{record['pins']} pins, {record['luts']} look-up tables"
    return [("bitstream", f"equals the routed design: {compared} and all other bits compared")]


def _talk(report: dict[str, Any]) -> tuple[str, str]:
    """Return the content and the speed of the line."""
    if report["link"] == TALK:
        return "says", f"text, at {report['bit_rate']} baud"
    return "link", f"{report['link'].upper()}, up to {report['bit_rate'] / MHZ:g} Mbit/s"


_WEIGHTS = {
    "loaded": "to be loaded over the link",
    "bitstream": "in the bitstream",
    "flash": "in the flash, as weights.bin",
}
