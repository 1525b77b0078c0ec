# SPDX-License-Identifier: BSD-2-Clause
"""Files of strangers: mutants of all sorts are taken, or refused in a sentence.

`FIRSTSPIKE_MUTANTS=5000 pytest tests/command_line/test_foreign_files.py -k usual` tries more.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNTS = {"usual": 320, "hostile": 45}
"""How many of each kind are tried."""
SEED = 1


def check_mutants(folder: Path, count: int, seed: int, kind: str) -> None:
    """Try `count` mutants of a kind, in an empty folder."""
    given = map(str, (folder, count, seed, kind))
    words = [sys.executable, "-m", "tests.support.foreign", *given]
    ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    wrong = [json.loads(line) for line in ended.stdout.splitlines()]
    assert not wrong, "\n".join(f"{one['number']}: {one['words']}\n{one['what']}" for one in wrong)
    assert ended.returncode == 0, (folder / "said").read_text(errors="replace")


@pytest.mark.long
@pytest.mark.parametrize("kind", ["usual", "hostile"])
def test_mutants_are_taken_or_refused_in_a_sentence(tmp_path, kind):
    count = int(os.environ.get("FIRSTSPIKE_MUTANTS", COUNTS[kind]))
    check_mutants(tmp_path, count, SEED, kind)
