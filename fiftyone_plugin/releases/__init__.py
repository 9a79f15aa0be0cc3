"""Compares two releases of a dataset: added, dropped and changed samples."""
