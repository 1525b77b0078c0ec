# SPDX-License-Identifier: BSD-2-Clause
"""Reads files of unknown origin: archives, fields, JSON and text, within bounds."""
