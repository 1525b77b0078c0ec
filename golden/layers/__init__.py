# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of layers: which inputs connect to which neurons, and by which weights."""
