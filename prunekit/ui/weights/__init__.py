"""The Weights page: what is in a layer, and what reaches the next."""
