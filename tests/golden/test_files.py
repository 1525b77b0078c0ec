# SPDX-License-Identifier: BSD-2-Clause
"""Files appear whole or not at all."""

import errno
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from firstspike.golden.system.files import (
    adding_to,
    naming,
    read_file,
    reading,
    replace_file,
    replacing,
)

pytestmark = pytest.mark.fast


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


def rewritten(path, content):
    with replacing(path) as file:
        replace_file(file, content)


@pytest.mark.parametrize("write", [replace_file, rewritten])
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch, write):
    path = tmp_path / "result"
    path.write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space") as caught:
        write(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result"]


def test_an_error_about_something_else_stays_one(tmp_path):
    with pytest.raises(OSError, match="No space") as caught, replacing(tmp_path / "result"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename is None
    with pytest.raises(FileNotFoundError, match="other"), replacing(tmp_path / "result"):
        (tmp_path / "other").read_bytes()


def test_an_error_is_given_a_name():
    with pytest.raises(OSError, match=r"No space.*result"), naming("result"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_gets_all_files_or_none(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "c").write_text("stays")

    def make(succeeds):
        with adding_to(tmp_path) as making:
            (making / "a").write_text("new")
            (making / "b").write_text("new")
            if not succeeds:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(succeeds=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a": "old",
        "c": "stays",
    }
    make(succeeds=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a": "new",
        "b": "new",
        "c": "stays",
    }


def read(path, most=100):
    with reading(path, most) as file:
        return file.read()


def test_an_ordinary_file_is_read_if_it_is_short_enough(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read(path, 5) == read_file(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match=r"more than 4 bytes.*file'$"):
        read(path, 4)
    path.write_bytes(b"")
    assert read(path, 5) == b""


def test_a_pipe_without_a_name_is_read_to_its_end():
    """What a shell's <(...) and | give; it can be read from any place."""
    for place in (lambda end: f"/dev/fd/{end}", lambda end: end):
        for most in (5, 4):
            end, other = os.pipe()
            os.write(other, b"12345")
            os.close(other)
            if most < 5:
                with pytest.raises(OSError, match="more than 4 bytes"):
                    read(place(end), most)
            else:
                with reading(place(end), most) as file:
                    assert file.seek(0, os.SEEK_END) == 5
                    assert file.seek(1) == 1
                    assert file.read() == b"2345"
            os.close(end)


def test_an_endless_pipe_is_left():
    """A writer that goes on is told so by the pipe."""
    writer = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    with writer, pytest.raises(OSError, match="more than 100 bytes"):
        read(writer.stdout.fileno())
    assert writer.returncode


def test_what_may_never_end_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("pipe", "zeros", "socket", "."):
            with pytest.raises(OSError, match=rf"{tmp_path / name}'$"):
                read(tmp_path / name)
    assert read("/proc/self/mem") == b""  # which says that it is empty
    with pytest.raises(FileNotFoundError, match="none"):
        read(tmp_path / "none")
