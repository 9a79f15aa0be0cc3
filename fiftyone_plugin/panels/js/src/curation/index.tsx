// The panel beside the grid: what is in the dataset, how bad it is, and the sessions over it.

import * as React from "react";

import { openPanel, openSample } from "../host";
import { Behind, Call, PanelProps, useBehind, useReloads, usePanel } from "../panel";
import { Cards, Distribution, Findings, Review, Splits } from "./figures";
import { Begin } from "./begin";
import { Bulk } from "./bulk";
import { You } from "./named";
import { setCurrentSession, takeServerReviewer } from "../reviewing";
import { Reliability } from "./reliability";
import { Sessions } from "./sessions";
import { STYLE } from "./style";
import { TeamWork } from "./team";
import type { Opened } from "./sessions";
import type { Advice, Facts, Overview, QueueItem } from "../types";
import { count, pairs } from "./format";

const STEPS = ["import", "predict", "score", "flag", "export"] as const;
const LABELS: Record<string, string> = {
  import: "Import",
  predict: "Predict",
  score: "Score",
  flag: "Flag",
  export: "Export",
};

interface Shown {
  facts?: Facts;
  bar?: string | null;
  behind?: Behind;
}

/** The component that the Python panel `curation` shows. */
export function CurationPanel({ data, schema }: PanelProps<Shown>) {
  const call = usePanel(schema);
  const facts = data?.facts;
  useBehind(data?.behind ?? null, () => void call("leave"));
  const reloads = useReloads();
  const counted = React.useRef(reloads);
  React.useEffect(() => {
    if (counted.current === reloads) return;
    counted.current = reloads;
    void call("refresh");
  }, [reloads, call]);
  return (
    <div
      className="plc"
      data-cy="plc-panel"
      data-state={facts?.state ?? "loading"}
      onKeyDown={pressEnter}
    >
      <style>{STYLE}</style>
      {facts ? <Contents facts={facts} bar={data?.bar ?? null} call={call} /> : <div className="plc-empty">Counting ...</div>}
    </div>
  );
}

/** Does what Enter does elsewhere: the App takes the key from buttons and forms. */
function pressEnter(event: React.KeyboardEvent) {
  const { target } = event;
  if (event.key !== "Enter" || event.repeat) return;
  if (target instanceof HTMLButtonElement) target.click();
  else if (target instanceof HTMLInputElement) target.form?.requestSubmit();
  else return;
  event.preventDefault();
}

interface ContentsProps {
  facts: Facts;
  bar: string | null;
  call: Call;
}

function Contents({ facts, bar, call }: ContentsProps) {
  const overview = facts.overview;
  const { state, reviewer } = facts;
  React.useEffect(() => {
    if (state === "ready") takeServerReviewer(reviewer ?? null);
  }, [state, reviewer]);
  return (
    <>
      {overview && <Head facts={facts} overview={overview} bar={bar} call={call} />}
      <Steps
        advised={facts.advice[0]?.step ?? null}
        steps={facts.steps ?? ["import"]}
        call={call}
      />
      {facts.advice.map((one) => (
        <Hint key={one.text} advice={one} call={call} />
      ))}
      {(facts.notes ?? []).map((one) => (
        <p key={one} className="plc-dim">
          {one}
        </p>
      ))}
      {overview && overview.pairs > 0 && (
        <Figures facts={facts} overview={overview} bar={bar} call={call} />
      )}
    </>
  );
}

interface FiguresProps extends ContentsProps {
  overview: Overview;
}

function Head({ facts, overview, bar, call }: FiguresProps) {
  const what = `${pairs(overview.pairs)} on ${count(overview.images)} image${overview.images === 1 ? "" : "s"}`;
  return (
    <div className="plc-head">
      <h2>{overview.dataset}</h2>
      <span className="plc-dim" data-cy="plc-scope">
        {facts.whole ? what : `${what}, in the view that you chose`}
      </span>
      {!facts.whole && !bar && (
        <button type="button" className="plc-link" onClick={() => void call("reset")}>
          Whole dataset
        </button>
      )}
      <You />
      <button type="button" className="plc-link" onClick={() => void call("refresh")}>
        Refresh
      </button>
    </div>
  );
}

