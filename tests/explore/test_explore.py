# SPDX-License-Identifier: BSD-2-Clause
"""`firstspike explore` from data to a front, on a toy: trainings of seconds, and no placement."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
from optuna.trial import TrialState

from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import load_network
from firstspike.golden.system.specification import Changes
from firstspike.golden.training.specification import Training
from firstspike.scripts.datasets import Data
from firstspike.scripts.errors import VerbError
from firstspike.scripts.explore import JOURNAL, builds, explore, halving
from firstspike.scripts.explore.front import Figures, Limits
from firstspike.scripts.explore.halving import SHARES
from firstspike.scripts.explore.search import ENDED, Search, _figures, opened
from firstspike.scripts.explore.space import Space
from firstspike.scripts.training.session import Request
from tests.support.command import firstspike, refusal, success

WORDS = ("explore", "--board", "ulx3s-25f", "--recipe", "sparse", "--epochs", 6)


class Here:
    """Work in shares, done in this process; results are kept as `shares` keeps them."""

    def __init__(self):
        self.kept, self.done = {}, []
        self.most = None
        """Tasks that are done until an interrupt, None for all."""

    def results(self, function, tasks, what, shown=None):
        """Yield results as `Shares` does."""
        for task in tasks:
            key = self.key(task)
            if key not in self.kept:
                if len(self.done) == self.most:
                    raise KeyboardInterrupt
                self.kept[key] = function(task)
                self.done.append(task)
            yield task, self.kept[key]

    @staticmethod
    def key(task):
        """By which a task is known again: the data are always the same."""
        if isinstance(task, builds.BuildTask):
            return task
        return tuple(task.choice.items()), task.number


@pytest.fixture
def here(monkeypatch):
    work = Here()

    @contextmanager
    def shares(scheduler):
        yield work

    monkeypatch.setattr(explore, "shares", shares)
    return work


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Images of 6 x 6 pixels, as a file."""
    return images_file(tmp_path_factory.mktemp("toy") / "toy.npz", 6)


def images_file(path, side):
    """Write square images of four kinds, with some pixels inverted."""
    rng = np.random.default_rng(1)
    kinds = rng.random((4, side, side)) < 0.4
    labels = rng.integers(0, 4, 240)
    images = ((kinds[labels] ^ (rng.random((240, side, side)) < 0.05)) * 255).astype(np.uint8)
    parts = {"train": slice(180), "test": slice(180, None)}
    fields = {f"x_{name}": images[part] for name, part in parts.items()}
    np.savez(path, **fields, **{f"y_{name}": labels[part] for name, part in parts.items()})
    return path


@pytest.mark.long
def test_a_search_ends_with_a_front_and_goes_on_where_it_was(toy, here, tmp_path, capfd):
    folder = tmp_path / "search"
    words = (*WORDS, "--dataset", toy, "--place", 0, "-o", folder)
    here.most = 4
    assert firstspike(capfd, *words, "--trials", 5).status == 130
    begun = list(here.done)
    with open(folder / JOURNAL, "a") as journal:
        journal.write('{"op_code": 5, "wor')  # as a crash may leave it
    here.most = None
    ended = success(capfd, *words, "--trials", 5)
    again = [task for task in here.done if Here.key(task) in map(Here.key, begun)]
    assert again == begun  # nothing was done twice
    result = json.loads((folder / explore.FRONT).read_text())
    front = result["front"]
    assert [point["us"] for point in front] == sorted(point["us"] for point in front)
    (taken,) = (point for point in front if point["training"] == result["taken"])
    accuracies = [point["held_out_accuracy"] for point in front]
    assert taken["held_out_accuracy"] == max(accuracies)
    assert load_network(folder / explore.BEST).digest() == taken["digest"]
    assert (folder / explore.TABLE).read_text() in ended.out
    assert (folder / explore.PICTURE).stat().st_size > 10_000

    done = len(here.done)
    success(capfd, *words, "--trials", 5)
    assert len(here.done) == done
    success(capfd, *words, "--trials", 6)
    assert len(here.done) > done
    assert "another seed" in refusal(capfd, *words, "--seed", 2)


