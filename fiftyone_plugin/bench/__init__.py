"""How good the checks are: known faults planted in copies of good pairs, and what is found of them.

Works on records in memory and a folder of its own; the dataset is only read.
"""
