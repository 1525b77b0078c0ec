# SPDX-License-Identifier: BSD-2-Clause
"""No program that a verb starts imports a module of the current folder."""

import importlib.metadata
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

from firstspike.boards.families.registry import facts_of
from firstspike.golden.system import programs
from firstspike.hdl.flow.devices import ECP5
from tests.command_line.stand_ins import put_files
from tests.support.rooms import added
from tests.support.simulators import sampled

SPRUNG = "sprung"


class Line(NamedTuple):
    """A verb that starts programs; several lines where a verb reads what another one made."""

    words: str
    quick: bool = False
    serves: bool = False
    statuses: tuple[int, ...] = (0,)


EVENTS = "toy.npz --input events.jsonl"
SMALL = "--dataset digits.npz --hidden 5 --epochs 1"

LINES = {  # a verb for each kind of program; ruff allows no other way to start one
    "train": Line(f"train {SMALL} --seed 1-2 -o net.npz"),
    "verilog": Line("verilog toy.npz --lanes 4 -o core.v"),
    "run": Line(f"run {EVENTS} --target rtl --lanes 5"),
    "compare": Line(f"compare {EVENTS} --lanes 5 --scheduler"),
    "serve": Line("serve toy.npz --lanes 5 --symlink port", serves=True),
    "build": Line(
        "build toy.npz --board icebreaker --lanes 4 --clock 18 --seed 1-2 -o built\n"
        f"compare {EVENTS} --target netlist --board icebreaker --build built"
    ),
    "flash": Line("flash --board ulx3s-25f other.bit"),
    "fetch": Line("fetch mnist --to data", statuses=(0, 2)),
    **{name: Line(*line) for name, line in added("START_PROGRAMS")},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what the verbs read, in which each module of this Python has a namesake."""
    folder = tmp_path_factory.mktemp("here")
    put_files(folder)
    (folder / "other.bit").write_bytes(facts_of(ECP5).preamble)
    tools = folder / "bin"
    tools.mkdir()
    (tools / "openFPGALoader").write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import json'\n")
    (tools / "openFPGALoader").chmod(0o755)
    names = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions()}
    for name in names | {"firstspike", "sitecustomize", "usercustomize"}:
        if name.isidentifier():
            trap = f"open({str(folder / SPRUNG)!r}, 'a').write(__name__ + '\\n')\n"
            (folder / f"{name}.py").write_text(trap)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if line.quick else pytest.mark.long)
        for name, line in LINES.items()
    ],
)
def test_no_module_of_the_current_folder_is_imported(folder, name):
    line = LINES[name]
    command = Path(sysconfig.get_path("scripts")) / "firstspike"
    environment = os.environ | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    for words in line.words.splitlines():
        call = [command, *words.split()]
        with subprocess.Popen(call, cwd=folder, env=environment, **pipes) as process:
            if line.serves:
                process.stdout.readline()
                process.terminate()
            said = process.communicate()[1]
        sprung = folder / SPRUNG
        assert not sprung.exists(), sprung.read_text()
        assert process.returncode in line.statuses, said


@pytest.mark.parametrize(
    ("named", "found"), [(None, False), ("elsewhere", False), (".", True), ("{here}", True)]
)
def test_the_current_folder_is_no_part_of_the_path_unless_the_user_says_so(
    tmp_path, monkeypatch, named, found
):
    monkeypatch.chdir(tmp_path)
    if named is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", named.format(here=tmp_path))
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(tmp_path / "link"), "/usr/lib"])
    folders = programs.search_path().split(os.pathsep)
    assert "" not in folders
    assert folders[-1] == "/usr/lib"
    assert (str(tmp_path) in folders) == found
    assert (str(tmp_path / "link") in folders) == found


# Ctrl-C and SIGTERM end compiled code, too, and without a fault of memory.

COMPILED = """
import os, sys, threading
import numpy as np
from numba import njit
from firstspike.scripts.interrupts import catch

@njit(nogil=True)
def work(steps):
    state = 1
    for step in range(steps):
        state = (state * 7 + step) % 1000003
    return np.full(3, state), np.full(3, state)

work(1)
catch()
threading.Timer(0.1, os.kill, (os.getpid(), int(sys.argv[1]))).start()
try:
    while True:
        first, second = work(50_000_000)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("ending", sampled([signal.SIGINT, signal.SIGTERM], 2))
def test_compiled_code_is_interrupted(ending):
    command = [sys.executable, "-c", COMPILED, str(int(ending))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr


def test_interrupts_that_are_ignored_stay_so():
    """A shell ignores interrupts for a command that it runs in the background."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from firstspike.scripts.interrupts import catch; catch(); "
        "from firstspike.scripts.resumable import interrupts; "
        "signal.raise_signal(signal.SIGINT); s = interrupts(); arrived = s.__enter__(); "
        "signal.raise_signal(signal.SIGINT); print('ended' if arrived() else 'goes on')"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "goes on\n"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["typing", "click"])
def test_the_command_is_interrupted_while_it_imports(tmp_path, module, ending):
    """The module's place is taken by one that sends the signal."""
    (tmp_path / f"{module}.py").write_text(f"import os; os.kill(os.getpid(), {ending:d})")
    ended = subprocess.run(
        [Path(sysconfig.get_path("scripts")) / "firstspike", "--version"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted.\n")
