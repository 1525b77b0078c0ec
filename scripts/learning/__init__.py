# SPDX-License-Identifier: BSD-2-Clause
"""What the verb `learn` needs."""
