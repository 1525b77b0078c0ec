"""The command `firstspike`: one module a verb."""
