# SPDX-License-Identifier: BSD-2-Clause
"""The search: Optuna suggests trainings, rungs end poor ones early, and a journal stores all.

    DIR/search.log           Optuna's journal: all trainings and their rungs
    DIR/networks/NUMBER.npz  the networks of the completed trainings

Optuna prunes only for a single goal. A search has two, so `front.goes_on` decides after a rung. A
search that is run again continues: unfinished trainings start anew, with the cached results of
`shares`.
"""

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from optuna import Study, Trial, logging
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from firstspike.boards.building.clock import clocked
from firstspike.boards.building.plan import Plan, plan_for
from firstspike.boards.pins.board import Board
from firstspike.golden import Network, encode, infer
from firstspike.golden.data.dataset import Dataset
from firstspike.golden.system.progress import bar
from firstspike.scripts.errors import VerbError
from firstspike.scripts.metrics import operations
from firstspike.scripts.shares.work import Shares
from firstspike.scripts.training.session import Request

from . import JOURNAL
from .front import Figures, Limits, front, goes_on
from .halving import SHARES, Rung, Trained, train
from .journal import open_journal
from .space import Space

NETWORKS = "networks"
COMPACTED = 1
"""Rung after which a network that does not fit will hardly shrink enough."""
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass
class Search:
    """Trainings for a board; `opened` returns the `study`."""

    study: Study
    folder: Path
    images: Dataset
    """The data set without its test part."""
    request: Request
    """The request that all trainings share."""
    space: Space
    timed: np.ndarray
    """Indices of the samples for counting clock cycles."""
    board: Board
    limits: Limits
    trials: int | None = None
    """Total number of trainings, None for no limit."""
    seconds: float = inf
    """Total seconds of all runs of the search, infinite for no limit."""
    _waiting: deque[Rung] = field(default_factory=deque)
    _trials: dict[Rung, Trial] = field(default_factory=dict)
    """Trials of the rungs that wait or run."""

    def run(self, work: Shares) -> None:
        """Search until the budget is used up."""
        earlier = self.study.user_attrs.get("seconds", 0)
        self._began = time.monotonic() - earlier
        settings: dict[str, Any] = {"unit": "training", "disable": not self._may_ask()}
        if self.trials is None:  # only the time has an end
            hours = max(0, self.seconds - earlier) / 3600
            settings["bar_format"] = f"{{desc}}: {{n}} ended [{{elapsed}} of {hours:.3g} h]"
        with bar(desc="trainings", total=self.trials, initial=self._n_ended(), **settings) as shown:
            while self._has_time() and (self._waiting or self._may_ask()):
                for rung, trained in work.results(train, self._tasks(), "rungs", shown=shown):
                    self._take(rung, trained)
                    shown.update(self._n_ended() - shown.n)

    def front(self) -> dict[int, Plan]:
        """Return the plans of non-dominated trainings by number, the fastest first.

        The criteria are accuracy, microseconds, logic, block RAM and synaptic operations. Plans use
        the current estimates.
        """
        ended = self.ended()
        plans: dict[int, Plan] = {}
        costs: dict[int, Sequence[float]] = {}
        for number in sorted(ended, key=lambda number: ended[number].us):
            network, (accuracy, us) = self.network(number), ended[number]
            ticks, plan = self._ticks(network), self._planned(network)
            if plan.design is None:
                continue
            plans[number] = plan
            needs = [plan.needs.get(resource, 0) for resource in ("LUTs", "block RAM")]
            costs[number] = (
                -accuracy,
                us,
                *needs,
                operations(network, infer(network, ticks))["mean"],
            )
        return {number: plans[number] for number in front(costs)}

    def ended(self) -> dict[int, Figures]:
        """Return the figures of the completed trainings by number."""
        complete = self.study.get_trials(states=(TrialState.COMPLETE,))
        results = (
            (trial.number, _figures(trial.user_attrs, len(SHARES) - 1)) for trial in complete
        )
        return {number: figures for number, figures in results if figures is not None}

    def tried(self) -> list[Figures]:
        """Return the last figures of each training whose network fits, completed or not."""
        latest: list[Figures] = []
        for trial in self.study.get_trials(states=ENDED):
            by_rung = (_figures(trial.user_attrs, rung) for rung in range(len(SHARES)))
            latest += [figures for figures in by_rung if figures is not None][-1:]
        return [figures for figures in latest if figures.us < inf]

    def network(self, number: int) -> Network:
        """Return the network of a completed training. Raises `VerbError` if it was removed."""
        path = self._path(number)
        try:
            return Network.load(path)
        except FileNotFoundError:
            raise VerbError(
                f"{path} is missing, the network of a training in {self.folder / JOURNAL}: put it "
                "back, or remove the latter file to begin anew, or name another folder by -o."
            ) from None

    def _planned(self, network: Network) -> Plan:
        """Return the fastest design, at the clock that it is expected to reach."""
        plan = plan_for(network, self.board, ticks=self._ticks(network))
        if plan.design is None or plan.estimated is None:
            return plan
        return replace(plan, design=clocked(plan.design, plan.estimated.fmax))

    def _ticks(self, network: Network) -> np.ndarray:
        return encode(network, self.images.x_train[self.timed])

    def _path(self, number: int) -> Path:
        return self.folder / NETWORKS / f"{number}.npz"

    def _has_time(self) -> bool:
        return time.monotonic() - self._began < self.seconds

    def _n_ended(self) -> int:
        return len(self.study.get_trials(states=ENDED))

    def _may_ask(self) -> bool:
        return self.trials is None or self._n_ended() + len(self._trials) < self.trials

    def _tasks(self) -> Iterator[Rung]:
        """Yield rungs of trainings that continue, otherwise of new ones."""
        while self._has_time():
            if self._waiting:
                yield self._waiting.popleft()
            elif self._may_ask():
                trial = self.study.ask()
                choice = self.space.choice(trial)
                rung = Rung(self.images, self.request, choice, 0, None)
                self._trials[rung] = trial
                yield rung
            else:
                return

    def _take(self, rung: Rung, trained: Trained) -> None:
        """Decide on a training after the result of a rung."""
        trial = self._trials.pop(rung)
        network = Network.from_bytes(trained.network)
        plan = self._planned(network)
        us = plan.latency(self._ticks(network))
        goal = self.limits.goal(Figures(trained.accuracy, inf if us is None else us))
        trials = self.study.get_trials(states=(*ENDED, TrialState.RUNNING))
        results = (_figures(trial.user_attrs, rung.number) for trial in trials)
        goals = [self.limits.goal(figures) for figures in results if figures is not None]
        trial.set_user_attr(f"rung_{rung.number}", [trained.accuracy, us])
        if trained.checkpoint is None and plan.design:
            self._path(trial.number).parent.mkdir(parents=True, exist_ok=True)
            network.save(self._path(trial.number))
            self.study.tell(trial, goal)
        elif (
            trained.checkpoint is not None
            and (plan.design or rung.number < COMPACTED)
            and goes_on(goal, goals)
        ):
            following = Rung(
                self.images, self.request, rung.choice, rung.number + 1, trained.checkpoint
            )
            self._trials[following] = trial
            self._waiting.append(following)
        else:
            self.study.tell(trial, state=TrialState.PRUNED)
        self.study.set_user_attr("seconds", time.monotonic() - self._began)


