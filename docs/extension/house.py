# SPDX-License-Identifier: BSD-2-Clause
"""The table of rooms, and the size of the base: `docs/architecture/house.md`."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from firstspike.rooms import PLACES, rooms

from .blocks import ROOT

NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@cache
def code_lines(path: Path) -> int:
    """Return the number of lines of a Python file without blanks, comments and docstrings."""
    text = path.read_text()
    lines = set[int]()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def room_page(room: str) -> str | None:
    """Return the page that is named as a room, in the folder `docs` without suffix."""
    page = f"{room}/{room}"
    return page if (ROOT / "docs" / f"{page}.md").exists() else None


def room_rows() -> Iterator[tuple[str, ...]]:
    """Yield for each room its name, what it does, its lines, and what it needs."""
    for room, needs in rooms().items():
        page = room_page(room)
        name = f"[{room}](../{page}.md)" if page else room
        lines = sum(_lines(ROOT / place / room) for place in PLACES)
        yield name, _sentence(room), _rounded(lines), ", ".join(needs)


def base_rows() -> Iterator[tuple[str, ...]]:
    """Yield for each folder its code lines outside of all rooms, and inside of them."""
    for place in PLACES:
        inside = sum(_lines(ROOT / place / room) for room in rooms())
        yield f"`{place}/`", _rounded(_lines(ROOT / place) - inside), _rounded(inside)


def _lines(folder: Path) -> int:
    return sum(code_lines(path) for path in folder.rglob("*.py"))


def _rounded(lines: int) -> str:
    """Tens below a hundred, else hundreds: a small change of the code leaves the page as it is."""
    return f"{round(lines, -2 if lines >= 100 else -1):,}"


def _sentence(room: str) -> str:
    """Return the first sentence of the package that introduces the room, without its name."""
    for place in PLACES:
        if (ROOT / place / room / "__init__.py").exists():
            text = f"{import_module(f'firstspike.{place}.{room}').__doc__} "
            said = re.match(r"The room `\w+`:? (.+?)(?: \(docs/.*?\))?[.;]\s", text, re.DOTALL)
            if said:
                words = " ".join(said[1].split())
                return words[0].upper() + words[1:]
    raise LookupError(room)
