# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike learn`: what it writes, how it is continued, how it adapts, and what it refuses."""

import signal
from functools import reduce
from operator import getitem

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import LearningState, Network, encode, infer
from firstspike.golden import learn as golden_learn
from firstspike.scripts import datasets, resumable
from firstspike.scripts.learning import session as learning_session
from firstspike.scripts.targets import golden, target
from tests.command_line.stand_ins import stand_in
from tests.support.command import firstspike, refusal, result_of, success, toy_network

SMALL = ("--random", "40", "--epochs", 3)


@pytest.fixture(autouse=True)
def digits(monkeypatch):
    """2,500 digits to learn and 500 others, in place of a data set."""
    monkeypatch.setattr(learning_session, "WATCHED", 500)
    monkeypatch.setattr(resumable, "SAVED_EVERY", 0)
    return stand_in(monkeypatch)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def learned(capfd, *words):
    """The JSON result of a run that succeeds."""
    return result_of(capfd, "learn", *words)


@pytest.fixture(scope="module")
def made():
    """By suffix, the files of the run `SMALL`, which is the same for all tests."""
    return {}


@pytest.fixture
def small(capfd, folder, made):
    """Write what the run `SMALL` writes, under a name."""

    def put(name):
        if not made:
            learned(capfd, *SMALL, "-o", f"{name}.npz")
            for suffix in (".npz", ".state.npz"):
                made[suffix] = (folder / f"{name}{suffix}").read_bytes()
        for suffix, content in made.items():
            (folder / f"{name}{suffix}").write_bytes(content)

    return put


