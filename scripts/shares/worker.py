# SPDX-License-Identifier: BSD-2-Clause
"""The function that a worker of the cluster runs: starts and ends the process of a task."""

import sys
from collections.abc import Mapping
from subprocess import DEVNULL, PIPE, TimeoutExpired

from firstspike.golden.system import programs
from firstspike.golden.system.temporary import temporary_folder
from firstspike.scripts.errors import VerbError

from .parcels import Failure, packed
from .versions import check_versions

_COMMAND = (sys.executable, "-m", "firstspike.scripts.shares.task")

ASKED_EVERY = 0.5
"""Seconds between two checks whether the task has been cancelled."""


class EndedError(Exception):
    """The process of a task was ended from outside; the scheduler repeats the task."""


def perform(parcel: bytes, versions: Mapping[str, str]) -> bytes:
    """Run the task of a message; return a message with its result or a `Failure`.

    `versions` are those of the client. Raises `EndedError`.
    """
    try:
        check_versions(versions)
    except VerbError as error:
        return packed(Failure(error))
    with temporary_folder() as folder:
        task = folder / "task"
        task.write_bytes(parcel)
        with (
            task.open("rb") as given,
            programs.started(_COMMAND, stdin=given, stdout=PIPE, stderr=DEVNULL) as process,
        ):
            while _is_wanted():
                try:
                    said, _ = process.communicate(timeout=ASKED_EVERY)
                except TimeoutExpired:
                    continue
                if process.returncode:
                    raise EndedError(f"its process ended with status {process.returncode}")
                return bytes(said)
    raise EndedError("nobody wants it any more")


def _is_wanted() -> bool:
    """Whether the client still needs the task of this thread."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state == "executing"
