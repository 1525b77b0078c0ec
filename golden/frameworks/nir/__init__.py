# SPDX-License-Identifier: BSD-2-Clause
"""Networks as NIR graphs and back (docs/nir.md): three forms, and graphs of others.

The package nir is optional, and is imported where a graph is written. Nothing else imports these.
"""
