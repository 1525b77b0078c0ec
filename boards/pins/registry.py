# SPDX-License-Identifier: BSD-2-Clause
"""The list of the boards: those of each module in this folder that has a tuple BOARDS."""

import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from firstspike.boards.families.facts import BoardError
from firstspike.boards.families.registry import FACTS

from .board import Board


def _boards() -> Iterator[Board]:
    """Yield the boards of the modules in this folder. Raises BoardError for a faulty module."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name != Path(__file__).stem:
            try:
                imported = import_module(f".{module.name}", __package__)
            except ModuleNotFoundError:  # of an extra, which the command names
                raise
            except Exception as error:
                raise BoardError(f"boards/pins/{module.name}.py is faulty: {error}") from error
            yield from getattr(imported, "BOARDS", ())


def _sort_key(board: Board) -> tuple[int, int, str]:
    """Return the sort key of a board in lists: family, size of its FPGA, and name."""
    return list(FACTS).index(board.device.family), board.device.holds["LUTs"], board.name


def by_name(boards: Iterable[Board]) -> dict[str, Board]:
    """Return boards by their names. Raises BoardError for a name that two boards have."""
    named: dict[str, Board] = {}
    for board in boards:
        if named.setdefault(board.name, board) is not board:
            raise BoardError(
                f"the boards {named[board.name].title!r} and {board.title!r} both have the name "
                f"{board.name}: give each board in boards/pins a name of its own."
            )
    return named


BOARDS: dict[str, Board] = by_name(sorted(_boards(), key=_sort_key))
