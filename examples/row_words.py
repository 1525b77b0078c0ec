# SPDX-License-Identifier: BSD-2-Clause
"""Print the words of the first row of rows.csv for the core of core.v (docs/verilog.md)."""

import csv
import json
import sys
from pathlib import Path

about = json.loads(Path("core.json").read_text())
core, features = about["parameters"], about["parameters"]["features"]
if not features["features"]:
    sys.exit("core.json names no features, because the network was trained on an array.")
N, unit = int(core["encoding"].removeprefix("levels-")), core["unit"]
row = next(csv.DictReader(Path("rows.csv").read_text().splitlines()))


def value(name: str) -> float:
    """Return a feature of the row; one of a column of texts is 1 if the cell has the text."""
    column, _, text = name.rpartition("=")
    return float(row[name]) if name in row else float(row[column] == text)


levels = [
    sum(edge <= value(name) for edge in edges)
    for name, edges in zip(features["features"], features["edges"], strict=True)
]
if features["complement"]:
    levels += [N - 1 - q for q in levels]
if features["constant"]:
    levels += [N - 1]

(events,) = [port for port in about["ports"] if port["name"] == "events"]
offset = {field["name"]: field["offset"] for field in events["fields"]}
spikes = sorted(
    (unit + (N - 1 - levels[i]) * 5 * unit // (N - 1), r)
    for r, i in enumerate(core["inputs"])
    if levels[i] > 0  # `late` is -1: an input of level 0 is silent
)
SPIKE, END = 0, 2
words = [SPIKE | tick << offset["tick"] | r << offset["address"] for tick, r in spikes]
words.append(END)
print(*(f"{word:x}" for word in words), sep="\n")
