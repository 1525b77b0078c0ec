# SPDX-License-Identifier: BSD-2-Clause
"""The benches of a core behind its link, a host at the other end of the line."""
