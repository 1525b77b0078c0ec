# SPDX-License-Identifier: BSD-2-Clause
"""Each file names its licence, in its first lines or, where it cannot, in REUSE.toml."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
TABLES = tomllib.loads((ROOT / "REUSE.toml").read_text())["annotations"]
OTHERS = dict.fromkeys(
    ("hdl/bus/c/driver.h", "hdl/bus/c/encoding.h", "sim/vectors/vectors_bench.v"), "0BSD"
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
