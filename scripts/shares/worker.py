# SPDX-License-Identifier: BSD-2-Clause
"""The function that a worker of the cluster runs: starts and ends the process of a task."""

import pickle
import sys
from collections.abc import Mapping
from subprocess import DEVNULL, TimeoutExpired

from firstspike.golden.system import programs
from firstspike.golden.system.temporary import temporary_folder

ASKED_EVERY = 0.5
"""Seconds between two checks whether the task has been cancelled."""


class EndedError(Exception):
    """The process of a task was ended from outside; the scheduler repeats the task."""


def perform(pickled: bytes, versions: Mapping[str, str]) -> bytes:
    """Run a pickled pair of a function and its task; return the pickled result, or its error.

    `versions` are those of the client, which the process of the task checks. Raises `EndedError`.
    """
    with temporary_folder() as folder:
        task, result = folder / "task", folder / "result"
        task.write_bytes(pickle.dumps((pickled, versions)))
        command = (sys.executable, "-m", "firstspike.scripts.shares.task", task, result)
        with programs.started(command, stdout=DEVNULL, stderr=DEVNULL) as process:
            while _is_needed():
                try:
                    status = process.wait(ASKED_EVERY)
                except TimeoutExpired:
                    continue
                if status:
                    raise EndedError(f"its process ended with status {status}")
                return result.read_bytes()
    raise EndedError("the client has cancelled the task")


def _is_needed() -> bool:
    """Whether the client still needs the task of this thread."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state == "executing"
