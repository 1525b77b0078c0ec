# SPDX-License-Identifier: BSD-2-Clause
"""No verb writes over a file that it reads, or twice to one file; the tests find new verbs."""

import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from firstspike.golden.data.sets import candidate_paths
from firstspike.golden.shipped import shipped_file
from firstspike.scripts import options
from firstspike.scripts.errors import VerbError
from firstspike.scripts.main import firstspike as group
from firstspike.scripts.paths import Input, Output, Verb, check_sources
from tests.support.command import refusal, success, toy_network, verbs
from tests.support.rooms import added

pytestmark = pytest.mark.fast

ROOT = click.Context(group)
COMMANDS = verbs()

WORDS = {"label", "group", "encoding", "scheduler", "port", "name", "names"}
"""Parameters whose text names no file."""

LINES = [(verb, ()) for verb in COMMANDS] + [
    ("train", ("--seed", "2-3")),
    ("verilog", ("--weights", "port", "--bus", "axi")),
]
"""Verbs, and options by which they write further files."""

CONTENT = b"of a user"


def of_type(verb, kind):
    return [parameter for parameter in COMMANDS[verb].params if isinstance(parameter.type, kind)]


def spelled(parameter, value):
    """The words that give a parameter a value."""
    return (value,) if isinstance(parameter, click.Argument) else (parameter.opts[0], value)


def new_name(parameter, stem="new"):
    """A name that the parameter takes, of what is not there."""
    if not parameter.type.file_okay:
        return stem
    return f"{stem}{'.png' if 'png' in (parameter.metavar or '') else '.v'}"


def needed(verb, *but):
    """Words for all that a verb asks for, besides some parameters."""
    words = []
    for parameter in COMMANDS[verb].params:
        if parameter.required and parameter not in but:
            choices = getattr(parameter.type, "choices", None)
            words += spelled(parameter, choices[0] if choices else new_name(parameter, "needed"))
    return words


def written(verb, words, output):
    """The files that a verb writes for an option."""
    ctx = COMMANDS[verb].make_context(verb, list(words), parent=ROOT)
    value = ctx.params[output.name]
    return [] if value is None else list(map(str, output.type.written(value, ctx.params)))


def under_another_name(path, folder, way, opened):
    """A file by another way to it."""
    if way == "relative":
        return f"../{folder.name}/./{path}"
    if way == "/proc":
        opened.append(open(path, "rb"))  # noqa: SIM115, it stays open while the verb runs
        return f"/proc/self/fd/{opened[-1].fileno()}"
    alias = folder / f"alias of {way}"
    alias.unlink(missing_ok=True)
    if way == "symbolic link":
        alias.symlink_to(path)
    else:
        os.link(path, alias)
    return str(alias)


WAYS = ("relative", "symbolic link", "hard link", "/proc")


@pytest.fixture
def idle(monkeypatch):
    """No verb does anything: what is not refused raises."""
    invoke = click.Command.invoke

    def only_the_group(command, ctx):
        return invoke(command, ctx) if isinstance(command, click.Group) else 1 / 0

    monkeypatch.setattr(click.Command, "invoke", only_the_group)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_parameter_says_whether_it_names_a_file(verb):
    assert isinstance(COMMANDS[verb], Verb)
    for parameter in COMMANDS[verb].params:
        if isinstance(parameter.type, click.Path | click.File):
            assert isinstance(parameter.type, Input | Output), parameter.name
        elif type(parameter.type) is type(click.STRING):
            assert parameter.name in WORDS, parameter.name


@pytest.mark.parametrize(("verb", "more"), LINES)
@pytest.mark.usefixtures("idle")
def test_no_verb_writes_over_what_it_reads(capfd, tmp_path, monkeypatch, verb, more):
    monkeypatch.chdir(tmp_path)
    tried, opened = 0, []
    for output in of_type(verb, Output):
        for source in of_type(verb, Input):
            words = [*needed(verb, source, output), *more, *spelled(output, new_name(output))]
            dummy = () if not source.required else spelled(source, "unused")
            for path in written(verb, [*words, *dummy], output):
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                for way in WAYS:
                    with open(path, "wb") as file:
                        file.write(CONTENT)
                    given = under_another_name(path, tmp_path, way, opened)
                    if not getattr(source.type, "file_okay", True):
                        folder = tmp_path / f"folder {tried}"
                        folder.mkdir()
                        (folder / "file").symlink_to(tmp_path / path)
                        given = str(folder)
                    line = [*verb.split(), *words, *spelled(source, given)]
                    assert "name another file for" in refusal(capfd, *line), line
                    with open(path, "rb") as file:
                        assert file.read() == CONTENT
                    tried += 1
                os.remove(path)
    for file in opened:
        file.close()
    assert bool(tried) == bool(of_type(verb, Input) and of_type(verb, Output))


