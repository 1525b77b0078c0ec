# SPDX-License-Identifier: BSD-2-Clause
"""The figures of the pages are those of today's networks, cycle model and boards, and agree."""

import re
from pathlib import Path

import numpy as np
import pytest

from firstspike.boards.building.shipped_builds import SHIPPED_BUILDS, design_of
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import encode, infer
from firstspike.golden.data.sets import bundled_test_set
from firstspike.golden.shipped import load_network

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

FIGURES = {
    "mnist-8bit, accuracy": {
        "README.md": "10,000 test digits | {} % right",
        "docs/figures.md": "`mnist-8bit`: {} % of the MNIST test digits",
        "docs/figures/accuracy.md": "`mnist-8bit` (784-600-10, 512 inputs): accuracy | {} %",
        "docs/comparison.md": "784-600-10, first spike, 75 lanes, 4 rows per cycle | {} |",
        "docs/comparison/tables.md": "`mnist-8bit`, 784-600-10, 75 lanes | {} |",
    },
    "mnist-4bit, accuracy": {
        "README.md": "`mnist-4bit` ({} %)",
        "docs/figures/accuracy.md": "compacted from 600 to 379 hidden): accuracy | {} %",
        "docs/comparison.md": "784-379-10, first spike, 16 lanes, 1 row per cycle | {} |",
        "docs/comparison/tables.md": "`mnist-4bit`, 784-379-10, 379 lanes, overlapped | {} |",
    },
    "iCEBreaker, cycles": {
        "README.md": "16 lanes | {} cycles from a digit to its decision",
        "docs/figures/boards.md": "`icebreaker`, `icesugar`, `pico-ice`, `upduino` | {} |",
    },
    "iCEBreaker, microseconds": {
        "docs/figures.md": "{} us per digit on the iCEBreaker",
        "docs/boards.md": "over all 10,000 it is\n   {} on an iCEBreaker",
        "docs/figures/boards.md": "`pico-ice`, `upduino` | 2,738 | {} at 27 MHz",
        "docs/comparison.md": "16 lanes, 1 row per cycle | 98.87 | {} |",
    },
    "ULX3S 85F, cycles": {
        "README.md": "379 lanes | {} cycles from a digit",
        "docs/figures/boards.md": "digits one at a time | `ulx3s-85f`; `ecpix5-85f` | {} |",
    },
    "ULX3S 85F, microseconds": {
        "README.md": ": {} us at 78.125 MHz",
        "docs/figures.md": "{} us on the ULX3S 85F",
        "docs/figures/boards.md": "{} at 78.125 MHz",
        "docs/comparison.md": "images overlapped | 98.87 | {};",
    },
    "ULX3S 85F, cycles of digits that overlap": {
        "README.md": "{} cycles if digits overlap",
        "docs/figures/cycles.md": "its decision, are larger ({} with R = 4)",
    },
    "learning, MHz": {
        "README.md": "({} of 72 MHz)",
        "docs/figures/boards.md": "| 72; {}, missed |",
        "docs/boards.md": "({} of 72 MHz)",
        "docs/comparison.md": "72 MHz missed, {} reached",
    },
    "learning, weights": {
        "README.md": "all {} weights of a fully connected 784-600-10",
        "docs/figures.md": "0 of {} weights differ",
        "docs/comparison.md": "0 of the {} weights",
    },
    "microphone, cells": {
        "docs/figures.md": "{} logic cells of an iCEBreaker",
        "docs/figures/standalone.md": "single-port RAM; multipliers | {}; 29 of 30",
    },
}
"""Sentences of the pages that state the same figure, by page."""

UP5K_ROW = "| {:,} cells | {}, and 4 SPRAM | iCEBreaker (UP5K), {:g} MHz"
ULX3S_ROW = "| {:,} LUT | {} | ULX3S 85F (ECP5), {:g} MHz"
LOGIC = {
    ("icebreaker", "mnist-4bit", False): UP5K_ROW,
    ("ulx3s-85f", "mnist-8bit", False): ULX3S_ROW,
    ("ulx3s-85f", "mnist-4bit", True): ULX3S_ROW,
}
"""Ends of rows of the comparison, by board, network, and whether images overlap."""