def test_writes_network_state_and_result(capfd, folder, digits):
    result = learned(capfd, *SMALL, "-o", "net.npz")
    assert names(folder) == ["net.npz", "net.state.npz"]
    network = Network.load("net.npz")
    state = LearningState.load("net.state.npz", network)
    test = infer(network, encode(network, digits.x_test))
    assert result["accuracy"] == (test.decision == digits.y_test).mean() > 0.75
    assert result["tick"] == pytest.approx(test.tick.mean())
    assert result["hidden_spikes"] == pytest.approx(test.hidden_spikes.mean())
    assert (result["images"], state.done) == (2500, 7500)
    assert (result["network"], result["state"]) == ("net.npz", "net.state.npz")
    assert result["images_per_second"] > 0
    assert result["change"] is None
    assert network.meta["command"] == "firstspike learn --random 40 --epochs 3"
    assert network.meta["accuracy"] == result["accuracy"]
    assert network.meta["ground"] == "dark"
    epochs = result["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    assert epochs[0]["accuracy"] < epochs[2]["accuracy"]
    assert epochs[0]["updated"] > epochs[2]["updated"] > 0
    for n, epoch in enumerate(epochs):
        ends = range(2500 * n + 1, 2500 * (n + 1) + 1)
        points = [point for point in result["curve"] if point["done"] in ends]
        assert points[-1]["done"] == ends[-1]
        assert epoch["accuracy"] == sum(point["right"] for point in points) / 2500
        rows, updates = (
            sum(point[name] for point in points) for name in ("input_rows", "input_updates")
        )
        assert rows >= updates > 0
        assert epoch["input_rows_per_update"] == rows / sum(point["updated"] for point in points)


def test_prints_for_people(capfd, folder):
    ended = success(capfd, "learn", *SMALL, "-o", "net.npz")
    for text in ("784-40-10", "test accuracy", "images per second", "net.state.npz", "epoch"):
        assert text in ended.out
    assert "updates" in ended.err, "the progress bar"


@pytest.mark.parametrize(
    "words",
    [
        ("--competitors", "all"),
        ("--stored-bits", 10),
        ("--shift", 1),
        ("--exact",),
        ("--images", 2400),
        ("--inputs", 300),
        ("--seed", 2),
    ],
)
def test_options_matter(capfd, folder, small, words):
    result = learned(capfd, *SMALL, *words, "-o", "net.npz")
    assert result["accuracy"] > 0.7
    network = Network.load("net.npz")
    small("plain")
    assert network.digest() != Network.load("plain.npz").digest()
    assert len(network.inputs) == (300 if "--inputs" in words else 784)
    assert result["stored_bits"] == (10 if "--stored-bits" in words else 8)
    assert result["images"] == (2400 if "--images" in words else 2500)


def stopped(capfd, at, stop, *words):
    """Run `learn`, and call `stop` while part number `at` is learned."""
    calls = []

    class Stopping(golden.Target):
        def learn(self, *arguments):
            calls.append(1)
            if len(calls) == at:
                stop()
            return super().learn(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden, "Target", Stopping)
        return firstspike(capfd, "learn", *words, "-o", "net.npz")


def press():
    signal.raise_signal(signal.SIGINT)


def terminate():
    signal.raise_signal(signal.SIGTERM)


class LostError(BaseException):
    """Stands for the end of the process."""


def lose():
    raise LostError


@pytest.mark.parametrize(
    ("words", "end"),
    [((), terminate), (("--stored-bits", 10, "--shift", 1, "--competitors", "all"), press)],
)
def test_an_interrupted_run_continues_bit_for_bit(capfd, folder, words, end):
    learned(capfd, *SMALL, *words, "-o", "whole.npz")
    usual = signal.getsignal(signal.SIGINT)
    (folder / "result.json").write_text('{"run": "an earlier one"}')
    ended = stopped(capfd, 4, end, *SMALL, *words, "--json", "result.json")
    assert (folder / "result.json").read_text() == '{"run": "an earlier one"}'
    assert signal.getsignal(signal.SIGINT) == usual
    assert ended.status == 130
    assert "firstspike learn --resume -o net.npz" in ended.out
    state = LearningState.load("net.state.npz", Network.load("net.npz"))
    assert 0 < state.done < 2500
    assert stopped(capfd, 5, press, "--resume").status == 130
    result = learned(capfd, "--resume", "-o", "net.npz")
    assert result["curve"][-1]["done"] == 7500
    for name in ("{}.npz", "{}.state.npz"):
        one, other = ((folder / name.format(run)).read_bytes() for run in ("whole", "net"))
        assert one == other


FORMER = (
    *("command", "dataset", "label", "group", "test", "images", "epochs", "seed", "shift"),
    *("competitors", "exact", "relabel", "net", "random", "inputs", "stored_bits", "kill"),
)
"""What a state of an earlier version says of its run."""


def test_a_state_of_an_earlier_version_is_continued(capfd, folder, small):
    assert stopped(capfd, 4, press, *SMALL).status == 130
    state = LearningState.load("net.state.npz", Network.load("net.npz"))
    state.meta["run"] = {name: state.meta["run"][name] for name in FORMER}
    state.save("net.state.npz")
    learned(capfd, "--resume", "-o", "net.npz")
    small("whole")
    assert (folder / "net.npz").read_bytes() == (folder / "whole.npz").read_bytes()


@pytest.mark.parametrize("existing", [False, True])
def test_a_lost_process_leaves_the_last_state_whole(capfd, folder, small, existing):
    small("whole")
    if existing:
        learned(capfd, *SMALL, "--seed", 9, "-o", "net.npz")
        before = (folder / "net.npz").read_bytes()
    with pytest.raises(LostError):
        stopped(capfd, 8, lose, *SMALL)  # in the second epoch
    assert (folder / "net.npz").exists() == existing
    if existing:
        assert (folder / "net.npz").read_bytes() == before
    assert 2500 < LearningState.load("net.state.npz").done < 7500
    learned(capfd, "--resume", "-o", "net.npz")
    assert (folder / "net.npz").read_bytes() == (folder / "whole.npz").read_bytes()
    assert (folder / "net.state.npz").read_bytes() == (folder / "whole.state.npz").read_bytes()


def test_a_new_run_says_that_an_interrupted_one_is_there(capfd, folder, small):
    assert stopped(capfd, 8, press, *SMALL).status == 130
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    said = refusal(capfd, "learn", *SMALL, "-o", "net.npz")
    assert "net.state.npz holds a run that was interrupted" in said
    assert "--resume -o net.npz" in said
    assert "--fresh" in said
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before
    learned(capfd, *SMALL, "--fresh", "-o", "net.npz")
    small("whole")
    assert (folder / "net.npz").read_bytes() == (folder / "whole.npz").read_bytes()
    learned(capfd, *SMALL, "-o", "net.npz")  # over a run that came to its end


def test_a_second_interrupt_does_not_wait(capfd, folder):
    def twice():
        press()
        press()

    assert stopped(capfd, 8, twice, *SMALL).status == 130
    assert names(folder) == ["net.state.npz"]
    assert 2500 < LearningState.load("net.state.npz").done < 7500


def test_a_disk_that_fills_up_leaves_the_last_state_whole(capfd, folder, small, monkeypatch):
    small("net")
    before = {name: (folder / name).read_bytes() for name in names(folder)}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    ended = firstspike(capfd, "learn", *SMALL, "--seed", 2, "-o", "net.npz", status=2)
    assert "No space left" in ended.err.splitlines()[-1]
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before


def test_learning_goes_on_from_the_stored_bits_beside_a_network(capfd, folder):
    learned(capfd, *SMALL, "--stored-bits", 10, "-o", "net.npz")
    words = ("learn", "net.npz", "--images", 500, "--epochs", 1)
    result = learned(capfd, *words[1:], "-o", "with.npz")
    assert result["stored_bits"] == 10
    assert LearningState.load("with.state.npz").done == 500
    (folder / "net.state.npz").rename(folder / "away")
    assert learned(capfd, *words[1:], "-o", "eight.npz")["stored_bits"] == 8
    learned(capfd, *words[1:], "--stored-bits", 10, "-o", "without.npz")
    digests = {Network.load(f"{name}.npz").digest() for name in ("with", "eight", "without")}
    assert len(digests) == 3


def test_a_state_of_another_network_is_refused_and_nothing_changed(capfd, folder, small):
    small("net")
    learned(capfd, *SMALL, "--seed", 2, "-o", "other.npz")
    (folder / "other.npz").replace(folder / "net.npz")
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    for words in (("net.npz", "-o", "new.npz"), ("--resume", "-o", "net.npz")):
        assert "net.state.npz is the state of another network" in refusal(capfd, "learn", *words)
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before


GONE = object()
DAMAGES = [
    (("run",), GONE, "meta has no 'run'."),
    (("run",), 3, "['run'] is 3: it must be an object."),
    (("run", "epochs"), GONE, "['run'] has no 'epochs'."),
    (("run", "command"), GONE, "['run'] has no 'command'."),
    (("curve",), None, "['curve'] is None: it must be a list."),
    (("curve", -1), GONE, "its curve ends elsewhere."),
    (("run", "images"), 10**30, "0: it must be None or an integer in 1..4294967295."),
    (("run", "images"), 2501, "is of more images than mnist has."),
    (("run", "epochs"), 10**30, "0: it must be None or an integer in 1..1073741823."),
    (("run", "seed"), -1, "['seed'] is -1: it must be None or an integer in 0.."),
    (("run", "shift"), 3, "['shift'] is 3: it must be None or an integer in 0..1."),
    (("run", "relabel"), [[1, 2, 3]], "['relabel'][0] is [1, 2, 3]: it must be a list of 2."),
    (("run", "relabel"), "12", "['relabel'] is '12': it must be None or a list."),
    (("run", "dataset"), ["mnist"], "['dataset'] is ['mnist']: it must be str."),
    (("run", "competitors"), [1], "['competitors'] is [1]: it must be str."),
    (("before",), 0.5, "['before'] is 0.5: it must be None."),
    (("curve", 0, "right"), "all", "['right'] is 'all': it must be an integer in 0.."),
    (("curve", 0, "images"), GONE, "['curve'][0] has no 'images'."),
]
"""Fields of what a state says of its run, their wrong values, and the sentence on each."""


def test_a_state_without_its_run_is_not_resumed(capfd, folder):
    stopped(capfd, 4, press, *SMALL)
    whole = (folder / "net.state.npz").read_bytes()
    for (*outer, name), value, sentence in DAMAGES:
        (folder / "net.state.npz").write_bytes(whole)
        state = LearningState.load("net.state.npz")
        fields = reduce(getitem, outer, state.meta)
        if value is GONE:
            del fields[name]
        else:
            fields[name] = value
        state.save("net.state.npz")
        said = refusal(capfd, "learn", "--resume", "-o", "net.npz")
        assert said.startswith("Error: net.state.npz ")
        assert sentence in said


def test_what_cannot_be_resumed_is_refused(capfd, folder, small):
    resume = ("learn", "--resume", "-o", "net.npz")
    sentence = "there is no state net.state.npz to resume: begin a run without --resume."
    assert sentence in refusal(capfd, *resume)
    small("net")
    sentence = "come to its end after 7500 images: begin another one with its network as NET."
    assert sentence in refusal(capfd, *resume)
    state = folder / "net.state.npz"
    state.write_bytes(state.read_bytes()[:100])
    for words in (resume, ("learn", "net.npz", "-o", "new.npz")):
        assert "net.state.npz is not a valid state of learning: it" in refusal(capfd, *words)


def test_it_adapts_to_swapped_classes(capfd, folder, small, digits):
    small("net")
    words = ("net.npz", "--epochs", 3, "--relabel", "3:8,8:3", "-o", "swapped.npz")
    result = learned(capfd, *words)
    swapped = Network.load("swapped.npz")
    labels = digits.y_test.copy()
    labels[digits.y_test == 3], labels[digits.y_test == 8] = 8, 3
    decision = infer(swapped, encode(swapped, digits.x_test)).decision
    assert result["accuracy"] == (decision == labels).mean()
    change = result["change"]
    assert result["images"] == 2000, "the last 500 are watched"
    assert change["after"] < change["before"] - 0.1
    assert change["lowest"] <= change["after"]
    assert change["end"] == result["curve"][-1]["watched"] == result["epochs"][-1]["watched"]
    near = [point["watched"] >= change["before"] - 0.02 for point in result["curve"]]
    assert change["images"] == result["curve"][near.index(True)]["done"]
    before = Network.load("net.npz")
    decision = infer(before, encode(before, digits.x_train[-500:])).decision
    assert change["before"] == (decision == digits.y_train[-500:]).mean()


def test_of_few_images_a_fifth_is_watched(capfd, small, monkeypatch):
    small("net")
    monkeypatch.setattr(learning_session, "WATCHED", 5000)
    result = learned(capfd, "net.npz", "--epochs", 1, "--kill", 0.5, "-o", "other.npz")
    assert result["images"] == 2000


def test_it_adapts_to_dead_neurons(capfd, folder, small):
    small("net")
    result = learned(capfd, "net.npz", "--epochs", 2, "--kill", 0.25, "-o", "killed.npz")
    dead = ~Network.load("killed.npz").weights[0].any(axis=0)
    assert 3 <= dead.sum() <= 20
    change = result["change"]
    assert change["after"] < change["before"]
    assert change["end"] > change["lowest"]
    ended = success(capfd, "learn", "net.npz", "--epochs", 1, "--kill", 1, "-o", "all.npz")
    assert "until within 2 points of before never" in " ".join(ended.out.split())
    assert "0 of 0" in ended.out


def test_plot(capfd, folder):
    learned(capfd, *SMALL, "-o", "net.npz", "--plot", "curve.png")
    with Image.open("curve.png") as image:
        assert np.asarray(image).std() > 10
    learned(capfd, "net.npz", "--epochs", 1, "--kill", 1, "-o", "b.npz", "--plot", "c.svg")
    assert (folder / "c.svg").stat().st_size > 5000


def test_sizes_are_checked_before_the_images_are_fetched(capfd, folder, monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", None)
    toy_network().save("toy.npz")
    sentence = "784 pixels and 10 classes, this network takes 36 pixels to 4 classes: name the"
    assert sentence in refusal(capfd, "learn", "toy.npz", "-o", "a.npz")


def test_a_shipped_network_goes_on_learning(capfd, folder):
    result = learned(capfd, "mnist-4bit", "--epochs", 1, "--images", 500, "-o", "net.npz")
    network = Network.load("net.npz")
    assert network.weight_bits == (4, 4)
    assert result["stored_bits"] == 8
    assert result["accuracy"] > 0.9


def test_the_last_layer_adapts_to_changed_labels(capfd, folder):
    words = ("--last-layer", "--epochs", 1, "--relabel", "3:8,8:3")
    result = learned(capfd, "mnist-8bit", *words, "-o", "net.npz")
    assert result["command"].endswith("--epochs 1 --last-layer --relabel 3:8,8:3")
    change = result["change"]
    assert change["after"] < change["before"] - 0.1
    assert change["end"] > change["after"]


HARDWARE = ("--random", "12", "--epochs", 1, "--images", 60, "--target", "rtl", "--lanes", "4,2")


@pytest.mark.long
def test_hardware_learns_the_same(capfd, folder):
    golden = learned(capfd, *HARDWARE[:6], *HARDWARE[8:], "-o", "golden.npz")
    assert "--lanes 4,2 " in Network.load("golden.npz").meta["command"] + " "
    hardware = learned(capfd, *HARDWARE, "-o", "rtl.npz")
    assert (hardware["differences"], hardware["weights_differ"]) == (0, 0)
    assert golden["differences"] is None
    assert hardware["curve"][-1]["cycles"] > hardware["curve"][-1]["run_on_cycles"]
    for name in ("cycles", "run_on_cycles", "updated", "right"):
        assert sum(point[name] for point in golden["curve"]) == sum(
            point[name] for point in hardware["curve"]
        )
    one, other = (LearningState.load(f"{name}.state.npz") for name in ("golden", "rtl"))
    assert all(map(np.array_equal, one.weights, other.weights))


@pytest.mark.long
def test_a_difference_of_the_hardware_is_told(capfd, folder, monkeypatch):
    monkeypatch.setattr(target, "learn_outputs", twice)
    result = result_of(capfd, "learn", *HARDWARE, "-o", "rtl.npz", status=1)
    assert result["differences"] >= result["weights_differ"] > 0


def twice(state, ticks, labels, settings, **how):
    """A golden rule that is wrong: it changes weights once more."""
    result = golden_learn(state, ticks, labels, settings, **how)
    for weights in (state.weights, result.weights):
        weights[1][0, 0] += 1
    return result


def test_a_state_is_saved_between_the_steps_of_a_run_and_at_an_early_end(monkeypatch, tmp_path):
    saved = []

    class Steps(resumable.Run):
        STATE, UNIT, KEEPS_STATE = "steps", "step", False
        ends_early = False

        def progress(self):
            return 1, 3

        def proceed(self, step):
            for _ in range(2):
                step(1, "")
            return self.ends_early

        def save(self, path, before=None):
            saved.append(path.name)

    monkeypatch.setattr(resumable, "SAVED_EVERY", 60)
    Steps().follow(str(tmp_path / "net.npz"))
    assert saved == []
    Steps.ends_early = True
    Steps().follow(str(tmp_path / "net.npz"))
    assert saved == ["net.steps.npz"]
    monkeypatch.setattr(resumable, "SAVED_EVERY", 0)
    Steps().follow(str(tmp_path / "net.npz"))
    assert saved == 4 * ["net.steps.npz"]
