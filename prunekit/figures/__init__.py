"""Records drawn as charts, each with the same data as a table; knows nothing of the screen they stand on."""
