# SPDX-License-Identifier: BSD-2-Clause
"""The table of all blocks of hdl, read from their sources: purpose, ports, latency, file, test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HDL = ROOT / "firstspike" / "hdl"
TESTS = (ROOT / "tests", ROOT / "sim")

_STATEMENTS = [
    (node, path) for path in sorted(HDL.rglob("*.py")) for node in ast.parse(path.read_text()).body
]
CLASSES = {node.name: (node, path) for node, path in _STATEMENTS if isinstance(node, ast.ClassDef)}
FUNCTIONS = {
    node.name: node
    for node, _ in _STATEMENTS
    if isinstance(node, ast.FunctionDef) and node.name.endswith("_ports")
}
"""The functions that return ports of several blocks."""

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
    blocks = block_classes()
    tests = {path: path.read_text() for folder in TESTS for path in sorted(folder.rglob("*.py"))}
    variants = {name: _extended(name, blocks) for name in blocks}
    for name, (node, path) in blocks.items():
        if variants[name]:
            continue
        same = (_variant(*blocks[one], path) for one in variants if variants[one] == name)
        purpose = " ".join((f"**{name}**: {_purpose(node)}", *same))
        test = _test(name, path, blocks, tests)
        yield f"`{path.relative_to(HDL)}`", purpose, *_interface(name, blocks), test


def block_classes() -> dict[str, tuple[ast.ClassDef, Path]]:
    """Return the classes that have `elaborate` or `build(self, m)` or inherit one, by name."""

    def builds(name: str) -> bool:
        if name not in CLASSES or name == "Block":
            return False
        node, _ = CLASSES[name]
        build = _method(node, "build")
        own = _method(node, "elaborate") or (build is not None and len(build.args.args) == 2)
        return bool(own) or any(map(builds, _bases(node)))

    return {name: CLASSES[name] for name in CLASSES if name[0] != "_" and builds(name)}


def _interface(name: str, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> tuple[str, str]:
    """Return the ports and the latency of a block."""
    node, _ = blocks[name]
    ports, latency = SPECIAL.get(name, ("", ""))
    ports = ports or ", ".join(f"`{port}`" for port in _ports(node))
    latency = latency or _latency(ast.get_docstring(node) or "") or _of_base(node, blocks)
    return ports or "-", latency.rstrip(".")


def _variant(node: ast.ClassDef, path: Path, base_path: Path) -> str:
    where = "" if path == base_path else f" (`{path.relative_to(HDL)}`)"
    return f"*{node.name}*{where}: {_purpose(node)}"


def _purpose(node: ast.ClassDef) -> str:
    return _line((ast.get_docstring(node) or "").split("\n\n")[0])


def _extended(name: str, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> str:
    """Return the block whose ports and latency a block inherits; "" for none."""
    node, _ = blocks[name]
    bases = [base for base in _bases(node) if base in blocks]
    if not bases or _latency(ast.get_docstring(node) or ""):
        return ""
    same = _ports(node) == _ports(blocks[bases[0]][0])
    return (_extended(bases[0], blocks) or bases[0]) if same else ""


def _bases(node: ast.ClassDef) -> list[str]:
    return [base.id for base in node.bases if isinstance(base, ast.Name)]


def _ancestors(node: ast.ClassDef) -> list[ast.ClassDef]:
    bases = [CLASSES[base][0] for base in _bases(node) if base in CLASSES]
    return [ancestor for base in bases for ancestor in (base, *_ancestors(base))]


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == name), None)


def _ports(node: ast.ClassDef) -> list[str]:
    """Return the names of the ports that the constructor gives to its base, with those of it."""
    bases = [CLASSES[base][0] for base in _bases(node) if base in CLASSES]
    ports = [port for base in bases for port in _ports(base)]
    inits = [init.args for base in _ancestors(node) if (init := _method(base, "__init__"))]
    others = {arg.arg for args in inits for arg in (*args.args, *args.kwonlyargs)}
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "__init__"
        ):
            for keyword in call.keywords:
                ports += [keyword.arg] if keyword.arg else _of_function(keyword.value)
    return [port for port in dict.fromkeys(ports) if port not in others]


def _of_function(call: ast.expr | None) -> list[str]:
    """Return the names of the ports in the result of a function `..._ports`.

    The function returns a dictionary, or those of the ports that its arguments name.
    """
    if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in FUNCTIONS:
        return []
    named = [one.value for one in call.args if isinstance(one, ast.Constant)]
    if named:
        return [str(name) for name in named]
    ports = []
    for node in ast.walk(FUNCTIONS[call.func.id]):
        if isinstance(node, ast.Return):
            ports += _of_function(node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is None:
                    ports += _of_function(value)
                elif isinstance(key, ast.Constant) and {"In", "Out"} & _names(value):
                    ports.append(str(key.value))
    return ports


def _of_base(node: ast.ClassDef, blocks: dict[str, tuple[ast.ClassDef, Path]]) -> str:
    """Return a reference to the block that a block extends, or to its docstring."""
    names = [base for base in _bases(node) if base in blocks]
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
