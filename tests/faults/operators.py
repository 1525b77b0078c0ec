# SPDX-License-Identifier: BSD-2-Clause
"""The faults that can be put into lines of Python.

libcst parses a file and writes it with one node replaced, so a fault changes nothing else. Texts,
annotations and imports have no faults: only the behaviour of code is to be tested.
"""

import random
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import libcst as cst
from libcst import metadata

_PAIRS: tuple[tuple[type[cst.CSTNode], type[cst.CSTNode]], ...] = (
    (cst.LessThan, cst.LessThanEqual),
    (cst.GreaterThan, cst.GreaterThanEqual),
    (cst.Equal, cst.NotEqual),
    (cst.Is, cst.IsNot),
    (cst.In, cst.NotIn),
    (cst.Add, cst.Subtract),
    (cst.FloorDivide, cst.Multiply),
    (cst.LeftShift, cst.RightShift),
    (cst.BitAnd, cst.BitOr),
    (cst.AddAssign, cst.SubtractAssign),
    (cst.BitAndAssign, cst.BitOrAssign),
    (cst.And, cst.Or),
    (cst.Continue, cst.Break),
)
_OTHER = {
    **dict(_PAIRS),
    **{two: one for one, two in _PAIRS},
    cst.Divide: cst.Multiply,
    cst.Modulo: cst.FloorDivide,
    cst.MultiplyAssign: cst.AddAssign,
}
"""The operator or statement that replaces another one."""

_UNTESTED = {"strict", "cache", "nogil", "frozen", "slots", "kw_only", "eq"}
"""Keywords without faults: they refuse mistakes of a programmer, or save time."""

_SYMMETRIC = {"array_equal", "gcd", "hypot", "lcm", "max", "maximum", "min", "minimum"}
"""Functions whose arguments may have any order."""


class Fault(NamedTuple):
    """One change of a file."""

    path: str
    line: int
    before: str
    """The code from the first to the last line of the change, on one line."""

    after: str
    text: str
    """The whole file with the fault."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}\n    - {self.before}\n    + {self.after}"


def _replacements(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the faulty forms of a node."""
    if type(node) in _OTHER:
        yield _OTHER[type(node)]()
    match node:
        case cst.Integer():
            yield node.with_changes(value=str(node.evaluated_value + 1))
        case cst.Float():
            yield node.with_changes(value=repr(node.evaluated_value * 2 or 1.0))
        case cst.Name(value="True" | "False" as value):
            yield node.with_changes(value=str(value == "False"))
        case cst.UnaryOperation(operator=cst.Not() | cst.Minus() | cst.BitInvert()):
            yield node.expression
        case cst.Expr(value=cst.Call()):  # a call whose result nothing uses
            yield cst.Expr(cst.Ellipsis())
        case cst.Call():
            yield from _with_other_arguments(node)


def _with_other_arguments(call: cst.Call) -> Iterator[cst.Call]:
    """Yield a call with two neighbours among its positional arguments exchanged."""
    match call.func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)) if name in _SYMMETRIC:
            return
    for index, (one, two) in enumerate(zip(call.args, call.args[1:], strict=False)):
        plain = not (one.keyword or two.keyword or one.star or two.star)
        if plain and not one.value.deep_equals(two.value):
            args = list(call.args)
            args[index] = one.with_changes(value=two.value)
            args[index + 1] = two.with_changes(value=one.value)
            yield call.with_changes(args=args)


class _Collector(cst.CSTVisitor):
    """Collects the nodes that have faulty forms, by the line on which they begin."""

    METADATA_DEPENDENCIES = (metadata.PositionProvider,)

    def __init__(self) -> None:
        self.found = defaultdict[int, list[tuple[cst.CSTNode, cst.CSTNode, int]]](list)

    def on_visit(self, node: cst.CSTNode) -> bool:
        match node:
            case cst.Annotation() | cst.Import() | cst.ImportFrom():
                return False
            case cst.Arg(keyword=cst.Name(value=name)) if name in _UNTESTED:
                return False
        if position := self.get_metadata(metadata.PositionProvider, node, None):
            for other in _replacements(node):
                self.found[position.start.line].append((node, other, position.end.line))
        return super().on_visit(node)


class Source(ABC):
    """A file and its faults, of any language."""

    _found: Mapping[int, Sequence[Any]]
    """The changes of each line."""

    def counts(self) -> Counter[int]:
        """Return the number of faults that begin on each line."""
        return Counter({line: len(faults) for line, faults in self._found.items()})

    @abstractmethod
    def fault(self, line: int, number: int) -> Fault:
        """Return a fault of a line."""


class SourceFile(Source):
    """A file of Python and its faults.

    Parameters
    ----------
    path
        The file's name in the faults.
    text
        The content.
    """

    def __init__(self, path: str, text: str) -> None:
        self._path, self._lines = path, text.splitlines()
        wrapper = metadata.MetadataWrapper(cst.parse_module(text))
        collector = _Collector()
        wrapper.visit(collector)
        self._module, self._found = wrapper.module, collector.found

    def fault(self, line: int, number: int) -> Fault:
        """Return a fault of a line."""
        node, other, last = self._found[line][number]
        changed = self._module.deep_replace(node, other)
        assert isinstance(changed, cst.Module)
        lines = changed.code.splitlines()
        last_changed = last + len(lines) - len(self._lines)
        before, after = self._lines[line - 1 : last], lines[line - 1 : last_changed]
        return Fault(self._path, line, _joined(before), _joined(after), changed.code)


def _joined(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())


def draw(
    root: Path,
    paths: Iterable[str],
    count: int,
    seed: int,
    kind: Callable[[str, str], Source] = SourceFile,
    is_valid: Callable[[str], bool] = lambda _: True,
) -> list[Fault]:
    """Return `count` faults of files below `root`, each on a line of its own.

    All lines of code with faults are alike. A greater count continues the same sequence. `kind`
    finds the faults of a file, and a fault after which the text is not valid does not count.
    """
    texts = {path: (root / path).read_text() for path in sorted(paths)}
    places = [(path, line + 1) for path in texts for line in range(texts[path].count("\n"))]
    random.Random(seed).shuffle(places)
    source = cache(lambda path: kind(path, texts[path]))
    found = (
        source(path).fault(line, random.Random(f"{seed} {path} {line}").randrange(number))
        for path, line in places
        if (number := source(path).counts()[line])
    )
    return list(islice((fault for fault in found if is_valid(fault.text)), count))
