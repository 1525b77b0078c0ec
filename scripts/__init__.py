# SPDX-License-Identifier: BSD-2-Clause
"""The command `firstspike`: one module a verb."""
