"""The operators, in the order of the work; ``fiftyone.yml`` must list the same."""

from pairlens.fiftyone_plugin.operators.adopt_dataset import AdoptDataset
from pairlens.fiftyone_plugin.operators.ask_judge import AskJudge
from pairlens.fiftyone_plugin.operators.base import PairOperator
from pairlens.fiftyone_plugin.operators.combine_masks import CombineMasks
from pairlens.fiftyone_plugin.operators.export_subset import ExportSubset
from pairlens.fiftyone_plugin.operators.flag_pairs import FlagPairs
from pairlens.fiftyone_plugin.operators.import_dataset import ImportDataset
from pairlens.fiftyone_plugin.operators.predict_masks import PredictMasks
from pairlens.fiftyone_plugin.operators.relocate_dataset import RelocateDataset
from pairlens.fiftyone_plugin.operators.review_pairs import ReviewPairs
from pairlens.fiftyone_plugin.operators.score_pairs import ScorePairs
from pairlens.fiftyone_plugin.operators.store_source_boxes import StoreSourceBoxes

OPERATORS: tuple[type[PairOperator], ...] = (
    ImportDataset,
    AdoptDataset,
    PredictMasks,
    CombineMasks,
    ScorePairs,
    AskJudge,
    FlagPairs,
    ReviewPairs,
    ExportSubset,
    RelocateDataset,
    StoreSourceBoxes,
)
