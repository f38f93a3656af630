"""A question resolved once: the task that is open, and the network that a recipe asks of it."""
