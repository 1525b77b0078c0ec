# SPDX-License-Identifier: BSD-2-Clause
"""Runs other programs: they, and all that they start, end with us and import nothing foreign.

A compiler is a family: make starts g++, which starts its passes. It has a process group, which a
watch leads: a shell that waits for the end of a pipe that we alone hold open. The pipe ends when we
close it or when our process does, even by SIGKILL, and the watch then ends the group with itself.

A Python that is told a module or a command puts the current folder in front of all others, and so
would run a numpy.py of whatever folder the user stands in. PYTHONSAFEPATH forbids that to every
program that is started here, and to the programs that these start.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from .temporary import temporary_folder

Command = Sequence[str | os.PathLike[str]]

_WATCH = ("/bin/sh", "-c", "read nothing; kill -KILL 0")
_watches: set[subprocess.Popen[bytes]] = set()


@contextmanager
def started(
    command: Command, *, env: Mapping[str, str] | None = None, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """Start a program as `subprocess.Popen` does; what is left of it ends with the block.

    Its temporary files go into a folder that is removed then, too. It cannot read from a terminal:
    only the group of processes in front can.
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
    """Run a program to its end, as `subprocess.run` does and `started` says."""
    with started(command, **options) as process:
        printed = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, *printed)


def search_path() -> str:
    """Return where this Python finds its modules, as the PYTHONPATH of another one.

    The current folder is left out unless the user's own PYTHONPATH names it.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    here = os.path.realpath(os.curdir)
    wanted = here in map(os.path.realpath, filter(None, named))
    folders = (one for one in sys.path if one and (wanted or os.path.realpath(one) != here))
    return os.pathsep.join(folders)


def end_all() -> None:
    """End the programs that other threads run; these threads then go on."""
    for watch in list(_watches):
        with suppress(OSError):
            assert watch.stdin is not None
            watch.stdin.close()


@contextmanager
def _group() -> Iterator[int]:
    """A process group with its watch: it ends with the block at the latest."""
    with subprocess.Popen(
        _WATCH,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as watch:
        _watches.add(watch)
        try:
            yield watch.pid
        finally:
            _watches.discard(watch)
