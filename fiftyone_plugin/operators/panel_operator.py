"""A call of a panel: plain JSON in and out, a refusal is an answer like any other."""

from __future__ import annotations

from typing import Any, ClassVar

import fiftyone.operators as foo
import fiftyone.operators.types as types
from pymongo.errors import PyMongoError

from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.texts import known_reviewer
from pairlens.fiftyone_plugin.operators.wording import in_app
from pairlens.importers import database_connection, working_set
from pairlens.importers.errors import PairLensError, StateError, UsageError
from pairlens.importers.upgrade import complete_schema

Answer = dict[str, Any]


class PanelOperator(foo.Operator):
    """A call of a panel.

    Subclasses set the class attributes and implement :meth:`answer`.
    """

    operator_name: ClassVar[str]
    about: ClassVar[str]
    risk: ClassVar[types.RiskLevel] = types.RiskLevel.LOW

    @property
    def config(self) -> foo.OperatorConfig:
        """The configuration of the operator."""
        return foo.OperatorConfig(
            name=self.operator_name,
            label=f"PairLens panel: {self.operator_name.replace('_', ' ')}",
            description=self.about,
            unlisted=True,
            risk_level=self.risk,
        )

    def answer(self, ctx: Any) -> Answer:
        """Handles the call."""
        raise NotImplementedError

    def execute(self, ctx: Any) -> Answer:
        """Handles the call; a PairLens error becomes an answer with its message."""
        try:
            if not working_set.is_imported(ctx.dataset):
                raise StateError(
                    "the dataset was not imported by PairLens; run 'PairLens: adopt dataset'"
                )
            complete_schema(ctx.dataset)
            return {"ok": True, "reviewer": known_reviewer(ctx.user_id)} | self.answer(ctx)
        except Conflict as error:
            message = in_app(str(error))
            return {"ok": False, "kind": "conflict", "message": message, "conflict": error.facts}
        except PairLensError as error:
            kind = "usage" if isinstance(error, UsageError) else "state"
            return {"ok": False, "kind": kind, "message": in_app(str(error))}
        except PyMongoError as error:
            message = in_app(str(database_connection.explained(error)))
            return {"ok": False, "kind": "state", "message": message}
