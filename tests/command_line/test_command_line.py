# SPDX-License-Identifier: BSD-2-Clause
"""The command line as a whole: verbs, help, exit statuses and sentences instead of tracebacks."""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import replace

import click
import numpy as np
import pytest

from firstspike.golden import FirstSpikeError, NetworkError, load_network, shipped
from firstspike.scripts.main import GROUPS
from firstspike.scripts.output import table
from firstspike.scripts.shares.worker import EndedError
from firstspike.scripts.training_summary import SENTENCES, sentences
from firstspike.scripts.verbs import Verbs
from tests.support.command import firstspike, success, toy_network, verbs

pytestmark = pytest.mark.fast

COMMAND = [sys.executable, "-c", "from firstspike.scripts.main import main; main()"]


def test_help_lists_every_verb_and_imports_none(capfd):
    code = (
        "import sys; from firstspike.scripts.main import run_line; run_line(['--help']);"
        "sys.exit('numpy' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (first, *sections, last) = ended.stdout.split("\n\n")[-len(GROUPS) - 2 :]
    assert "docs/index.md" in last
    assert first.startswith("Options:")
    for section, (title, listed) in zip(sections, GROUPS.items(), strict=True):
        assert section.startswith(f"{title}:\n")
        assert re.findall(r"^  (\w+) ", section, re.MULTILINE) == [*listed]


def test_info_loads_few_modules():
    code = (
        "import sys; from firstspike.scripts.main import run_line; run_line(['info']);"
        "print(sum(name.partition('.')[0] == 'firstspike' for name in sys.modules))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert int(printed.splitlines()[-1]) <= 70


@pytest.mark.parametrize("verb", [*verbs(), "check"])
def test_every_verb_has_help_with_an_example(capfd, verb):
    ended = success(capfd, *verb.split(), "--help")
    assert f"Example: firstspike {verb}" in " ".join(ended.out.split())
    assert ended.err == ""
    (rest,) = re.findall(r"\nOptions:\n((?: +.*\n)*)", ended.out)
    assert "\nOutput:\n" not in ended.out or rest.count("  -") == 1  # --help alone has no section


OTHER_VALUES = {
    ("build", "clock"),  # takes max besides a number
    ("build", "seed"),  # takes several besides a number
    ("train", "seed"),
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


@pytest.fixture
def failing(monkeypatch):
    """A verb `fail` that raises the error in a list."""
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
            PermissionError(errno.EACCES, "Permission denied", "core.v"),
            2,
            "Error: cannot use 'core.v': Permission denied.\n",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "Error: No space left on device.\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), 141, ""),
    ],
)
def test_errors_become_a_status_and_a_sentence(capfd, failing, error, status, sentence):
    failing.append(error)
    ended = firstspike(capfd, "fail", status=status)
    assert ended.err.lstrip("\n") == sentence


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError("146 GiB"), ", and then: 146 GiB"),
        (MemoryError(), ""),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), "net.npz"), ""),
        (ImportError("lib.so: failed to map segment from shared object"), ", and then: lib.so: .*"),
    ],
)
def test_lack_of_memory_is_told_with_what_was_used_and_names_no_file(capfd, failing, error, reason):
    failing.append(error)
    ended = firstspike(capfd, "fail", status=2)
    sentence = rf"not enough memory \(the process took [0-9]+ MiB{reason}\): give less data"
    assert re.search(sentence, ended.err)
    assert "net.npz" not in ended.err


LIMITED = """
import resource, sys; from pathlib import Path
from firstspike.golden.data.arrays import read_arrays
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (16 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
read_arrays(Path(sys.argv[1]))
"""


def test_lack_of_memory_is_no_fault_of_the_file_that_is_read(tmp_path):
    np.savez(tmp_path / "large.npz", x_train=np.zeros((1000, 6000)), y_train=np.arange(1000) % 2)
    command = [sys.executable, "-c", LIMITED, tmp_path / "large.npz"]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    assert "MemoryError: Unable to allocate 45.8 MiB" in ended.stderr
    assert "large.npz: it cannot be read" not in ended.stderr


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


