# SPDX-License-Identifier: BSD-2-Clause
"""Tests of PyTorch's side, for `make torch`; without PyTorch each file here is left out."""

from tests.support.tools import PYTORCH, leave_out

if not PYTORCH.found:
    leave_out(PYTORCH)
