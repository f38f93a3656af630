"""PruneKit: the mixing desk for neural-network pruning."""
