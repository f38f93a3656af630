"""What is in a network: distributions, kernels, activations, influence, samples as pictures."""
