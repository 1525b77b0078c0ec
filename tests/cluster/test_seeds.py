# SPDX-License-Identifier: BSD-2-Clause
"""The seeds of a placement that count, for any order of their results."""

import pytest

from firstspike.boards.building.seeds import Placer, best_of
from firstspike.hdl.flow.devices import ICE40
from firstspike.hdl.flow.synthesis import Clock, Placement
from firstspike.scripts.shares.seeds import in_shares

pytestmark = pytest.mark.fast


class LastFirst:
    """Work that has two shares under way, of which the later one is done earlier."""

    def __init__(self, fmax: dict[int, float]) -> None:
        self._fmax = fmax
        self.placed: list[int] = []

    def results(self, function, tasks, what, shown=None):
        """Give the task that was taken last."""
        tasks, under_way = iter(tasks), []
        while True:
            while len(under_way) < 2 and (task := next(tasks, None)):
                under_way.append(task)
            if not under_way:
                return
            task = under_way.pop()
            self.placed.append(task.seed)
            placement = Placement({"clk": Clock(self._fmax[task.seed], 24.0)}, {})
            yield task, (placement, {"out.asc": b"%d" % task.seed})


def placed(tmp_path, fmax):
    """The work, the seeds that count, and the one that is taken."""
    (tmp_path / "netlist.json").write_text("{}")
    work = LastFirst(fmax)
    placer = Placer(ICE40, ("--json", "netlist.json"), tmp_path)
    stored: dict[int, Placement] = {}
    tried = in_shares(work)(placer, list(fmax), stored.__setitem__)
    assert stored == tried
    assert (tmp_path / "out.asc").read_text() == str(best_of(tried))
    return work.placed, list(tried), best_of(tried)


@pytest.mark.parametrize(
    ("fmax", "expected"),
    [
        ({1: 22.0, 2: 25.0, 3: 26.0, 4: 27.0}, ([2, 1], [1, 2], 2)),
        ({1: 25.0, 2: 26.0, 3: 27.0}, ([2, 1], [1], 1)),
        ({1: 21.0, 2: 22.0, 3: 20.0}, ([2, 3, 1], [1, 2, 3], 2)),
    ],
)
def test_seeds_that_count(tmp_path, fmax, expected):
    assert placed(tmp_path, fmax) == expected
