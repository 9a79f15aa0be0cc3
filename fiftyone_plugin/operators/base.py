"""Base class of the operators: configuration, form, progress, result view, call from Python.

The options of a step are the form and the parameters of its operator, which runs the step like
the command line.
"""

from __future__ import annotations

import asyncio
import queue
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar

import fiftyone.operators as foo
import fiftyone.operators.types as types
from fiftyone.operators.executor import ExecutionError

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.app_settings import absolute
from pairlens.fiftyone_plugin.curation.texts import known_reviewer
from pairlens.fiftyone_plugin.operators.forms import add_field
from pairlens.fiftyone_plugin.operators.wording import OPERATORS, in_app
from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps.step import Option, Step, Watch, parse_options
from pairlens.importers import database_connection, fo_internals, full_disk, memory, working_set
from pairlens.importers.errors import OutOfMemory, PairLensError, StateError, UsageError

Work = Callable[[Watch], Report]
_POLL_SECONDS = 0.2
_OURS = re.compile(r"^pairlens\.importers\.errors\.\w+: (.*)$", re.MULTILINE)
"""An error of PairLens in the traceback that FiftyOne makes the message of its own."""


class PairOperator(foo.Operator):
    """A step of PairLens as a FiftyOne operator.

    Subclasses set the class attributes, and override :meth:`options` if these depend on the dataset
    or on the values in the form.

    Attributes:
        step: the step to run, whose options are the form's fields and the parameters
        long: whether it can be delegated
    """

    step: ClassVar[Step]
    title: ClassVar[str]
    icon: ClassVar[str]
    risk: ClassVar[types.RiskLevel]
    long: ClassVar[bool] = True

    def __init_subclass__(cls, **of_type: Any) -> None:
        super().__init_subclass__(**of_type)
        OPERATORS[cls.step.name] = f"PairLens: {cls.title}"

    @property
    def config(self) -> foo.OperatorConfig:
        """The configuration of the operator."""
        return foo.OperatorConfig(
            name=self.step.operator,
            label=OPERATORS[self.step.name],
            description=self.step.about,
            icon=self.icon,
            dynamic=True,
            execute_as_generator=True,
            allow_delegated_execution=self.long,
            risk_level=self.risk,
        )

    def options(self, ctx: Any) -> dict[str, Option]:
        """The step's options by parameter, for the dataset and the values in the form.

        Raises:
            StateError: if the step cannot run on the dataset; the form then shows the reason
        """
        return {option.param: option for option in self.step.options}

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Adds a field for each option."""
        try:
            options = self.options(ctx)
        except StateError as error:
            message = self.in_app(str(error))
            inputs.view("none", types.Warning(label=message)).invalid = True
            return
        for option in options.values():
            if option.in_form:
                add_field(inputs, option)
        if self.step.on_dataset:
            self.samples(ctx)

    def samples(self, ctx: Any) -> Any:
        """The samples to run on; the form lets the user choose if it has that field."""
        return ctx.target_view()

    def work(self, ctx: Any) -> Work:
        """Parses the parameters."""
        given = {k: v.strip() if isinstance(v, str) else v for k, v in ctx.params.items()}
        options, named = self.options(ctx).values(), attrgetter("param")  # as in a call from Python
        if waits_for_result(ctx) or ctx.delegated:
            given, named = given | _absolute_paths(options, given), _in_form
        values = parse_options([*options], given, named)
        samples = ()
        if self.step.on_dataset:
            samples = (self.samples(ctx),)
        return lambda watch: self.step.run(*samples, watch, **values)

    def resolve_input(self, ctx: Any) -> types.Property:
        """The form, or a warning with the reason why the dataset has none."""
        inputs = types.Object()
        needed = self.step.on_dataset and not self.step.foreign
        if needed and not working_set.is_imported(ctx.dataset):
            inputs.view(
                "unsuitable",
                types.Warning(
                    label="This dataset was not imported by PairLens",
                    description="Run 'PairLens: adopt dataset' to take its labels for pairs, or "
                    "open a dataset that PairLens made.",
                ),
            ).invalid = True
        else:
            self.form(ctx, inputs)
        return types.Property(inputs, view=types.View(label=self.title.capitalize()))

    def execute(self, ctx: Any) -> Any:
        """Runs the step.

        Returns:
            in the App a generator of progress and a result view; from Python, and if delegated, the
            object that the command line prints with ``--json``, with its lines as ``report``

        Raises:
            PairLensError: with the message that the command line prints
        """
        try:
            work = self.work(ctx)
        except PairLensError as error:
            if not waits_for_result(ctx):
                raise
            return self._show_failure(ctx, error)
        if waits_for_result(ctx):
            return self._stream(ctx, work)

        def report_progress(done: int, total: int | None) -> None:
            if ctx.delegated:
                ctx.set_progress(progress=done / total if total else None)

        return as_result(work(Watch(report_progress)))

    def resolve_output(self, ctx: Any) -> Any:
        """The result view with the lines that the command line prints."""
        outputs = types.Object()
        # The App's code view loads its editor from the network; a fenced block does not, and
        # no text of a dataset is taken for markup in it.
        outputs.str("report_block", view=types.MarkdownView(read_only=True))
        return types.Property(outputs, view=types.View(label=self.title.capitalize()))

    def __call__(self, samples: Any = None, **params: Any) -> Any:
        """Runs the operator from Python.

        Example::

            score = foo.get_operator("@pairlens/curation/score_pairs")
            score(dataset, pred="cues", key="cues")["gIoU"]

        Args:
            samples: a dataset or view; not needed for an import
            params: as in the form

        Returns:
            the object that the command line prints with ``--json``

        Raises:
            ExecutionError: with the message that the command line prints
        """
        ctx: dict[str, Any] = {"params": params}
        if samples is not None:
            ctx |= {"dataset": fo_internals.dataset_of(samples).name, "view": samples.view()}
        uri = f"{PLUGIN_NAME}/{self.step.operator}"
        try:
            return _call_outside_loop(lambda: foo.execute_operator(uri, ctx)).result
        except ExecutionError as error:
            sentence = _OURS.findall(str(error))
            raise (ExecutionError(sentence[-1]) if sentence else error) from None

    def _stream(self, ctx: Any, work: Work) -> Iterator[Any]:
        """Runs the work in a thread, and yields its progress to the App."""
        events: queue.Queue[tuple[str, Any]] = queue.Queue()
        watch = Watch(
            lambda done, total: events.put(("at", (done, total))),
            lambda ids: events.put(("look", ids)),
        )

        def run() -> None:
            try:
                events.put(("done", work(watch)))
            except Exception as error:
                events.put(("failed", error))

        threading.Thread(target=run, name=self.step.operator, daemon=True).start()
        yield ctx.ops.set_progress(label=self.title, progress=0, variant="linear")
        while True:
            what, value = _latest(events)
            if what == "at":
                done, total = value
                label = f"{done:,} of {total:,}" if total else f"{done:,}"
                yield ctx.ops.set_progress(label=label, progress=done / total if total else None)
            elif what == "look":
                yield ctx.ops.reload_dataset()
                yield from self.show(ctx, value)
            elif what == "failed":
                yield from self._show_failure(ctx, value)
                return
            else:
                yield ctx.ops.reload_dataset()
                yield from self.after(ctx, value)
                report = replace(value, lines=[self.in_app(line) for line in value.lines])
                yield self._show(ctx, as_result(report))
                return

    def in_app(self, sentence: str) -> str:
        """A message of the step in the terms of the App."""
        return in_app(sentence, self.step.options)

    def show(self, ctx: Any, ids: Sequence[str]) -> Iterator[Any]:
        """Operations of the App that show samples while the step runs."""
        yield from ()

    def after(self, ctx: Any, report: Report) -> Iterator[Any]:
        """Further operations of the App when the step has finished."""
        yield from ()

    def _show(self, ctx: Any, result: dict[str, Any]) -> Any:
        return ctx.ops.show_output(self.resolve_output(ctx).to_json(), result)

    def _show_failure(self, ctx: Any, error: Exception) -> Iterator[Any]:
        known = database_connection.explained(error) or full_disk.explained(error)
        if known is None and memory.ran_out(error):
            known = OutOfMemory()
        reported = error if isinstance(error, PairLensError) else known
        if reported is None:
            raise error
        sentence = self.in_app(str(reported))
        yield ctx.ops.notify(sentence, variant="error")
        yield self._show(ctx, as_result(Report({}, [sentence])))


def with_secrets(ctx: Any, work: Work) -> Work:
    """The work with the plugin's secrets as tokens of services."""
    given = secrets.plugin_lookup(ctx.secrets)

    def run(watch: Watch) -> Report:
        with secrets.using_lookup(given):
            return work(watch)

    return run


