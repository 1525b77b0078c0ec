# SPDX-License-Identifier: BSD-2-Clause
"""Files appear whole or not at all."""

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firstspike.golden.system.files import (
    adding_to,
    read_file,
    reading,
    replace_file,
    replacing,
)
from firstspike.golden.system.programs import run
from firstspike.golden.system.temporary import PREFIX, BusyError, temporary_folder

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


def test_a_named_pipe_is_opened_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        with replacing(tmp_path / "pipe") as file:
            file.write_text("whole")
        assert reader.communicate(timeout=60)[0] == "whole"


def test_a_deleted_file_replaces_nothing(tmp_path):
    (tmp_path / "result").write_text("old")
    with replacing(tmp_path / "result") as file:
        file.unlink()
    assert (tmp_path / "result").read_text() == "old"
    assert os.listdir(tmp_path) == ["result"]


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
@pytest.mark.parametrize(("of", "called"), [(Path, "write_bytes"), (os, "fsync")])
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch, write, of, called):
    path = tmp_path / "result"
    path.write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(of, called, full)
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
    """The pipes of a shell's <(...) and |; their content has a position."""
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
    """The pipe ends a writer that continues."""
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


# Temporary folders: held while their process lives, swept by the next one.


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


@pytest.mark.parametrize("write", [replacing, adding_to])
def test_the_folder_of_unfinished_files_is_no_link(tmp_path, write):
    """The content of the folder that a link names stays."""
    (tmp_path / "mine" / "letters").mkdir(parents=True)
    output = tmp_path / "output"
    making = tmp_path / ".output.making"
    if write is adding_to:
        output.mkdir()
        making = output / ".making"
    making.symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match=f"{making}' is a link or a special file"), write(output):
        pytest.fail("the work has begun")
    assert (tmp_path / "mine" / "letters").exists()
    making.unlink()
    making.mkdir()
    os.mkfifo(making / "lock")
    with pytest.raises(OSError, match=f"{making / 'lock'}' is a link or a special file"):
        write(output).__enter__()


# Programs, and what they start, end with the process that runs them.


FAMILY = ("sh", "-c", "sleep 600 & echo $!; echo $$; wait")
"""A program that starts another; they say their numbers."""

RUNS = f"""
from firstspike.golden.system.programs import run
run({FAMILY})
"""


def ended(numbers, seconds=3.0):
    """Whether none of these processes runs, now or soon."""
    end = time.monotonic() + seconds
    while any(running(number) for number in numbers):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def running(number):
    """Whether there is a process of this number that has not ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def family_of(process):
    return [int(process.stdout.readline()) for _ in range(2)]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_family_ends_with_us(ending):
    with subprocess.Popen([sys.executable, "-c", RUNS], stdout=subprocess.PIPE) as process:
        family = family_of(process)
        assert all(map(running, family))
        process.send_signal(ending)
        assert ended(family)


def test_what_a_program_leaves_running_ends_with_it():
    done = run(("sh", "-c", "sleep 600 >/dev/null & echo $!"), stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert ended([int(done.stdout)])


def test_a_program_that_takes_too_long_ends_with_its_family(tmp_path):
    with (tmp_path / "said").open("wb") as said, pytest.raises(subprocess.TimeoutExpired):
        run(FAMILY, timeout=0.3, stdout=said)
    family = list(map(int, (tmp_path / "said").read_text().split()))
    assert len(family) == 2
    assert ended(family)


def test_a_program_s_temporary_files_go_with_it():
    done = run(("sh", "-c", "mktemp"), stdout=subprocess.PIPE, text=True)
    assert done.stdout
    assert not Path(done.stdout.strip()).exists()
    assert not Path(done.stdout.strip()).parent.exists()


@pytest.mark.parametrize("by_name", [True, False])
def test_no_descriptor_stays_open(by_name):
    pipe, written = os.pipe()
    os.write(written, b"some")
    os.close(written)
    before = os.listdir("/proc/self/fd")
    with reading(f"/dev/fd/{pipe}" if by_name else pipe, 10) as file:
        assert file.read() == b"some"
    assert os.listdir("/proc/self/fd") == before
    os.close(pipe)
