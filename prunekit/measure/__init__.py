"""Measuring: what a network is worth, what it costs, and the network a recipe asks for."""
