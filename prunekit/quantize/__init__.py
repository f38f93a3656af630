"""Quantization: weights of few bits, and whole int8 networks."""
