# SPDX-License-Identifier: BSD-2-Clause
"""Plugin of pytest in the processes that `make faults` starts.

If $FAULTS_RECORD is set, it is a file for the durations of the tests, and coverage counts the lines
of each test apart. Otherwise $FAULTS_TESTS is a file with the tests to run, in their order.
"""

import functools
import json
import os
import threading
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import coverage
import pytest

CONTEXT = "FAULTS_CONTEXT"
"""Environment variable with the test that runs, for its child processes."""

SHARED = ""
"""Context of lines that tests share: imports, fixtures of a wider scope, and cached functions."""


class _Recorder:
    """Gives each test a context in coverage, and stores how long each test takes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._context = SHARED
        self._seconds = defaultdict[str, float](float)
        self._failed = set[str]()
        self._lru_cache = functools.lru_cache
        functools.lru_cache = self._recorded_cache
        functools.cache = self._recorded_cache(maxsize=None)

    @contextmanager
    def _within(self, context: str):
        """Count the lines of the block, and those of its child processes, for a context."""
        previous = self._context
        try:
            self._switch(context)
            yield
        finally:
            self._switch(previous)

    def _switch(self, context: str) -> None:
        if context != self._context:
            self._context = os.environ[CONTEXT] = context
            if measured := coverage.Coverage.current():
                measured.switch_context(context)

    def _recorded_cache(self, maxsize=128, typed=False):
        """Decorate as `functools.lru_cache` does: only the first of several tests calls it."""
        if callable(maxsize):
            return self._recorded_cache()(maxsize)

        def decorate(function):
            @functools.wraps(function)
            def compute(*arguments, **keywords):
                if threading.current_thread() is not threading.main_thread():
                    return function(*arguments, **keywords)
                with self._within(SHARED):
                    return function(*arguments, **keywords)

            own = function.__module__.partition(".")[0] in ("firstspike", "tests")
            return self._lru_cache(maxsize, typed)(compute if own else function)

        return decorate

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        with self._within(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        with self._within(self._context if fixturedef.scope == "function" else SHARED):
            return (yield)

    def pytest_runtest_logreport(self, report):
        self._seconds[report.nodeid] += report.duration
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self):
        passed = {test: time for test, time in self._seconds.items() if test not in self._failed}
        self._path.write_text(json.dumps({"seconds": passed, "failed": sorted(self._failed)}))


class _Selection:
    """Runs some tests only, in their order."""

    def __init__(self, path: Path) -> None:
        self._ids = path.read_text().splitlines()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Select the tests; where a fault changes the names of cases, select all cases."""
        found = {item.nodeid for item in items}
        renamed = {one.partition("[")[0] for one in self._ids if one not in found}
        rank = {one: number for number, one in enumerate(self._ids)}
        items[:] = sorted(
            (
                item
                for item in items
                if item.nodeid in rank or item.nodeid.partition("[")[0] in renamed
            ),
            key=lambda item: rank.get(item.nodeid, -1),
        )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Register before the files `conftest.py` import modules with cached functions."""
    if path := os.environ.get("FAULTS_RECORD"):
        plugin = _Recorder(Path(path))
    else:
        plugin = _Selection(Path(os.environ["FAULTS_TESTS"]))
    early_config.pluginmanager.register(plugin)
