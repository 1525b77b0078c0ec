# SPDX-License-Identifier: BSD-2-Clause
"""The protocol between host and board, in plain Python: requests, answers, and their formats."""
