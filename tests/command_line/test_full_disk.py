# SPDX-License-Identifier: BSD-2-Clause
"""A verb whose disk is full says so in one sentence, and leaves nothing half-written."""

import os
import subprocess
import sys

import pytest
from PIL import Image

from firstspike.golden import bundled_test_set
from firstspike.sim.harness.cache import cache_folder
from tests.command_line.stand_ins import put_files
from tests.support.rooms import added

QUICK = ("verilog", "show")

LINES = {
    "plot": "plot mnist-4bit -o plot.pdf",
    "verilog": "verilog {given}/toy.npz --lanes 4 -o core.v",
    "vectors": "verilog mnist-4bit --images 3 --vectors vectors",
    "run": "run mnist-4bit --images 5 --json result.json",
    "show": "run mnist-4bit --input {given}/digit.png --plot seen.png",
    "train": "train --dataset {given}/digits.npz --hidden 5 --epochs 1 -o net.npz",
    "learn": "learn --dataset {given}/digits.npz --random 5 --epochs 1 --images 50 -o net.npz",
    **dict(added("ON_A_FULL_DISK")),
}

FULL = """
set -e
mount -t tmpfs -o size=4k none "$1"
cd "$1"
head -c 4096 /dev/zero > filler
shift
exec "$@"
"""
"""Runs a command in a folder whose disk is full, in a separate mount namespace."""


def mounts():
    """Whether we may mount a file system in a namespace of our own."""
    try:
        tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(tried, stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A folder with what the verbs read."""
    folder = tmp_path_factory.mktemp("given")
    put_files(folder)
    Image.fromarray(bundled_test_set()[0][0].reshape(28, 28)).save(folder / "digit.png")
    return folder


@pytest.mark.skipif(not mounts(), reason="no file system can be mounted here")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in LINES],
)
def test_a_full_disk_is_said_in_a_sentence(tmp_path, given, name):
    code = (
        "import os, sys; from firstspike.scripts.main import run_line\n"
        "status = run_line(sys.argv[1:])\n"
        "print('left:', *sorted(os.listdir()))\n"
        "sys.exit(status)"
    )
    words = LINES[name].format(given=given).split()
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", FULL, "sh", tmp_path, sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"FIRSTSPIKE_CACHE": str(cache_folder())},
    )
    said = ended.stderr.splitlines()
    assert ended.returncode == 2, ended.stderr
    assert said[-1].startswith("Error: cannot use")
    assert said[-1].endswith(": No space left on device.")
    assert not [line for line in said if "Traceback" in line or "HDF5" in line]
    assert ended.stdout.splitlines()[-1].split() == ["left:", "filler"]
