"""The bench of a board's netlist, and models of the cells that it is made of."""
