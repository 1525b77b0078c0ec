# SPDX-License-Identifier: BSD-2-Clause
"""Programs, and what they start, end with the process that runs them."""

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from firstspike.golden.system.programs import end_all, run

pytestmark = pytest.mark.fast

FAMILY = ("sh", "-c", "sleep 600 & echo $!; echo $$; wait")
"""A program that starts another; they say their numbers."""

IN_A_FAMILY = re.compile(r"subprocess\.run\([^()]*\*\*ours\s*\)")
"""A call with the options of `programs.family`."""

OTHERWISE = re.compile(r"subprocess\.(run|Popen|check_\w+|call)\(|\bos\.system\(|import tempfile")

RUNS = f"""
from firstspike.golden.system.programs import run
run({FAMILY})
"""


def ended(numbers, seconds=3.0):
    """Whether none of these processes runs, now or soon."""
    end = time.monotonic() + seconds
    while any(running(number) for number in numbers):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def running(number):
    """Whether there is a process of this number that has not ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def family_of(process):
    return [int(process.stdout.readline()) for _ in range(2)]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_family_ends_with_us(ending):
    with subprocess.Popen([sys.executable, "-c", RUNS], stdout=subprocess.PIPE) as process:
        family = family_of(process)
        assert all(map(running, family))
        process.send_signal(ending)
        assert ended(family)


def test_what_a_program_leaves_running_ends_with_it():
    done = run(("sh", "-c", "sleep 600 >/dev/null & echo $!"), stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert ended([int(done.stdout)])


def test_a_program_that_takes_too_long_ends_with_its_family(tmp_path):
    with (tmp_path / "said").open("wb") as said, pytest.raises(subprocess.TimeoutExpired):
        run(FAMILY, timeout=0.3, stdout=said)
    family = list(map(int, (tmp_path / "said").read_text().split()))
    assert len(family) == 2
    assert ended(family)


def test_programs_of_other_threads_can_be_ended():
    statuses = []
    thread = threading.Thread(target=lambda: statuses.append(run(("sleep", "600")).returncode))
    thread.start()
    while not statuses:
        end_all()
        time.sleep(0.02)
    thread.join()
    assert statuses == [-signal.SIGKILL]


def test_a_program_s_temporary_files_go_with_it():
    done = run(("sh", "-c", "mktemp"), stdout=subprocess.PIPE, text=True)
    assert done.stdout
    assert not Path(done.stdout.strip()).exists()
    assert not Path(done.stdout.strip()).parent.exists()


def test_a_program_that_is_not_there_is_said():
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run(("no-such-program",))


def test_nothing_else_starts_programs_or_makes_temporary_folders():
    root = Path(__file__).parents[2]
    own = {"golden/system/programs.py", "golden/system/temporary.py"}
    own.add("golden/system/files.py")  # its temporary file has no name
    for folder in ("golden", "hdl", "sim", "boards", "scripts"):
        for path in (root / folder).rglob("*.py"):
            if str(path.relative_to(root)) not in own:
                assert not OTHERWISE.search(IN_A_FAMILY.sub("", path.read_text())), path
