# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike verilog --vectors`: a bench without Python passes, and fails where it should."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firstspike.golden import encode, infer
from firstspike.golden.encodings.features import Features
from firstspike.golden.timing.cycles import cycles
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.overlapped import overlapped_cycles
from firstspike.golden.timing.shape import CoreShape
from firstspike.sim.harness.networks import network_of, random_weights
from firstspike.sim.vectors.vectors import write_vectors
from tests.support.command import refusal, success, toy_network
from tests.support.lint import needs_verilator
from tests.support.plain_bench import printed
from tests.support.shapes import convolving_network
from tests.support.simulators import needs_icarus, sampled


def check(folder):
    """The first line that the bench in `folder` prints."""
    return printed(folder)[0]


def write(folder, embedded=True, network=None, images=8, **folding):
    """Write vectors of a toy network, or of another one; the fourth image is empty."""
    network = network or toy_network()
    folding = Folding.of(network, CoreShape(**folding))
    pixels = np.random.default_rng(2).integers(0, 256, (images, network.n_inputs))
    pixels = pixels.astype(np.uint8)
    pixels[3:4] = 0
    ticks = encode(network, pixels)
    inference = infer(network, ticks)
    if folding.overlaps:
        expected = overlapped_cycles(network, ticks, inference, folding)
    else:
        expected = replace(inference, cycles=cycles(network, ticks, inference, folding, pixels))
    write_vectors(folder, network, folding, ticks, pixels, expected, embedded)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(None, id="events"),
        pytest.param(9, id="bitmap", marks=pytest.mark.long),
    ],
)
def vectors(request, tmp_path_factory):
    """A folder with vectors."""
    folder = tmp_path_factory.mktemp("vectors")
    write(folder, lanes=5, bitmap=request.param)
    return folder


ROWS = {
    "rows": {"lanes": 12, "rows": 2},
    "rows, groups": {"lanes": 5, "rows": 4},
    "rows, bitmap": {"lanes": 12, "rows": 4, "bitmap": 12},
    "overlap": {"lanes": 12, "rows": 4, "bitmap": 8, "overlap": True},
}


@pytest.fixture(scope="module", params=ROWS.values(), ids=ROWS)
def vectors_of_rows(request, tmp_path_factory):
    """Write the vectors of cores that add several rows per cycle."""
    folder = tmp_path_factory.mktemp("rows")
    write(folder, **request.param)
    return folder


def change(folder, into, file, old, new):
    """A copy of the folder with a pattern in one file replaced, once."""
    shutil.copytree(folder, into)
    text, count = re.subn(old, new, (folder / file).read_text(), count=1, flags=re.MULTILINE)
    assert count == 1
    (into / file).write_text(text)


def said_of_changed(folder, into, file, line):
    """The message of the bench if a line of a file holds another number."""
    shutil.copytree(folder, into)
    lines = (folder / file).read_text().splitlines()
    lines[line] = f"{int(lines[line], 16) ^ 2:x}"
    (into / file).write_text("\n".join(lines) + "\n")
    return check(into)


def test_the_core_passes(vectors):
    assert check(vectors).startswith("PASS: 8 images")


@pytest.mark.long
def test_a_core_of_several_rows_a_cycle_passes(vectors_of_rows):
    assert check(vectors_of_rows).startswith("PASS: 8 images")


@pytest.mark.long
def test_a_core_that_convolves_passes_whatever_the_order_within_a_tick(tmp_path):
    (tmp_path / "core").mkdir()
    write(tmp_path / "core", network=convolving_network(), lanes=2)
    assert check(tmp_path / "core").startswith("PASS: 8 images")
    said = said_of_changed(tmp_path / "core", tmp_path / "broken", "spikes_0.hex", 2)
    assert said.startswith("FAIL: image")
    assert "log 0" in said


@pytest.mark.parametrize(
    ("file", "line", "what"),
    sampled(
        [
            ("spikes_0.hex", 2, "log 0"),
            ("decisions.hex", 6, "class"),
            ("decisions.hex", 7, "tick"),
            ("decisions.hex", 9, "cycles"),
            ("decisions.hex", 10, "spikes 0"),
        ],
        5,
    ),
)
def test_every_kind_of_difference_fails(vectors, tmp_path, file, line, what):
    said = said_of_changed(vectors, tmp_path / "broken", file, line)
    assert said.startswith("FAIL: image")
    assert what in said


@pytest.mark.long
def test_a_difference_in_the_last_bank_fails(vectors_of_rows, tmp_path):
    *_, file = sorted(path.name for path in vectors_of_rows.glob("spikes_0*.hex"))
    said = said_of_changed(vectors_of_rows, tmp_path / "broken", file, 2)
    assert said.startswith("FAIL: image")
    assert file.removeprefix("spikes_").removesuffix(".hex") in said