def test_a_training_in_rungs_is_the_whole_one(toy, monkeypatch):
    """A training without pruning gives the same network as in one go."""
    choice = Changes(Training, hidden=(9,), n_connected=30, weight_bits=4, sparsity=1e-4)
    changes = Changes(Training, epochs=6, seed=1, compact=True)
    request = Request(Data(dataset=str(toy)), "sparse", changes)
    images = explore.images_of(request)
    checkpoint = None
    for number in range(len(halving.SHARES)):
        trained = halving.train(halving.Rung(images, request, choice, number, checkpoint))
        checkpoint = trained.checkpoint
    assert checkpoint is None
    session = halving.session_of(images, request, choice)
    session.fit()
    assert trained.network == session.trainer.network_.to_bytes()
    held_out = session.trainer.held_out_
    score = session.trainer.score(images.x_train[held_out], images.y_train[held_out])
    assert trained.accuracy == score


@pytest.mark.long
def test_a_search_of_networks_that_convolve(toy, here, tmp_path, capfd):
    words = ("explore", "--board", "ulx3s-25f", "--recipe", "conv", "--epochs", 2)
    words += ("--trials", 4, "--place", 0, "-o", tmp_path / "search")
    data = images_file(tmp_path / "images.npz", 14)
    success(capfd, *words, "--dataset", data)
    choices = {task.choice["hidden"]: task.choice for task in here.done}
    assert [(one, choices[one]["weight_bits"]) for one in choices] == [
        (("32c5s2", "60c5s2"), 4),
        (("11c5s2", "60c5s2"), 4),
    ]
    best = load_network(tmp_path / "search" / explore.BEST)
    assert len(best.geometry) == 3


@pytest.mark.long
def test_the_best_are_placed(toy, here, tmp_path, capfd, monkeypatch):
    """Each gets a folder with what `build` made of it; that of a design is tested elsewhere."""
    asked = []

    def build(design, folder, flow):
        asked.append((design, flow.seeds))
        (folder / "firstspike.bit").write_bytes(b"bits")
        fmax = 61.0 if len(asked) == 1 else 80.0
        return {
            "fmax": {1: fmax},
            "met": fmax * MHZ > design.hz,
            "clock": design.hz,
            "used": {"LUTs": 1234, "block RAM": 9},
            "placed": {},
        }

    monkeypatch.setattr(builds, "build", build)
    folder = tmp_path / "search"
    words = (*WORDS, "--dataset", toy, "--trials", 2, "--place", 1, "-o", folder)
    ended = success(capfd, *words)
    (first, one), (design, several) = asked
    assert len(one) == 1 < len(several)
    assert design.board == BOARDS["ulx3s-25f"]
    assert design == first.at(60 * MHZ)  # once more, at a clock that was reached
    result = json.loads((folder / explore.FRONT).read_text())
    number = result["taken"]
    (taken,) = (point for point in result["front"] if point["training"] == number)
    assert (taken["clock"], taken["needs"]["LUTs"], taken["estimated"]) == (design.hz, 1234, None)
    assert (folder / str(number) / "firstspike.bit").read_bytes() == b"bits"
    assert load_network(folder / str(number) / "network.npz").digest() == design.network.digest()
    assert "80.0" in ended.out


def test_what_was_tried_is_known_as_far_as_it_came(tmp_path):
    study = opened(tmp_path, {}, 1, [])
    ended = [(0.7, 4.0)], [(0.8, 9.0), (0.9, 5.0)], [(0.6, None)]
    for rungs_of in ended:
        trial = study.ask()
        for number, figures in enumerate(rungs_of):
            trial.set_user_attr(f"rung_{number}", figures)
        study.tell(trial, state=TrialState.PRUNED)
    study.ask().set_user_attr("rung_0", (0.5, 1.0))  # still under way
    search = Search(study, tmp_path, None, {}, 0, None, None, Limits(), None, 0)
    assert search.tried() == [Figures(0.7, 4.0), Figures(0.9, 5.0)]


