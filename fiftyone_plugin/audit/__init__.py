"""An audit: the contents and findings of a dataset as a page with pictures.

Everything on the page comes from the stored findings; a dataset without any is checked first.
"""

from pairlens.fiftyone_plugin.audit.page import audit

__all__ = ["audit"]
