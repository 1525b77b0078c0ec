# SPDX-License-Identifier: BSD-2-Clause
"""The base of all errors that a user may see."""


class FirstSpikeError(Exception):
    """An error of ours: a sentence on what was given, what is allowed, or what to do.

    Errors of other classes, but for `OSError` and `MemoryError`, are faults of the program.
    """
