# SPDX-License-Identifier: BSD-2-Clause
"""`import firstspike`: what it gives, and comparing from Python."""

import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

import firstspike
from firstspike import (
    FirstSpikeClassifier,
    FirstSpikeError,
    Network,
    NetworkError,
    Trainer,
    build,
    compare,
    encode,
    infer,
    load_network,
    verilog,
)
from firstspike.golden import (
    Dataset,
    Folding,
    LearningState,
    Settings,
    Teacher,
    bundled_test_set,
    differences,
    learn,
    potentials,
)
from firstspike.hdl.core.config import CoreConfig
from firstspike.scripts.building import Building, Built
from firstspike.scripts.main import run_line
from firstspike.scripts.targets import golden
from firstspike.scripts.targets.comparison import Comparison
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
        "firstspike.rooms",
        "firstspike.scripts",
        "firstspike.scripts.library",
        "firstspike.scripts.targets",
    }


THIRD_PARTY = {"cobs", "numpy", "serial"}


def test_the_client_of_boards_loads_only_what_it_needs():
    loaded = loaded_by("import firstspike.boards.client")
    assert {name.partition(".")[0] for name in loaded} == THIRD_PARTY | {"firstspike"}
    ours = {name.split(".")[1] for name in loaded if name.startswith("firstspike.")}
    assert ours == {"boards", "golden", "hdl"}  # without gateware, which takes amaranth


@pytest.mark.parametrize(
    "module", ["golden", "hdl.link.protocol.formats", "hdl.link.protocol.messages"]
)
def test_protocol_and_network_need_no_gateware(module):
    tops = {name.partition(".")[0] for name in loaded_by(f"import firstspike.{module}")}
    assert tops <= THIRD_PARTY | {"firstspike"}


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
        ({"lanes": 0}, "lanes is 0"),
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
    with pytest.raises(NetworkError, match="lanes is 0"):
        verilog(network, lanes=0)


def test_a_board_that_there_is_not_cannot_be_built_for(tmp_path):
    with pytest.raises(ValueError, match="no board 'none': give"):
        build(toy_network(), "none", tmp_path / "build")
    assert not (tmp_path / "build").exists()


