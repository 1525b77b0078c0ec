# SPDX-License-Identifier: BSD-2-Clause
"""Files of strangers: mutants of all sorts are taken, or refused in a sentence.

`FIRSTSPIKE_MUTANTS=5000 pytest tests/command_line/test_foreign_files.py` tries more of them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

COUNT = int(os.environ.get("FIRSTSPIKE_MUTANTS", "320"))
SEED = 1


def check_mutants(folder: Path, count: int, seed: int) -> None:
    """Try so many, in an empty folder."""
    words = [sys.executable, "-m", "tests.support.foreign", str(folder), str(count), str(seed)]
    ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    wrong = [json.loads(line) for line in ended.stdout.splitlines()]
    assert not wrong, "\n".join(f"{one['number']}: {one['words']}\n{one['what']}" for one in wrong)
    assert ended.returncode == 0, (folder / "said").read_text(errors="replace")


def test_mutants_are_taken_or_refused_in_a_sentence(tmp_path):
    check_mutants(tmp_path, COUNT, SEED)
