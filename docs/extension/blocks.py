# SPDX-License-Identifier: BSD-2-Clause
"""The table of all blocks of hdl, read from their sources: purpose, ports, latency, file, test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HDL = ROOT / "firstspike" / "hdl"
TESTS = (ROOT / "tests", ROOT / "firstspike" / "sim")

SPECIAL = {
    "BusCore": ("those of `bus_ports`", ""),
    "Core": ("`CoreSignature`", ""),
    "Engine": ("", "10 cycles per byte of a response"),
}
"""Ports and latency of blocks whose docstring or constructor does not have them in one place."""


def block_rows() -> Iterator[tuple[str, ...]]:
    """Yield for each block its file, its purpose, ports and latency, and the test that names it.

    A variant with the ports and the latency of the block that it extends is in the row of that
    block.
    """
    blocks = {name: (node, path) for path in sorted(HDL.rglob("*.py")) for name, node in _of(path)}
    tests = {path: path.read_text() for folder in TESTS for path in sorted(folder.rglob("*.py"))}
    variants = {name: _extended(name, blocks) for name in blocks}
    for name, (node, path) in blocks.items():
        if variants[name]:
            continue
        same = (f"*{one}*: {_purpose(blocks[one][0])}" for one in variants if variants[one] == name)
        purpose = " ".join((f"**{name}**: {_purpose(node)}", *same))
        test = _test(name, path, blocks, tests)
        yield f"`{path.relative_to(HDL)}`", purpose, *_interface(name, blocks), test


def _interface(name: str, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> tuple[str, str]:
    """Return the ports and the latency of a block."""
    node, _ = blocks[name]
    ports, latency = SPECIAL.get(name, ("", ""))
    ports = ports or ", ".join(f"`{port}`" for port in _ports(node, blocks))
    latency = latency or _latency(ast.get_docstring(node) or "") or _of_base(node, blocks)
    return ports or "-", latency.rstrip(".")


def _purpose(node: ast.ClassDef) -> str:
    return _line((ast.get_docstring(node) or "").split("\n\n")[0])


def _extended(name: str, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> str:
    """Return the block whose ports and latency a block inherits; "" for none."""
    node, _ = blocks[name]
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in blocks]
    if not bases or _latency(ast.get_docstring(node) or ""):
        return ""
    same = _ports(node, blocks) == _ports(blocks[bases[0]][0], blocks)
    return (_extended(bases[0], blocks) or bases[0]) if same else ""


def _of(path: Path) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield the blocks of a file, which have `elaborate` or `build(self, m)`, or extend one."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}
            build = methods.get("build")
            builds = build is not None and len(build.args.args) == 2
            extends = {
                "Decision",
                "Encoder",
                "Listener",
                "Sequencer",
                "Lanes",
                "Layer",
                "WeightStore",
            }
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            if (builds or "elaborate" in methods or bases & extends) and node.name != "Block":
                yield node.name, node


def _ports(node: ast.ClassDef, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> list[str]:
    """Return the names of the ports that the constructor gives to its base, with those of it."""
    ports = []
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in blocks:
            ports += _ports(blocks[base.id][0], blocks)
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "__init__"
        ):
            ports += [
                one.arg for one in call.keywords if one.arg and ({"In", "Out"} & _names(one.value))
            ]
    return list(dict.fromkeys(ports))


def _of_base(node: ast.ClassDef, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> str:
    """Return a reference to the block that a block extends, or to its docstring."""
    names = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in blocks]
    return f"that of {names[0]}" if names else "see its docstring"


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _latency(text: str) -> str:
    """Return the sentence on latency of a docstring; the table of latencies has the constants."""
    found = re.search(r"^Latency(.*?)(?:; throughput|\. |\.$|\.\n|\n\n|\Z)", text, re.S | re.M)
    return _line(found[1].strip(": ").removeprefix("and throughput: ")) if found else ""


def _test(
    name: str, path: Path, blocks: dict[str, tuple[ast.ClassDef, Path]], tests: dict[Path, str]
) -> str:
    """Return the file that names the block most often of those that import it.

    If no file imports the block, return the block that contains it, whose test covers both.
    """
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    imports = re.compile(rf"from {module} import (\([^)]*)?[^\n]*?\b{name}\b")
    counts = {
        file: len(re.findall(rf"\b{name}\b", text))
        for file, text in tests.items()
        if imports.search(text)
    }
    if counts:
        return f"`{max(counts, key=counts.__getitem__).relative_to(ROOT)}`"
    users = (
        other
        for other, (_, file) in blocks.items()
        if other != name and re.search(rf"\b{name}\b[(\],]", file.read_text())
    )
    return f"with {next(users, 'StandaloneCore')}"


def _line(text: str) -> str:
    """Return a text on one line, without what a table or a role of Sphinx would change."""
    return " ".join(text.split()).replace("|", "\\|")
