# SPDX-License-Identifier: BSD-2-Clause
"""Foreign files that are damaged, hostile or of another kind are refused in a sentence."""

import tracemalloc
from functools import partial

import h5py
import numpy as np
import pytest

from firstspike.golden.nir import reader_process, reading
from firstspike.golden.nir.export import graph_of, write
from firstspike.golden.nir.graph import Graph, NirError
from firstspike.golden.nir.importing import network_of
from firstspike.golden.nir.real_weights import real_layers
from tests.support.command import toy_network
from tests.support.measured import MOST_BYTES, SECONDS, measured
from tests.support.simulators import sampled

pytestmark = pytest.mark.fast

WEIGHT = "node/nodes/weights_0/weight"
MOST = reading.most_bytes(0)
"""Bytes that are read of a small file."""


@pytest.fixture
def path(tmp_path):
    """A graph that FirstSpike wrote, in form time."""
    path = tmp_path / "net.nir"
    write(path, graph_of(toy_network(), "time"))
    return path


def read(path) -> Graph:
    """Read a graph in this process."""
    with open(path, "rb") as file:
        return reading.graph_in(file)


def sentence(path) -> str:
    with pytest.raises(NirError) as refused:
        network_of(read(path))
    message = str(refused.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 400
    return message


def put(at, value, **how):
    """Put something in the place of what is there."""

    def change(root):
        if at in root:
            del root[at]
        if value is not None:
            root.create_dataset(at, data=value, **how)

    return change


def promised(shape, dtype="f8"):
    """A dataset of that shape, of which nothing is stored."""

    def change(root):
        del root[WEIGHT]
        root.create_dataset(WEIGHT, shape, dtype, chunks=(1 << 10, 1 << 10))

    return change


def chunked(root):
    """A small array in a chunk that is far larger."""
    del root[WEIGHT]
    huge = (1 << 14, 1 << 14)
    root.create_dataset(WEIGHT, (12, 35), "f8", chunks=huge, maxshape=(None, None))


def linked(link):
    """A link in the place of weights."""

    def change(root):
        del root[WEIGHT]
        root[WEIGHT] = link

    return change


def virtual(root):
    del root[WEIGHT]
    layout = h5py.VirtualLayout((12, 35), "f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (12, 35))
    root.create_virtual_dataset(WEIGHT, layout)


def external(root):
    del root[WEIGHT]
    root.create_dataset(WEIGHT, (12, 35), "f8", external=[("/etc/passwd", 0, 12 * 35 * 8)])


def group_for_array(root):
    del root[WEIGHT]
    root.create_group(WEIGHT)


def itself(root):
    root["node/nodes/again"] = root["node"]


def many(root):
    for number in range(2000):
        root["node/nodes"].create_group(f"n{number}").create_dataset("type", data="Linear")


def nested(root):
    group = root["node/nodes"].create_group("inner")
    group["type"] = "NIRGraph"


HOSTILE = {
    "terabytes": (promised((1 << 20, 1 << 20)), [WEIGHT, str(MOST)]),
    "more than a small file holds": (promised((1 << 12, 1 << 12)), [WEIGHT, str(MOST)]),
    "many edges": (
        put("node/edges", [["a", "b"]] * (reading.MOST_EDGES + 1)),
        [str(reading.MOST_EDGES)],
    ),
    "a chunk of gigabytes": (chunked, [WEIGHT, str(MOST)]),
    "a soft link": (linked(h5py.SoftLink("/node/edges")), ["weight", "link"]),
    "an external link": (linked(h5py.ExternalLink("/etc/passwd", "/")), ["weight", "link"]),
    "data elsewhere": (external, [WEIGHT, "another file"]),
    "virtual data": (virtual, [WEIGHT, "another file"]),
    "a group for an array": (group_for_array, [WEIGHT, "no array"]),
    "an array for a group": (put("node/nodes", np.zeros(3)), ["node/nodes", "not a group"]),
    "no node": (put("node", None), ["no 'node'"]),
    "no nodes": (put("node/nodes", None), ["no 'nodes'"]),
    "no edges": (put("node/edges", None), ["no 'edges'"]),
    "no type": (put("node/nodes/I_0/type", None), ["I_0", "no 'type'"]),
    "a single node": (put("node/type", "Linear"), ["single node"]),
    "edges of three": (put("node/edges", [["a", "b", "c"]]), ["edges", "[1, 3]"]),
    "edges of numbers": (put("node/edges", np.zeros((2, 2))), ["edges", "string"]),
    "a type that is a number": (put("node/nodes/I_0/type", 3), ["I_0/type", "string"]),
    "a type that is no text": (put("node/nodes/I_0/type", np.bytes_(b"\xff\xfe")), ["cannot"]),
    "an unknown type": (put("node/nodes/I_0/type", "X" * 500), ["node 'I_0'", "X", "no such node"]),
    "text for numbers": (put(WEIGHT, "many"), [WEIGHT, "real numbers"]),
    "complex numbers": (put(WEIGHT, np.ones((12, 35), complex)), [WEIGHT, "real numbers"]),
    "an empty array": (put(WEIGHT, h5py.Empty("f8")), [WEIGHT, "no array"]),
    "a field too many": (put("node/nodes/I_0/extra", 1), ["node 'I_0'", "'extra'"]),
    "a field too few": (put("node/nodes/I_0/tau", None), ["node 'I_0'", "no tau"]),
    "a graph inside": (nested, ["node 'inner'", "graph inside"]),
    "a graph inside itself": (itself, ["node 'again'", "graph inside"]),
    "many nodes": (many, ["2008 nodes", "1000"]),
    "metadata of numbers": (put("node/metadata/unit", np.zeros((2, 2))), ["unit"]),
    "metadata that are complex": (put("node/metadata/unit", 1j), ["unit", "real numbers"]),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused(path, what):
    change, told = HOSTILE[what]
    with h5py.File(path, "a") as root:
        change(root)
    tracemalloc.start()
    message = sentence(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 26, "something was read first"
    for part in told:
        assert part in message


def test_what_is_cut_or_no_hdf5_is_refused(path):
    content = path.read_bytes()
    lengths = [0, 1, 8, 100, *np.linspace(200, len(content) - 1, 30, dtype=int)]
    others = b"PK\x03\x04", b"a graph", b"\x89HDF\r\n\x1a\n" * 9
    for damaged in (*others, *(content[:length] for length in lengths)):
        path.write_bytes(damaged)
        assert "HDF5" in sentence(path)


def shared(path, rows):
    """Give all edges the same long name, which is stored once."""
    with h5py.File(path, "a") as root:
        del root["node/edges"]
        name = np.array([["x" * 200_000, "y"]], object)
        edges = root["node"].create_dataset("edges", (rows, 2), h5py.string_dtype())
        edges[:1] = name
        at = edges.id.get_offset()
    content = bytearray(path.read_bytes())
    element = content[at : at + 16]  # length, address and index of the string
    content[at : at + 32 * rows] = element * 2 * rows
    path.write_bytes(content)


def lengthened(path, length):
    """Say that the strings of all edges are far longer than the file."""
    with h5py.File(path, "a") as root:
        edges = root["node/edges"]
        at, size = edges.id.get_offset(), edges.size
    content = bytearray(path.read_bytes())
    for element in range(at, at + 16 * size, 16):
        content[element : element + 4] = length.to_bytes(4, "little")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("change", "message"),
    sampled(
        [
            (partial(shared, rows=reading.MOST_EDGES), str(MOST)),
            (partial(shared, rows=30_000), str(reading.MOST_EDGES)),
            (partial(lengthened, length=3_600_000_000), "cannot be read as HDF5"),
            (partial(lengthened, length=100_000_000), "cannot be read as HDF5"),
        ],
        3,
    ),
)
def test_strings_take_no_more_than_they_may(path, change, message):
    change(path)
    outcome = measured("convert", path, "-o", path.with_name("net.npz"))
    assert outcome.status == 2
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert outcome.bytes < MOST_BYTES
    assert outcome.seconds < SECONDS


@pytest.mark.parametrize("damage", [(16, bytes(16)), (24, b"\xf0" + b"\xff" * 7)])
def test_where_the_library_never_ends_reading_does(path, damage):
    """The lengths of strings are damaged; a file that is read to its end has been refused."""
    at, wrong = damage
    content = bytearray(path.read_bytes())
    at += content.index(b"GCOL")
    content[at : at + len(wrong)] = wrong
    path.write_bytes(content)
    with pytest.raises(NirError, match=r"HDF5 \(no end after 1 s of processor time\)\.$"):
        reader_process.read(path, seconds=1)


def test_a_process_of_its_own_gives_the_same(path):
    assert network_of(reader_process.read(path)).to_bytes() == network_of(read(path)).to_bytes()
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(NirError) as refused:
        reader_process.read(path)
    assert str(refused.value) == f"{path}: {sentence(path)}"


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        reader_process.read(tmp_path / "none.nir")
    with pytest.raises(IsADirectoryError):
        reader_process.read(tmp_path)


def test_metadata_of_others_are_left_alone(path):
    with h5py.File(path, "a") as root:
        del root["node/metadata"]
        metadata = root["node"].create_group("metadata")
        metadata.create_group("deep").create_group("deeper")
        metadata["format"] = "theirs"
    graph = read(path)
    assert graph.metadata == {}
    assert len(real_layers(graph)) == 2


def test_files_of_before_v_reset_say_0(path):
    with h5py.File(path, "a") as root:
        del root["node/nodes/V_0/v_reset"]
        del root["node/metadata"]
    with pytest.raises(NirError, match=r"node 'V_0', IF: v_reset of neuron \d+ is 0"):
        real_layers(read(path))


def test_strings_of_a_fixed_length_are_strings(path):
    with h5py.File(path, "a") as root:
        del root["node/nodes/I_0/type"]
        root["node/nodes/I_0/type"] = np.bytes_(b"LI")
    assert network_of(read(path)).to_bytes() == toy_network().to_bytes()
