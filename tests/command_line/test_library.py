# SPDX-License-Identifier: BSD-2-Clause
"""`import firstspike`: what it gives, and comparing from Python."""

import subprocess
import sys

import numpy as np
import pytest

import firstspike
from firstspike import compare, load_network
from firstspike.golden import bundled_test_set
from firstspike.scripts import targets
from firstspike.scripts.targets import golden
from tests.support.command import toy_network


@pytest.fixture
def pixels():
    return np.random.default_rng(3).integers(0, 256, (20, 36)).astype(np.uint8)


def loaded_by(statement, before="pass"):
    """The modules, without those of the standard library, that a statement loads in a new Python.

    The result omits modules that `before` loads.
    """
    ask = (
        f"import sys; {before}; before = {{*sys.modules}}; {statement}; "
        "print(*({*sys.modules} - before), sep='\\n')"
    )
    said = subprocess.check_output([sys.executable, "-c", ask], text=True).split()
    return {name for name in said if name.partition(".")[0] not in sys.stdlib_module_names}


@pytest.mark.fast
def test_what_it_gives_is_there_but_not_loaded():
    assert all(getattr(firstspike, name) for name in firstspike.__all__)
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = firstspike.nothing
    assert loaded_by("import firstspike") == {"firstspike"}


@pytest.mark.fast
def test_all_of_it_loads_nothing_of_the_command_and_of_the_hardware():
    beside = "import numba, numpy, scipy, sklearn"
    names = ", ".join(firstspike.__all__)
    loaded = loaded_by(f"from firstspike import {names}", beside)
    foreign = {name.partition(".")[0] for name in loaded} - {*sys.stdlib_module_names}
    assert foreign == {"firstspike", "sklearn"}  # whose parts are loaded one by one
    rooms = {".".join(name.split(".")[:3]) for name in loaded if name.startswith("firstspike.")}
    assert {room for room in rooms if not room.startswith("firstspike.golden")} == {
        "firstspike.scripts",
        "firstspike.scripts.targets",
    }


def test_the_core_does_not_differ(pixels, tmp_path):
    network = toy_network()
    assert compare(network, pixels, lanes=5, window=2) == []
    network.save(tmp_path / "toy.npz")
    assert compare(tmp_path / "toy.npz", pixels, lanes=5, window=2, bitmap=8) == []


def test_differences_are_named(pixels, monkeypatch):
    class Erring(golden.Target):
        def run(self, ticks, pixels):
            run = self.expected(ticks, pixels)
            run.decision[7] += 1
            return run

    monkeypatch.setattr(targets, "target_class", lambda _: Erring)
    (found,) = compare(toy_network(), pixels)
    assert (found.image, found.what) == (7, "decision")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target": "golden"}, "no target 'golden'"),
        ({"lanes": 0}, "1 lane"),
        ({"port": "/dev/null"}, "port and baud go with target board"),
        ({"target": "board"}, "needs port"),
        ({"target": "netlist", "board": "icebreaker", "build": "nowhere"}, "no build in nowhere"),
    ],
)
def test_what_cannot_be_compared(options, told):
    with pytest.raises(ValueError, match=told):
        compare(load_network("mnist-4bit"), bundled_test_set()[0][:1], **options)
