# SPDX-License-Identifier: BSD-2-Clause
import os
from pathlib import Path

# The process of a simulation imports benches of the tests.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
