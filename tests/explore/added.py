# SPDX-License-Identifier: BSD-2-Clause
"""What the verb `explore` adds to the tests of all verbs."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from optuna import load_study
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from firstspike.golden import Network
from firstspike.scripts.explore import JOURNAL
from firstspike.scripts.explore.figure import picture_of
from firstspike.scripts.explore.front import Figures
from firstspike.scripts.explore.halving import SHARES
from firstspike.scripts.explore.search import NETWORKS
from firstspike.scripts.main import run_line
from tests.explore.mutants import of_journal

SEARCH = (
    *("explore", "--board", "icebreaker", "--dataset", "data.npz", "--epochs", "1"),
    *("--hours", "1e-9", "--place", "0", "-o", "search"),
)
"""A search that has no time left, and shows what it has found."""


def put_damaged_search(folder: Path) -> None:
    """Write a folder of a search whose journal is none."""
    (folder / "damaged").mkdir()
    (folder / "damaged" / JOURNAL).write_text("once\nmore\n")


def put_search(folder: Path) -> None:
    """Make the folder of a search, with one training that has ended, in the current folder."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        run_line([*SEARCH])  # which says that nothing is found yet
    storage = JournalStorage(JournalFileBackend(str(folder / "search" / JOURNAL)))
    study = load_study(study_name="explore", storage=storage)
    trial = study.ask()
    for rung in range(len(SHARES)):
        trial.set_user_attr(f"rung_{rung}", [0.5, 100.0])
    study.tell(trial, [0.5, -100.0])
    (folder / "search" / NETWORKS).mkdir()
    network = Network.load(folder / "plain.npz")
    network.save(folder / "search" / NETWORKS / f"{trial.number}.npz")


def _front():
    points = [
        {"training": n, "held_out_accuracy": (85 + 3 * n) / 100, "held_out_us": 10.0 * n}
        | {"operations": 100 * n, "needs": {"LUTs": 50 * n, "block RAM": n}}
        for n in (1, 2, 3, 4)
    ]
    tried = [Figures(0.7, 5), Figures(0.8, 20), Figures(0.97, 40)]
    return picture_of(points, 3, tried, "a search")


FILES = (put_damaged_search,)
HOSTILE_FILES = (put_search,)
HOSTILE = ((f"search/{JOURNAL}", of_journal, SEARCH),)
FIGURES = {"front": _front}
TELL_NAMES = (("explore", "--dataset", "{data}", "--board", "ulx3s-25f", "-o", "out"),)
BESIDE = {"explore --board icebreaker -o out": "out/front.png out/front.txt out/best.npz"}
KILLED = {
    "explore": (
        "explore --board ulx3s-25f --dataset digits.npz --trials 3 --epochs 2 --place 0 -o out",
        ("out/front.json", "out/front.png", "out/best.npz"),
    ),
}
