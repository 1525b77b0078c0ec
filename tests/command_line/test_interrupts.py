# SPDX-License-Identifier: BSD-2-Clause
"""Ctrl-C and SIGTERM end compiled code, too, and without a fault of memory."""

import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_compiled_code_is_interrupted(ending):
    command = [sys.executable, "-c", COMPILED, str(int(ending))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr


def test_interrupts_that_are_ignored_stay_so():
    """A shell ignores interrupts for a command that it runs in the background."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from firstspike.scripts.interrupts import catch; catch(); "
        "signal.raise_signal(signal.SIGINT); print('goes on')"
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
