# SPDX-License-Identifier: BSD-2-Clause
"""How samples become spike ticks."""
