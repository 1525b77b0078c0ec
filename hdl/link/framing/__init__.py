# SPDX-License-Identifier: BSD-2-Clause
"""Serial interfaces, framing and checksums: from wires to complete requests, and back."""
