# SPDX-License-Identifier: BSD-2-Clause
"""What a board is asked by `firstspike selftest`, and the report that it gives."""
