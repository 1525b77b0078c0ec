"""What every bench needs: compiled simulations, streams with back-pressure, checked sinks."""
