"""What is true: the neuron, its training and the integer model that the hardware equals to the bit."""
