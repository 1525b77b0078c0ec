"""What is printed for people."""

import pytest

from firstspike.scripts.output import table

pytestmark = pytest.mark.fast


def test_a_table_is_aligned():
    lines = table([("a", "1"), ("long name", "1000")]).splitlines()
    assert lines == ["a             1", "long name  1000"]
