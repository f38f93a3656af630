"""The Weights page: the weights, scores and outputs of layers."""
