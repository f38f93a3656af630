"""The clock: latency and memory of two networks in turns."""
