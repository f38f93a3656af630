"""A recipe applied to tensors: what is checked, kept, masked and rounded."""