@pytest.mark.parametrize(("verb", "more"), LINES)
@pytest.mark.usefixtures("idle")
def test_no_verb_writes_twice_to_one_file(capfd, tmp_path, monkeypatch, verb, more):
    monkeypatch.chdir(tmp_path)
    for one, other in combinations(of_type(verb, Output), 2):
        if not (one.type.file_okay and other.type.file_okay):
            folder, file = (one, other) if other.type.file_okay else (other, one)
        else:
            folder, file = (one, other) if "png" in (other.metavar or "") else (other, one)
        name = new_name(folder)
        words = [*needed(verb, one, other), *more, *spelled(folder, name)]
        for path in written(verb, [*words, *spelled(file, new_name(file, "other"))], folder):
            if "png" in (file.metavar or "") and not path.endswith(".png"):
                continue
            second = spelled(file, f"../{tmp_path.name}/{path}")
            if second[-1] in written(verb, [*words, *second], file):
                assert "name another file for" in refusal(capfd, *verb.split(), *words, *second)
    assert os.listdir() == []


def test_what_comes_with_the_package_is_read_under_its_name(capfd, tmp_path):
    before = shipped_file("mnist-4bit").read_bytes()
    said = refusal(capfd, "info", "mnist-4bit", "--json", shipped_file("mnist-4bit"))
    assert "is what NET reads: name another file for --json." in said
    assert shipped_file("mnist-4bit").read_bytes() == before


