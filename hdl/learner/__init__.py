# SPDX-License-Identifier: BSD-2-Clause
"""The blocks for learning, which a core that learns has in addition to its layers."""
