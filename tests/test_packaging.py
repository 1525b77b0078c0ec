"""What is in the folders is also in the wheel: an editable install would hide that it is not."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS = SETUPTOOLS["package-dir"]


@pytest.mark.parametrize("top", ["golden", "hdl", "sim", "boards", "scripts"])
def test_every_file_is_in_a_package_or_its_data(top):
    for file in sorted((ROOT / top).rglob("*")):
        if file.is_dir() or "__pycache__" in file.parts:
            continue
        package = ".".join(["firstspike", *file.parent.relative_to(ROOT).parts])
        if file.suffix == ".py":
            assert package in SETUPTOOLS["packages"], f"{file} would not be in the wheel"
        else:
            owners = [name for name, folder in FOLDERS.items() if ROOT / folder in file.parents]
            listed = {
                found
                for name in owners
                for pattern in SETUPTOOLS["package-data"].get(name, [])
                for found in (ROOT / FOLDERS[name]).glob(pattern)
            }
            assert file in listed, f"{file} would not be in the wheel"


def test_packages_are_mapped_to_folders():
    assert set(FOLDERS) == set(SETUPTOOLS["packages"])
    for name, folder in FOLDERS.items():
        assert name == ".".join(["firstspike", *Path(folder).parts])
        assert (ROOT / folder / "__init__.py").exists()


def test_the_lock_file_names_no_host_and_no_path():
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert "//" not in line
        assert not line.startswith(("-", "/", "."))
        assert " @ " not in line
