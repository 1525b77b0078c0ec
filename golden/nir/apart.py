# SPDX-License-Identifier: BSD-2-Clause
"""Reads a graph in a process of its own.

On some damaged files the HDF5 library never ends, or ends its process: neither may happen to ours.

    python -m firstspike.golden.nir.apart FILE      a pickle of the graph, or of what is wrong
"""

import os
import pickle
import subprocess
import sys

from firstspike.golden import programs

from .graph import Graph, NirError, optional
from .reading import graph_in

SECONDS = 60.0
"""After which reading is given up: a file as large as is read takes a fraction of it."""


def read(path: str | os.PathLike[str], seconds: float = SECONDS) -> Graph:
    """The graph of a file; metadata are read if they are ours.

    Raises `NirError` for anything wrong with the content, or where the package is missing,
    `OSError` if the file cannot be read.
    """
    optional("h5py")
    with open(path, "rb"):  # the process would only say that it cannot
        pass
    command = [sys.executable, "-m", __name__, os.path.abspath(path)]
    try:
        ended = programs.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            env=os.environ | {"PYTHONPATH": programs.search_path()},
        )
    except subprocess.TimeoutExpired:
        raise NirError(
            f"{path}: it cannot be read as HDF5 (no end after {seconds:g} seconds)."
        ) from None
    if ended.returncode:
        raise NirError(f"{path}: it cannot be read as HDF5 (the library fails).")
    said = pickle.loads(ended.stdout)
    if isinstance(said, str):
        raise NirError(f"{path}: {said}")
    return Graph(*said)


def main() -> None:
    """Read the file that is named, and write to standard output."""
    said: object
    try:
        with open(sys.argv[1], "rb") as file:
            graph = graph_in(file)
        said = (graph.nodes, graph.edges, graph.metadata)
    except NirError as error:
        said = str(error)
    pickle.dump(said, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
