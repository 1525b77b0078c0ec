# SPDX-License-Identifier: BSD-2-Clause
"""The tests that reach a line, also where coverage cannot tell.

Coverage sees statements of modules and classes, and heads of functions, only when they are
imported, and does not see compiled functions. The tests of such a line are those that run the
function, or a line that names the function or value.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults.records import FOLDERS, record_file

_COMPARE_TEXTS = ("test_the_scripts_have_types", "test_every_script_is_in_the_page")
"""Tests that read scripts and do not run them: they do not count for faults of scripts."""


class Part(NamedTuple):
    """A statement, or the head of a compound one."""

    lines: range
    names: frozenset[str]
    """What the statement defines, or the function to which it belongs."""

    body: range
    """Lines of this function; none outside of functions."""


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

        self.failed: list[str] = []
        """Tests that did not pass without a fault, or were left out: no fault runs them."""

        self._tests: list[str] = []
        # Sets of tests, as bits: those that reach the line, those that share something that reaches
        # the line, and all of the files of tests that reach it.
        self._lines = defaultdict[tuple[str, int], list[int]](lambda: [0, 0, 0])
        self._parts: dict[tuple[str, int], Part] = {}
        self._mentions = defaultdict[str, set[tuple[str, int]]](set)
        for name in files:
            self._add(json.loads(record_file(records, name).read_text()))
        paths = [path for one in FOLDERS for path in sorted((checkout / one).rglob("*.py"))]
        trees = {str(path.relative_to(checkout)): ast.parse(path.read_text()) for path in paths}
        for path, tree in trees.items():
            self._read(path, tree)
        self._kernels = {path for path, _ in self._mentions["njit"]}
        imported = {path: set(_imported(path, trees)) for path in trees}
        self._compiled = self._kernels.union(*(imported[path] for path in self._kernels))
        self._importing = defaultdict[str, set[str]](set)
        for path, others in imported.items():
            for other in others:
                self._importing[other].add(path)

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
        self.failed += record["failed"]

    def _read(self, path: str, tree: ast.Module) -> None:
        for part in _parts(tree):
            for line in part.lines:
                self._parts[path, line] = part
        for node in ast.walk(tree):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            if name := name or (node.arg if isinstance(node, ast.keyword) else None):
                self._mentions[name].add((path, node.lineno))

    def tests(self, path: str, line: int) -> tuple[list[str], list[str]]:
        """Return the tests that reach a line, and those that may reach it.

        The latter share with others of their file an import, a fixture or a stored result. First
        come the tests whose file imports the line's module, and of these the shortest.
        """
        near = self._importing[path]

        def order(test: str) -> tuple[bool, float, str]:
            return test.partition("::")[0] not in near, self.seconds[test], test

        if path.endswith(".js"):  # every page has all scripts
            run = (one for one in self._tests if not one.endswith(_COMPARE_TEXTS))
            return sorted(run, key=order), []
        direct, shared, seen = 0, 0, set()
        waiting = [(path, line)]
        while waiting:
            path, line = waiting.pop()
            part = self._parts[path, line]
            if (path, part) in seen:
                continue
            seen.add((path, part))
            inside = part.lines.start in part.body
            for one in part.lines if inside else part.body:
                direct |= self._lines[path, one][0]
                shared |= self._lines[path, one][1]
            for one in () if inside else part.lines:
                shared |= self._lines[path, one][2]
            if path in self._kernels or not any(self._lines[path, one][2] for one in part.body):
                for name in part.names:
                    waiting += self._mentions[name]
        found = [], []
        for number, test in enumerate(self._tests):
            if (direct | shared) >> number & 1:
                found[not direct >> number & 1].append(test)
        return sorted(found[0], key=order), sorted(found[1], key=order)

    def is_compiled(self, path: str) -> bool:
        """Return whether numba may compile code of a file, or keep constants of it."""
        return path in self._compiled


def _parts(parent: ast.AST, function: Part | None = None) -> Iterator[Part]:
    """Yield the parts below a node, which may be inside a function; inner ones come later."""
    for node in ast.iter_child_nodes(parent):
        if not isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            continue
        body = getattr(node, "body", [])
        headed = (*getattr(node, "decorator_list", ()), getattr(node, "pattern", node))
        first = min(one.lineno for one in headed)
        stop = 1 + (body[-1].end_lineno if body else node.end_lineno)
        head = range(first, max(first + 1, body[0].lineno) if body else stop)
        if function:
            yield function._replace(lines=head)
            yield from _parts(node, function)
        elif isinstance(node, ast.FunctionDef):
            yield (part := Part(head, frozenset({node.name}), range(head.stop, stop)))
            yield from _parts(node, part)
        else:
            yield Part(head, _defined(node), range(0))
            yield from _parts(node)


def _defined(node: ast.AST) -> frozenset[str]:
    if isinstance(node, ast.ClassDef):
        return frozenset({node.name})
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    names = (one for target in targets if target for one in ast.walk(target))
    return frozenset(one.id for one in names if isinstance(one, ast.Name))


def _imported(path: str, trees: dict[str, ast.Module]) -> Iterator[str]:
    """Yield the files of sources from which a file imports something."""
    for node in ast.walk(trees[path]):
        if isinstance(node, ast.ImportFrom):
            above = Path(path).parents[node.level - 1].parts if node.level else ()
            module = (*above, *(node.module or "").removeprefix("firstspike.").split("."))
            for name in ("", *(alias.name for alias in node.names)):
                file = "/".join(filter(None, (*module, name))) + ".py"
                if file in trees:
                    yield file
