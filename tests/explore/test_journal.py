# SPDX-License-Identifier: BSD-2-Clause
"""A damaged journal of a search is refused by file and line, or gone on with."""

import json

import pytest
from optuna.trial import TrialState

from firstspike.scripts.errors import VerbError
from firstspike.scripts.exploration import JOURNAL
from firstspike.scripts.exploration.rungs import SHARES
from firstspike.scripts.exploration.search import ENDED, _figures, opened
from firstspike.scripts.exploration.space import Space

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
        trial.set_user_attr("rung_0", [choice.bits / 8, None])
        if choice.bits % 2:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            for rung in range(1, len(SHARES)):
                trial.set_user_attr(f"rung_{rung}", [choice.bits / 8, 1.5])
            study.tell(trial, (choice.bits / 8, 1.5))
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
    """What is said of a journal in which a line was replaced; None if the search goes on."""
    text = "\n".join([*lines[:number], line, *lines[number + 1 :]]) + "\n"
    (folder / JOURNAL).write_text(text)
    try:
        search(folder, 1)
    except VerbError as error:
        return str(error)
    return None


@pytest.mark.parametrize("line", ["null", "[1]", "3", '"x"', "{}", "", "\xff", '{"op_code": 99}'])
def test_what_is_no_line_of_a_journal_is_named(tmp_path, lines, line):
    for number in (0, 3, len(lines) - 1):
        said = damaged(tmp_path, lines, number, line)
        assert f"{tmp_path / JOURNAL}, line {number + 1}, is no line" in said
        assert "remove the journal" in said


def test_an_unknown_operation_is_named(tmp_path, lines):
    fields = json.loads(lines[-1])
    said = damaged(tmp_path, lines, len(lines) - 1, json.dumps(fields | {"op_code": 99}))
    assert f"line {len(lines)}, is no line" in said


def test_a_search_with_a_setting_more_is_another_search(tmp_path, lines):
    number = next(number for number, line in enumerate(lines) if '"run"' in line)
    fields = json.loads(lines[number])
    fields["user_attr"]["run"]["of_later"] = 1
    said = damaged(tmp_path, lines, number, json.dumps(fields))
    assert "has a search of another of_later" in said


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
