"""What is in the folders is also in the wheel: an editable install would hide that it is not."""

import tomllib
from pathlib import Path

import pytest
from setuptools import find_packages

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS = ["golden", "hdl", "sim", "boards", "scripts"]


@pytest.mark.parametrize("top", FOLDERS)
def test_every_file_is_in_a_package_or_its_data(top):
    packages = find_packages(str(ROOT), include=SETUPTOOLS["packages"]["find"]["include"])
    patterns = SETUPTOOLS["package-data"].get(f"firstspike.{top}", [])
    data = {file for pattern in patterns for file in (ROOT / top).glob(pattern)}
    for file in sorted((ROOT / top).rglob("*")):
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        package = ".".join(["firstspike", *file.parent.relative_to(ROOT).parts])
        there = package in packages if file.suffix == ".py" else file in data
        assert there, f"{file} would not be in the wheel"


@pytest.mark.parametrize("top", FOLDERS)
def test_the_package_links_to_the_folders(top):
    assert (ROOT / "firstspike" / top).readlink() == Path("..", top)


def test_the_lock_file_names_no_host_and_no_path():
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert "//" not in line
        assert not line.startswith(("-", "/", "."))
        assert " @ " not in line
