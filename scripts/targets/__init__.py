# SPDX-License-Identifier: BSD-2-Clause
"""Targets that run a network: each is a module of this folder with a class named `Target`.

`specifications.py` has the options of each and opens it, `target.py` defines the interface, and
`comparison.py` compares a target with the golden model. This package does not depend on the command
line.
"""