interface StepsProps {
  advised: string | null;
  steps: string[];
  call: Call;
}

function Steps({ advised, steps, call }: StepsProps) {
  return (
    <div className="plc-steps" role="toolbar" aria-label="Steps">
      {STEPS.filter((step) => steps.includes(step)).map((step) => (
        <button
          type="button"
          key={step}
          className={step === advised ? "plc-button plc-main" : "plc-button"}
          data-cy={`plc-step-${step}`}
          onClick={() => void call("step", { step })}
        >
          {LABELS[step]}
        </button>
      ))}
    </div>
  );
}

function Hint({ advice, call }: { advice: Advice; call: Call }) {
  const { step } = advice;
  return (
    <div className="plc-advice" data-cy="plc-advice">
      <span>{advice.text}</span>
      <button
        type="button"
        className="plc-button"
        onClick={() => void (step ? call("step", { step }) : call("reset"))}
      >
        {step ? LABELS[step] : "Whole dataset"}
      </button>
    </div>
  );
}

function Figures({ facts, overview, bar: active, call }: FiguresProps) {
  const show = (bar: string) => void (bar === active ? call("reset") : call("show", { bar }));
  const open = async (item: QueueItem) => {
    if (!item.sample_id) return void call("refresh");
    await openSample(item.sample_id);
    if (await modalStands()) await openPanel("pair");
  };
  const enter = async (method: string, params: object) => {
    const answer = await call<Opened>(method, params);
    if (!answer?.ok || !answer.item) return false;
    setCurrentSession(overview.dataset, answer.item.session);
    void open(answer.item);
    return true;
  };
  return (
    <>
      <Begin facts={facts} overview={overview} enter={enter} />
      {active && <Showing bar={active} overview={overview} call={call} />}
      <Bulk overview={overview} bar={active} call={call} />
      <Cards overview={overview} active={active} show={show} known={facts.known ?? false} />
      <div className="plc-grid">
        <Findings overview={overview} active={active} show={show} known={facts.known ?? false} />
        <Sessions
          facts={facts}
          bar={active}
          overview={overview}
          call={call}
          enter={enter}
        />
        <div className="plc-rest">
          <Review overview={overview} active={active} show={show} />
          <TeamWork overview={overview} active={active} show={show} call={call} enter={enter} />
          <Distribution overview={overview} active={active} show={show} call={call} />
          {facts.ranking && <Reliability ranking={facts.ranking} />}
          <Splits overview={overview} active={active} show={show} />
        </div>
      </div>
    </>
  );
}

/** Waits for the modal, since a panel opens where the others are; false if it does not come. */
async function modalStands(): Promise<boolean> {
  for (let tries = 0; tries < 600; tries++) {
    if (document.querySelector('[data-cy="modal"] [data-cy="panel-container"]')) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

function Showing({ bar, overview, call }: { bar: string; overview: Overview; call: Call }) {
  return (
    <div className="plc-shown" role="status" data-cy="plc-shown">
      <span>
        The grid shows <b>{nameOf(bar, overview)}</b>, worst first.
      </span>
      <button type="button" className="plc-button" onClick={() => void call("reset")}>
        Show all again
      </button>
    </div>
  );
}

/** A bar as it is called in a sentence. */
function nameOf(bar: string, overview: Overview): string {
  const at = bar.indexOf(":");
  const [kind, name] = [bar.slice(0, at), bar.slice(at + 1)];
  if (bar === "disagreements") return "pairs on which reviewers disagree";
  if (at < 0) return bar === "flagged" ? "pairs with findings" : "all pairs";
  if (kind === "check") return name;
  if (kind === "severity") return `findings of severity ${name}`;
  if (kind === "verdict") return name === "pending" ? "pairs without a verdict" : `verdict ${name}`;
  if (kind === "reviewer") return `pairs judged by ${name}`;
  if (kind === "split") return `split ${name}`;
  if (kind === "session") {
    return `session ${overview.sessions.find((one) => one.id === name)?.name ?? name}`;
  }
  const [field, low, high] = name.split(":");
  return `${field} from ${Number(Number(low).toFixed(3))} to ${Number(Number(high).toFixed(3))}`;
}
