# SPDX-License-Identifier: BSD-2-Clause
"""The tests that reach a line, also where coverage cannot tell.

Coverage does not see compiled functions, and sees statements of modules and classes only when they
are imported. The tests of such a line are those that reach a line that names its function or value.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults.records import FOLDERS, record_file


class Part(NamedTuple):
    """A statement, the head of a compound one, or a compiled function."""

    lines: range
    inside: bool = False
    """Whether it is inside a function, where coverage sees it."""

    names: frozenset[str] = frozenset()
    """What the statement defines outside of functions: lines with these names use it."""

    body: range = range(0)
    """Lines of the function whose head it is."""


class Reach:
    """Finds the tests that reach a line of a checkout.

    Parameters
    ----------
    checkout
        Folder with the sources.
    records
        Folder with the records.
    files
        Files of tests.
    """

    def __init__(self, checkout: Path, records: Path, files: Iterable[str]) -> None:
        self.seconds: dict[str, float] = {}
        """Duration of each test."""

        self._tests: list[str] = []
        self._lines = defaultdict[tuple[str, int], list[int]](lambda: [0, 0, 0])
        self._parts: dict[tuple[str, int], Part] = {}
        self._mentions = defaultdict[str, set[tuple[str, int]]](set)
        for name in files:
            self._add(json.loads(record_file(records, name).read_text()))
        paths = [path for one in FOLDERS for path in sorted((checkout / one).rglob("*.py"))]
        trees = {str(path.relative_to(checkout)): ast.parse(path.read_text()) for path in paths}
        compiled = _compiled_functions(trees)
        for path, tree in trees.items():
            self._read(path, tree, compiled.get(path, set()))
        self._compiled = _used_by_compiled(trees, compiled)

    def _add(self, record: dict) -> None:
        every = ((1 << len(record["seconds"])) - 1) << len(self._tests)
        for path, groups in record["reached"].items():
            for mask, lines in groups.items():
                direct = int(mask, 16) >> 1 << len(self._tests)
                shared = every if int(mask, 16) & 1 else 0
                for line in lines:
                    known = self._lines[path, line]
                    known[:] = known[0] | direct, known[1] | shared, known[2] | every
        self._tests += record["seconds"]
        self.seconds |= record["seconds"]

    def _read(self, path: str, tree: ast.Module, compiled: set[str]) -> None:
        for part in _parts(tree, compiled):
            for line in part.lines:
                self._parts[path, line] = part
        for node in ast.walk(tree):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            if name := name or (node.arg if isinstance(node, ast.keyword) else None):
                self._mentions[name].add((path, node.lineno))

    def tests(self, path: str, line: int) -> tuple[list[str], list[str]]:
        """Return the tests that reach a line, and those that may reach it, the shortest first.

        The latter share with others of their file an import, a fixture or a stored result.
        """
        direct, shared, seen = 0, 0, set()
        waiting = [(path, line)]
        while waiting:
            path, line = waiting.pop()
            part = self._parts.get((path, line), Part(range(line, line + 1)))
            if (path, part) in seen:
                continue
            seen.add((path, part))
            for one in part.lines if part.inside else part.body:
                direct |= self._lines[path, one][0]
                shared |= self._lines[path, one][1]
            for one in () if part.inside else part.lines:
                shared |= self._lines[path, one][2]
            for name in part.names:
                waiting += self._mentions[name]
        return self._sorted(direct), self._sorted(shared & ~direct)

    def _sorted(self, mask: int) -> list[str]:
        found = [test for number, test in enumerate(self._tests) if mask >> number & 1]
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def is_compiled(self, path: str) -> bool:
        """Return whether numba compiles code of a file, or keeps constants of it."""
        return path in self._compiled


def _compiled_functions(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Return for each file its functions that numba compiles, by decorators or calls of `njit`."""
    found = defaultdict[str, set[str]](set)
    for path, tree in trees.items():
        imports = {
            alias.asname or alias.name: (file, alias.name)
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            for file in _files(path, node, alias.name, trees)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                if any("njit" in ast.unparse(one) for one in node.decorator_list):
                    found[path].add(node.name)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "njit" and node.args:
                file, name = imports.get(own := ast.unparse(node.args[0]), (path, own))
                found[file].add(name)
    return dict(found)


def _parts(parent: ast.AST, compiled: set[str], *, inside: bool = False) -> Iterator[Part]:
    """Yield the parts below a node; those of inner nodes come later."""
    for node in ast.iter_child_nodes(parent):
        if not isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            continue
        body = getattr(node, "body", [])
        headed = (*getattr(node, "decorator_list", ()), getattr(node, "pattern", node))
        first = min(one.lineno for one in headed)
        stop = 1 + (body[-1].end_lineno if body else node.end_lineno)
        head = range(first, max(first + 1, body[0].lineno) if body else stop)
        if inside or not isinstance(node, ast.FunctionDef):
            yield Part(head, inside, frozenset() if inside else _defined(node))
            yield from _parts(node, compiled, inside=inside)
        elif node.name in compiled:
            yield Part(range(first, stop), False, frozenset({node.name}), range(head.stop, stop))
        else:
            yield Part(head, body=range(head.stop, stop))
            yield from _parts(node, compiled, inside=True)


def _defined(node: ast.AST) -> frozenset[str]:
    if isinstance(node, ast.ClassDef):
        return frozenset({node.name})
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    return frozenset(
        one.id
        for target in targets
        if target
        for one in ast.walk(target)
        if isinstance(one, ast.Name)
    )


def _used_by_compiled(trees: dict[str, ast.Module], compiled: dict[str, set[str]]) -> set[str]:
    """Return the files with compiled functions, and those whose functions or values they use."""
    found, waiting = set[str](), list(compiled)
    while waiting:
        if (path := waiting.pop()) in found:
            continue
        found.add(path)
        used = {
            name.id
            for node in trees[path].body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            or (isinstance(node, ast.FunctionDef) and node.name in compiled.get(path, ()))
            for name in ast.walk(node)
            if isinstance(name, ast.Name)
        }
        for node in trees[path].body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) in used:
                        waiting += _files(path, node, alias.name, trees)
    return found


def _files(path: str, node: ast.ImportFrom, name: str, trees: dict[str, ast.Module]) -> list[str]:
    """Return the file of the module that an import names, if it is one of the sources."""
    above = Path(path).parents[node.level - 1].parts if node.level else ()
    module = (node.module or "").removeprefix("firstspike.").split(".")
    parts = [*above, *(one for one in module if one)]
    candidates = ("/".join(parts) + ".py", "/".join([*parts, name]) + ".py")
    return [one for one in candidates if one in trees]
