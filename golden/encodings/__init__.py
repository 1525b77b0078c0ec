# SPDX-License-Identifier: BSD-2-Clause
"""Encodings turn samples into spike ticks."""
