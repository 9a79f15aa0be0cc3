"""An audit: what is in a dataset and what was found in it, as a page with pictures.

Everything on the page comes from the stored findings; a dataset without any is checked first.
"""

from fiftyone_plugin.audit.page import audit

__all__ = ["audit"]