def _figures(attributes: dict[str, Any], rung: int) -> Figures | None:
    """Return the figures of a trial at a rung, None if the trial has not reached it."""
    stored = attributes.get(f"rung_{rung}")
    return None if stored is None else Figures(stored[0], inf if stored[1] is None else stored[1])


def opened(folder: Path, run: dict[str, Any], seed: int, first: Sequence[dict[str, Any]]) -> Study:
    """Return the study of a folder: the existing one, or a new one that begins with `first`.

    `run` must be equal for the study to continue; an absent setting equals None and False. Raises
    VerbError if it differs.
    """
    logging.set_verbosity(logging.ERROR)
    study = open_journal(folder / JOURNAL)
    # The seed depends on the existing trials, or a continued search would suggest the same again.
    # The given trials are enough to start with: few random ones would be good.
    study.sampler = TPESampler(
        seed=(seed + len(study.trials)) % (1 << 32), n_startup_trials=len(first)
    )
    stored = study.user_attrs.get("run")
    if stored is None:
        study.set_user_attr("run", run)
        for parameters in first:
            study.enqueue_trial(parameters)
        return study
    requested, stored = (
        {
            name: value
            for name, value in settings.items()
            if value is not None and value is not False
        }
        for settings in (json.loads(json.dumps(run)), stored)
    )
    if stored != requested:
        differs = next(
            name for name in requested | stored if requested.get(name) != stored.get(name)
        )
        raise VerbError(
            f"{folder} has a search of another {differs}: name another folder by -o, or give what "
            "that search was begun with."
        )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return study
