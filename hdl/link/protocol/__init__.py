# SPDX-License-Identifier: BSD-2-Clause
"""The rules that host and board share, in plain Python: requests, answers, and their meanings."""
