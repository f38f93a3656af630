"""What counts as good: metrics with their intervals, one record each."""
