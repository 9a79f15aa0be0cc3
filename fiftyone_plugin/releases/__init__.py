"""Two releases of a dataset: what the later one added, dropped and changed."""
