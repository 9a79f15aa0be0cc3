"""Published remote-sensing vision-language files: formats, and their import into FiftyOne.

Nothing here imports :mod:`fiftyone_plugin`. Only ``app_view``, ``datasets``, ``dataset_types``,
``documents``, ``fo_internals``, ``ingest``, ``scenes``, ``schema``, ``store`` and ``zoo`` import
FiftyOne: formats, masks and records do not.
"""
