"""The execution engine: a network's answers, dense once, then only what a cut changes."""
