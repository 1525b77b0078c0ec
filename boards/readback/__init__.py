# SPDX-License-Identifier: BSD-2-Clause
"""The room `readback` compares a bitstream with the routed design, for any design of nextpnr.

The bitstream is that of an iCE40 or ECP5. The room knows nothing of networks and boards; of the
base it uses the errors, and the readers of files and JSON.
"""

NEEDS = ()
