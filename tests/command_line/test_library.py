# SPDX-License-Identifier: BSD-2-Clause
"""`import firstspike`: what it gives, and comparing from Python."""

import subprocess
import sys

import numpy as np
import pytest

import firstspike
from firstspike import NetworkError, build, compare, load_network, verilog
from firstspike.golden import bundled_test_set
from firstspike.scripts.main import run_line
from firstspike.scripts.targets import golden
from firstspike.scripts.targets.specifications import Rtl
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
    beside = "import numba, numpy, platformdirs, scipy, sklearn, tqdm"
    names = ", ".join(firstspike.__all__)
    loaded = loaded_by(f"from firstspike import {names}", beside)
    foreign = {name.partition(".")[0] for name in loaded} - {*sys.stdlib_module_names}
    assert foreign == {"firstspike", "sklearn"}  # whose parts are loaded one by one
    rooms = {".".join(name.split(".")[:3]) for name in loaded if name.startswith("firstspike.")}
    assert {room for room in rooms if not room.startswith("firstspike.golden")} == {
        "firstspike.scripts",
        "firstspike.scripts.library",
        "firstspike.scripts.targets",
    }


@pytest.mark.long
def test_the_core_does_not_differ(pixels, tmp_path):
    network = toy_network()
    assert compare(network, pixels, lanes=5, window=2)
    network.save(tmp_path / "toy.npz")
    assert compare(tmp_path / "toy.npz", pixels, lanes=5, window=2, bitmap=8)


def test_differences_are_named(pixels, monkeypatch):
    class Erring(golden.Target):
        def run(self, ticks, pixels):
            run = self.expected(ticks, pixels)
            run.decision[7] += 1
            return run

    monkeypatch.setattr(Rtl, "open", lambda self, *of: Erring(*of, self.shape))
    comparison = compare(toy_network(), pixels)
    assert not comparison
    (found,) = comparison.differences
    assert (found.image, found.what) == (7, "decision")
    assert str(comparison) == str(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "golden"}, "no target 'golden'"),
        ({"lanes": 0}, "1 lane"),
        ({"port": "/dev/null"}, "port goes with target board"),
        ({"target": "board"}, "needs port"),
        ({"target": "netlist", "board": "icebreaker", "build": "nowhere"}, "no build in nowhere"),
    ],
)
def test_what_cannot_be_compared(options, message):
    with pytest.raises(ValueError, match=message):
        compare(load_network("mnist-4bit"), bundled_test_set()[0][:1], **options)


@pytest.mark.long
def test_verilog_is_that_of_the_command(tmp_path):
    network = toy_network()
    network.save(tmp_path / "toy.npz")
    words = ["verilog", str(tmp_path / "toy.npz"), "--lanes", "5", "-o", str(tmp_path / "core.v")]
    assert run_line(words) == 0
    assert verilog(network, lanes=5).verilog == (tmp_path / "core.v").read_text()
    with pytest.raises(NetworkError, match="at least 1 lane"):
        verilog(network, lanes=0)


def test_a_board_that_there_is_not_cannot_be_built_for(tmp_path):
    with pytest.raises(ValueError, match="no board 'none': give"):
        build(toy_network(), "none", tmp_path / "build")
    assert not (tmp_path / "build").exists()


@pytest.mark.fast
def test_a_network_predicts_as_the_integer_model(pixels):
    network = toy_network()
    run = firstspike.infer(network, firstspike.encode(network, pixels))
    assert np.array_equal(network.predict(pixels), run.decision)
    assert np.array_equal(network.predict_ticks(pixels), run.tick)
    labels = run.decision.copy()
    labels[:5] = (labels[:5] + 1) % network.shape[-1]
    assert network.score(pixels, labels) == 0.75
    with pytest.raises(ValueError, match="give one per sample"):
        network.score(pixels, labels[:-1])
