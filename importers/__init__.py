"""Published remote-sensing vision-language files, read into FiftyOne datasets.

Nothing in this package imports :mod:`fiftyone_plugin`; only ``store``, ``fallback``, ``schema``,
``datasets``, ``ingest``, ``dataset_types`` and ``app_view`` import FiftyOne.
"""
