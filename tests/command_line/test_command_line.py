# SPDX-License-Identifier: BSD-2-Clause
"""The command line as a whole: verbs, help, exit statuses and sentences instead of tracebacks."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict

import click
import numpy as np
import pytest

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import FirstSpikeError, NetworkError, load_network, shipped
from firstspike.scripts.made import SENTENCES, sentences
from firstspike.scripts.main import VERBS
from firstspike.scripts.shares.worker import EndedError
from firstspike.scripts.verbs import Verbs
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.command import firstspike, refusal, toy_network, verbs

pytestmark = pytest.mark.fast

COMMAND = [sys.executable, "-c", "from firstspike.scripts.main import main; main()"]


def test_help_lists_every_verb_and_imports_none(capfd):
    code = (
        "import sys; from firstspike.scripts.main import run_line; run_line(['--help']);"
        "sys.exit('numpy' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for verb in VERBS:
        assert f"  {verb} " in ended.stdout


@pytest.mark.parametrize("verb", [*verbs(), "check"])
def test_every_verb_has_help_with_an_example(capfd, verb):
    ended = firstspike(capfd, *verb.split(), "--help")
    assert ended.status == 0
    assert f"Example: firstspike {verb}" in " ".join(ended.out.split())
    assert ended.err == ""
    (rest,) = re.findall(r"\nOptions:\n((?: +.*\n)*)", ended.out)
    assert "\nOutput:\n" not in ended.out or rest.count("  -") == 1  # --help alone has no section


OTHER_VALUES = {
    ("build", "clock"),  # takes max besides a number
    ("check mutants", "random"),  # a number of faults; learn takes the sizes of a network
}


def test_each_name_of_an_option_stands_for_one_kind_of_value():
    kinds = defaultdict(set)
    for name, verb in verbs().items():
        for option in verb.params:
            if (name, option.name) in OTHER_VALUES:
                continue
            if isinstance(option, click.Option) and option.name != "output":
                value = type(option.type), (option.metavar or "").strip("[]")
                kinds[max(option.opts, key=len)].add(value)
    assert [name for name, some in kinds.items() if len(some) > 1] == []


LANES = "is not lanes: give one number, such as 16, or one per layer, such as 13,2"
PICTURE = "does not end in .png, .svg or .pdf"
MISUSES = {
    "nonsense": "No such command 'nonsense'",
    "--nonsense": "No such option '--nonsense'",
    "run --nonsense": "No such option '--nonsense'",
    "run --lanes 0": f"'0' {LANES}",
    "run --lanes many": f"'many' {LANES}",
    "run --lanes 13,,2": f"'13,,2' {LANES}",
    "run --lanes 13,0": f"'13,0' {LANES}",
    "run --lanes 13,2,": f"'13,2,' {LANES}",
    "run --window 5": "5 is not in the range 0<=x<=4",
    "run --bitmap 7": "7 is not in the range x>=8",
    "run --clock 0": "0.0 is not in the range x>=1",
    "run --images 0": "0 is not in the range x>=1",
    "run --target moon": "'moon' is not one of 'golden', 'rtl', 'board'",
    "run --dataset cats": "there is no file 'cats', and no data set has this name",
    "run --events no-such-file": "File 'no-such-file' does not exist",
    "run --image no-such-file.png": "File 'no-such-file.png' does not exist",
    f"run --images 3 --image {__file__}": "Give a data set (--dataset, --images), --events",
    "run mnist-8bit mnist-4bit": "Got unexpected extra argument (mnist-4bit)",
    "compare --target golden": "'golden' is not one of 'rtl', 'board', 'netlist'",
    "plot": "Missing option '-o' / '--output'",
    "plot -o picture.gif": f"'picture.gif' {PICTURE}",
    "plot -o picture": f"'picture' {PICTURE}",
    "study --images -1": "-1 is not in the range x>=1",
    "study -o picture.gif": f"'picture.gif' {PICTURE}",
    "build --board icebreaker --clock nan": "'nan' is not a number in the range x>=1",
    "build --board icebreaker --clock inf": "'inf' is not a number in the range x>=1",
    "check rate --images 10001": "10001 is not in the range 2<=x<=10000",
    "verilog -o core.v --json core.json": "-o writes core.json, too: name another file for --json",
    "train --hidden 99999999999999999999 -o net.npz": "is not hidden layers: give sizes, such as",
}


@pytest.mark.parametrize(("words", "reason"), MISUSES.items())
def test_wrong_words_are_refused_with_status_2_and_the_reason(capfd, words, reason):
    ended = firstspike(capfd, *words.split())
    assert ended.status == 2
    assert ended.out == ""
    assert reason in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (("tarin",), "train"),
        (("check", "mutant"), "mutants"),
        (("train", "--dataste", "x.csv"), "--dataset"),
    ],
)
def test_a_misspelt_word_is_answered_by_the_right_one(capfd, words, suggested):
    said = firstspike(capfd, *words).err.splitlines()[-1]
    assert re.search(f"[Dd]id you mean.* '?{suggested}'?[?)]", said), said


def test_a_missing_choice_is_one_sentence(capfd):
    said = firstspike(capfd, "build").err.splitlines()[-1]
    assert said == f"Error: Missing option '--board': choose from {', '.join(BOARDS)}"


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("compare", "--images", 1),
        ("bench", "--images", 1),
        ("build", "--board", "icebreaker"),
        ("serve",),
        ("learn", "--target", "rtl", "-o", "net.npz"),
        ("verilog", "-o", "core.v"),
        ("vectors", "-o", "vectors"),
    ],
    ids=lambda words: words[0],
)
def test_lanes_of_another_number_of_layers_are_refused(capfd, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    verb, *options = words
    sentence = refusal(capfd, verb, "mnist-4bit", *options, "--lanes", "13,2,4")
    assert "'13,2,4': give one number, or one per layer of the network's 2" in sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["info", "run", "compare", "study", "plot"])
def test_a_network_that_is_not_there_is_refused(capfd, tmp_path, verb):
    output = ["-o", tmp_path / "picture.png"] if verb == "plot" else []
    sentence = refusal(capfd, verb, "no-such-network", *output)
    assert "'no-such-network'" in sentence
    for name in shipped():
        assert name in sentence
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut", "pickle", "text", "empty", "folder"])
def test_a_damaged_network_file_is_refused(capfd, tmp_path, damage):
    path = tmp_path / "network.npz"
    toy_network().save(path)
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        replaced = {
            "cut": content[: len(content) // 2],
            "pickle": b"\x80\x04\x95N.",
            "text": b"a network",
            "empty": b"",
        }
        path.write_bytes(replaced[damage])
    assert str(path) in refusal(capfd, "info", path)


@pytest.mark.parametrize("hidden", [0, 2, 4])
@pytest.mark.parametrize("words", [("verilog", "-o", "core.v"), ("build", "--board", "ulx3s-85f")])
def test_a_core_learns_with_one_hidden_layer(capfd, tmp_path, monkeypatch, words, hidden):
    monkeypatch.chdir(tmp_path)
    sizes = (9, *[4] * hidden, 3)
    weights = random_weights(np.random.default_rng(1), sizes, -8, 8)
    network_of(weights, [5] * len(weights)).save("net.npz")
    verb, *more = words
    sentence = refusal(capfd, verb, "net.npz", "--learn", *more)
    assert f"the network has {hidden} hidden layers: the hardware learns with one" in sentence
    assert os.listdir() == ["net.npz"]


def test_a_core_that_learns_stores_all_bits_of_a_weight(capfd, tmp_path):
    words = ("verilog", "mnist-4bit", "--learn", 3, "-o", tmp_path / "core.v")
    assert "weights have 4 bits: a core that learns stores 4 to" in refusal(capfd, *words)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def failing(monkeypatch):
    """A verb `fail` that raises what it is told to."""
    errors = []

    @click.command()
    def fail():
        raise errors[0]

    own = Verbs.get_command
    monkeypatch.setattr(
        Verbs, "get_command", lambda self, c, name: fail if name == "fail" else own(self, c, name)
    )
    return errors


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (NetworkError("the network is bad."), 2, "Error: the network is bad.\n"),
        (
            PermissionError(errno.EACCES, os.strerror(errno.EACCES), "core.v"),
            2,
            "Error: cannot use 'core.v': Permission denied.\n",
        ),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
            2,
            "Error: No space left on device.\n",
        ),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (MemoryError("146 GiB"), 2, "Error: there is not enough memory: 146 GiB.\n"),
        (BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), 141, ""),
    ],
)
def test_errors_become_a_status_and_a_sentence(capfd, failing, error, status, sentence):
    failing.append(error)
    ended = firstspike(capfd, "fail")
    assert ended.status == status
    assert ended.err.lstrip("\n") == sentence


def test_faults_of_the_program_are_not_hidden(capfd, failing):
    failing.append(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        firstspike(capfd, "fail")


def test_a_full_disk_behind_standard_output_is_told():
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, "info"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert ended.returncode == 2
    full = os.strerror(errno.ENOSPC)
    assert ended.stderr == f"Error: cannot write to standard output: {full}.\n"


def test_a_reader_who_leaves_is_no_error():
    process = subprocess.Popen(
        [*COMMAND, "info"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr.read() == ""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_status_130(ending):
    words = [*COMMAND, "run", "--events", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(bytes(1 << 20))  # more than a pipe holds: the command reads events
        time.sleep(0.2)
        process.send_signal(ending)
        assert process.wait(60) == 130
        assert b"Traceback" not in process.stderr.read()


def test_info_gives_the_facts_of_the_network(capfd, tmp_path):
    network = toy_network()
    network.save(tmp_path / "toy.npz")
    ended = firstspike(capfd, "info", tmp_path / "toy.npz", "--json", "-")
    facts = json.loads(ended.out)
    for text in ("-".join(map(str, network.shape)), network.digest(), network.encoding):
        assert text in ended.err
    assert facts["shape"] == list(network.shape)
    assert facts["connected_inputs"] == len(network.inputs)
    assert facts["digest"] == network.digest()
    assert facts["meta"] == network.meta
    for layer, w, threshold in zip(
        facts["layers"], network.weights, network.thresholds, strict=True
    ):
        assert (layer["n_in"], layer["n_out"]) == w.shape
        assert layer["threshold"] == threshold
        assert (layer["smallest_weight"], layer["largest_weight"]) == (w.min(), w.max())
        assert layer["zero_weights"] == (w == 0).sum()


def test_info_has_a_sentence_for_each_fact_about_the_networks_of_the_package():
    for name in shipped():
        meta = load_network(name).meta
        assert meta.keys() <= SENTENCES.keys()
        assert not re.search("_| is None", "".join(sentences(meta)))


def test_info_says_what_is_of_another_kind_as_it_is():
    odd = {"lookups": 3, "accuracy": "x", "interrupted": False, "held_out": None, "columns": [1]}
    said = ["Its columns is [1].", "Its accuracy is x.", "Its lookups is 3."]
    assert list(sentences(odd)) == said


def test_every_error_of_ours_has_the_base_that_people_can_catch():
    classes = {
        one
        for module in list(sys.modules.values())
        if module.__name__.startswith("firstspike.")
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Exception)
    }
    ours = {one for one in classes if one.__module__.startswith("firstspike.")}
    assert {one for one in ours if not issubclass(one, FirstSpikeError)} <= {EndedError}