def test_files_of_a_public_data_set_are_read_under_its_name(capfd, tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTSPIKE_DATA", str(tmp_path))
    path = next(iter(candidate_paths("mnist")))
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    words = ("train", "--dataset", "mnist", "-o", path)
    assert "is what --dataset reads: name another file for -o." in refusal(capfd, *words)
    assert path.read_bytes() == CONTENT


def test_a_picture_may_go_beside_the_images_that_are_read_but_not_over_one(capfd, tmp_path):
    toy_network().save(tmp_path / "toy.npz")
    for label in "01":
        (tmp_path / "images" / label).mkdir(parents=True)
        image = Image.fromarray(np.full((6, 6), 200, np.uint8))
        image.save(tmp_path / "images" / label / "1.png")
    data = ("--input", tmp_path / "images")
    words = ("plot", tmp_path / "toy.npz", *data, "-o")
    before = (tmp_path / "images" / "0" / "1.png").read_bytes()
    assert "0/1.png is what --input reads" in refusal(
        capfd, *words, tmp_path / "images" / "0" / "1.png"
    )
    assert (tmp_path / "images" / "0" / "1.png").read_bytes() == before
    success(capfd, *words, tmp_path / "images" / "plot.png")


@pytest.mark.parametrize(
    "line",
    [
        "verilog toy.npz --input events --lanes 5 --weights port --vectors out",
        "verilog toy.npz --lanes 5 --weights port --bus axi -o out.v --json out2.json",
        "train --dataset data.npz --hidden 5 --epochs 1 -o out.npz --plot out.png --json out.json",
        "learn --dataset data.npz --random 5 --epochs 1 -o out.npz --plot out.png --json out.json",
        *added("WRITE_WHAT_THEY_SAY"),
    ],
)
def test_what_a_verb_writes_is_what_it_said_before(capfd, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    toy_network().save("toy.npz")
    (tmp_path / "events").write_text('{"events": [[8, 9]]}\n')
    images = np.random.default_rng(1).integers(0, 256, (60, 6, 6), np.uint8)
    np.savez("data.npz", x_train=images, y_train=np.arange(60) % 3)
    before = set(os.listdir())
    verb, *words = line.split()
    printed = success(capfd, verb, *words)
    made = {
        str(path.relative_to(tmp_path))
        for top in set(os.listdir()) - before
        for path in (tmp_path / top, *(tmp_path / top).rglob("*"))
        if path.is_file()
    }
    said = {path for output in of_type(verb, Output) for path in written(verb, words, output)}
    assert made
    assert made <= {os.path.normpath(path) for path in said}
    named = re.findall(r"^written: (.*)", f"{printed.out}\n{printed.err}", re.MULTILINE)
    assert {*named} in (set(), made - {"out2.json"})


def test_devices_may_be_named_twice(capfd):
    success(capfd, "info", "--json", "/dev/null")


@pytest.mark.parametrize("given", ["events", "-"])
def test_standard_output_is_compared_too(tmp_path, given):
    toy_network().save(tmp_path / "toy.npz")
    events = tmp_path / "events"
    events.write_text('{"events": [[8, 9]]}\n')
    before = events.read_bytes()
    code = "from firstspike.scripts.main import main; main()"
    words = ["run", "toy.npz", "--input", given, "--json", "-"]
    with events.open("rb") as source, events.open("ab") as target:
        ended = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=tmp_path,
            stdin=source,
            stdout=target,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ended.returncode == 2
    assert "name another file for standard output" in ended.stderr
    assert events.read_bytes() == before


def test_what_a_resumed_run_reads_is_not_written(tmp_path):
    source = tmp_path / "t.csv"
    source.write_text("x")
    with pytest.raises(VerbError, match=r"t\.csv is what the run reads: name another .* --json"):
        check_sources([source], {"-o": None, "--json": source})


def _writers():
    """Each verb and option that writes one file whose content the command knows."""
    for verb in COMMANDS:
        for one in of_type(verb, Output):
            if one.type.file_okay and verb != "serve":
                yield pytest.param(verb, one, id=f"{verb} {one.opts[0]}")


@pytest.mark.parametrize(("verb", "option"), list(_writers()))
def test_a_file_of_another_kind_is_not_replaced(verb, option, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = new_name(option)
    samples = tmp_path / name
    np.savez(samples.open("wb"), x_train=np.zeros(3))  # an .npz, but no network
    before = samples.read_bytes()
    message = refusal(capfd, *verb.split(), *needed(verb, option), option.opts[0], name)
    assert f"{name} exists, and is no such file as {option.opts[0]} writes: remove it" in message
    assert samples.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


BESIDE = {
    "verilog toy.npz -o new.v": "new.json new_instance.v",
    "verilog toy.npz --weights port --bus axi -o ./new.v": "new_weights.hex",
    "verilog toy.npz --bus axi -o ./new.v": "new_driver.h new.core",
    "verilog toy.npz --vectors out": "out/core.v out/spikes.hex out/DATA-LICENSE.md",
    "build toy.npz --board icebreaker -o out": "out/report.json out/report.txt out/firstspike.bin",
    "train --fresh -o ./new.npz": "new.training.npz",
    "train --seed 2-3 -o new.npz": "new-seed2.npz",
    "train --seed 2-3 -o new.csv": "new.csv-seed3.npz",
    "train -o ./new.csv": "new.csv",
    "learn --fresh -o new.npz": "new.state.npz",
    **dict(added("BESIDE")),
}
"""Files that a line would write."""


def test_the_folder_of_a_build_is_named_for_network_and_board():
    chosen = {"target": "netlist", "net": "some/net.npz", "board": "icebreaker"}
    assert options._built(chosen) == Path("build/net-icebreaker")
    assert options._built(chosen | {"target": "golden"}) is None


@pytest.mark.parametrize(
    ("line", "name"), [(line, name) for line, names in BESIDE.items() for name in names.split()]
)
@pytest.mark.usefixtures("idle")
def test_files_beside_an_output_and_in_a_folder_are_not_replaced(
    line, name, capfd, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    toy_network().save("toy.npz")
    (tmp_path / "out").mkdir()
    path = tmp_path / name
    path.write_bytes(CONTENT)
    verb, *words = line.split()
    message = refusal(capfd, verb, *words)
    assert f"{name} exists, and is no such file as" in message
    assert path.read_bytes() == CONTENT
    assert {one for one in tmp_path.rglob("*") if one.is_file()} == {path, tmp_path / "toy.npz"}


def test_a_core_is_replaced_with_all_its_files(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy_network().save("toy.npz")
    (tmp_path / "events").write_text('{"events": [[8, 9]]}\n')
    core = ("--lanes", 5, "--weights", "port")
    for words in (("--bus", "axi", "-o", "new.v"), ("--input", "events", "--vectors", "out")):
        for _ in range(2):
            success(capfd, "verilog", "toy.npz", *core, *words)


@pytest.mark.parametrize("empty", [False, True])
def test_a_network_is_replaced_by_a_network(empty, capfd, tmp_path):
    table, net = tmp_path / "a.csv", tmp_path / "net.npz"
    table.write_text("x,label\n" + "1,a\n9,b\n" * 9)
    net.write_bytes(b"" if empty else toy_network().to_bytes())
    words = ("--dataset", table, "--label", "label", "--hidden", 3, "--epochs", 1, "-o", net)
    success(capfd, "train", *words)
    assert net.read_bytes()[30:40] == b"format.npy"
