# SPDX-License-Identifier: BSD-2-Clause
"""A scheduler and two workers in separate processes."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import DEVNULL

import psutil
import pytest

from firstspike.golden.system.programs import started
from firstspike.scripts.shares import work
from firstspike.sim.harness import cache

ROOT = Path(__file__).parents[2]
STARTS_IN = 300.0
"""Seconds, on a machine that has much else to do."""


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory) -> Iterator[str]:
    """The address of the scheduler."""
    folder = tmp_path_factory.mktemp("cluster")
    told = folder / "scheduler.json"
    local = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(told))
    worker = ("dask_worker", *local, "--nthreads", "1", "--local-directory", str(folder))
    with ExitStack() as stack:
        for words in (("dask_scheduler", *local, "--port", "0"), worker, worker):
            module, *options = words
            stack.enter_context(
                started(
                    [sys.executable, "-m", f"distributed.cli.{module}", *options],
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    stdout=DEVNULL,
                    stderr=DEVNULL,
                )
            )
            wait_for(told.exists)
        yield json.loads(told.read_text())["address"]


@pytest.fixture(autouse=True)
def own_results(monkeypatch, tmp_path) -> None:
    """Results of a test are stored for this test only."""
    own = str(tmp_path)
    monkeypatch.setattr(work, "stored", lambda content: cache.stored([*content, own]))
    monkeypatch.setattr(work, "store", lambda content, one: cache.store([*content, own], one))


def wait_for(reached, seconds: float = STARTS_IN) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


def working(word: str, of: psutil.Process | None = None) -> list[psutil.Process]:
    """Processes below one, by default this one, with a word on their command line."""
    found = []
    for process in (of or psutil.Process()).children(recursive=True):
        try:
            if any(word in one for one in process.cmdline()):
                found.append(process)
        except psutil.Error:  # has ended meanwhile
            continue
    return found
