# SPDX-License-Identifier: BSD-2-Clause
"""The link of `firstspike serve`: made where nothing is, and removed only while it is ours."""

import os
import subprocess
import sys

import pytest

from firstspike.boards.building.sound import SoundDesign
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import NetworkError
from firstspike.golden.timing.shape import CoreShape
from firstspike.scripts.errors import VerbError
from firstspike.scripts.verbs.serve import _linked
from tests.support.command import firstspike
from tests.support.listening import listening_network

pytestmark = pytest.mark.fast

GONE = "/dev/pts/999999999"
"""The port of a board that was killed."""


def there(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_link_is_there_until_the_board_ends(tmp_path):
    link = tmp_path / "port"
    with _linked(link) as point:
        assert link.is_symlink()
        assert not link.exists()
        point(os.devnull)
        assert os.readlink(link) == os.devnull
    assert there(tmp_path) == []


@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_took_the_place_of_the_link_stays(tmp_path, kind, ready):
    link = tmp_path / "port"
    with _linked(link) as point:
        if ready:
            point(os.devnull)
        link.unlink()
        if kind == "file":
            link.write_text("of a user")
        elif kind == "folder":
            link.mkdir()
        else:
            link.symlink_to("elsewhere")
        if not ready:
            with pytest.raises(FileExistsError, match="port"):
                point(os.devnull)
    assert there(tmp_path) == ["port"]
    assert kind != "file" or link.read_text() == "of a user"
    assert kind != "link" or os.readlink(link) == "elsewhere"


@pytest.mark.parametrize("target", ["elsewhere", ".", "/dev/pts/x"])
def test_a_link_of_others_is_not_replaced(tmp_path, target):
    link = tmp_path / "port"
    link.symlink_to(target)
    with pytest.raises(FileExistsError, match="port"), _linked(link):
        pass
    assert os.readlink(link) == target
    assert there(tmp_path) == ["port"]


def test_the_link_of_a_board_that_was_killed_is_replaced(tmp_path):
    link = tmp_path / "port"
    code = (
        "import os, sys; from pathlib import Path; from firstspike.scripts.verbs import serve\n"
        "with serve._linked(Path(sys.argv[1])) as point:\n"
        "    if sys.argv[2:]: point(sys.argv[2])\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    for more in ([], [GONE]):
        subprocess.run([sys.executable, "-c", code, link, *more])
        assert link.is_symlink()
        with _linked(link) as point:
            point(os.devnull)
            assert os.readlink(link) == os.devnull
        assert there(tmp_path) == []


@pytest.mark.parametrize("ready", [False, True])
def test_two_boards_do_not_share_a_link(tmp_path, ready):
    link = tmp_path / "port"
    with _linked(link) as point:
        if ready:
            point(GONE)
        before = os.readlink(link)
        with pytest.raises(VerbError, match="the link of another board"), _linked(link):
            pass
        assert os.readlink(link) == before
        point(os.devnull)
    assert there(tmp_path) == []


@pytest.mark.parametrize("board", BOARDS)
def test_the_boards_that_hear_are_offered_and_no_other(capfd, board):
    network = listening_network()
    try:
        SoundDesign.of_sound(network, BOARDS[board], CoreShape())
        hears = True
    except NetworkError:
        hears = False
    assert (board in firstspike(capfd, "serve", "--help").out) == hears
    ended = firstspike(capfd, "serve", "--board", board, status=2)
    assert (f"'{board}' is not " in ended.err) == (not hears)