CLASSIFIER = FirstSpikeClassifier((4,), encoding="binary", epochs=1, random_state=0)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same network in all ways in which a function takes it, with samples and their ticks."""
    X, y = load_iris(return_X_y=True)
    classifier = clone(CLASSIFIER).fit(X, y)
    network, path = classifier.network_, tmp_path_factory.mktemp("net") / "net.npz"
    network.save(path)
    trainer = Trainer()
    trainer.network_ = network
    return [network, path, str(path), classifier, trainer], X, encode(network, X)


CALLS = {
    "encode": lambda net, X, ticks: encode(net, X).tolist(),
    "infer": lambda net, X, ticks: infer(net, ticks).tick.tolist(),
    "potentials": lambda net, X, ticks: potentials(net, ticks[0])[-1].tolist(),
    "lookups": lambda net, X, ticks: infer(net, ticks).lookups(net).tolist(),
    "folding": lambda net, X, ticks: Folding.of(net),
    "configuration": lambda net, X, ticks: CoreConfig.of(net, Folding.of(net)),
    "state": lambda net, X, ticks: LearningState.of(net).network.digest(),
    "teacher": lambda net, X, ticks: Teacher(net, (ticks[:2], [0, 1]), 2).network.digest(),
    "trainer": lambda net, X, ticks: load_network(net).digest(),
    "verilog": lambda net, X, ticks: repr(verilog(net, lanes=2)),
    "compare": lambda net, X, ticks: str(compare(net, X, lanes=2)),
    "build": lambda net, X, ticks: str(build(net, "icebreaker", "none", lanes=2)),
}
"""Every function that takes a network, by its result."""


@pytest.mark.parametrize("call", CALLS)
def test_a_network_may_be_a_file_or_fitted(sources, call, monkeypatch):
    monkeypatch.setattr(Rtl, "open", lambda self, *of: golden.Target(*of, self.shape))
    monkeypatch.setattr(Building, "at_its_clock", lambda self, design: Built(design, ""))
    nets, X, ticks = sources
    results = [CALLS[call](net, X, ticks) for net in nets]
    if call == "build":
        results = [result.partition("Board(")[0] for result in results]
    assert all(result == results[0] for result in results)
    for net in (5, None, b"x", X, [nets[0]], Network, CLASSIFIER, Trainer(), load_iris):
        with pytest.raises(NetworkError, match=r"^network is .*: give a .* that is fitted\.$"):
            CALLS[call](net, X, ticks)
    with pytest.raises(NetworkError, match="there is no network 'mnist'"):
        CALLS[call]("mnist", X, ticks)


OPTIONS = [
    ({"lane": 8}, TypeError, "^lane is no option of .*: did you mean lanes\\?$"),
    ({"momentum": 8}, TypeError, r"^momentum is no option of .*: give one of lanes, window, .*\.$"),
    ({"lanes": "8"}, NetworkError, r"^lanes is '8': it must be an integer in 1\.\."),
    ({"lanes": (4, 0)}, NetworkError, r"^lanes is \(4, 0\): "),
    ({"lanes": True}, NetworkError, "^lanes is True: "),
    ({"window": 5}, NetworkError, r"^window is 5: it must be an integer in 0\.\.4 or None\.$"),
    ({"rows": 2.0}, NetworkError, "^rows is 2.0: "),
    ({"bitmap": "x"}, NetworkError, "^bitmap is 'x': "),
    ({"overlap": 1}, NetworkError, "^overlap is 1: it must be True or False or None"),
]
FURTHER = [
    ("verilog", {"name": 5}, ValueError, "5 is no name for a Verilog module"),
    ("verilog", {"stored_bits": "x"}, NetworkError, "stores 8 to 12 of each, not x"),
    ("build", {"seed": 1}, TypeError, "seed is no option of build: did you mean seeds"),
    ("build", {"board": "icebraker"}, ValueError, "no board 'icebraker': did you mean icebreaker"),
    ("build", {"clock": "fast"}, ValueError, "clock is 'fast': give MHz, a positive number"),
    ("compare", {"target": "rtll"}, ValueError, "no target 'rtll': did you mean rtl"),
    ("load_dataset", {"name": "minst"}, ValueError, "no data set 'minst': did you mean mnist"),
    ("Trainer", {"epoch": 3}, TypeError, "epoch is no field of Training: did you mean epochs"),
]
ARGUMENTS = {
    "verilog": {"network": toy_network()},
    "build": {"network": toy_network(), "board": "icebreaker", "folder": "nowhere"},
    "compare": {"network": toy_network(), "samples": np.zeros((1, 36), np.uint8)},
}


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [(name, *one) for name in ARGUMENTS for one in OPTIONS] + FURTHER,
)
def test_a_wrong_option_is_named_with_its_remedy(name, options, error, message):
    with pytest.raises(error, match=message) as caught:
        getattr(firstspike, name)(**ARGUMENTS.get(name, {}) | options)
    assert isinstance(caught.value, FirstSpikeError)
    assert str(caught.value).isprintable()


def test_results_have_a_short_representation(sources):
    (network, *_), X, ticks = sources
    results, state = infer(network, ticks), LearningState.of(network)
    comparison = Comparison(results, results, list(differences(results, results)))
    for one, words in {
        network: "Network(shape=(9, 4, 3), encoding='binary', weight_bits=(8, 8), unit=32, ",
        network.features: "Features(edges=float64[4, 1], complement=True, constant=True",
        results: "Results(decision=int32[150], tick=int32[150], forced=bool[150], ",
        learn(state, ticks, results.decision, Settings()): "weights=(int16[9, 4], int16[4, 3])",
        state: "LearningState(weights=(int16[9, 4], int16[4, 3]), stored_bits=8",
        comparison: "Comparison(150 images, 0 differences)",
        Dataset(X, X, X, X, ("a", "b")): "y_test=float64[150, 4], classes=('a', 'b')",
    }.items():
        assert words in repr(one)
        assert len(repr(one)) < 400
    generated = repr(verilog(network, lanes=2))
    assert re.fullmatch(
        r"Generated\('firstspike_core', shape=\[9, 4, 3\], \d+ lines of Verilog\)", generated
    )


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