@pytest.mark.parametrize("words", ["--version", "train --help", "info mnist-4bit"])
def test_a_closed_standard_output_is_no_error(words):
    shell = f"{shlex.join(COMMAND)} {words} >&-"
    ended = subprocess.run(shell, shell=True, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_closed_standard_error_takes_what_is_printed():
    code = "import sys; from firstspike.scripts.main import open_streams; open_streams(); "
    code += "print(sys.stderr.isatty(), file=sys.stderr)"
    shell = f"{shlex.join([sys.executable, '-c', code])} 2>&-"
    assert subprocess.run(shell, shell=True, timeout=60).returncode == 0


def test_a_reader_who_leaves_is_no_error():
    process = subprocess.Popen(
        [*COMMAND, "info"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr.read() == ""


def test_tab_completes_names_with_status_0(capfd, monkeypatch):
    words = {"COMP_WORDS": "firstspike build --board icebr", "COMP_CWORD": "3"}
    for name, value in (words | {"_FIRSTSPIKE_COMPLETE": "bash_complete"}).items():
        monkeypatch.setenv(name, value)
    assert success(capfd).out == "plain,icebreaker\n"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_status_130(ending):
    words = [*COMMAND, "run", "--input", "-"]
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


# Output for people.


def test_a_table_is_aligned():
    lines = table([("a", "1"), ("long name", "1000")]).splitlines()
    assert lines == ["a             1", "long name  1000"]


ORDERS = "\x1b]0;title\x07\ndigest 0\u202e\ud800"
SHOWN = r"\x1b]0;title\x07\ndigest 0\u202e\ud800"


def test_a_cell_makes_no_rows_and_is_cut():
    lines = table([("a", ORDERS), ("b", "x" * 10**6)], str.ljust).splitlines()
    assert lines[0] == f"a  {SHOWN}"
    assert len(lines) == 2
    assert len(lines[1]) <= 503


def test_what_is_in_a_network_file_is_shown_and_not_obeyed(capfd, tmp_path):
    path = tmp_path / "name\x1b[2J\n.npz"
    meta = {"by\x1b[1m\nshape  1-1": "x\x1b]52;c;AAAA\x07" * 10**5, **dict.fromkeys("abc", 1)}
    replace(toy_network(), meta=meta | {f"n{n}": n for n in range(100)}).save(path)
    ended = success(capfd, "info", path)
    assert all(line.isprintable() and len(line) < 1000 for line in ended.out.split("\n"))
    assert sum(line.startswith("shape") for line in ended.out.split("\n")) == 1
    assert "Its by\\x1b[1m\\nshape  1-1 is" in ended.out
    assert "54 more" in ended.out
    ended = success(capfd, "run", path, "--input", events(tmp_path))
    assert ended.out.isascii()
    assert r"name\x1b[2J\n.npz" in ended.out
    assert r"events\x1b[2J" in ended.out
    assert "\x1b" not in ended.out


def events(folder):
    path = folder / "events\x1b[2J"
    path.write_text('{"events": [[8, 3]]}')
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("info", "none" + ORDERS.replace("\ud800", "")),
        ("info", "none" + "x" * 10**5),
        ("run", "--dataset", "none\x1b[2J"),
        ("run", "--input", "none\x1b[2J\nError: all is well"),
        ("run", "--" + "\x1b" * 1000),
        ("\x1b[2Jverb\nverb",),
    ],
)
def test_what_is_wrong_is_one_printable_sentence(capfd, words):
    ended = firstspike(capfd, *words, status=2)
    *_, last, nothing = ended.err.split("\n")
    assert last.startswith("Error: ")
    assert len(last) <= 500
    assert nothing == ""
    assert "\x1b" not in ended.err
    assert ended.err.count("\nError") <= 1


def test_letters_that_standard_output_does_not_have(tmp_path):
    path = tmp_path / "net.npz"
    replace(toy_network(), classes=("ä", "→", "c", "d")).save(path)
    ended = subprocess.run(
        [*COMMAND, "info", path],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert r"\xe4, \u2192, c, d" in ended.stdout


def test_a_picture_takes_names_as_they_are(capfd, tmp_path, recwarn):
    path = tmp_path / "net.npz"
    replace(toy_network(), classes=("$\\frac$", "\U0001f40d", "c$d$", "\\")).save(path)
    lines = [f'{{"events": [[8, {n}]], "label": {n}}}' for n in range(4)]
    (tmp_path / "events").write_text("\n".join(lines))
    words = ("--input", tmp_path / "events", "--plot", tmp_path / "p.png")
    ended = success(capfd, "run", path, *words)
    assert ended.err == ""
    assert not recwarn.list
