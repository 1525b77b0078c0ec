# SPDX-License-Identifier: BSD-2-Clause
"""Work in shares: results, the cache, cancelled tasks, and the messages of failures."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from dask.system import CPU_COUNT
from dask.tokenize import TokenizationError
from distributed import Client

from firstspike.scripts.errors import VerbError
from firstspike.scripts.shares import versions as digests
from firstspike.scripts.shares import work
from firstspike.scripts.shares.versions import check_versions, versions
from firstspike.scripts.shares.work import content_of, shares
from tests.cluster.conftest import ROOT, wait_for, working
from tests.support.cluster_tasks import Number, edited, endless, faulty, refused, squared
from tests.support.simulators import sampled

TASK = "firstspike.scripts.shares.task"


def test_results_are_kept_by_content(scheduler, tmp_path, capfd):
    log = tmp_path / "log"
    tasks = [Number(number, str(log)) for number in (1, 2)]
    with shares(scheduler) as cluster:
        first = {task.number: one for task, one in cluster.results(squared, tasks, "numbers")}
        assert "already" not in capfd.readouterr().err
        more = [*tasks, Number(3, str(log))]
        second = {task.number: one for task, one in cluster.results(squared, more, "numbers")}
    assert first == {1: 1, 2: 4}
    assert second == {1: 1, 2: 4, 3: 9}
    assert sorted(log.read_text().split()) == ["1", "2", "3"]
    assert "2 of the 3 numbers were there already." in capfd.readouterr().err


def test_nothing_is_started_where_all_is_kept(scheduler, tmp_path, monkeypatch):
    task = Number(5, str(tmp_path / "log"))
    with shares(scheduler) as cluster:
        list(cluster.results(squared, [task], "numbers"))
    monkeypatch.setattr(work, "_local", None)
    with shares(None) as cluster:
        assert list(cluster.results(squared, [task], "numbers")) == [(task, 25)]


def test_no_bar_is_shown_for_no_task(capfd):
    with shares(None) as cluster:
        assert not list(cluster.results(squared, [], "numbers"))
    assert capfd.readouterr().err == ""


def test_tasks_are_taken_when_a_worker_is_free(scheduler, tmp_path):
    taken, told = [], []

    def asked():
        for number in range(4):
            taken.append((number, len(told)))
            yield Number(number, str(tmp_path / "log"))

    with shares(scheduler) as cluster:
        for task, _ in cluster.results(squared, asked(), "numbers"):
            told.append(task)
    assert len(told) == 4
    assert all(number - done < 2 for number, done in taken)  # there are two workers


def test_what_is_under_way_is_given_up(scheduler):
    with shares(scheduler) as cluster:
        for _ in cluster.results(endless, [1, 0, 0], "numbers"):
            break
        wait_for(lambda: not working(TASK), 30)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [(refused, VerbError, "7 is no number of ours"), (faulty, RuntimeError, "ZeroDivisionError")],
)
def test_errors_are_those_of_the_function(scheduler, function, error, message):
    with shares(scheduler) as cluster, pytest.raises(error, match=message):
        list(cluster.results(function, [7], "numbers"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sources": "others"}, "a worker has other sources"),
        ({"numba": "0.1"}, r"a worker has numba [\d.]+, the client has 0\.1"),
    ],
)
def test_a_worker_with_another_version_is_refused(scheduler, monkeypatch, changed, said):
    monkeypatch.setattr(work, "versions", lambda: {**versions(), **changed})
    with shares(scheduler) as cluster, pytest.raises(VerbError, match=said):
        list(cluster.results(endless, [0], "numbers"))


def test_sources_that_have_changed_since_are_refused(monkeypatch):
    client = versions()
    check_versions(client)
    monkeypatch.setattr(digests, "source_digest", lambda *_: "others")
    with pytest.raises(VerbError, match=r"other sources .* run it again"):
        check_versions(client)


def test_a_result_is_not_kept_if_the_sources_change_meanwhile(scheduler, tmp_path):
    task = Number(6, str(tmp_path / "log"))
    with shares(scheduler) as cluster:
        results = [list(cluster.results(edited, [task], "numbers")) for _ in range(2)]
    assert results == 2 * [[(task, 36)]]
    assert (tmp_path / "log").read_text().split() == ["6", "6"]


def test_other_sources_or_tasks_have_other_content(monkeypatch):
    task, other = Number(1, "log"), Number(2, "log")
    contents = [
        content_of(squared, task),
        content_of(endless, task),
        content_of(squared, other),
    ]
    monkeypatch.setattr(work, "versions", lambda: {**versions(), "sources": "others"})
    contents.append(content_of(squared, task))
    assert len(set(map(tuple, contents))) == 4
    with pytest.raises(TokenizationError):
        content_of(squared, object())


@pytest.mark.parametrize(("workers", "expected"), [(1, 1), (None, CPU_COUNT)])
def test_a_local_cluster_has_a_worker_per_core_unless_told(workers, expected):
    with work._local(workers) as address, Client(address) as client:
        assert address.startswith("tcp://127.0.0.1:")
        assert list(client.nthreads().values()) == [1] * expected


def test_a_local_cluster_that_does_not_start_is_told(monkeypatch):
    monkeypatch.setattr(sys, "executable", "false")
    sentence = "no cluster starts on this machine: `false -m firstspike.scripts.shares.local 2`"
    with pytest.raises(VerbError, match=sentence), work._local(2):
        pass


CALLS = """
from firstspike.scripts.interrupts import catch
from firstspike.scripts.shares.work import shares
from tests.support.cluster_tasks import endless

if __name__ == "__main__":
    catch()
    with shares(None) as cluster:
        list(cluster.results(endless, [1, 2], "numbers", keep=False))
"""


@pytest.mark.parametrize("ending", sampled([signal.SIGINT, signal.SIGKILL], 2))
def test_a_local_cluster_ends_with_the_one_who_asks(ending, tmp_path):
    (tmp_path / "calls.py").write_text(CALLS)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "calls.py"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    asks = psutil.Process(process.pid)
    try:
        wait_for(lambda: working(TASK, asks))
        family = asks.children(recursive=True)
        os.killpg(process.pid, ending)  # as Ctrl-C does
        process.wait(60)
        _, left = psutil.wait_procs(family, 10)
        assert left == []
    finally:
        process.kill()
        process.wait()
