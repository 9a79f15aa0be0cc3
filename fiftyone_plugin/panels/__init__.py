"""The panels; ``fiftyone.yml`` must list the same."""

from typing import Any

from pairlens.fiftyone_plugin.panels.curation import CurationPanel
from pairlens.fiftyone_plugin.panels.pair import PairPanel

PANELS: tuple[type[Any], ...] = (CurationPanel, PairPanel)
