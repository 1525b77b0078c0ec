"""Files that results go to appear whole or not at all."""

import os
import stat

import pytest

from firstspike.scripts.output import replacing, table


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write_text("new")
        assert path.read_text() == "old"
        assert file.suffix == ".txt"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["result.txt"]


def test_a_new_file_has_ordinary_permissions(tmp_path):
    (tmp_path / "ordinary").touch()
    with replacing(tmp_path / "new"):
        pass
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "new")}
    assert len(modes) == 1


def test_nothing_changes_if_the_work_fails(tmp_path):
    path = tmp_path / "result"
    path.write_text("old")

    def be_interrupted():
        with replacing(path) as file:
            file.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result"]


def test_what_a_link_points_to_is_replaced(tmp_path):
    (tmp_path / "result").write_text("old")
    (tmp_path / "link").symlink_to("result")
    with replacing(tmp_path / "link") as file:
        file.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "result").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced():
    with replacing("/dev/null") as file:
        file.write_text("gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("where", ["missing/result", "file/result", "folder"])
def test_an_unwritable_place_is_found_before_the_work(tmp_path, where):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match=where), replacing(tmp_path / where):
        pytest.fail("the work has begun")
    assert sorted(os.listdir(tmp_path)) == before


def test_a_table_is_aligned():
    lines = table([("a", "1"), ("long name", "1000")]).splitlines()
    assert lines == ["a             1", "long name  1000"]