def _in_form(option: Option) -> str:
    return f"'{option.label}'"


def _absolute_paths(options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, str]:
    """Makes the paths in a form's parameters absolute."""
    typed = ((one.param, given.get(one.param)) for one in options if one.path)
    return {
        param: str(absolute(Path(value)))
        for param, value in typed
        if isinstance(value, str) and value and "://" not in value
    }


def waits_for_result(ctx: Any) -> bool:
    """Whether the App's browser waits for the result of the operator.

    ``foo.execute_operator`` and delegated runs discard the results of a generator; only requests
    over HTTP name their operator.
    """
    return "operator_uri" in ctx.request_params and not ctx.delegated


def _call_outside_loop(call: Callable[[], Any]) -> Any:
    """The result of a call, which runs in another thread if this one has a running event loop.

    A notebook has one, and FiftyOne then returns a task that the same cell cannot wait for.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        return thread.submit(call).result()


def _latest(events: queue.Queue[tuple[str, Any]]) -> tuple[str, Any]:
    """The next event, without progress that newer progress has overtaken."""
    event = events.get()
    while event[0] == "at":
        try:
            event = events.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            break
    return event


def as_result(report: Report) -> dict[str, Any]:
    """A report as an operator's result: its data, its lines, and these as a Markdown block."""
    lines = "\n".join(report.lines)
    return report.data | {"report": lines, "report_block": fenced(lines)}


def fenced(plain: str) -> str:
    """A Markdown code block whose fence is longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{plain}\n{fence}"


def text(value: Any) -> str | None:
    """A form's text, ``None`` if it is blank."""
    return str(value).strip() or None if value is not None else None


def tick(ctx: Any, *names: str) -> Any:
    """Shows further fields in the grid."""
    configured = ctx.dataset.app_config.active_fields
    shown = ctx.active_fields or (configured.paths if configured else None) or ()
    return ctx.ops.set_active_fields(list(dict.fromkeys([*shown, *names])))


def reviewer_in(ctx: Any) -> str | None:
    """The reviewer in the App: from the panel, the signed-in user, or the App's launch."""
    return known_reviewer(text(ctx.params.get("reviewer")) or ctx.user_id)


def required(params: dict[str, Any], name: str) -> str:
    """A required text of the parameters.

    Raises:
        UsageError: if it is missing
    """
    value = text(params.get(name))
    if value is None:
        raise UsageError(f"{name} is missing")
    return value


def mask_fields(dataset: Any) -> list[str]:
    """The dataset's fields of masks."""
    import fiftyone as fo

    return list(dataset.get_field_schema(embedded_doc_type=fo.Segmentation))
