"""Recovery: what a cut network can get back."""
