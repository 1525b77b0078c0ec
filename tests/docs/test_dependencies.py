# SPDX-License-Identifier: BSD-2-Clause
"""The texts about dependencies name the dependencies of the project."""

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTED = ("test", "docs")
"""Extras of contributors, whose packages the page names in a list."""


def names(extra: str) -> set[str]:
    packages = (re.match(r"[\w-]+", one)[0] for one in PROJECT["optional-dependencies"][extra])
    return {one for one in packages if one != "firstspike"}


@pytest.mark.parametrize("extra", LISTED)
def test_the_list_names_the_packages_of_contributors(extra):
    page = (ROOT / "docs" / "dependencies.md").read_text()
    (item,) = re.findall(rf"^- `{extra}`: (.*(?:\n  .*)*)", page, re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", item)) == names(extra)


def test_the_table_has_a_row_for_each_dependency():
    page = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| \w+ \|", page, re.MULTILINE)
    users = PROJECT["optional-dependencies"].keys() - {*LISTED}
    needed = [re.match(r"[\w-]+", one)[0] for one in PROJECT["dependencies"]]
    assert sorted(rows) == sorted(needed + [one for extra in users for one in names(extra)])


def test_the_installation_names_the_extras_of_users():
    page = (ROOT / "docs" / "installation.md").read_text()
    named = re.findall(r'^ +pip install "\.\[([\w,]+)\]"', page, re.MULTILINE)
    extras = PROJECT["optional-dependencies"].keys() - {"build", "test", "docs"}
    assert set(",".join(named).split(",")) == extras
