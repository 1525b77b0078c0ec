# SPDX-License-Identifier: BSD-2-Clause
"""Reads a graph in a separate process.

On some damaged files the HDF5 library hangs, takes all memory, or ends its process. A separate
process with limits isolates these failures.

    python -m firstspike.golden.nir.reader_process SECONDS < FILE    pickles the graph
"""

import math
import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from firstspike.golden.system import programs
from firstspike.golden.system.files import reading

from .graph import Graph, NirError, optional
from .reading import MOST_BYTES, graph_in, most_bytes

SECONDS = 10
"""Limit of processor time for reading: even the largest accepted file takes a fraction of it."""

WAIT = 120.0
"""Seconds after which a process that does not use its processor time is ended."""

ROOM = 1 << 28
"""Bytes of address space for the library itself."""

COPIES = 3
"""Copies of a graph's arrays in memory at once: as read, and as sent."""


def read(path: str | os.PathLike[str], seconds: int = SECONDS) -> Graph:
    """Return the graph of a file; metadata are read only if FirstSpike wrote them.

    Raises `NirError` for invalid content, `MissingPackageError` without the extra `nir`, and
    `OSError` if the file cannot be read.
    """
    optional("h5py")
    command = [sys.executable, "-m", __name__, str(seconds)]
    try:
        with reading(path, 2 * MOST_BYTES) as file:
            ended = programs.run(
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=WAIT,
                env=os.environ | {"PYTHONPATH": programs.search_path()},
            )
    except subprocess.TimeoutExpired:
        raise NirError(f"{path}: it cannot be read as HDF5 (no end after {WAIT:g} s).") from None
    if ended.returncode == -signal.SIGXCPU:
        raise NirError(
            f"{path}: it cannot be read as HDF5 (no end after {seconds} s of processor time)."
        )
    if ended.returncode:
        raise NirError(f"{path}: it cannot be read as HDF5 (the library fails).")
    outcome = pickle.loads(ended.stdout)
    if isinstance(outcome, str):
        raise NirError(f"{path}: {outcome}")
    return Graph(*outcome)


def main() -> None:
    """Read a file from standard input, and write the pickled result to standard output."""
    outcome: object
    optional("h5py")  # before the memory is limited
    _bound(int(sys.argv[1]), os.fstat(0).st_size)
    try:
        graph = graph_in(sys.stdin.buffer)
        outcome = (graph.nodes, graph.edges, graph.metadata)
    except NirError as error:
        outcome = str(error)
    pickle.dump(outcome, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


def _bound(seconds: int, size: int) -> None:
    """Limit this process to `seconds` more, and to the memory that a file of `size` bytes needs."""
    end = math.ceil(time.process_time()) + seconds
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM + COPIES * most_bytes(size)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (end, end + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core dump of a process that is ended


if __name__ == "__main__":
    main()
