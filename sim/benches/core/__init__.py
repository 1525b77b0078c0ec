# SPDX-License-Identifier: BSD-2-Clause
"""The benches of the whole core, with and without learning."""
