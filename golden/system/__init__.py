# SPDX-License-Identifier: BSD-2-Clause
"""Foundations of all other packages: atomic files, temporary folders, child processes, errors."""
