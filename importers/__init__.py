"""Reads published remote-sensing vision-language datasets and imports them into FiftyOne.

No module here imports :mod:`fiftyone_plugin`. Modules that read formats, masks and records do not
import FiftyOne, so that they start quickly and run in workers; those that work on datasets do.
"""
