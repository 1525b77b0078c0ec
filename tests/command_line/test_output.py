"""What is printed for people, and files that another process writes."""

import pytest

from firstspike.golden.files import replacing
from firstspike.scripts.output import table
from tests.support.command import refusal

pytestmark = pytest.mark.fast


def test_a_table_is_aligned():
    lines = table([("a", "1"), ("long name", "1000")]).splitlines()
    assert lines == ["a             1", "long name  1000"]


def test_a_file_that_is_being_written_is_refused_in_one_sentence(capfd, tmp_path):
    path = tmp_path / "result.json"
    with replacing(path):
        said = refusal(capfd, "info", "--json", path)
    assert f"{path} is being written already" in said
