"""The gate: tests a dataset against limits, as a build tests code.

The findings come from published files, without a database, or from a dataset of FiftyOne; what is
made of them is the same.
"""