LOST = ("assign log_0__valid =", "assign log_0__valid = 0 &", "no spike of neuron")
INVENTED = ("assign log_0__valid =", "assign log_0__valid = 1 |", "golden has")
HANGS = (r"\.(source|words)__valid\(\w+\)", r".\1__valid(1'b0)", "no decision after")
WRONG_WEIGHTS = (r"(bank_0_0\[5\] = \d+'h)\w+", r"\g<1>0", "golden has")
"""A text in a core, its replacement, and the message of the bench."""


# Each takes a compilation, of which Icarus makes several in a second.
@needs_icarus
def test_broken_cores_fail(vectors, tmp_path):
    check_broken(vectors, tmp_path, LOST, INVENTED, HANGS, WRONG_WEIGHTS)


@pytest.mark.long
@needs_icarus
def test_broken_cores_of_several_rows_fail(tmp_path):
    for name, folding in ROWS.items():
        folder = tmp_path / name
        folder.mkdir()
        write(folder, **folding)
        check_broken(folder, tmp_path / f"{name}, broken", LOST, INVENTED)


def check_broken(folder, into, *faults):
    for number, (old, new, what) in enumerate(faults):
        broken = into / str(number)
        change(folder, broken, "core.v", old, new)
        said = check(broken)
        assert said.startswith("FAIL: image")
        assert what in said


AGAIN = """\
  wire decision__valid, once;
  reg [49:0] later = 0;
  always @(posedge clk) later <= {later, once};
  assign decision__valid = once | later[49];
"""


def test_a_decision_after_the_last_one_fails(tmp_path):
    (tmp_path / "core").mkdir()
    write(tmp_path / "core", images=1, lanes=5)
    assert check(tmp_path / "core").startswith("PASS: 1 image")
    port = r"\.decision__valid\("
    old, new = rf"(?s)  wire decision__valid;\n(.*?{port})\w+", rf"{AGAIN}\1once"
    change(tmp_path / "core", tmp_path / "again", "core.v", old, new)
    assert check(tmp_path / "again").startswith("FAIL: another decision comes after")


@pytest.mark.long
def test_weights_are_loaded_over_the_port(tmp_path):
    folder = tmp_path / "port"
    folder.mkdir()
    write(folder, embedded=False, lanes=5)
    assert check(folder).startswith("PASS: 8 images")
    change(folder, tmp_path / "broken", "weights.hex", r"^\w+(?=\w{6}$)", "7777")
    assert check(tmp_path / "broken").startswith("FAIL: image")


@pytest.mark.long
def test_the_verb_writes_what_passes(tmp_path, capfd):
    toy_network().save(tmp_path / "net.npz")
    file = tmp_path / "events.jsonl"
    file.write_text('{"events": [[8, 1], [9, 2], [9, 30]]}\n{"events": []}\n')
    folder = tmp_path / "its vectors"
    line = ("verilog", tmp_path / "net.npz", "--input", file, "--lanes", 3, "--vectors", folder)
    ended = success(capfd, *line)
    assert f"check: cd {shlex.quote(str(folder))} && iverilog" in ended.out
    assert "verilator" not in ended.out  # GNU make builds in no folder with blanks in its name
    assert check(folder).startswith("PASS: 2 images")
    assert not (folder / "DATA-LICENSE.md").exists()


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """A folder, and what is printed there for a table of 30 features with names of classes."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(5)
    classes = ("benign */ \\", "malignant \u6f22" * 50)
    edges = np.sort(rng.normal(size=(30, 127)), axis=1)
    network_of(
        random_weights(rng, (30, 6, 2), -20, 90),
        (300, 200),
        bits=8,
        deadline=60,
        encoding="levels-128",
        features=Features(edges),
        classes=classes,
    ).save(folder / "net.npz")
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*(f"f{number}" for number in range(30)), "label"])
        table.writerows([*rng.normal(size=30), classes[row % 2]] for row in range(20))
    line = "verilog net.npz --dataset table.csv --lanes 4 --vectors vectors"
    done = subprocess.run(
        [Path(sys.executable).parent / "firstspike", *line.split()],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return folder, dict(re.findall(r"^(check|or): (.*)$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("check", marks=needs_icarus),
        pytest.param("or", marks=[needs_verilator, pytest.mark.long]),
    ],
)
def test_the_commands_that_are_printed_pass(commands, what):
    folder, lines = commands
    ran = subprocess.run(
        ["bash", "-c", lines[what]],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    assert not ran.stderr
    assert "PASS: 4 images" in ran.stdout


@pytest.mark.long
def test_vectors_of_mnist_carry_its_licence(tmp_path, capfd):
    line = ("verilog", "mnist-4bit", "--images", 1, "--lanes", 16, "--vectors", tmp_path)
    success(capfd, *line)
    assert "by-sa/3.0" in (tmp_path / "DATA-LICENSE.md").read_text()


def test_a_folder_with_other_verilog_is_refused(tmp_path, capfd):
    (tmp_path / "mine.v").touch()
    assert "mine.v" in refusal(capfd, "verilog", "--images", 1, "--vectors", tmp_path)
