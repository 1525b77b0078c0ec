# SPDX-License-Identifier: BSD-2-Clause
"""What the operating system does for us: whole files, temporary folders, child processes."""
