"""Published remote-sensing vision-language files, read into FiftyOne datasets.

Nothing in this package imports :mod:`fiftyone_plugin`; only :mod:`importers.ingest`,
:mod:`importers.store` and :mod:`importers.dataset_types` import FiftyOne.
"""
