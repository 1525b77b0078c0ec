# SPDX-License-Identifier: BSD-2-Clause
"""The wheel has all files that users need: an editable install would hide a missing one."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.util import resolve_name
from pathlib import Path

import pytest
from setuptools import find_packages

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS, LICENCES = PYPROJECT["tool"]["setuptools"], PYPROJECT["project"]["license-files"]
FOLDERS = ["golden", "hdl", "sim", "boards", "scripts"]


@pytest.mark.parametrize("top", FOLDERS)
def test_the_wheel_has_every_file_but_the_checks_for_a_clone(top):
    found = SETUPTOOLS["packages"]["find"]
    packages = find_packages(str(ROOT), include=found["include"], exclude=found["exclude"])
    patterns = SETUPTOOLS["package-data"].get(f"firstspike.{top}", [])
    data = {file for pattern in patterns for file in (ROOT / top).glob(pattern)}
    for file in sorted((ROOT / top).rglob("*")):
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        package = ".".join(["firstspike", *file.parent.relative_to(ROOT).parts])
        there = package in packages if file.suffix == ".py" else file in data
        wanted = not {"sim/formal", "sim/mutants"} & set(map(str, file.relative_to(ROOT).parents))
        assert there == wanted, f"{file}: in the wheel {there}, wanted {wanted}"


def test_the_wheel_has_no_bench_that_only_tests_use():
    """A module of sim/ is imported, or named to a simulation, by one that a verb imports."""
    paths = {}
    for path in (path for top in FOLDERS for path in (ROOT / top).rglob("*.py")):
        name = ".".join(["firstspike", *path.relative_to(ROOT).with_suffix("").parts])
        paths[name.removesuffix(".__init__")] = path
    todo = [name for name in paths if name.startswith("firstspike.scripts")]
    used = set(todo)
    while todo:
        name = todo.pop()
        package = name if paths[name].name == "__init__.py" else name.rpartition(".")[0]
        named = set()
        for node in ast.walk(ast.parse(paths[name].read_text())):
            if isinstance(node, ast.ImportFrom):
                base = resolve_name("." * node.level + (node.module or ""), package)
                of_a_clone = base.startswith(("docs", "tests"))
                assert not of_a_clone or "sim.mutants" in name, f"{name} imports {base}"
                named |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= {node.value, f"{package}.{node.value}"}
        todo += (named & paths.keys()) - used
        used |= named & paths.keys()
    packages = {name for name, path in paths.items() if path.name == "__init__.py"}
    assert {name for name in paths if "firstspike.sim." in name} - used - packages == set()


LOCKS = sorted(ROOT.glob("requirements.lock")) + sorted(ROOT.glob("*/requirements.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.parent.relative_to(ROOT)))
def test_lock_files_name_no_host_and_no_path(lock):
    for line in lock.read_text().splitlines():
        assert "//" not in line
        assert not line.startswith(("-", "/", "."))
        assert " @ " not in line


def test_lock_files_agree():
    """`make test` and `make docs` add packages to those of `make demo`, and change none."""
    first, *others = (
        set(re.findall(r"^[a-z0-9-]+==[^ ;]+", one.read_text(), re.M)) for one in LOCKS
    )
    names = {pin.partition("==")[0] for pin in first}
    assert len(LOCKS) == 3
    for pins in others:
        assert {pin for pin in pins if pin.partition("==")[0] in names} == first


def test_a_release_is_the_same_to_the_bit_a_second_time(tmp_path):
    """The script itself builds it twice; here it stands in a repository without anything else."""
    for name in (*LICENCES, "README.md", "pyproject.toml", ".ci/release", "firstspike/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    commit = "git init -q; git add -A . ':!.venv'; git -c user.name=a -c user.email=a commit -qm a"
    subprocess.run(commit, shell=True, cwd=tmp_path, check=True)
    subprocess.run(".ci/release", cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    built = {path.suffix for path in (tmp_path / "dist").iterdir()}
    assert built == {"", ".whl", ".gz"}
    check = "sha256sum --quiet -c SHA256SUMS"
    subprocess.run(check, shell=True, cwd=tmp_path / "dist", check=True)


# Each file names its licence, in its first lines or, where it cannot, in REUSE.toml.


TABLES = tomllib.loads((ROOT / "REUSE.toml").read_text())["annotations"]
OTHERS = dict.fromkeys(
    (
        *("hdl/bus/c/driver.h", "hdl/bus/c/encoding.h"),
        *("sim/vectors/vectors_bench.v", "sim/vectors/vectors_log.v"),
    ),
    "0BSD",
)
"""Licences of single sources; everything else has the licence of the project."""


def named_in_reuse(name):
    """Return the licence in the last table that names the file, by REUSE's rules for paths."""
    found = None
    for table in TABLES:
        paths = table["path"] if isinstance(table["path"], list) else [table["path"]]
        for path in paths:
            pattern = re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
            if re.fullmatch(pattern, name):
                found = table["SPDX-License-Identifier"]
    return found


def tracked():
    """The names of all files but links, and the texts of the licences themselves."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    names = listed.stdout.decode().rstrip("\0").split("\0")
    return [n for n in names if (ROOT / n).is_file() and "LICENSE" not in n]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of git")
def test_each_file_names_its_licence():
    wrong, names = [], tracked()
    for name in names:
        licence = named_in_reuse(name)
        if licence is None:
            head = "\n".join((ROOT / name).read_text().split("\n", 3)[:3])
            said = re.search(r"^\W+SPDX-License-Identifier: ([\w.-]+)", head, re.MULTILINE)
            if not said or said[1] != OTHERS.get(name, "BSD-2-Clause"):
                wrong.append(name)
    assert len(names) > 400
    assert wrong == []


def test_what_is_of_others_is_not_called_ours():
    assert named_in_reuse("golden/data/mnist-test.npz") == "CC-BY-SA-3.0"
    assert named_in_reuse("examples/irises.csv") == "CC-BY-4.0"
    assert named_in_reuse("golden/networks/mnist-8bit.npz") == "BSD-2-Clause"