def number_in(page: str, sentence: str) -> float:
    """Return the number of a sentence, which the page has once."""
    pattern = re.escape(sentence).replace(r"\{\}", r"([0-9][0-9.,]*[0-9])")
    (number,) = re.findall(pattern, (ROOT / page).read_text())
    return float(number.replace(",", ""))


@pytest.mark.parametrize("figure", FIGURES)
def test_pages_state_the_same_figure(figure):
    numbers = {page: number_in(page, sentence) for page, sentence in FIGURES[figure].items()}
    assert len({*numbers.values()}) == 1, numbers


@pytest.mark.parametrize("build", LOGIC)
def test_the_comparison_has_the_known_builds(build):
    (known,) = (
        one for one in SHIPPED_BUILDS if (one.board, one.network, one.shape.overlap) == build
    )
    row = LOGIC[build].format(known.luts, known.block_ram, known.clock)
    assert row in (ROOT / "docs/comparison.md").read_text()


def test_times_are_cycles_divided_by_the_clock():
    """Of the table with cycles, microseconds and MHz, each rounded to the digits that it shows."""
    text = (ROOT / "docs/figures/boards.md").read_text().split("Other builds:")[1]
    rows = re.findall(r"\| ([0-9.,]+); ([0-9.]+) \| ([0-9.]+); ", text)
    assert len(rows) >= 7
    for cycles, us, mhz in rows:
        digits = len(us.partition(".")[2])
        assert f"{float(cycles.replace(',', '')) / float(mhz):.{digits}f}" == us


def test_the_readme_counts_what_was_simulated():
    """The builds whose netlists and bitstreams were compared with golden, by their numbers."""
    netlists = (ROOT / "docs/figures/equality.md").read_text().split("| synthesised netlist |")[1]
    images = [int(n.replace(",", "")) for n in re.findall(r"\| ([0-9,]+) \| 0 \| 0 \|", netlists)]
    known = [one.netlist for one in SHIPPED_BUILDS if one.netlist]
    assert sorted(images) == sorted([*known, 100])  # and a network that convolves
    text = f"netlists of {len(images)} builds: {min(images)} to {max(images):,} digits each"
    assert text in README
    bits = [one.bitstream for one in SHIPPED_BUILDS if one.bitstream]
    boards = {4: "four", 5: "five"}[len(bits)]
    assert (
        f"bitstreams of {boards} iCE40 boards, {min(bits)} to {max(bits):,} digits each" in README
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        ("mnist-8bit", "10,000 test digits | {:.2f} % right"),
        ("mnist-4bit", "`mnist-4bit` ({:.2f} %)"),
    ],
)
def test_accuracy(net, sentence):
    pixels, labels = bundled_test_set()
    network = load_network(net)
    decided = infer(network, encode(network, pixels)).decision
    assert sentence.format(100 * np.mean(decided == labels)) in README


@pytest.mark.long
def test_spikes():
    pixels, _ = bundled_test_set()
    network = load_network("mnist-8bit")
    found = infer(network, encode(network, pixels))
    spikes = found.input_spikes + found.hidden_spikes
    assert f"{spikes.mean():.0f} spikes per digit until the decision" in README


@pytest.mark.long
@pytest.mark.parametrize(
    ("board", "overlap", "sentence"),
    [
        ("icebreaker", False, "{} lanes | {:,.0f} cycles {}: {:.0f} us at {:g} MHz"),
        ("ulx3s-85f", True, "{} lanes | {:.1f} cycles {}: {:.3f} us at {:g} MHz"),
    ],
)
def test_cycles(board, overlap, sentence):
    (build,) = (one for one in SHIPPED_BUILDS if (one.board, one.shape.overlap) == (board, overlap))
    mean, until = design_of(build).digit_cycles().mean(), "from a digit to its decision"
    clock = build.clock
    assert sentence.format(build.shape.lanes, mean, until, mean / clock, clock) in README


def test_number_of_boards():
    assert f"| {('twelve', 'thirteen', 'fourteen')[len(BOARDS) - 12]} boards |" in README
