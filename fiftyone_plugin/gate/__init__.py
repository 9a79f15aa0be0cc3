"""The gate: tests a dataset against limits, like the tests of a code repository.

The findings are of published files, without a database, or of a FiftyOne dataset.
"""
