# SPDX-License-Identifier: BSD-2-Clause
"""The choice of the tests that take long: those without a pass, those of changes, the oldest."""

import pytest

from tests.support import record
from tests.support.record import Pass, due

pytestmark = pytest.mark.fast

CHANGED = {"old": ("hdl/layer/lanes.py",), "new": (), "lost": None}
TESTS = {
    "tests/boards/test_a.py::old": Pass(60, "old", "2026-01-01 10:00"),
    "tests/core/test_b.py::changed": Pass(60, "old", "2026-02-01 10:00"),
    "tests/core/test_b.py::fresh": Pass(60, "new", "2026-01-02 10:00"),
    "tests/golden/test_c.py::lost": Pass(30, "lost", "2026-01-01 10:00"),
    "tests/golden/test_d.py::long": Pass(400, "lost", "2025-01-01 10:00"),
}
NEVER = "tests/bus/test_e.py::never"
ORDER = [
    NEVER,
    "tests/golden/test_c.py::lost",
    "tests/core/test_b.py::changed",
    "tests/boards/test_a.py::old",
    "tests/core/test_b.py::fresh",
]


@pytest.mark.parametrize(
    ("minutes", "workers", "count"), [(1, 1, 1), (1.25, 2, 3), (2, 2, 4), (4.5, 1, 5)]
)
def test_tests_without_a_pass_come_first_then_changed_ones_then_old_ones(
    monkeypatch, minutes, workers, count
):
    monkeypatch.setattr(record, "_changed", CHANGED.__getitem__)
    monkeypatch.setattr(record, "_read", lambda _: TESTS)
    assert due([NEVER, *TESTS], minutes, workers) == set(ORDER[:count])


def test_each_folder_of_tests_that_take_long_covers_existing_paths():
    folders = {path.split("/")[0] for path in record.COVERED}
    assert all((record.ROOT / "tests" / folder).is_dir() for folder in folders)
    for paths in record.COVERED.values():
        assert any((record.ROOT / path).exists() for path in paths)
