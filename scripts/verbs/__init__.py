# SPDX-License-Identifier: BSD-2-Clause
"""The verbs of the command, a module each."""
