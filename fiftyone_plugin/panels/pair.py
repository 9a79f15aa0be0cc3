"""The panel ``pair``: one pair, what was found about it, and the verdict on it."""

from __future__ import annotations

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types


class PairPanel(foo.Panel):
    """Shows the pair that is open in the sample modal and takes the verdict on it.

    All of it is drawn and asked for by the script in ``js/``: it knows which sample is open,
    fetches it with the operator ``pair_view``, and sends verdicts with ``judge_pair``.
    """

    @property
    def config(self) -> foo.PanelConfig:
        """The configuration of the panel."""
        return foo.PanelConfig(
            name="pair", label="Pair", icon="rule", surfaces="modal", allow_multiple=False
        )

    def render(self, ctx: Any) -> types.Property:
        """The component that the script registers."""
        view = types.View(component="PairLensPair", composite_view=True)
        return types.Property(types.Object(), view=view)
