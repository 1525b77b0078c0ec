"""`firstspike vectors`: a bench without Python that passes, and that fails where it should."""

import shutil
import subprocess

import numpy as np
import pytest
from command_line import firstspike, refusal, toy_network

from firstspike.golden import encode, infer
from firstspike.golden.cycles import cycles
from firstspike.golden.schedule import Schedule
from firstspike.hdl.verilog import generate
from firstspike.sim.vectors import write_vectors

pytestmark = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus Verilog is not installed"
)


def check(folder):
    """What the bench in `folder` says."""
    subprocess.run("iverilog -g2005-sv *.v", shell=True, cwd=folder, check=True)
    ran = subprocess.run(["vvp", "a.out"], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.splitlines()[0]


@pytest.fixture(scope="module", params=[None, 9], ids=["events", "bitmap"])
def vectors(request, tmp_path_factory):
    """A folder with vectors of a toy network, an empty image among them."""
    folder = tmp_path_factory.mktemp("vectors")
    network = toy_network()
    schedule = Schedule.of(network, lanes=5, bitmap=request.param)
    pixels = np.random.default_rng(2).integers(0, 256, (8, network.n_inputs)).astype(np.uint8)
    pixels[3] = 0
    ticks = encode(network, pixels)
    inference = infer(network, ticks)
    expected = cycles(network, ticks, inference, schedule, pixels)
    (folder / "core.v").write_text(generate(network, schedule).verilog)
    write_vectors(folder, network, schedule, ticks, pixels, inference, expected)
    return folder


def test_the_core_passes(vectors):
    assert check(vectors).startswith("PASS: 8 images")


@pytest.mark.parametrize(
    ("file", "line", "what"),
    [
        ("decisions.hex", 6, "class"),
        ("decisions.hex", 7, "tick"),
        ("decisions.hex", 9, "cycles"),
        ("decisions.hex", 10, "spikes 0"),
        ("spikes_0.hex", 2, "log 0"),
    ],
)
def test_every_kind_of_difference_fails(vectors, tmp_path, file, line, what):
    folder = tmp_path / "broken"
    shutil.copytree(vectors, folder)
    lines = (folder / file).read_text().splitlines()
    lines[line] = f"{int(lines[line], 16) ^ 2:x}"
    (folder / file).write_text("\n".join(lines) + "\n")
    said = check(folder)
    assert said.startswith("FAIL: image")
    assert what in said


def test_a_lost_spike_fails(vectors, tmp_path):
    folder = tmp_path / "lost"
    shutil.copytree(vectors, folder)
    core = (folder / "core.v").read_text()
    (folder / "core.v").write_text(
        core.replace("assign log_0__valid =", "assign log_0__valid = 0 &")
    )
    assert "no spike of neuron" in check(folder)


def test_the_verb_writes_what_passes(tmp_path, capfd):
    toy_network().save(tmp_path / "net.npz")
    file = tmp_path / "events.jsonl"
    file.write_text('{"events": [[8, 1], [9, 2], [9, 30]]}\n{"events": []}\n')
    folder = tmp_path / "vectors"
    line = ("vectors", tmp_path / "net.npz", "--events", file, "--lanes", 3, "-o", folder)
    assert firstspike(capfd, *line).status == 0
    assert check(folder).startswith("PASS: 2 images")


def test_a_folder_with_other_verilog_is_refused(tmp_path, capfd):
    (tmp_path / "mine.v").touch()
    assert "mine.v" in refusal(capfd, "vectors", "--images", 1, "-o", tmp_path)
