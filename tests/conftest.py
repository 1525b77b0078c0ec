# SPDX-License-Identifier: BSD-2-Clause
"""How tests run: hypothesis without time limits, Ctrl-C at hand, and a word on what is left out.

Tests are left out for want of a program, or because nobody asked for them. The last lines of a run
say how many, and what a person types to run them. `--left-out` runs those that were left out for
want of a program, and fails where one is still missing. `--minutes 10` runs the tests that are due.
"""

import signal
from collections import Counter
from itertools import chain
from os import environ

import pytest
from hypothesis import settings

from tests.support import record
from tests.support.tools import INSTALL

settings.register_profile("firstspike", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("firstspike")

# Interrupts are ignored where the tests run in the background, and so they are in their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

LEFT_OUT = "firstspike/left-out"
"""Key in pytest's cache of the tests that lacked a program in their last run."""


def pytest_addoption(parser):
    parser.addoption(
        "--left-out",
        action="store_true",
        help="run only the tests that earlier runs left out for want of a program",
    )
    parser.addoption(
        "--minutes",
        type=float,
        help="run only the tests that are due by tests/long.csv, as many as run in this time",
    )


def pytest_configure(config):
    if config.getoption("left_out") and not config.cache.get(LEFT_OUT, []):
        raise pytest.UsageError("no test was left out so far: run make test first.")


@pytest.fixture
def seed():
    """The seed of what a test draws at random; a soak gives others."""
    return 1


@pytest.hookimpl(trylast=True)  # after the selection by marks
def pytest_collection_modifyitems(config, items):
    chosen = items
    if (minutes := config.getoption("minutes")) is not None:
        workers = int(environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
        names = record.due([item.nodeid for item in items], minutes, workers)
        chosen = [item for item in chosen if item.nodeid in names]
    if config.getoption("left_out"):
        names = set(config.cache.get(LEFT_OUT, []))
        chosen = [item for item in chosen if item.nodeid in names]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def outcomes(config):
    """Reports of a run by their kind; none in a worker of xdist."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats if reporter else {}


def skipped(config):
    """Reasons, and the tests or files that were skipped for them; none in a worker of xdist."""
    return [
        (report.longrepr[2].removeprefix("Skipped: "), report.nodeid)
        for report in outcomes(config).get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]


def pytest_sessionfinish(session):
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    record.keep(chain.from_iterable(outcomes(config).values()))
    missing = [node for reason, node in skipped(config) if INSTALL in reason]
    if config.getoption("left_out"):
        if missing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    elif hasattr(config, "cache"):  # -p no:cacheprovider
        # A run of a part of the suite, as `make torch` is, says nothing of the other tests.
        reports = chain.from_iterable(outcomes(config).values())
        seen = {report.nodeid for report in reports if hasattr(report, "nodeid")}
        others = set(config.cache.get(LEFT_OUT, [])) - seen
        config.cache.set(LEFT_OUT, sorted(others.union(missing)))


def pytest_terminal_summary(terminalreporter, config):
    reasons = Counter(reason for reason, _ in skipped(config))
    if not reasons:
        return
    terminalreporter.section(f"left out: {reasons.total()}")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4} {reason}")
    if any(INSTALL in reason for reason in reasons):
        terminalreporter.line("make left-out runs those of programs that you have installed since.")
