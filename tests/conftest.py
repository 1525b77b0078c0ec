# SPDX-License-Identifier: BSD-2-Clause
"""How the tests run: without hypothesis' time limits, and as if someone could press Ctrl-C."""

import os
import signal
from pathlib import Path

from hypothesis import settings

settings.register_profile("firstspike", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("firstspike")

# Simulations import benches of the tests, and are not told of the current folder.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])

# Interrupts are ignored where the tests run in the background, and so they are in their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
