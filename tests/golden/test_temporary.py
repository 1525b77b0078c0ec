# SPDX-License-Identifier: BSD-2-Clause
"""Temporary folders: held while their process lives, swept by the next one."""

import os
import subprocess
import sys

import pytest

from firstspike.golden.system.files import adding_to, replace_file, replacing
from firstspike.golden.system.temporary import PREFIX, BusyError, temporary_folder

pytestmark = pytest.mark.fast


def killed(code, *words):
    """Run code that says something when it is in the middle of its work, and kill it there."""
    with holding(code, *words) as process:
        process.kill()


def holding(code, *words):
    """The process that has come there; it ends when it is killed or its input is closed."""
    code += "    print(flush=True); input()\n"
    command = [sys.executable, "-c", code, *map(str, words)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


WORKS = """
import sys
from pathlib import Path
from firstspike.golden.system.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "half").touch()
"""
WORKS_BESIDE = """
import sys
from pathlib import Path
from firstspike.golden.system.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder, temporary_folder(folder.parent) as beside:
    (beside / "half").touch()
"""
REPLACES = """
import sys; from firstspike.golden.system.files import replacing
with replacing(sys.argv[1]) as file:
    file.write_text("half")
"""
ADDS = """
import sys; from pathlib import Path; from firstspike.golden.system.files import adding_to
with adding_to(Path(sys.argv[1])) as making:
    (making / "half").touch()
"""


def test_a_folder_is_there_and_gone(tmp_path):
    with temporary_folder(tmp_path) as folder:
        (folder / "some").touch()
        assert folder.is_relative_to(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("code", [WORKS, WORKS_BESIDE])
def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path, code):
    killed(code, tmp_path)
    assert len(os.listdir(tmp_path)) == 1
    with temporary_folder(tmp_path):
        assert len(os.listdir(tmp_path)) == 1
    assert os.listdir(tmp_path) == []


def test_what_a_living_process_has_stays(tmp_path):
    with holding(WORKS, tmp_path) as process:
        before = os.listdir(tmp_path)
        with temporary_folder(tmp_path):
            pass
        assert os.listdir(tmp_path) == before
        process.stdin.close()
    assert os.listdir(tmp_path) == []


def test_a_folder_without_its_lock_is_swept(tmp_path):
    (tmp_path / f"{PREFIX}begun").mkdir()
    with temporary_folder(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_sweep_does_not_leave_the_folder(tmp_path):
    """Not by a link in a folder that others may write to, and no other names."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "content").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / f"{PREFIX}link").symlink_to(tmp_path / "mine")
    (tmp_path / "root" / "firstspike-results").mkdir()
    (tmp_path / "root" / f"{PREFIX}locked").mkdir()
    (tmp_path / "root" / f"{PREFIX}locked" / "lock").symlink_to(tmp_path / "elsewhere")
    with temporary_folder(tmp_path / "root"):
        pass
    assert (tmp_path / "mine" / "content").exists()
    assert (tmp_path / "root" / "firstspike-results").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_a_killed_write_leaves_the_old_file_and_the_next_one_sweeps(tmp_path):
    path = tmp_path / "result"
    path.write_text("old")
    killed(REPLACES, path)
    assert path.read_text() == "old"
    assert len(os.listdir(tmp_path)) == 2
    replace_file(path, b"new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["result"]


def test_a_killed_build_leaves_the_old_files_and_the_next_one_sweeps(tmp_path):
    (tmp_path / "whole").touch()
    killed(ADDS, tmp_path)
    assert not (tmp_path / "half").exists()
    with adding_to(tmp_path) as making:
        (making / "next").touch()
    assert sorted(os.listdir(tmp_path)) == ["next", "whole"]


@pytest.mark.parametrize(("code", "write"), [(REPLACES, replacing), (ADDS, adding_to)])
def test_the_second_that_writes_one_output_is_told(tmp_path, code, write):
    output = tmp_path / "output"
    with holding(code, output) as process:
        with pytest.raises(BusyError, match="output is being written already"), write(output):
            pytest.fail("both write")
        process.stdin.close()
    with write(output):
        pass
