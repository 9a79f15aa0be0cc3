"""The package ``pairlens`` of a checkout that is not installed.

With the folder above on ``sys.path``, ``pairlens.importers`` and ``pairlens.fiftyone_plugin`` are
the folders of these names in the checkout, and nothing else in it can be imported by accident.
"""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[3])]
