"""Benchmark of the checks: faults are planted in copies of good samples, and found or missed.

Works in memory and a temporary folder; the dataset is only read.
"""
