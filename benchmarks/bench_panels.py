"""Measures how long the panels take to answer on a large dataset; the goal is two seconds.

    python benchmarks/bench_panels.py                      100,000 pairs
    python benchmarks/bench_panels.py --pairs 1000000

A generated dataset with planted faults is imported, predicted, scored and flagged once, and its
documents are stored again under new keys until there are enough; every tenth pair has a verdict
of one of three reviewers. What is timed is what the App waits for: the panels' events and calls
through FiftyOne's own execution, with what they send as JSON, and the first thirty of
the pairs that a click shows. Each is repeated; the median and the slowest are reported.

A table goes to stderr, JSON to stdout. The dataset lies in the FiftyOne database that this
process is told of, under a name of its own, and is deleted at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import fiftyone.operators as foo
from bson import ObjectId, json_util
from fiftyone.server.view import extend_view

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers import fields, store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.ingest import ImportOptions, import_dataset

PROMISED = 2.0
"""Seconds."""

IMAGES = 48
PRED = "cues"
REVIEWERS = ("Ada", "Grace", "Katherine")
FIRST_PAGE = 30


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--pairs", type=int, default=100_000)
    made.add_argument("--repeats", type=int, default=3)
    args = made.parse_args()
    ensure_link()
    with redirect_stdout(sys.stderr), dataset_of(args.pairs) as dataset:
        times = measure(Client(dataset), args.repeats)
    show(args.pairs, times)
    slowest = max(one["slowest"] for one in times.values())
    print(json.dumps({"pairs": args.pairs, "slowest": slowest, "seconds": times}))
    return 0


@contextmanager
def dataset_of(pairs: int) -> Iterator[fo.Dataset]:
    """A dataset of so many pairs with findings, scores and verdicts."""
    name = f"bench-{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="pairlens-bench-") as folder:
        try:
            dataset = make(name, Path(folder))
            multiply(dataset, pairs)
            yield dataset
        finally:
            delete_dataset(name)


def make(name: str, folder: Path) -> fo.Dataset:
    """A dataset of few pairs with findings and scores."""
    root = make_gres(folder / "published", images=IMAGES).root
    plant(root, "gres")
    options = ImportOptions(placeholders=True, media_dir=folder / "media")
    import_dataset("gres", root, name, options)
    dataset = fo.load_dataset(name)
    predict(dataset, predictor=PRED, field_name=PRED)
    score(dataset, pred=PRED, key=PRED)
    flag(dataset)
    return dataset


def multiply(dataset: fo.Dataset, pairs: int) -> None:
    """Stores the documents again under new keys, every tenth with a verdict."""
    docs = list(dataset._sample_collection.find())
    verdicts, reviewers = cycle(VERDICTS), cycle(REVIEWERS)

    def copies() -> Iterator[dict[str, Any]]:
        for number in range(pairs - len(docs)):
            doc = docs[number % len(docs)] | {"_id": ObjectId()}
            doc[fields.KEY] = f"{doc[fields.KEY]}~{number}"
            copy = number // len(docs)
            doc[fields.IMAGE_ID] = f"{doc[fields.IMAGE_ID]}~{copy}"
            if found := doc.get(fields.FINDINGS):
                labels = found["classifications"]
                own = [one | {"group": f"{one['group']}~{copy}"} for one in labels]
                doc[fields.FINDINGS] = found | {"classifications": own}
            if number % 10 == 0:
                doc |= {fields.VERDICT: next(verdicts), fields.REVIEWER: next(reviewers)}
            yield doc

    for batch in store.batched(copies(), store.BATCH):
        store.insert(dataset, batch)


class Client:
    """Plays the App: sends events and receives the answers."""

    def __init__(self, dataset: fo.Dataset) -> None:
        self.dataset = dataset
        self.view: Any = dataset.view()
        self.behind: Any = None
        self.panel = 0
        self.facts: dict[str, Any] = {}

    def event(self, method: str, **params: Any) -> Any:
        """An event of the panel ``curation``."""
        inside = {"panel_id": f"bench {self.panel}", "__method__": method}
        done = self._run("curation", params | inside)
        for request in done.executor._requests:
            given = json.loads(json.dumps(request.params))
            if request.operator_uri == "patch_panel_data":
                self.facts = given["data"].get("facts", self.facts)
                self.behind = given["data"].get("behind", self.behind)
            elif request.operator_uri == "set_view":
                stages = json_util.loads(json.dumps(given["view"]))
                self.view = fo.DatasetView._build(self.dataset, stages)
            elif request.operator_uri == "clear_view":
                self.view = self.dataset.view()
        return done.result

    def call(self, name: str, **params: Any) -> Any:
        """A call of the panel ``pair``."""
        result = self._run(name, params).result
        assert result["ok"], result
        return json.loads(json.dumps(result))

    def _run(self, name: str, params: dict[str, Any]) -> Any:
        given = {"dataset": self.dataset, "view": self.view, "params": params}
        given |= {"extended": json.loads(json.dumps(self.behind))}
        done = foo.execute_operator(f"{PLUGIN_NAME}/{name}", given)
        done.raise_exceptions()
        return done

    def first_page(self) -> int:
        """The first page of the view in the grid."""
        shown = extend_view(self.view, json.loads(json.dumps(self.behind or {})))
        pipeline = [*shown._pipeline(), {"$limit": FIRST_PAGE}]
        return len(list(self.dataset._sample_collection.aggregate(pipeline)))


def measure(client: Client, repeats: int) -> dict[str, dict[str, float]]:
    """Seconds of every act that a reviewer waits for."""
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[..., Any], *args: Any, **params: Any) -> Any:
        started = time.perf_counter()
        result = work(*args, **params)
        times.setdefault(name, []).append(time.perf_counter() - started)
        return result

    for _ in range(repeats):
        timed("open the panel", client.event, "on_load")
        for name, bar in chosen_bars(client.facts["overview"]).items():
            timed(f"click {name}", client.event, "show", bar=bar)
            timed(f"first page of {name}", client.first_page)
            timed("follow the view", client.event, "on_change_view")
        timed("reset", client.event, "reset")
        timed("quality for IoU", client.event, "choose", key="")
        in_session(client, timed)
        client.event("reset")
        client.panel += 1
    return {
        name: {"median": round(statistics.median(t), 3), "slowest": round(max(t), 3)}
        for name, t in times.items()
    }


def chosen_bars(overview: dict[str, Any]) -> dict[str, str]:
    """The longest bar of each kind."""
    kinds = ("findings", "severities", "verdicts", "reviewers")
    found = {kind: max(overview[kind], key=lambda one: one["pairs"])["bar"] for kind in kinds}
    longest = max(overview["histogram"]["bars"], key=lambda one: one["pairs"])
    return {"flagged": "flagged", "histogram": longest["bar"]} | found


def in_session(client: Client, timed: Callable[..., Any]) -> None:
    """Times a session over all pairs without a verdict, its first verdicts, and an undo."""
    params = {"reviewer": REVIEWERS[0], "use_view": True}
    item = timed("start a session", client.event, "start", **params)["item"]
    session = {"session": item["session"], "reviewer": REVIEWERS[0]}
    pair = {"sample_id": item["sample_id"], **session}
    shown = timed("show a group", client.call, "pair_view", **pair)["pair"]
    for _ in range(3):
        given = {"after": shown["sample_id"], "skip": [shown["sample_id"]], **session}
        ahead = timed("read the next three", client.call, "pairs_ahead", most=3, **given)["ahead"]
        names = {"sample_id": "sample_id", "key": "key", "seen": "version"}
        decisions = [
            {"verdict": "keep"} | {name: member[source] for name, source in names.items()}
            for member in shown["group"]["members"]
            if member["meant"]
        ]
        timed("judge a group", client.call, "judge_pairs", decisions=decisions, **session)
        shown = ahead[0]
    timed("undo", client.call, "undo_pair", **session)
    timed("resume a session", client.event, "resume", **session)
    timed("finish a session", client.event, "change", do="finish", session=item["session"])


def show(pairs: int, times: dict[str, dict[str, float]]) -> None:
    """A table for people."""
    lines = [f"{pairs:,} pairs", f"  {'':<32}{'median':>10}{'slowest':>10}"]
    for name, one in times.items():
        late = "" if one["slowest"] <= PROMISED else "  MISSED"
        lines.append(f"  {name:<32}{one['median']:>8.2f} s{one['slowest']:>8.2f} s{late}")
    print("\n".join(lines), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
