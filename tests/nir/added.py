# SPDX-License-Identifier: BSD-2-Clause
"""What NIR graphs add to the tests of all verbs."""

from pathlib import Path

import nir

from firstspike.golden.nir.export import graph_of, write
from tests.nir.mutants import of_graph
from tests.nir.test_foreign import small
from tests.support.command import toy_network


def put_graphs(folder: Path) -> None:
    """Write a network's graphs in two forms, one of another program, and a file that is none."""
    write(folder / "graph.nir", graph_of(toy_network()))
    write(folder / "time.nir", graph_of(toy_network(), "time"))
    nir.write(folder / "real.nir", small())
    (folder / "nothing.nir").write_bytes(b"nothing")


FILES = (put_graphs,)
SHOW_NAMES = ((("convert", "{net}", "-o"), ".nir"),)
TAKE_SOUND = ("convert net.npz -o net.nir",)
WRITE_WHAT_THEY_SAY = ("convert toy.npz --input events -o out.nir --json out.json",)
BESIDE = {"convert toy.npz -o new.nir": "new.data.nir"}
KILLED = {
    "to NIR": (
        "convert toy.npz --input events.jsonl -o toy.nir --json result.json",
        ("toy.nir", "toy.data.nir", "result.json"),
    ),
    "from NIR": ("convert graph.nir -o net.npz", ("net.npz",)),
}
ON_A_FULL_DISK = {
    "to NIR": "convert mnist-4bit --images 50 -o net.nir",
    "from NIR": "convert {given}/graph.nir -o net.npz",
}
START_PROGRAMS = {"convert": ("convert graph.nir -o net.npz", True)}
WITHOUT_END = {
    "a graph": ("file.nir", "convert file.nir -o out.npz"),
    "the samples of a graph": (
        "file.npz",
        "convert time.nir --weight-bits 8 --dataset file.npz -o out.npz",
    ),
}
WITHOUT_EXTRA = (
    ("nir", "nir", ["convert", "mnist-4bit", "-o", "mnist.nir"]),
    ("h5py", "nir", ["convert", "mnist.nir", "-o", "mnist.npz"]),
)
_READ = ("convert", "time.nir", "-o", "on.npz")
HOSTILE = (
    ("time.nir", of_graph, _READ),
    ("time.nir", of_graph, ("convert", "time.nir", "--weight-bits", "4", "-o", "on.npz")),
    ("time.nir", of_graph, _READ, True),
)
SURVIVORS = (
    (
        r"golden/nir/forms\.py:.*\n.*\n.*-far // ones",
        "`far` is a power of two, and the ones are 1.",
    ),
)
