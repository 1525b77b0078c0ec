# SPDX-License-Identifier: BSD-2-Clause
"""Converts networks to NIR graphs and back (docs/nir.md): three forms, and graphs of other tools.

The package nir is optional; it is imported only when a graph is written. No other module of golden
imports this package.
"""
