# SPDX-License-Identifier: BSD-2-Clause
"""What a core that learns has besides its layers."""
