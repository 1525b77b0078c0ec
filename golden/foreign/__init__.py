# SPDX-License-Identifier: BSD-2-Clause
"""Reads what others wrote: archives, fields, JSON and text, bounded in size, depth and time."""