def test_a_removed_network_of_a_search_is_named_with_the_remedy(tmp_path):
    search = Search(opened(tmp_path, {}, 1, []), tmp_path, None, {}, 0, None, None, Limits())
    with pytest.raises(VerbError, match=r"networks/3\.npz is missing.* remove the latter file to"):
        search.network(3)


def test_few_samples_have_some_held_out_of_each_class(here, tmp_path, capfd, monkeypatch):
    """A training on its own would take all of them; a search has to choose."""
    monkeypatch.chdir(tmp_path)
    y = np.arange(50) % 10
    x = y[:, None] + np.random.default_rng(1).normal(0, 0.1, (50, 3))
    np.savez("few.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    words = ("--dataset", "few.npz", "--trials", 1, "--epochs", 2, "--place", 0, "-o", "search")
    ended = success(capfd, *WORDS[:3], *words)
    assert "trainings: 100%" in ended.err  # with their number, once, into a pipe
    assert ended.err.count("1/1") == len(ended.err.splitlines()) == 1
    rung = here.done[0]
    session = halving.session_of(rung.images, rung.request, rung.choice)
    session.fit(until=1)
    assert np.bincount(y[session.trainer.held_out_]).tolist() == [1] * 10


def test_a_search_replaces_missing_values_by_medians(here, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    y = np.arange(60) % 3
    x = y[:, None] + np.random.default_rng(1).normal(0, 0.1, (60, 3))
    x[::7, 1] = np.nan
    np.savez("gaps.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    words = ("--dataset", "gaps.npz", "--trials", 1, "--epochs", 2, "--place", 0, "-o", "search")
    said = refusal(capfd, *WORDS[:3], *words)
    assert said.endswith("Train with --missing median to accept missing values.")
    success(capfd, *WORDS[:3], *words, "--missing", "median")
    medians = load_network(tmp_path / "search" / explore.BEST).features.medians
    assert medians == pytest.approx(np.nanmedian(x, axis=0), abs=0.1)


@pytest.mark.long
def test_limits_that_nothing_keeps(toy, here, tmp_path, capfd):
    words = (*WORDS, "--dataset", toy, "--trials", 1, "--place", 0, "-o", tmp_path / "search")
    ended = firstspike(capfd, *words, "--latency", 1e-3, status=1)
    assert "no network of the search keeps the limits" in ended.err
    assert (tmp_path / "search" / explore.FRONT).exists()


# A damaged journal of a search is refused by its name, or gone on with.

RUN = {"board": "ulx3s-25f", "epochs": None, "seed": 1}
FIRST = [{"depth": 1, "hidden_1": 40, "hidden_2": 8, "inputs": 30, "bits": 4, "sparsity": 1e-4}]
SPACE = Space(n_inputs=35, moves=("", ""))

WRONG = (None, [1], "text", -1)


def search(folder, trials):
    """Go on with a search whose trainings cost nothing, and look at all that it knows."""
    study = opened(folder, RUN, 1, FIRST)
    for _ in range(trials):
        trial = study.ask()
        choice = SPACE.choice(trial)
        trial.set_user_attr("rung_0", [choice["weight_bits"] / 8, None])
        if choice["weight_bits"] % 2:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            for rung in range(1, len(SHARES)):
                trial.set_user_attr(f"rung_{rung}", [choice["weight_bits"] / 8, 1.5])
            study.tell(trial, (choice["weight_bits"] / 8, 1.5))
        study.set_user_attr("seconds", study.user_attrs.get("seconds", 0) + 1.5)
    for trial in study.get_trials(states=ENDED):
        for rung in range(len(SHARES)):
            _figures(trial.user_attrs, rung)
    return study


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The lines of a search with a training under way, as JSON has them."""
    folder = tmp_path_factory.mktemp("search")
    SPACE.choice(search(folder, 6).ask())
    search(folder, 1)
    return (folder / JOURNAL).read_text().splitlines()


def kinds(lines):
    """The number of a line of each kind."""
    found = {}
    for number, line in enumerate(lines):
        fields = json.loads(line)
        inner = fields.get("user_attr", fields.get("system_attr", {}))
        found[fields["op_code"], *inner, fields.get("state")] = number
    return sorted(found.values())


def damaged(folder, lines, number, line):
    """Return the message on a journal with a replaced line; None if the search goes on."""
    text = "\n".join([*lines[:number], line, *lines[number + 1 :]]) + "\n"
    (folder / JOURNAL).write_text(text)
    try:
        search(folder, 1)
    except VerbError as error:
        return str(error)
    return None


@pytest.mark.parametrize("line", ["null", "[1]", "3", '"x"', "{}", "", "\xff", '{"op_code": 99}'])
def test_what_is_no_journal_is_named(tmp_path, lines, line):
    for number in (0, 3, len(lines) - 1):
        said = damaged(tmp_path, lines, number, line)
        assert f"{tmp_path / JOURNAL} is no journal of a search" in said
        assert "remove it to begin anew" in said


def test_another_file_stays_as_it_is(tmp_path):
    (tmp_path / JOURNAL).write_text("diary\nof somebody")
    with pytest.raises(VerbError, match="is no journal of a search"):
        search(tmp_path, 1)
    assert (tmp_path / JOURNAL).read_text() == "diary\nof somebody"


def test_a_journal_is_no_link(tmp_path):
    (tmp_path / "diary").write_text('{"op_code": diary')
    (tmp_path / JOURNAL).symlink_to("diary")
    with pytest.raises(OSError, match="is a link or a special file"):
        search(tmp_path, 1)
    assert (tmp_path / "diary").read_text() == '{"op_code": diary'


def test_a_seed_may_have_more_than_32_bits(tmp_path):
    assert opened(tmp_path, RUN, 1 << 40, FIRST).ask()


def test_a_search_with_a_setting_more_is_another_search(tmp_path, lines):
    number = next(number for number, line in enumerate(lines) if '"run"' in line)
    fields = json.loads(lines[number])
    fields["user_attr"]["run"]["of_later"] = 1
    said = damaged(tmp_path, lines, number, json.dumps(fields))
    assert "has a search of another of_later" in said


@pytest.mark.long
def test_a_field_of_another_kind_is_named_or_does_no_harm(tmp_path, lines):
    refused = 0
    for number in kinds(lines):
        fields = json.loads(lines[number])
        for name, value in fields.items():
            others = [{key: one for key, one in fields.items() if key != name}]
            others += [fields | {name: wrong} for wrong in WRONG]
            if isinstance(value, dict):
                others += [fields | {name: {key: wrong}} for key in value for wrong in WRONG]
            for other in others:
                said = damaged(tmp_path, lines, number, json.dumps(other))
                assert said is None or str(tmp_path) in said
                refused += said is not None
    assert refused > 100


def test_a_search_sees_no_test_sample_and_compacts(toy, here, tmp_path, monkeypatch, capfd):
    class AskedError(Exception):
        pass

    def asked(folder, training, request, board, limits):
        raise AskedError(len(training.x_train), len(training.x_test), request, board.name, limits)

    monkeypatch.setattr(explore, "_search", asked)
    with pytest.raises(AskedError) as caught:
        firstspike(capfd, *WORDS, "--dataset", toy, "--latency", 7, "-o", tmp_path / "search")
    samples, test_samples, request, board, limits = caught.value.args
    assert (samples, test_samples, board) == (180, 0, "ulx3s-25f")
    assert request.changes.chosen() == {"epochs": 6, "seed": 1, "compact": True}
    assert (request.recipe, limits) == ("sparse", Limits(latency=7))
