"""The benches of the whole core, with and without learning."""
