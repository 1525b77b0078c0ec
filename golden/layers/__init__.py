# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of layers: the connections between inputs and neurons, and their weights."""
