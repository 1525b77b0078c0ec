# SPDX-License-Identifier: BSD-2-Clause
"""Runs other programs, which end with this process and import no modules of the current folder.

A compiler is a family of processes: make starts g++, which starts its passes. They share a process
group, whose leader is a watchdog: a shell that waits for the end of a pipe that only this process
holds open. The pipe ends when this process closes it or ends, even by SIGKILL, and the watchdog
then kills the group and itself.

Python with -m or -c puts the current folder first in the search path, and so would run a numpy.py
of the user's current folder. PYTHONSAFEPATH prevents that in every program that is started here,
and in their child processes.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .temporary import temporary_folder

Command = Sequence[str | os.PathLike[str]]

_WATCH = ("/bin/sh", "-c", "read nothing; kill -KILL 0")


@contextmanager
def started(
    command: Command, *, env: Mapping[str, str] | None = None, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """Start a program as `subprocess.Popen` does; the block ends all remaining processes.

    Temporary files of the program are in a folder that is removed at the end, too. The program
    cannot read from a terminal, which only the foreground process group can.
    """
    with family(env) as ours:
        process = subprocess.Popen(command, **(ours | options))
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def family(env: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield options of `subprocess.Popen` for a program that ends with the block at the latest."""
    with temporary_folder() as temporary, _group() as group:
        yield {
            "stdin": subprocess.DEVNULL,
            "process_group": group,
            "env": {
                **(os.environ if env is None else env),
                "TMPDIR": str(temporary),
                "PYTHONSAFEPATH": "1",
            },
        }


def run(
    command: Command, *, timeout: float | None = None, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end, like `subprocess.run`, with the guarantees of `started`."""
    with started(command, **options) as process:
        printed = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, *printed)


def search_path() -> str:
    """Return this Python's module search path for the PYTHONPATH of another process.

    The current folder is omitted unless the user's own PYTHONPATH names it.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    current = os.path.realpath(os.curdir)
    keeps_current = current in map(os.path.realpath, filter(None, named))
    folders = (
        one for one in sys.path if one and (keeps_current or os.path.realpath(one) != current)
    )
    return os.pathsep.join(folders)


@contextmanager
def _group() -> Iterator[int]:
    """Yield a process group with its watchdog, which ends with the block at the latest."""
    with subprocess.Popen(
        _WATCH,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as watch:
        yield watch.pid
