// Made from fiftyone_plugin/panels/js by `make bundle`; do not edit.
"use strict";
(() => {
  var __create = Object.create;
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __getProtoOf = Object.getPrototypeOf;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __commonJS = (cb, mod) => function __require() {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
    // If the importer is in node compatibility mode or this is not an ESM
    // file that has been converted to a CommonJS file using a Babel-
    // compatible transform (i.e. "__esModule" has not been set), then set
    // "default" to the CommonJS "module.exports" for node compatibility.
    isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
    mod
  ));

  // page:react
  var require_react = __commonJS({
    "page:react"(exports, module) {
      module.exports = window.React;
    }
  });

  // src/curation/index.tsx
  var React11 = __toESM(require_react(), 1);

  // src/host.ts
  var page = window;
  var SHOWN = '#modal canvas[canvas-loaded="true"]';
  var PLUGIN = "@pairlens/curation";
  function register(name, component2) {
    page.__fop__.registerComponent({
      name,
      label: name,
      component: component2,
      type: page.__fop__.PluginComponentType.Component,
      activator: () => true
    });
  }
  function runInApp(name, params = {}) {
    return new Promise((resolve) => {
      page.__foo__.executeOperator(name, params, { callback: () => resolve() });
    });
  }
  function run(name, params) {
    return new Promise((resolve, reject) => {
      page.__foo__.executeOperator(`${PLUGIN}/${name}`, params, {
        skipErrorNotification: true,
        callback: (done) => {
          const failure = done.errorMessage ?? done.error;
          if (failure) {
            reject(new Error(failure instanceof Error ? failure.message : String(failure)));
          } else {
            resolve(done.result);
          }
        }
      });
    });
  }
  function useOpenSample() {
    return page.recoil.useRecoilValue(page.__fos__.nullableModalSampleId);
  }
  function useDatasetName() {
    return page.recoil.useRecoilValue(page.__fos__.datasetName) ?? "";
  }
  function useSelected() {
    return page.recoil.useRecoilValue(page.__fos__.selectedSamples)?.size ?? 0;
  }
  function useAnnotating() {
    const mode = page.__fos__.useModalMode?.();
    return mode === "annotate";
  }
  function useShowField() {
    const setShown = page.recoil.useSetRecoilState(
      page.__fos__.activeFields({ modal: true })
    );
    return (field) => setShown((shown) => [.../* @__PURE__ */ new Set([...shown, field])]);
  }
  function openSample(id, mode) {
    return runInApp("open_sample", mode ? { id, mode } : { id });
  }
  function closeSample() {
    return runInApp("close_sample");
  }
  async function untilShown() {
    const deadline = Date.now() + 1e4;
    while (!document.querySelector(SHOWN) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  function openPanel(name) {
    return runInApp("open_panel", { name, isActive: true, layout: "horizontal" });
  }
  function mediaUrl(path) {
    const { origin, pathPrefix } = page.__fou__?.getFetchParameters?.() ?? {
      origin: window.location.origin,
      pathPrefix: ""
    };
    return `${origin}${pathPrefix}/media?filepath=${encodeURIComponent(path)}`;
  }

  // src/panel.ts
  var React = __toESM(require_react(), 1);
  var page2 = window;
  function usePanel(schema) {
    const trigger = page2.__foo__.useTriggerPanelEvent();
    return React.useCallback(
      (method, params = {}) => new Promise((resolve) => {
        trigger(schema.view[method] ?? method, params, false, (done) => {
          resolve(done.error || done.errorMessage ? null : done.result ?? null);
        });
      }),
      [trigger, schema]
    );
  }
  function useReloads() {
    return page2.recoil.useRecoilValue(page2.__fos__.refresher);
  }
  var NOTHING = "null";
  function useBehind(wanted, replaced) {
    const [shown, show] = page2.recoil.useRecoilState(
      page2.__fos__.extendedSelectionOverrideStage
    );
    const [there, asked] = [JSON.stringify(shown ?? null), JSON.stringify(wanted)];
    const [sent, arrived] = [React.useRef(NOTHING), React.useRef(NOTHING)];
    React.useEffect(() => {
      if (wanted || there === sent.current) show(wanted);
      sent.current = asked;
    }, [asked]);
    React.useEffect(() => {
      const ours = arrived.current === asked && asked !== NOTHING;
      arrived.current = there;
      if (ours && there !== asked) replaced();
    }, [there]);
  }

  // src/curation/figures.tsx
  var React3 = __toESM(require_react(), 1);

  // src/stored.ts
  var memory = /* @__PURE__ */ new Map();
  function read(name) {
    try {
      return window.localStorage.getItem(name) || null;
    } catch {
      return memory.get(name) ?? null;
    }
  }
  function write(name, value) {
    try {
      if (value) window.localStorage.setItem(name, value);
      else window.localStorage.removeItem(name);
    } catch {
      memory.set(name, value);
    }
  }

  // src/grid.ts
  var STORED = "pairlens.info_chips";
  var SHOWN2 = "pairlens-info";
  var CHANGED = "pairlens-grid";
  var INFO = "rgb(42, 106, 150)";
  var CHIP = '[data-cy="looker"] [data-cy^="tag-"]';
  var FINDING = '[data-cy="tag-findings"]';
  var TEXT = ':is([data-cy="tag-phrase"], [data-cy="tag-caption"])';
  var CSS = `
${CHIP} { color: #fff; pointer-events: none; }
${CHIP}:is(${TEXT}) { white-space: normal; text-align: left; padding: 2px 5px;
  display: -webkit-inline-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
[data-cy="looker"]:hover ${TEXT} { -webkit-line-clamp: none; }
${CHIP}[title="findings: image_missing"] { display: none; }
.MuiDialog-root pre, .MuiDialog-root pre > code { white-space: pre-wrap !important;
  overflow-wrap: anywhere; }
:root:not(.${SHOWN2}) ${FINDING}[style*="${INFO}"] { display: none; }
`;
  function showsInfo() {
    return read(STORED) !== null;
  }
  function showInfo(shown) {
    write(STORED, shown ? "shown" : null);
    document.documentElement.classList.toggle(SHOWN2, shown);
    window.dispatchEvent(new Event(CHANGED));
  }
  function onShownInfo(changed2) {
    window.addEventListener(CHANGED, changed2);
    return () => window.removeEventListener(CHANGED, changed2);
  }
  function styleGrid() {
    const sheet = document.createElement("style");
    sheet.textContent = CSS;
    document.head.append(sheet);
    document.documentElement.classList.toggle(SHOWN2, showsInfo());
  }

  // src/curation/charts.tsx
  var React2 = __toESM(require_react(), 1);

  // src/curation/format.ts
  var JUDGED = ["keep", "drop", "fix", "unsure"];
  var SEVERITY_COLORS = {
    error: "#e5534b",
    warning: "#d99a2b",
    info: "#5b8def"
  };
  var VERDICT_COLORS = {
    pending: "#6e7681",
    keep: "#2f9e63",
    drop: "#d6455d",
    fix: "#3b82f6",
    unsure: "#a070d0"
  };
  function count(value) {
    return value.toLocaleString("en");
  }
  function pairs(value) {
    return `${count(value)} pair${value === 1 ? "" : "s"}`;
  }
  function percent(part, whole2) {
    if (!whole2) return "0 %";
    const exact = 100 * part / whole2;
    if (part > 0 && exact < 1) return "<1 %";
    if (part < whole2 && exact > 99) return ">99 %";
    return `${Math.round(exact)} %`;
  }

  // src/curation/charts.tsx
  function Row({ bar, label, parts: parts2, most, active, title, show }) {
    const width = bar.pairs ? `max(2px, ${100 * bar.pairs / Math.max(1, most)}%)` : "0";
    return /* @__PURE__ */ React2.createElement(
      "button",
      {
        type: "button",
        className: active ? "plc-row plc-on" : "plc-row",
        title,
        "aria-pressed": active,
        "data-cy": `plc-bar-${bar.bar}`,
        onClick: () => show(bar.bar)
      },
      /* @__PURE__ */ React2.createElement("span", { className: "plc-label" }, label),
      /* @__PURE__ */ React2.createElement("span", { className: "plc-track" }, /* @__PURE__ */ React2.createElement("span", { style: { width } }, parts2.map((part) => /* @__PURE__ */ React2.createElement("span", { key: part.color, style: { flexGrow: part.pairs, background: part.color } })))),
      /* @__PURE__ */ React2.createElement("span", { className: "plc-number" }, count(bar.pairs))
    );
  }
  function Stack({ bars, total, active, color, name, show }) {
    return /* @__PURE__ */ React2.createElement("div", null, /* @__PURE__ */ React2.createElement("div", { className: "plc-stack" }, bars.map((bar) => /* @__PURE__ */ React2.createElement(
      "button",
      {
        type: "button",
        key: bar.bar,
        tabIndex: -1,
        "aria-hidden": "true",
        title: `${name(bar)}: ${pairs(bar.pairs)}`,
        style: { flexGrow: bar.pairs, background: color(bar) },
        hidden: !bar.pairs,
        onClick: () => show(bar.bar)
      }
    ))), /* @__PURE__ */ React2.createElement("div", { className: "plc-legend" }, bars.map((bar) => /* @__PURE__ */ React2.createElement(
      "button",
      {
        type: "button",
        key: bar.bar,
        className: active === bar.bar ? "plc-key plc-on" : "plc-key",
        "aria-pressed": active === bar.bar,
        "data-cy": `plc-bar-${bar.bar}`,
        onClick: () => show(bar.bar)
      },
      /* @__PURE__ */ React2.createElement("i", { style: { background: color(bar) } }),
      name(bar),
      " ",
      /* @__PURE__ */ React2.createElement("b", null, count(bar.pairs)),
      " ",
      /* @__PURE__ */ React2.createElement("small", null, percent(bar.pairs, total))
    ))));
  }
  var HEIGHT = 96;
  function Histogram({ values, active, color, show }) {
    const [at3, setAt] = React2.useState(null);
    const most = Math.max(1, ...values.bars.map((bar) => bar.pairs));
    const chosen = values.bars.findIndex((bar) => bar.bar === active);
    const read3 = values.bars[at3 ?? chosen];
    return /* @__PURE__ */ React2.createElement("div", null, /* @__PURE__ */ React2.createElement("div", { className: "plc-columns", style: { height: HEIGHT }, onMouseLeave: () => setAt(null) }, /* @__PURE__ */ React2.createElement("span", { className: "plc-most" }, count(most)), values.bars.map((bar, index) => /* @__PURE__ */ React2.createElement(
      "button",
      {
        type: "button",
        key: bar.bar,
        className: bar.bar === active ? "plc-column plc-on" : "plc-column",
        "aria-pressed": bar.bar === active,
        "aria-label": `${range(bar)}: ${pairs(bar.pairs)}`,
        "data-cy": `plc-bar-${bar.bar}`,
        disabled: !bar.pairs,
        onMouseEnter: () => setAt(index),
        onFocus: () => setAt(index),
        onBlur: () => setAt(null),
        onClick: () => show(bar.bar)
      },
      /* @__PURE__ */ React2.createElement(
        "span",
        {
          style: {
            height: bar.pairs ? Math.max(2, HEIGHT * bar.pairs / most) : 0,
            background: color
          }
        }
      )
    ))), /* @__PURE__ */ React2.createElement("div", { className: "plc-axis" }, ticks(values.edges).map((edge) => /* @__PURE__ */ React2.createElement("span", { key: edge }, short(edge)))), /* @__PURE__ */ React2.createElement("div", { className: "plc-read" }, read3 ? `${values.title} ${range(read3)}: ${pairs(read3.pairs)}` : values.none ? `${pairs(values.none)} without a value` : "\xA0"));
  }
  function range(bar) {
    return `${short(bar.low)} to ${short(bar.high)}`;
  }
  function short(value) {
    return String(Number(value.toFixed(3)));
  }
  function ticks(edges) {
    const last = edges.length - 1;
    return [0, 0.25, 0.5, 0.75, 1].map((share2) => edges[Math.round(share2 * last)] ?? 0);
  }

  // src/curation/figures.tsx
  function Cards({ overview, active, show, known }) {
    const pending = overview.verdicts.find((one) => one.verdict === "pending");
    const judged = overview.pairs - (pending?.pairs ?? 0);
    return /* @__PURE__ */ React3.createElement("div", { className: "plc-cards" }, /* @__PURE__ */ React3.createElement(
      Card,
      {
        bar: "flagged",
        value: known ? overview.flagged : null,
        share: known ? percent(overview.flagged, overview.pairs) : "not known yet",
        active,
        show
      },
      "with findings"
    ), overview.severities.map((one) => /* @__PURE__ */ React3.createElement(Card, { key: one.severity, bar: one.bar, value: known ? one.pairs : null, active, show }, /* @__PURE__ */ React3.createElement("i", { style: { background: SEVERITY_COLORS[one.severity] } }), " ", one.severity)), /* @__PURE__ */ React3.createElement(
      Card,
      {
        bar: "verdict:pending",
        value: pending?.pairs ?? 0,
        share: `${percent(judged, overview.pairs)} done`,
        active,
        show
      },
      "to judge"
    ));
  }
  function Card({ bar, value, share: share2, active, show, children }) {
    return /* @__PURE__ */ React3.createElement(
      "button",
      {
        type: "button",
        className: bar === active ? "plc-card plc-on" : "plc-card",
        "aria-pressed": bar === active,
        "data-cy": `plc-card-${bar}`,
        onClick: () => show(bar)
      },
      /* @__PURE__ */ React3.createElement("b", null, value === null ? "?" : count(value)),
      share2 && /* @__PURE__ */ React3.createElement("small", null, share2),
      /* @__PURE__ */ React3.createElement("span", null, children)
    );
  }
  function Findings({ overview, active, show, known }) {
    const most = Math.max(1, ...overview.findings.map((one) => one.pairs));
    const infoShown = React3.useSyncExternalStore(onShownInfo, showsInfo);
    return /* @__PURE__ */ React3.createElement("section", { className: "plc-section", style: { gridArea: "findings" }, "data-cy": "plc-findings" }, /* @__PURE__ */ React3.createElement("header", null, /* @__PURE__ */ React3.createElement("h3", null, "Findings by check"), /* @__PURE__ */ React3.createElement("label", { className: "plc-dim" }, /* @__PURE__ */ React3.createElement(
      "input",
      {
        type: "checkbox",
        checked: infoShown,
        onChange: (event) => showInfo(event.target.checked)
      }
    ), " ", "information on thumbnails")), !overview.findings.length && /* @__PURE__ */ React3.createElement("div", { className: "plc-empty" }, known ? "No check found anything." : "Not known yet: no check has run."), overview.findings.map((one) => /* @__PURE__ */ React3.createElement(
      Row,
      {
        key: `${one.check} ${one.severity}`,
        bar: one,
        label: one.check,
        parts: [{ color: SEVERITY_COLORS[one.severity], pairs: one.pairs }],
        most,
        active: one.bar === active,
        title: `${one.check}, ${one.severity}: ${one.about}`,
        show
      }
    )));
  }
  function Review({ overview, active, show }) {
    const most = Math.max(1, ...overview.reviewers.map((one) => one.pairs));
    return /* @__PURE__ */ React3.createElement("section", { className: "plc-section", "data-cy": "plc-review" }, /* @__PURE__ */ React3.createElement("header", null, /* @__PURE__ */ React3.createElement("h3", null, "Review")), /* @__PURE__ */ React3.createElement(
      Stack,
      {
        bars: overview.verdicts,
        total: overview.pairs,
        active,
        color: (one) => VERDICT_COLORS[one.verdict],
        name: (one) => one.verdict,
        show
      }
    ), overview.reviewers.length > 0 && /* @__PURE__ */ React3.createElement("h4", null, "By reviewer"), overview.reviewers.map((one) => /* @__PURE__ */ React3.createElement(
      Row,
      {
        key: one.reviewer,
        bar: one,
        label: one.reviewer || "nobody named",
        parts: JUDGED.map((verdict) => ({ color: VERDICT_COLORS[verdict], pairs: one[verdict] })),
        most,
        active: one.bar === active,
        title: JUDGED.map((verdict) => `${verdict} ${count(one[verdict])}`).join(", "),
        show
      }
    )));
  }
  function Distribution({ overview, active, show, call }) {
    const { histogram, evaluations } = overview;
    const chosen = evaluations.find((one) => histogram.field === `${one.key}_iou`)?.key ?? "";
    return /* @__PURE__ */ React3.createElement("section", { className: "plc-section", "data-cy": "plc-histogram" }, /* @__PURE__ */ React3.createElement("header", null, /* @__PURE__ */ React3.createElement("h3", null, chosen ? "IoU" : "Quality"), evaluations.length > 0 && /* @__PURE__ */ React3.createElement(
      "select",
      {
        "aria-label": "Histogram of",
        value: chosen,
        onChange: (event) => void call("choose", { key: event.target.value })
      },
      /* @__PURE__ */ React3.createElement("option", { value: "" }, "quality"),
      evaluations.map((one) => /* @__PURE__ */ React3.createElement("option", { key: one.key, value: one.key }, "IoU of ", one.key))
    )), /* @__PURE__ */ React3.createElement(Histogram, { values: histogram, active, color: "#8a7fd6", show }));
  }
  function Splits({ overview, active, show }) {
    if (overview.splits.length < 2) return null;
    const most = Math.max(1, ...overview.splits.map((one) => one.pairs));
    return /* @__PURE__ */ React3.createElement("section", { className: "plc-section", "data-cy": "plc-splits" }, /* @__PURE__ */ React3.createElement("header", null, /* @__PURE__ */ React3.createElement("h3", null, "Splits")), overview.splits.map((one) => /* @__PURE__ */ React3.createElement(
      Row,
      {
        key: one.split,
        bar: one,
        label: one.split,
        parts: [{ color: "#6b9fa8", pairs: one.pairs }],
        most,
        active: one.bar === active,
        show
      }
    )));
  }

  // src/curation/begin.tsx
  var React5 = __toESM(require_react(), 1);

  // src/curation/named.tsx
  var React4 = __toESM(require_react(), 1);

  // src/reviewing.ts
  var CHANGED2 = "pairlens-session";
  var REVIEWER = "pairlens.reviewer";
  var SERVER = "pairlens.server";
  function keep(name, value) {
    write(name, value);
    window.dispatchEvent(new Event(CHANGED2));
  }
  function reviewer() {
    return read(REVIEWER);
  }
  function takeServerReviewer(name) {
    if (read(SERVER) === name) return;
    if (name) keep(REVIEWER, name);
    keep(SERVER, name);
  }
  function setReviewer(name) {
    keep(REVIEWER, name);
  }
  function currentSession(dataset) {
    return read(`${CHANGED2}.${dataset}`);
  }
  function setCurrentSession(dataset, session) {
    keep(`${CHANGED2}.${dataset}`, session);
  }
  function onReviewing(changed2) {
    window.addEventListener(CHANGED2, changed2);
    return () => window.removeEventListener(CHANGED2, changed2);
  }

  // src/curation/named.tsx
  function useReviewer() {
    return React4.useSyncExternalStore(onReviewing, reviewer);
  }
  function useNamed() {
    const who = useReviewer();
    const [act, setAct] = React4.useState(null);
    const named = (next, anew = false) => who && !anew ? next(who) : setAct(() => next);
    const done = (name) => {
      setAct(null);
      setReviewer(name);
      act?.(name);
    };
    const asking = act && /* @__PURE__ */ React4.createElement(Ask, { label: "Your name", action: "Go on", value: who ?? "", done });
    return [named, asking];
  }
  function You() {
    const who = useReviewer();
    const [asking, setAsking] = React4.useState(false);
    if (asking || !who) {
      if (!asking) return null;
      const done = (name) => {
        setAsking(false);
        setReviewer(name);
      };
      return /* @__PURE__ */ React4.createElement(Ask, { label: "Your name", action: "Change", value: who ?? "", done });
    }
    return /* @__PURE__ */ React4.createElement("span", { className: "plc-dim", "data-cy": "plc-you" }, "You review as ", /* @__PURE__ */ React4.createElement("b", null, who), " ", /* @__PURE__ */ React4.createElement("button", { type: "button", className: "plc-link", onClick: () => setAsking(true) }, "Change"));
  }
  function Ask({ label, action, value, done }) {
    const [text2, setText] = React4.useState(value);
    const submit = (event) => {
      event.preventDefault();
      if (text2.trim()) done(text2.trim());
    };
    return /* @__PURE__ */ React4.createElement("form", { className: "plc-inline", onSubmit: submit }, /* @__PURE__ */ React4.createElement(
      "input",
      {
        autoFocus: true,
        "aria-label": label,
        placeholder: label,
        value: text2,
        onChange: (event) => setText(event.target.value)
      }
    ), /* @__PURE__ */ React4.createElement("button", { type: "submit", className: "plc-button", disabled: !text2.trim() }, action));
  }

  // src/curation/begin.tsx
  function Begin({ facts, overview, enter }) {
    const [named, asking] = useNamed();
    const [busy, setBusy] = React5.useState(false);
    const groups = facts.groups ?? 0;
    if (!facts.known || !facts.whole) return null;
    const info = overview.severities.find((one) => one.severity === "info")?.pairs ?? 0;
    if (groups === 0) {
      return /* @__PURE__ */ React5.createElement("div", { className: "plc-begin", "data-cy": "plc-begin" }, /* @__PURE__ */ React5.createElement("span", null, "Every warning and every error has a verdict."));
    }
    const begin2 = async (who) => {
      setBusy(true);
      await enter("start", { warnings: true, reviewer: who });
      setBusy(false);
    };
    return /* @__PURE__ */ React5.createElement("div", { className: "plc-begin", "data-cy": "plc-begin" }, /* @__PURE__ */ React5.createElement(
      "button",
      {
        type: "button",
        className: "plc-button plc-main",
        disabled: busy,
        onClick: () => named((who) => void begin2(who))
      },
      "Review ",
      count(groups),
      " group",
      groups === 1 ? "" : "s"
    ), asking, /* @__PURE__ */ React5.createElement("small", null, "warnings and errors; information, of ", pairs(info), ", is left out"));
  }

  // src/curation/bulk.tsx
  var React6 = __toESM(require_react(), 1);
  var LABELS = {
    keep: "Keep",
    drop: "Drop",
    fix: "To fix",
    unsure: "Unsure"
  };
  function Bulk({ overview, bar, call }) {
    const selected = useSelected();
    const [named, asking] = useNamed();
    const [asked, setAsked] = React6.useState(null);
    const [theirs, setTheirs] = React6.useState(false);
    const [told3, setTold] = React6.useState(null);
    React6.useEffect(() => setAsked(null), [selected, bar]);
    if (!selected && (!bar || bar.startsWith("session:")) && told3 === null) return null;
    const session = currentSession(overview.dataset);
    const within = overview.sessions.find((one) => one.id === session);
    const ask2 = async (verdict, reviewer2) => {
      setTold(null);
      const params = { reviewer: reviewer2, session, count: true };
      const answer = await call("judge", params);
      if (answer?.ok) setAsked({ reviewer: reviewer2, verdict, pairs: answer.pairs, others: answer.others });
    };
    const write2 = async ({ reviewer: reviewer2, verdict }) => {
      setAsked(null);
      const params = { reviewer: reviewer2, session, verdict, over_others: theirs };
      const answer = await call("judge", params);
      if (!answer?.ok) return;
      const left = answer.done.left ? `; ${pairs(answer.done.left)} left alone` : "";
      setTold(`${LABELS[verdict]}: ${pairs(answer.done.written)}${left}.`);
    };
    const undo2 = async (reviewer2) => {
      const params = { reviewer: reviewer2, session };
      const answer = await call("take_back", params);
      if (answer?.ok) setTold(`Undone: ${pairs(answer.done.pairs)}.`);
    };
    return /* @__PURE__ */ React6.createElement("div", { className: "plc-bulk", role: "group", "aria-label": "One verdict for all", "data-cy": "plc-bulk" }, /* @__PURE__ */ React6.createElement("b", null, selected ? `${pairs(selected)} selected` : bar ? "All that the grid shows" : ""), (selected > 0 || bar) && JUDGED.map((verdict) => /* @__PURE__ */ React6.createElement(
      "button",
      {
        key: verdict,
        type: "button",
        className: "plc-button",
        onClick: () => named((who) => void ask2(verdict, who))
      },
      LABELS[verdict]
    )), asking, asked && /* @__PURE__ */ React6.createElement("span", { className: "plc-line", role: "alert" }, asked.others > 0 && /* @__PURE__ */ React6.createElement("label", null, /* @__PURE__ */ React6.createElement(
      "input",
      {
        type: "checkbox",
        checked: theirs,
        onChange: (event) => setTheirs(event.target.checked)
      }
    ), " ", "also over the verdicts of others on ", pairs(asked.others)), /* @__PURE__ */ React6.createElement("button", { type: "button", className: "plc-button plc-main", onClick: () => void write2(asked) }, LABELS[asked.verdict], " ", pairs(asked.pairs - (theirs ? 0 : asked.others)), " as", " ", asked.reviewer, within && `, in ${within.name}`), /* @__PURE__ */ React6.createElement("button", { type: "button", className: "plc-button", onClick: () => setAsked(null) }, "Cancel")), told3 && /* @__PURE__ */ React6.createElement("span", { className: "plc-line", role: "status" }, told3, /* @__PURE__ */ React6.createElement("button", { type: "button", className: "plc-button", onClick: () => named((who) => void undo2(who)) }, "Undo")));
  }

  // src/curation/reliability.tsx
  var React7 = __toESM(require_react(), 1);
  var SIDE = 132;
  var EDGE = 10;
  function Reliability({ ranking }) {
    const rows = ranking.reliability;
    if (!rows.length) return null;
    const most = Math.max(...rows.map((row) => row.pairs));
    return /* @__PURE__ */ React7.createElement("section", { className: "plc-section", "data-cy": "plc-reliability" }, /* @__PURE__ */ React7.createElement("header", null, /* @__PURE__ */ React7.createElement("h3", null, "Chance to be bad: predicted and found")), /* @__PURE__ */ React7.createElement("div", { className: "plc-reliability" }, /* @__PURE__ */ React7.createElement(
      "svg",
      {
        viewBox: `0 0 ${SIDE} ${SIDE}`,
        width: SIDE,
        height: SIDE,
        role: "img",
        "aria-label": "The share found bad over the share predicted to be"
      },
      /* @__PURE__ */ React7.createElement("rect", { x: EDGE, y: EDGE, width: SIDE - 2 * EDGE, height: SIDE - 2 * EDGE }),
      /* @__PURE__ */ React7.createElement("line", { x1: at(0), y1: at(1), x2: at(1), y2: at(0) }),
      /* @__PURE__ */ React7.createElement("polyline", { points: rows.map((row) => `${at(row.expected)},${at(1 - row.found)}`).join(" ") }),
      rows.map((row) => /* @__PURE__ */ React7.createElement(
        "circle",
        {
          key: row.low,
          cx: at(row.expected),
          cy: at(1 - row.found),
          r: 2 + 4 * Math.sqrt(row.pairs / most)
        },
        /* @__PURE__ */ React7.createElement("title", null, told(row))
      ))
    ), /* @__PURE__ */ React7.createElement("table", null, /* @__PURE__ */ React7.createElement("thead", null, /* @__PURE__ */ React7.createElement("tr", null, /* @__PURE__ */ React7.createElement("th", null, "range"), /* @__PURE__ */ React7.createElement("th", null, "pairs"), /* @__PURE__ */ React7.createElement("th", null, "predicted"), /* @__PURE__ */ React7.createElement("th", null, "found"))), /* @__PURE__ */ React7.createElement("tbody", null, rows.map((row) => /* @__PURE__ */ React7.createElement("tr", { key: row.low }, /* @__PURE__ */ React7.createElement("td", null, `${share(row.low)} to ${share(row.high)}`), /* @__PURE__ */ React7.createElement("td", null, count(row.pairs)), /* @__PURE__ */ React7.createElement("td", null, share(row.expected)), /* @__PURE__ */ React7.createElement("td", null, share(row.found))))))), /* @__PURE__ */ React7.createElement("small", null, `By ${count(ranking.verdicts)} verdicts, ${count(ranking.bad)} of them bad, until ${ranking.time.slice(0, 10)}; each chance by a model that did not see its verdict.`));
  }
  function at(value) {
    return EDGE + value * (SIDE - 2 * EDGE);
  }
  function share(value) {
    return `${Math.round(100 * value)} %`;
  }
  function told(row) {
    return `${pairs(row.pairs)}: predicted ${share(row.expected)}, found ${share(row.found)}`;
  }

  // src/curation/sessions.tsx
  var React9 = __toESM(require_react(), 1);

  // src/curation/start.tsx
  var React8 = __toESM(require_react(), 1);
  function suggested(facts, bar) {
    if (!bar) return facts.whole ? "warnings" : "use_view";
    if (bar === "flagged") return facts.whole ? "flagged" : "use_view";
    return facts.whole && /^(check|severity):/.test(bar) ? bar : "use_view";
  }
  function StartForm({ facts, bar, overview, call, enter, close }) {
    const [over, setOver] = React8.useState(suggested(facts, bar));
    const [name, setName] = React8.useState("");
    const [again, setAgain] = React8.useState(false);
    const [among, setAmong] = React8.useState("");
    const [by, setBy] = React8.useState("count");
    const [overlap, setOverlap] = React8.useState("10");
    const [named, asking] = useNamed();
    const people = among.split(",").filter((one) => one.trim()).length;
    const start = async (who) => {
      const params = { name, reviewer: who, include_judged: again };
      const at3 = over.indexOf(":");
      if (over === "use_view" || over === "warnings") params[over] = true;
      else if (at3 > 0) params[over.slice(0, at3)] = over.slice(at3 + 1);
      if (people < 2) {
        void enter("start", params);
        return;
      }
      const answer = await call("share", {
        ...params,
        among,
        by,
        overlap
      });
      if (!answer?.ok) return;
      close();
      if (answer.mine[0]) void enter("resume", { session: answer.mine[0], reviewer: who });
    };
    const submit = (event) => {
      event.preventDefault();
      named((who) => void start(who));
    };
    return /* @__PURE__ */ React8.createElement(React8.Fragment, null, /* @__PURE__ */ React8.createElement("form", { className: "plc-form", onSubmit: submit }, /* @__PURE__ */ React8.createElement("label", { htmlFor: "plc-over" }, "Over"), /* @__PURE__ */ React8.createElement("select", { id: "plc-over", value: over, onChange: (event) => setOver(event.target.value) }, /* @__PURE__ */ React8.createElement("option", { value: "warnings" }, "Warnings and errors"), /* @__PURE__ */ React8.createElement("option", { value: "flagged" }, "All pairs with findings (", count(overview.flagged), ")"), /* @__PURE__ */ React8.createElement("option", { value: "use_view" }, "The pairs that the grid shows"), /* @__PURE__ */ React8.createElement("optgroup", { label: "A check's findings" }, overview.findings.map((one) => /* @__PURE__ */ React8.createElement("option", { key: one.check, value: `check:${one.check}` }, one.check, " (", count(one.pairs), ")"))), /* @__PURE__ */ React8.createElement("optgroup", { label: "Findings of a severity" }, overview.severities.map((one) => /* @__PURE__ */ React8.createElement("option", { key: one.severity, value: `severity:${one.severity}` }, one.severity, " (", count(one.pairs), ")"))), /* @__PURE__ */ React8.createElement("optgroup", { label: "A saved view" }, (facts.saved_views ?? []).map((view) => /* @__PURE__ */ React8.createElement("option", { key: view, value: `saved_view:${view}` }, view)))), /* @__PURE__ */ React8.createElement("label", { htmlFor: "plc-name" }, "Name"), /* @__PURE__ */ React8.createElement(
      "input",
      {
        id: "plc-name",
        value: name,
        placeholder: "made from what it is over",
        onChange: (event) => setName(event.target.value)
      }
    ), /* @__PURE__ */ React8.createElement("label", { htmlFor: "plc-among" }, "Share among"), /* @__PURE__ */ React8.createElement(
      "input",
      {
        id: "plc-among",
        value: among,
        placeholder: "several reviewers, with commas: Ada, Bo",
        onChange: (event) => setAmong(event.target.value)
      }
    ), people > 1 && /* @__PURE__ */ React8.createElement(React8.Fragment, null, /* @__PURE__ */ React8.createElement("label", { htmlFor: "plc-by" }, "By"), /* @__PURE__ */ React8.createElement("select", { id: "plc-by", value: by, onChange: (event) => setBy(event.target.value) }, /* @__PURE__ */ React8.createElement("option", { value: "count" }, "count: parts of equal size"), /* @__PURE__ */ React8.createElement("option", { value: "check" }, "check: a check to one reviewer"), /* @__PURE__ */ React8.createElement("option", { value: "split" }, "split: a split to one reviewer")), /* @__PURE__ */ React8.createElement("label", { htmlFor: "plc-overlap" }, "For all, in %"), /* @__PURE__ */ React8.createElement(
      "input",
      {
        id: "plc-overlap",
        type: "number",
        min: 0,
        max: 100,
        value: overlap,
        title: "The part of the groups that all of them judge, to see how far they agree",
        onChange: (event) => setOverlap(event.target.value)
      }
    )), /* @__PURE__ */ React8.createElement("label", { className: "plc-wide" }, /* @__PURE__ */ React8.createElement(
      "input",
      {
        type: "checkbox",
        checked: again,
        onChange: (event) => setAgain(event.target.checked)
      }
    ), " ", "also pairs that have a verdict already"), /* @__PURE__ */ React8.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React8.createElement("button", { type: "submit", className: "plc-button plc-main" }, people > 1 ? `Share among ${people} reviewers` : "Start and open the first pair"))), asking);
  }

  // src/curation/sessions.tsx
  function Sessions({ facts, bar, overview, call, enter: begin2 }) {
    const [starting, setStarting] = React9.useState(false);
    const [past, setPast] = React9.useState(false);
    const who = useReviewer();
    const open = overview.sessions.filter((one) => !one.finished);
    const running = [
      ...open.filter((one) => one.reviewer !== null && one.reviewer === who),
      ...open.filter((one) => one.reviewer === null || one.reviewer !== who)
    ];
    const finished = overview.sessions.filter((one) => one.finished);
    const enter = async (method, params) => {
      const begun2 = await begin2(method, params);
      if (begun2) setStarting(false);
      return begun2;
    };
    return /* @__PURE__ */ React9.createElement("section", { className: "plc-section", style: { gridArea: "sessions" }, "data-cy": "plc-sessions" }, /* @__PURE__ */ React9.createElement("header", null, /* @__PURE__ */ React9.createElement("h3", null, "Sessions"), /* @__PURE__ */ React9.createElement(
      "button",
      {
        type: "button",
        className: running.length || starting ? "plc-button" : "plc-button plc-main",
        "aria-expanded": starting,
        onClick: () => setStarting(!starting)
      },
      starting ? "Cancel" : "Start a session"
    )), starting && /* @__PURE__ */ React9.createElement(
      StartForm,
      {
        facts,
        bar,
        overview,
        call,
        enter,
        close: () => setStarting(false)
      }
    ), !running.length && !starting && /* @__PURE__ */ React9.createElement("div", { className: "plc-empty" }, "A session takes you through the pairs of a view, a check or a saved view, worst first."), running.map((one) => /* @__PURE__ */ React9.createElement(Running, { key: one.id, session: one, overview, call, enter })), finished.length > 0 && /* @__PURE__ */ React9.createElement("button", { type: "button", className: "plc-link", "aria-expanded": past, onClick: () => setPast(!past) }, past ? "Hide" : "Show", " ", count(finished.length), " finished"), past && finished.map((one) => /* @__PURE__ */ React9.createElement(Finished, { key: one.id, session: one, call })));
  }
  function isOfOthers(session, who) {
    if (session.reviewer !== null) return session.reviewer !== who;
    const seen = session.reviewers.map((one) => one.reviewer);
    return seen.length > 0 && (who === null || !seen.includes(who));
  }
  function Running({ session, overview, call, enter }) {
    const [changing, setChanging] = React9.useState(null);
    const mine = currentSession(overview.dataset) === session.id;
    const who = useReviewer();
    const [named, asking] = useNamed();
    const [sure, setSure] = React9.useState(false);
    const theirs = isOfOthers(session, who);
    const resume = (name) => {
      setReviewer(name);
      return enter("resume", { session: session.id, reviewer: name });
    };
    const finish = async () => {
      if (session.left && !sure) {
        setSure(true);
        return;
      }
      if (mine) setCurrentSession(overview.dataset, null);
      await call("change", { do: "finish", session: session.id });
    };
    const answer = (value) => {
      setChanging(null);
      if (changing === "hand") void resume(value);
      else void call("change", { do: "rename", session: session.id, name: value });
    };
    const toggle = (what) => setChanging(changing === what ? null : what);
    return /* @__PURE__ */ React9.createElement("div", { className: "plc-session", "data-cy": `plc-session-${session.id}` }, /* @__PURE__ */ React9.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React9.createElement("span", { className: "plc-name" }, session.name), /* @__PURE__ */ React9.createElement(
      "button",
      {
        type: "button",
        className: "plc-button plc-main",
        onClick: () => named((name) => void resume(name), theirs)
      },
      session.judged ? "Resume" : "Open the first pair",
      who && !theirs ? ` as ${who}` : ""
    )), asking, /* @__PURE__ */ React9.createElement(Progress, { session }), /* @__PURE__ */ React9.createElement("div", { className: "plc-tools" }, /* @__PURE__ */ React9.createElement(Tool, { on: changing === "hand", label: "Hand over", act: () => toggle("hand") }), /* @__PURE__ */ React9.createElement(Tool, { on: changing === "rename", label: "Rename", act: () => toggle("rename") }), /* @__PURE__ */ React9.createElement(
      Tool,
      {
        label: sure ? `Finish with ${pairs(session.left)} open` : "Finish",
        act: () => void finish()
      }
    )), changing === "hand" && /* @__PURE__ */ React9.createElement(Ask, { label: "To whom", action: "Go on as", value: "", done: answer }), changing === "rename" && /* @__PURE__ */ React9.createElement(Ask, { label: "New name", action: "Rename", value: session.name, done: answer }), mine && changing === null && /* @__PURE__ */ React9.createElement("small", null, "You are in this session as ", who ?? "nobody yet", "."));
  }
  function Progress({ session }) {
    const who = session.reviewers.filter((one) => one.judged).map((one) => `${one.reviewer} ${count(one.judged)}`).join(", ");
    return /* @__PURE__ */ React9.createElement(React9.Fragment, null, /* @__PURE__ */ React9.createElement("div", { className: "plc-track", style: { display: "flex" } }, JUDGED.map((verdict) => /* @__PURE__ */ React9.createElement(
      "span",
      {
        key: verdict,
        title: `${verdict} ${count(session.verdicts[verdict] ?? 0)}`,
        style: {
          width: `${100 * (session.verdicts[verdict] ?? 0) / Math.max(1, session.pairs)}%`,
          background: VERDICT_COLORS[verdict],
          borderRadius: 0
        }
      }
    ))), /* @__PURE__ */ React9.createElement("small", null, count(session.judged), " of ", pairs(session.pairs), " judged; ", session.over.text, session.shared > 0 && `, ${count(session.shared)} of them by others as well`, who && `; by ${who}`));
  }
  function Finished({ session, call }) {
    const [sure, setSure] = React9.useState(false);
    const change = (what) => void call("change", { do: what, session: session.id });
    return /* @__PURE__ */ React9.createElement("div", { className: "plc-session", "data-cy": `plc-session-${session.id}` }, /* @__PURE__ */ React9.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React9.createElement("span", { className: "plc-name" }, session.name)), /* @__PURE__ */ React9.createElement(Progress, { session }), /* @__PURE__ */ React9.createElement("div", { className: "plc-tools" }, /* @__PURE__ */ React9.createElement(Tool, { label: "Show its pairs", act: () => void call("show", { bar: `session:${session.id}` }) }), /* @__PURE__ */ React9.createElement(Tool, { label: "Reopen", act: () => change("reopen") }), /* @__PURE__ */ React9.createElement(
      Tool,
      {
        label: sure ? "Delete the session; its verdicts stay" : "Delete",
        act: () => sure ? change("delete") : setSure(true)
      }
    )));
  }
  function Tool({ label, act, on }) {
    return /* @__PURE__ */ React9.createElement("button", { type: "button", className: "plc-link", "aria-expanded": on, onClick: act }, label);
  }

  // src/curation/style.ts
  var STYLE = `
.plc { height: 100%; overflow-y: auto; box-sizing: border-box; padding: 14px 16px 32px;
  font-size: 13px; line-height: 1.45; color: var(--fo-palette-text-primary); container-type: inline-size; }
.plc *, .plc *::before { box-sizing: border-box; }
.plc button, .plc input, .plc select { font: inherit; color: inherit; }
.plc button { cursor: pointer; background: none; border: 0; padding: 0; text-align: left; }
.plc button:disabled { cursor: default; }
.plc :focus-visible { outline: 2px solid var(--fo-palette-text-primary); outline-offset: 1px; }
.plc ::placeholder { color: var(--fo-palette-text-secondary); opacity: 1; }
.plc small, .plc .plc-dim { color: var(--fo-palette-text-secondary); font-size: 12px; }
.plc-head { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-bottom: 10px; }
.plc-head h2 { font-size: 16px; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
.plc-head .plc-dim { flex: 1; min-width: 12em; }
.plc-bulk { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; margin: 6px 0; }
.plc-begin { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin: 10px 0; }
.plc-begin .plc-main { font-size: 15px; padding: 8px 16px; }
.plc-steps { display: flex; flex-wrap: wrap; gap: 6px; margin-bottom: 12px; }
.plc .plc-button { border: 1px solid var(--fo-palette-divider); border-radius: 6px; padding: 4px 11px;
  background: var(--fo-palette-background-level2); white-space: nowrap; }
.plc .plc-button:hover:not(:disabled) { border-color: var(--fo-palette-text-tertiary, #888); }
.plc .plc-button:disabled { opacity: .45; }
.plc .plc-main { background: var(--fo-palette-primary-main, #ff6d04); border-color: transparent; color: #1a0d00; font-weight: 600; }
.plc .plc-link { color: var(--fo-palette-text-secondary); padding: 2px 4px; border-radius: 4px; }
.plc .plc-link:hover { color: var(--fo-palette-text-primary); background: var(--fo-palette-background-level2); }
.plc-advice { display: flex; gap: 12px; align-items: center; padding: 9px 12px; margin-bottom: 8px; border-radius: 8px;
  background: var(--fo-palette-background-level1); border-left: 3px solid var(--fo-palette-primary-main, #ff6d04); }
.plc-advice span { flex: 1; overflow-wrap: anywhere; }
.plc-shown { display: flex; gap: 10px; align-items: center; padding: 6px 12px; margin-bottom: 12px; border-radius: 8px;
  background: var(--fo-palette-background-level1); position: sticky; top: -6px; z-index: 2; box-shadow: 0 2px 8px #0005; }
.plc-shown b { font-weight: 600; overflow-wrap: anywhere; }
.plc-shown span { flex: 1; min-width: 0; }
.plc-cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); gap: 8px; margin-bottom: 12px; }
.plc .plc-card { border: 1px solid transparent; background: var(--fo-palette-background-level1); border-radius: 8px; padding: 8px 12px; min-width: 0; }
.plc .plc-card:hover { border-color: var(--fo-palette-text-tertiary, #888); }
.plc-card b { font-size: 20px; margin-right: 7px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
.plc-card span { color: var(--fo-palette-text-secondary); font-size: 12px; display: flex; gap: 6px; align-items: center; white-space: nowrap; }
.plc-card i, .plc-key i { width: 9px; height: 9px; border-radius: 2px; flex: none; display: inline-block; }
.plc-on, .plc .plc-card.plc-on { background: var(--fo-palette-background-level3, #333); box-shadow: inset 0 0 0 1px var(--fo-palette-primary-main, #ff6d04); }
.plc-grid { display: grid; grid-template: "sessions" "findings" "rest" / minmax(0, 1fr); gap: 12px; align-items: start; }
.plc-rest { grid-area: rest; display: grid; gap: 12px; }
@container (min-width: 760px) { .plc-grid { grid-template: "findings sessions" auto "findings rest" 1fr / minmax(0, 1fr) minmax(0, 1fr); } }
.plc-section { background: var(--fo-palette-background-level1); border: 1px solid var(--fo-palette-divider); border-radius: 10px; padding: 11px 12px 10px; min-width: 0; }
.plc-section > header { display: flex; align-items: center; gap: 8px; margin-bottom: 7px; }
.plc-section h3 { font-size: 13px; font-weight: 600; margin: 0; flex: 1; }
.plc-section h4 { font-size: 12px; font-weight: 500; margin: 12px 0 4px; color: var(--fo-palette-text-secondary); }
.plc .plc-row { display: grid; grid-template-columns: minmax(96px, 38%) 1fr minmax(3.4em, auto); gap: 10px; align-items: center;
  width: 100%; padding: 1px 6px; border-radius: 5px; }
.plc .plc-row:hover { background: var(--fo-palette-background-level2); }
.plc-label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.plc-track { height: 11px; border-radius: 3px; background: var(--fo-palette-background-level3, #2a2a2a); overflow: hidden; display: block; }
.plc-track > span { display: flex; height: 100%; border-radius: 3px; overflow: hidden; }
.plc-track > span > span { flex-basis: 0; }
.plc-reliability { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 4px; }
.plc-reliability svg { flex: none; }
.plc-reliability rect { fill: none; stroke: var(--fo-palette-divider); }
.plc-reliability line { stroke: var(--fo-palette-text-secondary); stroke-dasharray: 3 3; }
.plc-reliability polyline { fill: none; stroke: #8a7fd6; stroke-width: 1.5; }
.plc-reliability circle { fill: #8a7fd6; }
.plc-reliability table { border-collapse: collapse; color: inherit; font: inherit; font-variant-numeric: tabular-nums; }
.plc-reliability th { font-weight: 500; font-size: 12px; color: var(--fo-palette-text-secondary); }
.plc-reliability th, .plc-reliability td { text-align: right; padding: 0 0 0 12px; white-space: nowrap; }
.plc-number { text-align: right; font-variant-numeric: tabular-nums; }
.plc-stack { display: flex; height: 16px; border-radius: 4px; overflow: hidden; gap: 1px; background: var(--fo-palette-background-level3, #2a2a2a); }
.plc-stack button { flex-basis: 0; min-width: 3px; height: 100%; }
.plc-stack button[hidden] { display: none; }
.plc-legend { display: flex; flex-wrap: wrap; gap: 2px 4px; margin-top: 6px; }
.plc .plc-key { display: inline-flex; gap: 6px; align-items: center; padding: 2px 7px; border-radius: 5px; }
.plc .plc-key:hover { background: var(--fo-palette-background-level2); }
.plc-key b { font-weight: 600; font-variant-numeric: tabular-nums; }
.plc-columns { display: flex; align-items: flex-end; gap: 1px; position: relative; border-bottom: 1px solid var(--fo-palette-divider); margin-top: 14px; }
.plc-most { position: absolute; top: -15px; left: 0; font-size: 11px; color: var(--fo-palette-text-secondary); }
.plc .plc-column { flex: 1; height: 100%; display: flex; align-items: flex-end; min-width: 0; border-radius: 2px 2px 0 0; }
.plc .plc-column:hover:not(:disabled) { background: var(--fo-palette-background-level2); }
.plc-column span { display: block; width: 100%; border-radius: 2px 2px 0 0; }
.plc-axis { display: flex; justify-content: space-between; font-size: 11px; color: var(--fo-palette-text-secondary); margin-top: 3px; font-variant-numeric: tabular-nums; }
.plc-read { font-size: 12px; color: var(--fo-palette-text-secondary); margin-top: 4px; }
.plc-session { padding: 9px 0 8px; border-top: 1px solid var(--fo-palette-divider); }
.plc-session:first-of-type { border-top: 0; padding-top: 2px; }
.plc-line { display: flex; flex-wrap: wrap; gap: 6px 8px; align-items: center; }
.plc-line > .plc-name { flex: 1; min-width: 10em; font-weight: 600; overflow-wrap: anywhere; }
.plc-session .plc-track { margin: 6px 0 5px; }
.plc-tools { display: flex; flex-wrap: wrap; gap: 2px 6px; margin: 4px -4px 0; }
.plc-form { display: grid; grid-template-columns: auto 1fr; gap: 7px 10px; align-items: center; padding: 4px 0 10px; }
.plc-form label.plc-wide, .plc-form .plc-line { grid-column: 1 / -1; }
.plc-form input:not([type=checkbox]), .plc select, .plc-inline input { min-width: 0; width: 100%; padding: 4px 8px; border-radius: 6px;
  border: 1px solid var(--fo-palette-divider); background: var(--fo-palette-background-level2); }
.plc select option, .plc select optgroup { background: var(--fo-palette-background-level2, #222); color: var(--fo-palette-text-primary); }
.plc-section > header select { width: auto; max-width: 60%; padding: 2px 6px; font-size: 12px; }
.plc-inline { display: flex; gap: 6px; margin-top: 6px; }
.plc-table { border-collapse: collapse; width: 100%; margin-bottom: 6px; font-variant-numeric: tabular-nums; }
.plc-table th { font-weight: 400; text-align: left; overflow-wrap: anywhere; }
.plc-table td, .plc-table thead th:not(:first-child) { text-align: right; padding: 1px 0 1px 10px; }
.plc-section p { margin: 2px 0; overflow-wrap: anywhere; }
.plc-empty { color: var(--fo-palette-text-secondary); padding: 2px 0; }
`;

  // src/curation/team.tsx
  var React10 = __toESM(require_react(), 1);
  function TeamWork({ overview, active, show, call, enter }) {
    const [team, setTeam] = React10.useState(null);
    const [named, asking] = useNamed();
    const ask2 = React10.useRef(call);
    ask2.current = call;
    const counted = JSON.stringify(overview);
    React10.useEffect(() => {
      let wanted = true;
      void ask2.current("team").then((answer) => {
        if (wanted && answer?.ok) setTeam(answer.team);
      });
      return () => {
        wanted = false;
      };
    }, [counted]);
    if (!team || !team.paces.length) return null;
    const settle = (who) => void enter("start", { disagreements: true, reviewer: who });
    return /* @__PURE__ */ React10.createElement("section", { className: "plc-section", "data-cy": "plc-team" }, /* @__PURE__ */ React10.createElement("header", null, /* @__PURE__ */ React10.createElement("h3", null, "Reviewers"), /* @__PURE__ */ React10.createElement("small", null, "pauses over ", team.pause, " minutes left out")), /* @__PURE__ */ React10.createElement("table", { className: "plc-table" }, /* @__PURE__ */ React10.createElement("thead", null, /* @__PURE__ */ React10.createElement("tr", null, /* @__PURE__ */ React10.createElement("th", { scope: "col" }, "reviewer"), /* @__PURE__ */ React10.createElement("th", { scope: "col" }, "verdicts"), /* @__PURE__ */ React10.createElement("th", { scope: "col" }, "an hour"))), /* @__PURE__ */ React10.createElement("tbody", null, team.paces.map((one) => /* @__PURE__ */ React10.createElement("tr", { key: one.reviewer }, /* @__PURE__ */ React10.createElement("th", { scope: "row" }, one.reviewer || "nobody named"), /* @__PURE__ */ React10.createElement("td", null, count(one.verdicts)), /* @__PURE__ */ React10.createElement("td", null, one.per_hour === null ? "" : count(Math.round(one.per_hour))))))), team.agreement.map((one) => /* @__PURE__ */ React10.createElement("p", { key: `${one.first} ${one.second}` }, compared(one))), team.disagreements > 0 && /* @__PURE__ */ React10.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React10.createElement(
      "button",
      {
        type: "button",
        className: "plc-button plc-main",
        onClick: () => named(settle)
      },
      "Settle ",
      pairs(team.disagreements),
      " on which they disagree"
    ), /* @__PURE__ */ React10.createElement(
      "button",
      {
        type: "button",
        className: "plc-link",
        "aria-pressed": active === "disagreements",
        onClick: () => show("disagreements")
      },
      "Show"
    )), asking);
  }
  function compared(one) {
    const who = `${one.first} and ${one.second}`;
    const same2 = one.common ? `, ${percent(one.same, one.common)} alike` : "";
    const kappa = one.kappa === null ? `no kappa: ${one.why}` : `kappa ${one.kappa.toFixed(2)}`;
    const edited2 = one.edited ? `; ${pairs(one.edited)} that one had mended left out` : "";
    return `${who}: ${pairs(one.common)} by both${same2}; ${kappa}${edited2}`;
  }

  // src/curation/index.tsx
  var STEPS = ["import", "predict", "score", "flag", "export"];
  var LABELS2 = {
    import: "Import",
    predict: "Predict",
    score: "Score",
    flag: "Flag",
    export: "Export"
  };
  function CurationPanel({ data, schema }) {
    const call = usePanel(schema);
    const facts = data?.facts;
    useBehind(data?.behind ?? null, () => void call("leave"));
    const reloads = useReloads();
    const counted = React11.useRef(reloads);
    React11.useEffect(() => {
      if (counted.current === reloads) return;
      counted.current = reloads;
      void call("refresh");
    }, [reloads, call]);
    return /* @__PURE__ */ React11.createElement(
      "div",
      {
        className: "plc",
        "data-cy": "plc-panel",
        "data-state": facts?.state ?? "loading",
        onKeyDown: pressEnter
      },
      /* @__PURE__ */ React11.createElement("style", null, STYLE),
      facts ? /* @__PURE__ */ React11.createElement(Contents, { facts, bar: data?.bar ?? null, call }) : /* @__PURE__ */ React11.createElement("div", { className: "plc-empty" }, "Counting ...")
    );
  }
  function pressEnter(event) {
    const { target } = event;
    if (event.key !== "Enter" || event.repeat) return;
    if (target instanceof HTMLButtonElement) target.click();
    else if (target instanceof HTMLInputElement) target.form?.requestSubmit();
    else return;
    event.preventDefault();
  }
  function Contents({ facts, bar, call }) {
    const overview = facts.overview;
    const { state, reviewer: reviewer2 } = facts;
    React11.useEffect(() => {
      if (state === "ready") takeServerReviewer(reviewer2 ?? null);
    }, [state, reviewer2]);
    return /* @__PURE__ */ React11.createElement(React11.Fragment, null, overview && /* @__PURE__ */ React11.createElement(Head, { facts, overview, bar, call }), /* @__PURE__ */ React11.createElement(
      Steps,
      {
        advised: facts.advice[0]?.step ?? null,
        steps: facts.steps ?? ["import"],
        call
      }
    ), facts.advice.map((one) => /* @__PURE__ */ React11.createElement(Hint, { key: one.text, advice: one, call })), (facts.notes ?? []).map((one) => /* @__PURE__ */ React11.createElement("p", { key: one, className: "plc-dim" }, one)), overview && overview.pairs > 0 && /* @__PURE__ */ React11.createElement(Figures, { facts, overview, bar, call }));
  }
  function Head({ facts, overview, bar, call }) {
    const what = `${pairs(overview.pairs)} on ${count(overview.images)} image${overview.images === 1 ? "" : "s"}`;
    return /* @__PURE__ */ React11.createElement("div", { className: "plc-head" }, /* @__PURE__ */ React11.createElement("h2", null, overview.dataset), /* @__PURE__ */ React11.createElement("span", { className: "plc-dim", "data-cy": "plc-scope" }, facts.whole ? what : `${what}, in the view that you chose`), !facts.whole && !bar && /* @__PURE__ */ React11.createElement("button", { type: "button", className: "plc-link", onClick: () => void call("reset") }, "Whole dataset"), /* @__PURE__ */ React11.createElement(You, null), /* @__PURE__ */ React11.createElement("button", { type: "button", className: "plc-link", onClick: () => void call("refresh") }, "Refresh"));
  }
  function Steps({ advised, steps, call }) {
    return /* @__PURE__ */ React11.createElement("div", { className: "plc-steps", role: "toolbar", "aria-label": "Steps" }, STEPS.filter((step) => steps.includes(step)).map((step) => /* @__PURE__ */ React11.createElement(
      "button",
      {
        type: "button",
        key: step,
        className: step === advised ? "plc-button plc-main" : "plc-button",
        "data-cy": `plc-step-${step}`,
        onClick: () => void call("step", { step })
      },
      LABELS2[step]
    )));
  }
  function Hint({ advice, call }) {
    const { step } = advice;
    return /* @__PURE__ */ React11.createElement("div", { className: "plc-advice", "data-cy": "plc-advice" }, /* @__PURE__ */ React11.createElement("span", null, advice.text), /* @__PURE__ */ React11.createElement(
      "button",
      {
        type: "button",
        className: "plc-button",
        onClick: () => void (step ? call("step", { step }) : call("reset"))
      },
      step ? LABELS2[step] : "Whole dataset"
    ));
  }
  function Figures({ facts, overview, bar: active, call }) {
    const show = (bar) => void (bar === active ? call("reset") : call("show", { bar }));
    const open = async (item) => {
      if (!item.sample_id) return void call("refresh");
      await openSample(item.sample_id);
      if (await modalStands()) await openPanel("pair");
    };
    const enter = async (method, params) => {
      const answer = await call(method, params);
      if (!answer?.ok || !answer.item) return false;
      setCurrentSession(overview.dataset, answer.item.session);
      void open(answer.item);
      return true;
    };
    return /* @__PURE__ */ React11.createElement(React11.Fragment, null, /* @__PURE__ */ React11.createElement(Begin, { facts, overview, enter }), active && /* @__PURE__ */ React11.createElement(Showing, { bar: active, overview, call }), /* @__PURE__ */ React11.createElement(Bulk, { overview, bar: active, call }), /* @__PURE__ */ React11.createElement(Cards, { overview, active, show, known: facts.known ?? false }), /* @__PURE__ */ React11.createElement("div", { className: "plc-grid" }, /* @__PURE__ */ React11.createElement(Findings, { overview, active, show, known: facts.known ?? false }), /* @__PURE__ */ React11.createElement(
      Sessions,
      {
        facts,
        bar: active,
        overview,
        call,
        enter
      }
    ), /* @__PURE__ */ React11.createElement("div", { className: "plc-rest" }, /* @__PURE__ */ React11.createElement(Review, { overview, active, show }), /* @__PURE__ */ React11.createElement(TeamWork, { overview, active, show, call, enter }), /* @__PURE__ */ React11.createElement(Distribution, { overview, active, show, call }), facts.ranking && /* @__PURE__ */ React11.createElement(Reliability, { ranking: facts.ranking }), /* @__PURE__ */ React11.createElement(Splits, { overview, active, show }))));
  }
  async function modalStands() {
    for (let tries = 0; tries < 600; tries++) {
      if (document.querySelector('[data-cy="modal"] [data-cy="panel-container"]')) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }
  function Showing({ bar, overview, call }) {
    return /* @__PURE__ */ React11.createElement("div", { className: "plc-shown", role: "status", "data-cy": "plc-shown" }, /* @__PURE__ */ React11.createElement("span", null, "The grid shows ", /* @__PURE__ */ React11.createElement("b", null, nameOf(bar, overview)), ", worst first."), /* @__PURE__ */ React11.createElement("button", { type: "button", className: "plc-button", onClick: () => void call("reset") }, "Show all again"));
  }
  function nameOf(bar, overview) {
    const at3 = bar.indexOf(":");
    const [kind, name] = [bar.slice(0, at3), bar.slice(at3 + 1)];
    if (bar === "disagreements") return "pairs on which reviewers disagree";
    if (at3 < 0) return bar === "flagged" ? "pairs with findings" : "all pairs";
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

  // src/pair/index.tsx
  var React40 = __toESM(require_react(), 1);

  // src/keys/Help.tsx
  var React15 = __toESM(require_react(), 1);

  // src/keys/bindings.ts
  var React12 = __toESM(require_react(), 1);

  // src/keys/table.ts
  var WHERE = {
    verdict: { title: "Verdict", layer: false },
    group: { title: "Group", layer: false },
    queue: { title: "Queue", layer: false },
    picture: { title: "Picture and mask", layer: false },
    brush: { title: "While a mask is painted", layer: true, sole: true },
    help: { title: "Keys", layer: false }
  };
  var SHIFTABLE = /^[a-z0-9]$/;
  var TABLE = {
    keep: { key: "1", label: "keep", where: "verdict", alone: true },
    drop: { key: "2", label: "drop", where: "verdict", alone: true },
    fix: { key: "3", label: "to be fixed", where: "verdict", alone: true },
    unsure: { key: "4", label: "unsure", where: "verdict", alone: true },
    accept: { key: "f", label: "accept what is suggested", where: "verdict", alone: true },
    edit: { key: "e", label: "edit the query or text", where: "verdict" },
    add: { key: "a", label: "add a caption or turn", where: "verdict" },
    note: { key: "n", label: "write a note", where: "verdict" },
    opinion: { key: "q", label: "ask for a second opinion", where: "verdict" },
    first: { key: "7", label: "let the first of two verdicts stand", where: "verdict" },
    second: { key: "8", label: "let the second of them stand", where: "verdict" },
    third: { key: "9", label: "let the third of them stand", where: "verdict" },
    undo: { key: "u", label: "undo", where: "verdict" },
    redo: { key: "y", label: "redo", where: "verdict" },
    earlier: { key: "[", label: "query or text before, in the group", where: "group" },
    later: { key: "]", label: "query or text after, in the group", where: "group" },
    tick: { key: "t", label: "tick or untick the query", where: "group" },
    previous: { key: ",", label: "previous group", where: "queue" },
    next: { key: ".", label: "next group", where: "queue" },
    overlays: { key: "o", label: "show or hide what is drawn", where: "picture" },
    zoom: { key: "w", label: "whole image or target", where: "picture" },
    mask: { key: "v", label: "show the next mask", where: "picture" },
    paint: { key: "b", label: "paint the mask", where: "picture" },
    mend: { key: "m", label: "mend the mask in FiftyOne's annotation mode", where: "picture" },
    brush: { key: "b", label: "brush", where: "brush" },
    eraser: { key: "e", label: "eraser", where: "brush" },
    polygon: { key: "p", label: "polygon", where: "brush" },
    part: { key: "c", label: "only this part", where: "brush" },
    smaller: { key: "[", label: "smaller brush", where: "brush" },
    larger: { key: "]", label: "larger brush", where: "brush" },
    back: { key: "u", label: "undo, or take back a corner", where: "brush" },
    forth: { key: "y", label: "redo", where: "brush" },
    bare: { key: "o", label: "show or hide the mask", where: "brush" },
    close: { key: "w", label: "whole image or target", where: "brush" },
    closer: { key: "+", label: "closer", where: "brush" },
    farther: { key: "-", label: "farther", where: "brush" },
    help: { key: "?", label: "list and change the keys", where: "help" }
  };
  var ACTIONS = TABLE;
  var NAMES = Object.keys(TABLE);

  // src/keys/bindings.ts
  var STORED2 = "pairlens.keys";
  var TAKEN = /^(Escape|Enter|Tab| |Dead|Unidentified|Arrow.*|Page.*|Home|End|F\d+)$/;
  var changed = load();
  var listeners = /* @__PURE__ */ new Set();
  function load() {
    try {
      const stored = JSON.parse(read(STORED2) ?? "{}");
      const found = {};
      for (const name of NAMES) {
        const key = stored[name];
        if (typeof key === "string" && key.length > 0) found[name] = key;
      }
      const sound = NAMES.every((name) => refusal(name, keyOf(name, found), found) === null);
      return sound ? found : {};
    } catch {
      return {};
    }
  }
  function keep2(now) {
    changed = now;
    write(STORED2, Object.keys(now).length ? JSON.stringify(now) : null);
    listeners.forEach((listener) => listener());
  }
  function onChanged(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
  function useChanged() {
    return React12.useSyncExternalStore(onChanged, () => changed);
  }
  function keyOf(name, among = changed) {
    return among[name] ?? ACTIONS[name].key;
  }
  function layerOf(name) {
    const { where } = ACTIONS[name];
    return WHERE[where].layer ? where : "";
  }
  function refusal(name, key, among = changed) {
    if (TAKEN.test(key)) return "Take another key: the browser and FiftyOne need this one.";
    if (ACTIONS[name].alone && !SHIFTABLE.test(key)) {
      return "Take a letter or a digit: Shift with it means the one query or text alone.";
    }
    const clashes = (one) => layerOf(one) === layerOf(name) && keyOf(one, among) === key;
    const other = NAMES.find((one) => one !== name && clashes(one));
    return other ? `Take another key: ${key} is for "${ACTIONS[other].label}".` : null;
  }
  function bind(name, key) {
    const why = refusal(name, key);
    if (why !== null) return why;
    const now = { ...changed };
    if (key === ACTIONS[name].key) delete now[name];
    else now[name] = key;
    keep2(now);
    return null;
  }
  function unbind() {
    keep2({});
  }

  // src/keys/Key.tsx
  var React13 = __toESM(require_react(), 1);
  function Key(props) {
    const changed2 = useChanged();
    if (!("of" in props)) return /* @__PURE__ */ React13.createElement("kbd", { "aria-hidden": "true" }, props.name);
    const key = keyOf(props.of, changed2);
    return /* @__PURE__ */ React13.createElement("kbd", { "aria-hidden": "true" }, props.shift ? `Shift ${key}` : key);
  }

  // src/keys/listening.ts
  var React14 = __toESM(require_react(), 1);
  var layers = [];
  var taken = false;
  function wasTaken() {
    const was = taken;
    taken = false;
    return was;
  }
  function useKeys(handlers) {
    const latest = React14.useRef(handlers);
    latest.current = handlers;
    const annotating = useAnnotating();
    React14.useEffect(() => {
      if (annotating) return void 0;
      if (layers.push(latest) === 1) window.addEventListener("keydown", pressed, true);
      return () => {
        layers.splice(layers.indexOf(latest), 1);
        if (!layers.length) window.removeEventListener("keydown", pressed, true);
      };
    }, [annotating]);
  }
  function useEscape(act) {
    const annotating = useAnnotating();
    React14.useEffect(() => {
      if (annotating) return void 0;
      const escape = (event) => {
        if (event.key !== "Escape" || event.repeat || isTyping() || isCovered()) return;
        if (fixed.length > 0) return;
        taken = true;
        act();
      };
      window.addEventListener("keydown", escape, true);
      return () => window.removeEventListener("keydown", escape, true);
    }, [annotating, act]);
  }
  var fixed = [];
  function useFixedKeys(handlers) {
    const latest = React14.useRef(handlers);
    latest.current = handlers;
    React14.useEffect(() => {
      const mine = {};
      const pressed2 = (event) => {
        if (event.ctrlKey || event.metaKey || isTyping() || isCovered()) return;
        const onButton = document.activeElement instanceof HTMLButtonElement;
        const act = latest.current[event.key];
        if (!act || event.key === "Enter" && onButton) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        taken = true;
        act(event);
      };
      fixed.push(mine);
      window.addEventListener("keydown", pressed2, true);
      return () => {
        fixed.splice(fixed.indexOf(mine), 1);
        window.removeEventListener("keydown", pressed2, true);
      };
    }, []);
  }
  function pressed(event) {
    const held = event.ctrlKey || event.altKey || event.metaKey;
    if (held && !event.getModifierState("AltGraph") || event.repeat) return;
    if (isTyping() || isCovered()) return;
    const act = actionOf(event);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    taken = true;
    act();
  }
  function actionOf(event) {
    const key = pressedKey(event);
    const shifted = event.shiftKey && SHIFTABLE.test(key);
    const sole = NAMES.some((name2) => isSole(name2) && handlerOf(name2) !== null);
    const matching = NAMES.filter((name2) => {
      if (sole && !isSole(name2) && name2 !== "help") return false;
      const meant2 = keyOf(name2) === key && (!shifted || ACTIONS[name2].alone);
      return meant2 && handlerOf(name2) !== null;
    });
    const name = matching.find((one) => WHERE[ACTIONS[one].where].layer) ?? matching[0];
    const handler = name ? handlerOf(name) : null;
    return handler && (() => handler(shifted));
  }
  function isSole(name) {
    return "sole" in WHERE[ACTIONS[name].where];
  }
  function handlerOf(name) {
    return layers.map((layer) => layer.current[name]).find(Boolean) ?? null;
  }
  function pressedKey(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    if (digit && !event.getModifierState("AltGraph")) return digit;
    return /^[a-zA-Z]$/.test(event.key) ? event.key.toLowerCase() : event.key;
  }
  var TEXT_FIELDS = "textarea, select, input:not([type=checkbox], [type=radio], [type=range])";
  function isTyping() {
    const focused = document.activeElement;
    return focused instanceof HTMLElement && (focused.isContentEditable || focused.matches(TEXT_FIELDS));
  }
  function isCovered() {
    return document.querySelector(".MuiDialog-root, .MuiPopover-root, dialog[open]") !== null;
  }

  // src/keys/Help.tsx
  function Keys() {
    const [open, setOpen] = React15.useState(false);
    const close = React15.useCallback(() => setOpen(false), []);
    useKeys({ help: () => setOpen(true) });
    return /* @__PURE__ */ React15.createElement(React15.Fragment, null, /* @__PURE__ */ React15.createElement("button", { type: "button", className: "plp-button", onClick: () => setOpen(true) }, "Keys ", /* @__PURE__ */ React15.createElement(Key, { of: "help" })), open ? /* @__PURE__ */ React15.createElement(Help, { onClose: close }) : null);
  }
  function Help({ onClose }) {
    const dialog = React15.useRef(null);
    const [asked, setAsked] = React15.useState(null);
    const [said, setSaid] = React15.useState("");
    const changed2 = useChanged();
    React15.useEffect(() => dialog.current?.showModal(), []);
    React15.useEffect(() => {
      const pressed2 = (event) => {
        event.stopImmediatePropagation();
        const held = ["Shift", "Control", "Alt", "AltGraph", "Meta"].includes(event.key);
        if (event.key === "Escape") {
          event.preventDefault();
          if (asked === null) onClose();
          setAsked(null);
        } else if (asked !== null && !held && event.key !== "Tab") {
          event.preventDefault();
          const refused = bind(asked, pressedKey(event));
          setSaid(refused ?? `"${ACTIONS[asked].label}" has the key ${keyOf(asked)}.`);
          if (refused === null) setAsked(null);
        }
      };
      window.addEventListener("keydown", pressed2, true);
      return () => window.removeEventListener("keydown", pressed2, true);
    }, [asked, onClose]);
    const ask2 = (name) => {
      setAsked(name);
      setSaid(`Press the new key of "${ACTIONS[name].label}"; Esc leaves it.`);
    };
    return /* @__PURE__ */ React15.createElement("dialog", { ref: dialog, className: "plp-help", "aria-labelledby": "plp-help-title" }, /* @__PURE__ */ React15.createElement("div", { className: "plp-row plp-spread" }, /* @__PURE__ */ React15.createElement("h2", { id: "plp-help-title" }, "Keys"), /* @__PURE__ */ React15.createElement("button", { type: "button", className: "plp-button", onClick: onClose }, "Close ", /* @__PURE__ */ React15.createElement(Key, { name: "Esc" }))), /* @__PURE__ */ React15.createElement("div", { className: "plp-help-groups" }, Object.keys(WHERE).map((where) => /* @__PURE__ */ React15.createElement(Group, { key: where, where, asked, onAsk: ask2 }))), /* @__PURE__ */ React15.createElement("p", { className: "plp-faint" }, "Shift with the key of a verdict means the one query whose picture is shown. Click a key to change it in this browser. Keys rest while you type and in FiftyOne's annotation mode; Tab goes from one control to the next."), /* @__PURE__ */ React15.createElement("div", { className: "plp-row plp-spread" }, /* @__PURE__ */ React15.createElement("p", { role: "status" }, said), Object.keys(changed2).length ? /* @__PURE__ */ React15.createElement("button", { type: "button", className: "plp-button", onClick: unbind }, "All as they were") : null));
  }
  function Group({ where, asked, onAsk }) {
    const changed2 = useChanged();
    return /* @__PURE__ */ React15.createElement("section", null, /* @__PURE__ */ React15.createElement("h3", null, WHERE[where].title), /* @__PURE__ */ React15.createElement("ul", null, NAMES.filter((name) => ACTIONS[name].where === where).map((name) => /* @__PURE__ */ React15.createElement("li", { key: name, className: "plp-row" }, /* @__PURE__ */ React15.createElement(
      "button",
      {
        type: "button",
        className: "plp-keycap",
        "aria-label": `${keyOf(name, changed2)}: ${ACTIONS[name].label}. Change the key`,
        "aria-pressed": asked === name,
        onClick: () => onAsk(name)
      },
      asked === name ? "\u2026" : keyOf(name, changed2)
    ), /* @__PURE__ */ React15.createElement("span", null, ACTIONS[name].label)))));
  }

  // src/pair/Header.tsx
  var React17 = __toESM(require_react(), 1);

  // src/pair/Sessions.tsx
  var React16 = __toESM(require_react(), 1);

  // src/pair/api.ts
  var Refused = class extends Error {
  };
  var Conflicting = class extends Refused {
    constructor(message, facts) {
      super(message);
      this.facts = facts;
    }
  };
  async function ask(operator, params) {
    const who = reviewer();
    const answer = await run(operator, who ? { ...params, reviewer: who } : params);
    if (!answer) throw new Refused("The server gave no answer.");
    if (answer.ok) {
      takeServerReviewer(answer.reviewer);
      return answer;
    }
    if (answer.kind === "conflict" && answer.conflict) {
      throw new Conflicting(answer.message, answer.conflict);
    }
    throw new Refused(answer.message);
  }
  function given(params) {
    return Object.fromEntries(Object.entries(params).filter(([, v]) => v != null));
  }
  async function fetchPair(sampleId, session) {
    const params = given({ sample_id: sampleId, session });
    return (await ask("pair_view", params)).pair;
  }
  async function fetchAhead(session, after2, skip, most) {
    const params = { session, after: after2, skip, most };
    return (await ask("pairs_ahead", params)).ahead;
  }
  function judge(decisions, session, at3, force) {
    return ask("judge_pairs", given({ decisions, session, at: at3, force: force || null }));
  }
  function move(session, to, judged, from) {
    return ask("move_pair", given({ session, to, judged, sample_id: from }));
  }
  function undo(session, redo, force) {
    return ask("undo_pair", given({ session, redo, force, only_mine: true }));
  }
  function takeOpinion(sample, of, session) {
    return ask("take_opinion", given({ sample_id: sample, of, session }));
  }
  async function askOpinion(sample, of, note) {
    const params = given({ sample_id: sample, of: of || null, note: note || null });
    return (await ask("ask_opinion", params)).session;
  }
  function editMask(sampleId, what) {
    return ask("edit_mask", { sample_id: sampleId, do: what });
  }
  async function maskToPaint(sampleId, source) {
    const params = given({ sample_id: sampleId, source });
    return (await ask("mask_to_paint", params)).mask;
  }
  async function openSessions() {
    const { sessions } = await ask("curation_session", { do: "list" });
    return sessions.filter((one) => !one.finished);
  }
  async function startSession() {
    return (await ask("curation_session", { do: "start" })).session;
  }

  // src/pair/Sessions.tsx
  function Sessions2({ review }) {
    const [sessions, setSessions] = React16.useState(null);
    const [failure, setFailure] = React16.useState(null);
    React16.useEffect(() => {
      let wanted = true;
      openSessions().then(
        (found) => wanted && setSessions(found),
        () => wanted && setSessions([])
      );
      return () => {
        wanted = false;
      };
    }, []);
    const dataset = useDatasetName();
    const enter = (session) => review.desk.asNamed(() => {
      setCurrentSession(dataset, session);
      review.desk.enter(session);
    });
    const start = () => review.desk.asNamed(() => {
      startSession().then(
        (session) => enter(session.id),
        (error) => setFailure(error.message)
      );
    });
    return /* @__PURE__ */ React16.createElement("div", { className: "plp-place" }, /* @__PURE__ */ React16.createElement("span", { className: "plp-faint" }, "No session: verdicts are kept, but no next pair opens."), (sessions ?? []).slice(0, 3).map((one) => /* @__PURE__ */ React16.createElement(
      "button",
      {
        key: one.id,
        type: "button",
        className: "plp-button plp-cut",
        onClick: () => enter(one.id)
      },
      "Resume ",
      one.name,
      " (",
      one.left,
      " left)"
    )), /* @__PURE__ */ React16.createElement("button", { type: "button", className: "plp-button", onClick: start }, "Start over all flagged pairs"), failure ? /* @__PURE__ */ React16.createElement("span", { role: "alert" }, failure) : null);
  }

  // src/pair/Header.tsx
  function Header({ review }) {
    const at3 = review.pair?.session ?? null;
    if (review.session === null || at3 === null) {
      return /* @__PURE__ */ React17.createElement("div", { className: "plp-header" }, /* @__PURE__ */ React17.createElement(Sessions2, { review }), /* @__PURE__ */ React17.createElement(Steps2, { review }));
    }
    const judged = Math.min(at3.of, review.judged + review.pending);
    const done = at3.of ? Math.round(100 * judged / at3.of) : 0;
    return /* @__PURE__ */ React17.createElement("div", { className: "plp-header" }, /* @__PURE__ */ React17.createElement("div", { className: "plp-place" }, /* @__PURE__ */ React17.createElement("strong", { "data-testid": "position" }, at3.position === null ? "Not in the queue" : `${at3.position + 1} of ${at3.of}`), /* @__PURE__ */ React17.createElement("span", { className: "plp-faint plp-cut", title: at3.name }, at3.name), /* @__PURE__ */ React17.createElement(
      "div",
      {
        className: "plp-progress",
        role: "progressbar",
        "aria-label": `${judged} of ${at3.of} judged`,
        "aria-valuemin": 0,
        "aria-valuemax": at3.of,
        "aria-valuenow": judged,
        title: `${judged} of ${at3.of} judged, ${at3.of - judged} left`
      },
      /* @__PURE__ */ React17.createElement("span", { style: { width: `${done}%` } })
    ), /* @__PURE__ */ React17.createElement(Reviewer, null)), /* @__PURE__ */ React17.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React17.createElement(Step, { review, to: "previous", label: "Previous" }), /* @__PURE__ */ React17.createElement(Step, { review, to: "next", label: "Next" }), /* @__PURE__ */ React17.createElement(Steps2, { review })));
  }
  function Step(props) {
    const { review, to, label } = props;
    return /* @__PURE__ */ React17.createElement("button", { type: "button", className: "plp-button", onClick: () => review.desk.move(to) }, label, " ", /* @__PURE__ */ React17.createElement(Key, { of: to }));
  }
  function Steps2({ review }) {
    return /* @__PURE__ */ React17.createElement(React17.Fragment, null, /* @__PURE__ */ React17.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        disabled: !review.pair?.can_undo,
        onClick: () => review.desk.undo()
      },
      "Undo ",
      /* @__PURE__ */ React17.createElement(Key, { of: "undo" })
    ), review.pair?.can_redo ? /* @__PURE__ */ React17.createElement("button", { type: "button", className: "plp-button", onClick: () => review.desk.undo(true) }, "Redo ", /* @__PURE__ */ React17.createElement(Key, { of: "redo" })) : null, /* @__PURE__ */ React17.createElement(Keys, null));
  }
  function Reviewer() {
    const known = React17.useSyncExternalStore(onReviewing, reviewer);
    const [name, setName] = React17.useState(null);
    const keep3 = () => {
      if (name?.trim()) setReviewer(name.trim());
      setName(null);
    };
    return /* @__PURE__ */ React17.createElement("label", { className: "plp-reviewer" }, /* @__PURE__ */ React17.createElement("span", { className: "plp-faint" }, "Reviewer"), /* @__PURE__ */ React17.createElement(
      "input",
      {
        value: name ?? known ?? "",
        placeholder: "your name",
        onChange: (event) => setName(event.target.value),
        onBlur: keep3,
        onKeyDown: (event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }
      }
    ));
  }

  // src/pair/Opinions.tsx
  var React19 = __toESM(require_react(), 1);

  // src/pair/Decide.tsx
  var React18 = __toESM(require_react(), 1);
  var VERDICTS = [
    { verdict: "keep", label: "Keep" },
    { verdict: "drop", label: "Drop" },
    { verdict: "fix", label: "To fix" },
    { verdict: "unsure", label: "Unsure" }
  ];
  function Decide(props) {
    const { pair, review, noteRef } = props;
    const { desk, ready, note, notice } = review;
    return /* @__PURE__ */ React18.createElement("section", { className: "plp-decide", "aria-label": "Verdict" }, review.refusals.map((one, index) => /* @__PURE__ */ React18.createElement(RefusalBox, { key: index, refusal: one, desk })), /* @__PURE__ */ React18.createElement("div", { className: "plp-verdicts", role: "group", "aria-label": "Verdict" }, VERDICTS.map(({ verdict, label }) => /* @__PURE__ */ React18.createElement(
      "button",
      {
        key: verdict,
        type: "button",
        className: `plp-verdict plp-${verdict}`,
        "aria-pressed": pair.review.verdict === verdict,
        "aria-keyshortcuts": keyOf(verdict),
        disabled: !ready,
        onClick: () => desk.decide(verdict)
      },
      label,
      " ",
      /* @__PURE__ */ React18.createElement(Key, { of: verdict })
    ))), /* @__PURE__ */ React18.createElement(
      "textarea",
      {
        ref: noteRef,
        className: "plp-input",
        rows: 1,
        "aria-label": "Note",
        placeholder: `Note: why (${keyOf("note")})`,
        value: note,
        maxLength: 1e4,
        onChange: (event) => desk.setNote(event.target.value),
        onKeyDown: leave
      }
    ), /* @__PURE__ */ React18.createElement("p", { className: "plp-status" }, /* @__PURE__ */ React18.createElement("span", { role: "status", className: notice ? `plp-${notice.tone}` : void 0 }, notice?.text), /* @__PURE__ */ React18.createElement(Standing, { pair })));
  }
  function leave(event) {
    if (event.key === "Escape" || event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.currentTarget.blur();
    }
  }
  function Standing({ pair }) {
    const { verdict, reviewer: reviewer2, reviewed_at } = pair.review;
    if (verdict === null) return /* @__PURE__ */ React18.createElement("span", { className: "plp-faint" }, "No verdict yet.");
    return /* @__PURE__ */ React18.createElement("span", { className: "plp-faint", "data-testid": "standing" }, verdict, reviewer2 ? ` by ${reviewer2}` : "", reviewed_at ? `, ${when(reviewed_at)}` : "");
  }
  function when(time) {
    const date = new Date(time);
    return Number.isNaN(date.getTime()) ? "" : date.toLocaleString();
  }
  function RefusalBox({ refusal: refusal2, desk }) {
    const { message, facts, sample, again } = refusal2;
    const leave2 = () => {
      desk.settleRefusal(refusal2);
      if (sample === null) desk.reload();
    };
    const look = () => {
      desk.settleRefusal(refusal2);
      if (sample !== null) desk.goTo(sample);
    };
    return /* @__PURE__ */ React18.createElement("div", { className: "plp-conflict", role: "alert" }, /* @__PURE__ */ React18.createElement("strong", null, facts?.reviewer ? decided(facts) : message), facts ? /* @__PURE__ */ React18.createElement("span", { className: "plp-cut" }, facts.key) : null, facts?.note ? /* @__PURE__ */ React18.createElement("span", null, "Note: ", facts.note) : null, /* @__PURE__ */ React18.createElement("span", { className: "plp-faint" }, facts?.mask_changed ? "The mask is another one now. " : "", "Your verdict was not written."), /* @__PURE__ */ React18.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React18.createElement("button", { type: "button", className: "plp-button", onClick: leave2 }, facts ? "Leave theirs" : "Leave it"), sample !== null ? /* @__PURE__ */ React18.createElement("button", { type: "button", className: "plp-button", onClick: look }, "Look at it") : null, /* @__PURE__ */ React18.createElement("button", { type: "button", className: "plp-button plp-danger", onClick: again }, facts ? "Write mine over it" : "Try again")));
  }
  function decided(facts) {
    const time = facts.reviewed_at ? when(facts.reviewed_at) : "";
    return `${facts.reviewer} decided ${facts.verdict ?? "nothing"} meanwhile${time ? `, ${time}` : ""}.`;
  }

  // src/pair/Opinions.tsx
  var TAKE = ["first", "second", "third"];
  function Opinions({ member, review, asking, onLeave }) {
    const { desk } = review;
    const told3 = member.disagree ? member.opinions : ofOthers(member);
    if (!told3.length && !member.blind && !member.asked && !asking) return null;
    return /* @__PURE__ */ React19.createElement("section", { "aria-label": "Other reviewers", "data-testid": "opinions" }, member.asked ? /* @__PURE__ */ React19.createElement("p", { className: "plp-faint" }, member.asked.by, " asks for a second opinion", member.asked.note ? `: ${member.asked.note}` : ".") : null, member.blind ? /* @__PURE__ */ React19.createElement("p", { className: "plp-faint" }, "Others judge this pair as well; their verdicts come after yours.") : null, member.disagree ? /* @__PURE__ */ React19.createElement("h3", null, "Reviewers disagree") : null, told3.length ? /* @__PURE__ */ React19.createElement("ul", { className: "plp-opinions" }, told3.map((one, number) => /* @__PURE__ */ React19.createElement(
      Told,
      {
        key: one.reviewer,
        told: one,
        take: member.disagree ? () => desk.take(number) : null,
        shortcut: TAKE[number],
        ready: review.ready
      }
    ))) : null, asking ? /* @__PURE__ */ React19.createElement(AskWhom, { desk, onLeave }) : null);
  }
  function ofOthers(member) {
    const { reviewer: last, verdict, note, reviewed_at } = member.review;
    const known = member.opinions.some((one) => one.reviewer === last);
    const unlogged = !known && last && verdict && last !== reviewer();
    const others = member.opinions.filter((one) => one.reviewer !== reviewer());
    if (!unlogged) return others;
    const stored = { phrase: null, texts_changed: false, mask_changed: false, settles: false };
    return [...others, { reviewer: last, verdict, note, time: reviewed_at ?? "", ...stored }];
  }
  function Told({ told: told3, take, shortcut, ready }) {
    return /* @__PURE__ */ React19.createElement("li", { className: "plp-opinion", "data-reviewer": told3.reviewer }, /* @__PURE__ */ React19.createElement("span", null, /* @__PURE__ */ React19.createElement("strong", null, told3.reviewer || "Somebody"), " ", /* @__PURE__ */ React19.createElement("span", { className: `plp-chip plp-${told3.verdict}` }, told3.verdict)), told3.phrase === null ? null : /* @__PURE__ */ React19.createElement("span", null, "as: ", told3.phrase), told3.texts_changed ? /* @__PURE__ */ React19.createElement("span", null, "with other texts") : null, told3.mask_changed ? /* @__PURE__ */ React19.createElement("span", null, "with another mask") : null, told3.note ? /* @__PURE__ */ React19.createElement("span", { className: "plp-note" }, told3.note) : null, /* @__PURE__ */ React19.createElement("span", { className: "plp-faint" }, when(told3.time)), take ? /* @__PURE__ */ React19.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: take }, "Let it stand ", shortcut ? /* @__PURE__ */ React19.createElement(Key, { of: shortcut }) : null) : null);
  }
  function AskWhom({ desk, onLeave }) {
    const submit = (of) => {
      onLeave();
      desk.askOpinion(of.trim());
    };
    return /* @__PURE__ */ React19.createElement(
      Line,
      {
        label: "Whose opinion; blank for anybody's",
        action: "Ask",
        onDone: submit,
        onLeave
      }
    );
  }
  function WhoAreYou({ desk }) {
    return /* @__PURE__ */ React19.createElement("div", { className: "plp-conflict", role: "alert" }, /* @__PURE__ */ React19.createElement("strong", null, "Verdicts are given under a name: who are you?"), /* @__PURE__ */ React19.createElement(
      Line,
      {
        label: "Your name",
        action: "Go on",
        onDone: (name) => desk.name(name.trim() || null),
        onLeave: () => desk.name(null)
      }
    ));
  }
  function Line({ label, action, onDone, onLeave }) {
    const [text2, setText] = React19.useState("");
    return /* @__PURE__ */ React19.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React19.createElement(
      "input",
      {
        autoFocus: true,
        className: "plp-input",
        "aria-label": label,
        placeholder: label,
        value: text2,
        onChange: (event) => setText(event.target.value),
        onKeyDown: (event) => {
          if (event.key === "Enter") onDone(text2);
          else if (event.key === "Escape") onLeave();
          else return;
          event.preventDefault();
        }
      }
    ), /* @__PURE__ */ React19.createElement("button", { type: "button", className: "plp-button", onClick: () => onDone(text2) }, action));
  }

  // src/pair/review.ts
  var React20 = __toESM(require_react(), 1);

  // src/texts/edits.ts
  function withEdits(member, edits) {
    if (!edits?.length) return member;
    const change = (text2) => {
      const own = edits.filter((one) => one.unit === text2.unit);
      return own.reduce(
        (before, edit) => ({
          ...before,
          removed: edit.removed ?? before.removed,
          verdict: edit.verdict === void 0 ? before.verdict : edit.verdict,
          parts: edit.texts ? edited(before, edit.texts) : before.parts
        }),
        text2
      );
    };
    return { ...member, texts: member.texts.map(change) };
  }
  function edited(text2, said) {
    return text2.parts.map((part, number) => {
      const now = said[number] ?? part.text;
      if (now === part.text) return part;
      return { ...part, text: now, published: part.published ?? part.text, words: [] };
    });
  }

  // src/pair/masks.ts
  var TARGET = 1;
  var IGNORE = 255;
  var TRUTH = [255, 45, 170, 105];
  var PREDICTED = [40, 140, 255, 105];
  var BOTH = [255, 225, 40, 115];
  var MISSED = [255, 45, 170, 130];
  var EXTRA = [40, 140, 255, 130];
  var IGNORED = [150, 150, 150, 110];
  var LEGEND = { truth: css(TRUTH), both: css(BOTH), missed: css(MISSED), extra: css(EXTRA) };
  var MAX_PIXELS = 4096 * 4096;
  var KEPT = 24;
  var images = /* @__PURE__ */ new Map();
  var masks = /* @__PURE__ */ new Map();
  function remembered(kept, url, load2) {
    let one = kept.get(url);
    if (!one) {
      one = load2();
      kept.set(url, one);
      one.catch(() => kept.delete(url));
      for (const old of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(old);
      }
    }
    return one;
  }
  function loadImage(url) {
    return remembered(images, url, async () => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return image;
    });
  }
  function loadMask(url) {
    return remembered(masks, url, async () => read2(await loadImage(url)));
  }
  function read2(image) {
    const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (image.naturalWidth * image.naturalHeight)));
    const width = Math.max(1, Math.floor(image.naturalWidth * scale));
    const height = Math.max(1, Math.floor(image.naturalHeight * scale));
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("this browser gives no canvas");
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const values = new Uint8Array(width * height);
    for (let i = 0; i < values.length; i++) values[i] = data[4 * i] ?? 0;
    return { width, height, values };
  }
  function paint(canvas, mask, role, truth) {
    const comparable = truth !== null && truth.width === mask.width && truth.height === mask.height ? truth : null;
    canvas.width = mask.width;
    canvas.height = mask.height;
    const context = canvas.getContext("2d");
    if (!context) return;
    const picture = context.createImageData(mask.width, mask.height);
    const target = role === "truth" ? TRUTH : PREDICTED;
    for (let i = 0; i < mask.values.length; i++) {
      const color = comparable ? difference(mask.values[i], comparable.values[i]) : plain(mask.values[i], target);
      if (!color) continue;
      picture.data.set(color, 4 * i);
      if (isEdge(mask, i)) picture.data[4 * i + 3] = 255;
    }
    context.putImageData(picture, 0, 0);
  }
  function isEdge({ width, height, values }, i) {
    if (values[i] !== TARGET) return false;
    const x = i % width;
    if (x === 0 || x === width - 1 || i < width || i >= width * (height - 1)) return true;
    const beside = values[i - 1] === TARGET && values[i + 1] === TARGET;
    return !beside || values[i - width] !== TARGET || values[i + width] !== TARGET;
  }
  function plain(value, target) {
    if (value === TARGET) return target;
    return value === IGNORE ? IGNORED : null;
  }
  function difference(predicted, truth) {
    if (truth === IGNORE) return IGNORED;
    if (truth === TARGET) return predicted === TARGET ? BOTH : MISSED;
    return predicted === TARGET ? EXTRA : null;
  }
  function css([r, g, b]) {
    return `rgb(${r}, ${g}, ${b})`;
  }

  // src/pair/desk.ts
  var AHEAD = 5;
  var SETTLED = 150;
  var LOCAL = 3e3;
  var ASKED = 4;
  var DONE = {
    keep: "kept",
    drop: "dropped",
    fix: "fixed",
    unsure: "marked unsure"
  };
  var END = {
    next: "There is no further pair in the queue.",
    previous: "This is the first pair of the queue.",
    resume: "All pairs of the queue have a verdict."
  };
  var EMPTY = {
    pair: null,
    focus: null,
    ticked: /* @__PURE__ */ new Set(),
    note: "",
    waiting: false,
    outside: null,
    failure: null,
    notice: null,
    refusals: [],
    session: null,
    nameless: null,
    judged: 0,
    pending: 0
  };
  var Desk = class {
    constructor() {
      this.state = EMPTY;
      this.listeners = /* @__PURE__ */ new Set();
      this.ahead = [];
      this.reading = false;
      this.over = false;
      // nothing is left ahead
      this.forgotten = 0;
      // how often what was read ahead was of no use, and what is on its way is
      this.hungry = false;
      // the next group is to be shown as soon as it is there
      this.jobs = [];
      this.working = false;
      this.keys = [];
      this.done = /* @__PURE__ */ new Set();
      // judged here, or as good as
      this.versions = /* @__PURE__ */ new Map();
      this.moved = /* @__PURE__ */ new Map();
      // versions that a mask of ours changed, by what they were
      this.asked = [];
      this.settling = null;
      this.input = 0;
      this.changed = false;
      this.away = true;
      // nobody looks at the panel
      this.wanted = null;
      // what is being read to be shown
      this.subscribe = (listener) => {
        this.listeners.add(listener);
        return () => {
          this.listeners.delete(listener);
          if (!this.listeners.size) this.left();
        };
      };
    }
    set(change) {
      this.state = { ...this.state, ...change };
      this.listeners.forEach((listener) => listener());
    }
    // ------------------------------------------------------------------ what is shown
    /** Whether something outside the panel was clicked or pressed just now, in this page. */
    touched(inside) {
      this.input = inside ? 0 : Date.now();
    }
    setSession(session) {
      if (session === this.state.session) return;
      this.forget();
      this.set({ session });
      const shown = this.state.pair?.sample_id;
      if (shown) this.fetch(shown);
    }
    /** FiftyOne tells which sample is open. */
    opened(sample) {
      if (sample === null) {
        this.forget();
        this.set({ pair: null, outside: null, waiting: false, notice: null });
        return;
      }
      const { pair } = this.state;
      const { away } = this;
      this.away = false;
      if (pair && away && sample !== pair.sample_id) {
        this.follow(sample);
      } else if (pair && (sample === pair.sample_id || this.settling !== null)) {
        this.set({ outside: null });
      } else if (pair && this.asked.includes(sample)) {
        return;
      } else if (pair && Date.now() - this.input > LOCAL) {
        this.set({ outside: sample });
      } else {
        this.follow(sample);
      }
    }
    /** Shows the sample that is open in FiftyOne. */
    follow(sample = this.state.outside) {
      if (sample === null) return;
      this.set({ outside: null, notice: null });
      this.fetch(sample);
    }
    /** Has FiftyOne open what is shown here. */
    insist() {
      this.set({ outside: null });
      if (this.state.pair) this.open(this.state.pair.sample_id);
    }
    reload() {
      if (this.state.pair) this.fetch(this.state.pair.sample_id);
    }
    goTo(sample) {
      this.open(sample);
      this.fetch(sample);
    }
    focus(sample) {
      this.set({ focus: sample });
    }
    /** The next or the previous member of the group. */
    step(by) {
      const members = this.state.pair?.group.members ?? [];
      const at3 = members.findIndex((one) => one.sample_id === this.state.focus);
      const next = members[(at3 + by + members.length) % members.length];
      if (next) this.focus(next.sample_id);
    }
    tick(sample) {
      const ticked = new Set(this.state.ticked);
      if (!ticked.delete(sample)) ticked.add(sample);
      this.set({ ticked });
    }
    setNote(note) {
      this.set({ note });
    }
    forget() {
      this.ahead = [];
      this.over = false;
      this.hungry = false;
      this.keys = [];
      this.done.clear();
    }
    fetch(sample) {
      const { session } = this.state;
      this.set({ waiting: true });
      this.wanted = sample;
      fetchPair(sample, session).then(
        (pair) => {
          if (this.wanted !== sample) return;
          this.ahead = [];
          this.show(pair);
        },
        (error) => {
          if (this.wanted !== sample) return;
          this.set({ pair: null, waiting: false, failure: sentence(error) });
        }
      );
    }
    show(pair) {
      this.set({
        pair,
        focus: pair.sample_id,
        ticked: meant(pair),
        note: ownNote(pair),
        waiting: false,
        failure: null,
        judged: Math.max(this.state.judged, pair.session?.judged ?? 0)
      });
      this.readAhead();
      const keys = this.keys.splice(0);
      keys.forEach((press) => press());
    }
    settle() {
      if (this.settling !== null) clearTimeout(this.settling);
      this.settling = setTimeout(() => {
        this.settling = null;
        if (this.state.pair && !this.state.waiting) this.open(this.state.pair.sample_id);
      }, SETTLED);
    }
    open(sample) {
      this.asked = [...this.asked, sample].slice(-ASKED);
      void openSample(sample);
    }
    // ------------------------------------------------------------------ the next groups
    readAhead() {
      const { session, pair } = this.state;
      if (session === null || pair === null || this.reading || this.over) return;
      if (this.ahead.length >= AHEAD || pair.session?.position == null) return;
      this.reading = true;
      const { forgotten } = this;
      const after2 = this.ahead[this.ahead.length - 1] ?? pair;
      const skip = [...this.done, ...shownIn(pair), ...this.ahead.flatMap(shownIn)];
      fetchAhead(session, after2.sample_id, skip, AHEAD - this.ahead.length).then(
        (found) => {
          this.reading = false;
          if (forgotten !== this.forgotten) return this.hungry ? this.next() : this.readAhead();
          if (session !== this.state.session) return;
          this.over = found.length === 0;
          found.forEach(preload);
          this.ahead.push(...found.filter((one) => !this.done.has(one.sample_id)));
          if (this.hungry) this.next();
          else this.readAhead();
        },
        (error) => {
          this.reading = false;
          if (this.hungry) this.set({ waiting: false });
          this.hungry = false;
          this.keys = [];
          this.set({ notice: { tone: "bad", text: sentence(error) } });
        }
      );
    }
    next() {
      const next = this.ahead.shift();
      this.hungry = !next && !this.over;
      if (next) {
        this.show(next);
        this.settle();
      } else if (this.over) {
        this.keys = [];
        const text2 = `${this.state.notice?.text ?? ""} That was the last open pair of the queue.`;
        this.set({ waiting: false, notice: { tone: "good", text: text2.trim() } });
      } else {
        this.set({ waiting: true });
        this.readAhead();
      }
    }
    // ------------------------------------------------------------------ verdicts
    /** Judges the ticked members, or the focused one alone. */
    decide(verdict, alone = false, extra = {}) {
      this.press(() => {
        const members = this.targets(alone);
        this.write(members.map((one) => this.decision(one, verdict, extra)));
      });
    }
    /** Accepts the suggestions for the ticked members, or for the focused one alone. */
    accept(alone = false) {
      this.press(() => {
        const members = this.targets(alone).filter((one) => one.suggestion !== null);
        if (members.length) this.write(members.map((one) => this.decision(one, "fix", fixOf(one))));
        else this.set({ notice: { tone: "plain", text: "Nothing is suggested here." } });
      });
    }
    /** Does something under the reviewer's name, which is asked for where it is not known. */
    asNamed(act) {
      if (reviewer() === null) this.set({ nameless: act });
      else act();
    }
    /** The reviewer's name, or null where it is not given: then nothing is done. */
    name(who) {
      const act = this.state.nameless;
      if (who) setReviewer(who);
      this.set({ nameless: null });
      if (who) act?.();
    }
    /** Edits single captions or turns of the image that is shown, which stays. */
    editTexts(texts, told3) {
      this.press(() => {
        const members = this.targets(true);
        this.write(members.map((one) => this.decision(one, null, { texts })), false, told3);
      });
    }
    press(act) {
      if (reviewer() === null) this.asNamed(() => this.press(act));
      else if (this.state.outside !== null) {
        const text2 = "Another pair was opened from outside; your key was not taken.";
        this.set({ notice: { tone: "bad", text: text2 } });
      } else if (this.state.waiting) this.keys.push(act);
      else if (this.state.pair) act();
    }
    targets(alone) {
      const { pair, ticked, focus } = this.state;
      const members = pair?.group.members ?? [];
      const chosen = members.filter((one) => alone ? one.sample_id === focus : ticked.has(one.sample_id));
      return chosen.length ? chosen : members.filter((one) => one.sample_id === focus);
    }
    decision(member, verdict, extra) {
      const { sample_id, key, version } = member;
      const note = this.state.note.trim();
      return { sample_id, key, seen: version, verdict, ...note ? { note } : {}, ...extra };
    }
    /** Shows decisions as made and sends them; with `told`, which says what was done, nothing moves on. */
    write(decisions, force = false, told3 = null) {
      const { pair, session } = this.state;
      if (!pair) return;
      const ids = new Set(decisions.map((one) => one.sample_id));
      ids.forEach((id) => this.done.add(id));
      const left = new Set([...this.state.ticked].filter((id) => !ids.has(id)));
      const many = decisions.length > 1 ? `${decisions.length} pairs` : "This pair";
      const moves = told3 === null && session !== null && left.size === 0 && pair.session?.in_queue === true;
      const before = decisions.length > 1 ? many : "The pair before";
      const done = decisions[0].verdict;
      this.set({
        pair: withVerdicts(pair, decisions),
        ticked: told3 === null && left.size ? left : this.state.ticked,
        pending: this.state.pending + decisions.length,
        notice: {
          tone: "good",
          text: told3 ?? `${moves ? before : many}: ${done === null ? "edited" : DONE[done]}.`
        },
        refusals: []
      });
      if (moves) this.next();
      else if (told3 === null && left.size) this.focus([...left][0]);
      this.send(decisions, session, force);
    }
    send(decisions, session, force) {
      this.work(async () => {
        const at3 = this.state.pair?.session?.in_queue ? this.state.pair.sample_id : null;
        const named = decisions.map((one) => ({
          ...one,
          seen: this.now(one.sample_id, one.seen)
        }));
        try {
          const answer = await judge(named, session, session === null ? null : at3, force);
          this.confirm(answer, decisions);
        } catch (error) {
          this.takeBack(decisions, session, error);
        }
        this.set({ pending: this.state.pending - decisions.length });
      });
    }
    confirm(answer, decisions) {
      const { judged, moved: moved2, progress } = answer;
      this.changed = true;
      moved2.forEach(({ sample_id, was, version }) => {
        this.moved.delete(sample_id + version);
        this.moved.set(sample_id + was, version);
      });
      judged.forEach((one) => this.versions.set(one.sample_id, one.version));
      const { pair } = this.state;
      if (pair) this.set({ pair: { ...pair, can_undo: true } });
      if (progress) this.set({ judged: progress.judged });
      if (decisions.some(changesMask)) {
        void runInApp("reload_samples");
      }
      const members = new Set(pair?.group.members.map((one) => one.sample_id));
      if (pair && judged.some((one) => members.has(one.sample_id))) this.refresh(pair.sample_id);
    }
    /** The version of a pair by now, of which a version was seen. */
    now(sample, seen) {
      let now = this.versions.get(sample) ?? seen;
      for (let next = this.moved.get(sample + now); next; next = this.moved.get(sample + now)) {
        now = next;
      }
      return now;
    }
    /** Reads again what is shown, unless something else is shown by then. */
    refresh(sample) {
      fetchPair(sample, this.state.session).then(
        (pair) => {
          const { pair: shown, waiting } = this.state;
          if (shown?.sample_id === sample && !waiting && this.jobs.length === 0) this.set({ pair });
        },
        () => void 0
      );
    }
    takeBack(decisions, session, error) {
      decisions.forEach((one) => this.done.delete(one.sample_id));
      this.over = false;
      const { pair } = this.state;
      const ids = new Set(decisions.map((one) => one.sample_id));
      const refused = pair?.group.members.find((one) => ids.has(one.sample_id));
      if (pair && refused) {
        this.focus(refused.sample_id);
        this.refreshNow(pair.sample_id);
      }
      const facts = error instanceof Conflicting ? error.facts : null;
      const refusal2 = {
        message: sentence(error),
        facts,
        sample: decisions[0]?.sample_id ?? null,
        again: () => {
          this.settleRefusal(refusal2);
          decisions.forEach((one) => this.done.add(one.sample_id));
          this.set({ pending: this.state.pending + decisions.length });
          this.send(decisions, session, facts !== null);
        }
      };
      this.set({ refusals: [...this.state.refusals, refusal2], notice: null });
    }
    settleRefusal(refusal2) {
      this.set({ refusals: this.state.refusals.filter((one) => one !== refusal2) });
    }
    refreshNow(sample) {
      fetchPair(sample, this.state.session).then(
        (pair) => {
          if (this.state.pair?.sample_id !== sample) return;
          pair.group.members.forEach((one) => this.versions.delete(one.sample_id));
          this.set({ pair, ticked: meant(pair) });
        },
        () => void 0
      );
    }
    // ------------------------------------------------------------------ one after the other
    /** Does one thing after the other, in the order of the keys. */
    work(job) {
      this.jobs.push(job);
      if (this.working) return;
      this.working = true;
      void (async () => {
        for (let next = this.jobs[0]; next; next = this.jobs[0]) {
          await next();
          this.jobs.shift();
        }
        this.working = false;
        if (!this.listeners.size) this.left();
        else this.readAhead();
      })();
    }
    /** Something that the next keys wait for; it gives the pair to be shown. */
    stop(act, again) {
      if (this.state.waiting) {
        this.keys.push(() => this.stop(act, again));
        return;
      }
      this.set({ waiting: true, notice: null, refusals: [] });
      this.work(async () => {
        try {
          const [pair, notice] = await act();
          this.forgetAhead();
          this.set({ waiting: false, notice });
          if (pair) {
            this.show(pair);
            this.open(pair.sample_id);
          }
        } catch (error) {
          const facts = error instanceof Conflicting ? error.facts : null;
          if (facts === null) this.set({ notice: { tone: "bad", text: sentence(error) } });
          else {
            const refusal2 = { message: sentence(error), facts, sample: null, again };
            this.set({ refusals: [refusal2] });
          }
          this.set({ waiting: false });
        }
      });
    }
    forgetAhead() {
      this.ahead = [];
      this.forgotten += 1;
      this.over = false;
      this.done.clear();
      this.versions.clear();
      this.moved.clear();
    }
    /** Settles a disagreement over the focused member: one of the verdicts stands again. */
    take(number) {
      const { pair, focus, session } = this.state;
      const member = pair?.group.members.find((one) => one.sample_id === focus);
      const of = member?.disagree ? member.opinions[number]?.reviewer : void 0;
      if (!pair || !member || of === void 0) return;
      this.press(
        () => this.stop(
          async () => {
            await takeOpinion(member.sample_id, of, session);
            this.changed = true;
            const notice = { tone: "good", text: `The verdict of ${of} stands.` };
            if (session !== null && pair.session?.in_queue) {
              const answer = await move(session, "next", false, pair.sample_id);
              if (answer.pair) return [answer.pair, notice];
            }
            return [await fetchPair(pair.sample_id, session), notice];
          },
          () => void 0
        )
      );
    }
    /** Asks for a second opinion on the focused member; what the note says is the question. */
    askOpinion(of) {
      const { pair, focus, session, note } = this.state;
      if (!pair || focus === null) return;
      this.press(
        () => this.stop(
          async () => {
            await askOpinion(focus, of, note.trim());
            const text2 = `${of || "Anybody"} is asked for a second opinion.`;
            return [await fetchPair(pair.sample_id, session), { tone: "good", text: text2 }];
          },
          () => void 0
        )
      );
    }
    undo(redo = false, force = false) {
      if (reviewer() === null) {
        this.asNamed(() => this.undo(redo, force));
        return;
      }
      const { session } = this.state;
      this.stop(
        async () => {
          const answer = await undo(session, redo, force);
          if (answer.undone.pairs === 0) {
            const text2 = redo ? "Nothing to make again." : "Nothing to take back.";
            return [null, { tone: "plain", text: text2 }];
          }
          void runInApp("reload_samples");
          this.set({ judged: answer.pair?.session?.judged ?? this.state.judged });
          return [answer.pair, { tone: "good", text: redo ? "Redone." : "Undone." }];
        },
        () => this.undo(redo, true)
      );
    }
    move(to, judged = to === "previous") {
      const { session } = this.state;
      if (session === null) return;
      this.stop(
        async () => {
          const answer = await move(session, to, judged, this.state.pair?.sample_id ?? null);
          return [answer.pair, answer.item.end ? { tone: "plain", text: END[to] } : null];
        },
        () => void 0
      );
    }
    /** Enters a session at the pair that was open last. */
    enter(session) {
      this.set({ session });
      this.forget();
      this.move("resume");
    }
    mend(what) {
      const { focus, session } = this.state;
      if (focus === null) return;
      this.stop(
        async () => {
          await editMask(focus, what);
          await runInApp("reload_dataset");
          await runInApp("reload_samples");
          return [await fetchPair(focus, session), null];
        },
        () => void 0
      );
    }
    /** The panel is gone: the grid is to show what was decided. */
    left() {
      this.away = true;
      if (this.changed && !this.working) {
        this.changed = false;
        void runInApp("reload_samples");
      }
    }
  };
  function ownNote(pair) {
    return pair.review.reviewer === reviewer() ? pair.review.note ?? "" : "";
  }
  function sentence(error) {
    return error instanceof Error ? error.message : String(error);
  }
  function meant(pair) {
    const { members } = pair.group;
    const open = members.filter((one) => one.meant && one.review.verdict === null);
    const chosen = open.length ? open : members.filter((one) => one.sample_id === pair.sample_id);
    return new Set(chosen.map((one) => one.sample_id));
  }
  function shownIn(pair) {
    return pair.group.members.filter((one) => one.meant).map((one) => one.sample_id);
  }
  function changesMask({ mask_from, mask_of, use_edit, painted }) {
    return Boolean(mask_from || mask_of || use_edit || painted);
  }
  function fixOf(member) {
    const { phrase, mask_of, mask_from, edits } = member.suggestion ?? {};
    if (edits?.length) return { texts: edits };
    if (phrase) return { phrase };
    return mask_of ? { mask_of } : mask_from ? { mask_from } : {};
  }
  function withVerdicts(pair, decisions) {
    const given2 = new Map(decisions.map((one) => [one.sample_id, one]));
    const judged = (one) => {
      const decision = given2.get(one.sample_id);
      if (!decision) return one;
      const shown = withEdits(one, decision.texts);
      if (decision.verdict === null) return shown;
      const now = { verdict: decision.verdict, reviewer: reviewer(), reviewed_at: null };
      return { ...shown, review: { ...one.review, ...now } };
    };
    return { ...judged(pair), group: { ...pair.group, members: pair.group.members.map(judged) } };
  }
  function preload(pair) {
    const files = pair.group.members.flatMap((one) => [
      one.image.path,
      ...one.masks.filter((mask) => mask.role === "truth").map((mask) => mask.path)
    ]);
    for (const file of new Set(files)) {
      if (file) loadImage(mediaUrl(file)).catch(() => void 0);
    }
  }

  // src/pair/review.ts
  var desks = /* @__PURE__ */ new Map();
  function deskOf(dataset) {
    const desk = desks.get(dataset) ?? new Desk();
    desks.set(dataset, desk);
    return desk;
  }
  window.addEventListener("beforeunload", (event) => {
    if ([...desks.values()].some((desk) => desk.state.pending > 0)) event.preventDefault();
  });
  function useSession(dataset) {
    const [session, setSession] = React20.useState(() => currentSession(dataset));
    React20.useEffect(() => {
      const read3 = () => setSession(currentSession(dataset));
      read3();
      return onReviewing(read3);
    }, [dataset]);
    return session;
  }
  function useReview() {
    const open = useOpenSample();
    const dataset = useDatasetName();
    const session = useSession(dataset);
    const desk = deskOf(dataset);
    const state = React20.useSyncExternalStore(desk.subscribe, () => desk.state);
    React20.useEffect(() => desk.setSession(session), [desk, session]);
    React20.useEffect(() => desk.opened(open), [desk, open]);
    React20.useEffect(() => {
      const touched = (event) => {
        const { target } = event;
        const inside = target instanceof Element && target.closest(".plp-root") !== null;
        desk.touched(inside || wasTaken());
      };
      window.addEventListener("pointerdown", touched, true);
      window.addEventListener("keyup", touched, true);
      return () => {
        window.removeEventListener("pointerdown", touched, true);
        window.removeEventListener("keyup", touched, true);
      };
    }, [desk]);
    return {
      ...state,
      desk,
      ready: state.pair !== null && !state.waiting && state.outside === null
    };
  }

  // src/pair/Shown.tsx
  var React35 = __toESM(require_react(), 1);

  // src/brush/Brush.tsx
  var React25 = __toESM(require_react(), 1);

  // src/brush/Button.tsx
  var React21 = __toESM(require_react(), 1);
  function Button({ label, of, name, off, pressed: pressed2, tone, onClick }) {
    return /* @__PURE__ */ React21.createElement(
      "button",
      {
        type: "button",
        className: `plp-button ${tone ? `plp-${tone}` : ""}`,
        "aria-pressed": pressed2,
        disabled: off,
        onClick
      },
      label,
      " ",
      of ? /* @__PURE__ */ React21.createElement(Key, { of }) : name ? /* @__PURE__ */ React21.createElement(Key, { name }) : null
    );
  }

  // src/brush/drafts.ts
  var drafts = /* @__PURE__ */ new Map();
  window.addEventListener("beforeunload", (event) => {
    if ([...drafts.values()].some((one) => one.painting.changed)) event.preventDefault();
  });
  function draftOf(sample) {
    return drafts.get(sample) ?? null;
  }
  function keepDraft(sample, easel) {
    drafts.set(sample, easel);
  }
  function dropDraft(sample) {
    drafts.delete(sample);
  }

  // src/brush/pixels.ts
  function whole({ width, height }) {
    return { x0: 0, y0: 0, x1: width, y1: height };
  }
  function union(a, b) {
    if (a === null) return b;
    return {
      x0: Math.min(a.x0, b.x0),
      y0: Math.min(a.y0, b.y0),
      x1: Math.max(a.x1, b.x1),
      y1: Math.max(a.y1, b.y1)
    };
  }
  function clip({ width, height }, { x0, y0, x1, y1 }) {
    const within = (value, most) => Math.min(most, Math.max(0, value));
    return {
      x0: within(Math.floor(x0), width),
      y0: within(Math.floor(y0), height),
      x1: within(Math.ceil(x1), width),
      y1: within(Math.ceil(y1), height)
    };
  }
  function around(points, margin) {
    const xs = points.map((one) => one.x);
    const ys = points.map((one) => one.y);
    return {
      x0: Math.min(...xs) - margin,
      y0: Math.min(...ys) - margin,
      x1: Math.max(...xs) + margin,
      y1: Math.max(...ys) + margin
    };
  }
  function centre({ x, y }) {
    return { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 };
  }
  function stroke(bitmap, from, to, size, value) {
    const radius = size / 2;
    const rect = clip(bitmap, around([from, to], radius));
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    for (let y = rect.y0; y < rect.y1; y++) {
      for (let x = rect.x0; x < rect.x1; x++) {
        const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
        const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        const [ex, ey] = [px - along * dx, py - along * dy];
        if (ex * ex + ey * ey <= radius * radius) bitmap.values[y * bitmap.width + x] = value;
      }
    }
    return rect;
  }
  function polygon(bitmap, points, value) {
    const rect = clip(bitmap, around(points, 0));
    for (let y = rect.y0; y < rect.y1; y++) {
      const cuts = crossings(points, y + 0.5);
      for (let i = 0; i + 1 < cuts.length; i += 2) {
        const start = Math.max(0, Math.ceil(cuts[i] - 0.5));
        const end = Math.min(bitmap.width, Math.ceil(cuts[i + 1] - 0.5));
        if (start < end) bitmap.values.fill(value, y * bitmap.width + start, y * bitmap.width + end);
      }
    }
    return rect;
  }
  function crossings(points, y) {
    const found = [];
    points.forEach((a, i) => {
      const b = points[(i + 1) % points.length];
      if (a.y <= y !== b.y <= y) found.push(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    });
    return found.sort((one, other) => one - other);
  }
  function component(bitmap, at3) {
    const { width, height, values } = bitmap;
    const [x, y] = [Math.floor(at3.x), Math.floor(at3.y)];
    const inside = x >= 0 && y >= 0 && x < width && y < height;
    if (!inside || !values[y * width + x]) return null;
    const found = new Uint8Array(values.length);
    const open = [y * width + x];
    found[y * width + x] = 1;
    for (let i = open.pop(); i !== void 0; i = open.pop()) {
      const [column, row] = [i % width, Math.floor(i / width)];
      for (let v = Math.max(0, row - 1); v <= Math.min(height - 1, row + 1); v++) {
        for (let u = Math.max(0, column - 1); u <= Math.min(width - 1, column + 1); u++) {
          const j = v * width + u;
          if (!values[j] || found[j]) continue;
          found[j] = 1;
          open.push(j);
        }
      }
    }
    return found;
  }

  // src/brush/rle.ts
  var FIRST = 48;
  var MORE = 32;
  var SIGN = 16;
  function encode({ width, height, values }) {
    const runs = [];
    let [value, run2] = [0, 0];
    for (let x = 0; x < width; x++) {
      for (let i = x; i < values.length; i += width) {
        if (values[i] === value) run2++;
        else {
          runs.push(run2);
          [value, run2] = [values[i], 1];
        }
      }
    }
    runs.push(run2);
    const told3 = runs.map((one, i) => text(i > 2 ? one - runs[i - 2] : one));
    return { size: [height, width], counts: told3.join("") };
  }
  function text(number) {
    let found = "";
    for (let rest = number, more = true; more; ) {
      const bits = rest & 31;
      rest >>= 5;
      more = rest !== (bits & SIGN ? -1 : 0);
      found += String.fromCharCode(FIRST + bits + (more ? MORE : 0));
    }
    return found;
  }
  function decode({ size, counts }) {
    const [height = 0, width = 0] = size;
    const values = new Uint8Array(width * height);
    let at3 = 0;
    numbers(counts).forEach((run2, i) => {
      for (const end = at3 + run2; at3 < end; at3++) {
        if (i % 2) values[at3 % height * width + Math.floor(at3 / height)] = 1;
      }
    });
    return { width, height, values };
  }
  function numbers(counts) {
    const runs = [];
    let [number, shift] = [0, 0];
    for (const letter of counts) {
      const code = letter.charCodeAt(0) - FIRST;
      number |= (code & 31) << shift;
      shift += 5;
      if (code & MORE) continue;
      if (code & SIGN) number |= -1 << shift;
      runs.push(runs.length > 2 ? number + runs[runs.length - 2] : number);
      [number, shift] = [0, 0];
    }
    return runs;
  }

  // src/brush/tools.ts
  var TOOLS = [
    { tool: "brush", label: "Brush", help: "Drag to paint; Shift or Alt erases." },
    { tool: "eraser", label: "Eraser", help: "Drag to erase." },
    {
      tool: "polygon",
      label: "Polygon",
      help: "Click the corners; Enter fills the polygon, Shift Enter erases it, Esc leaves it."
    },
    {
      tool: "part",
      label: "Only this part",
      help: "Click a part of the mask: what is not connected with it goes."
    }
  ];
  function resized(size, up, most) {
    const step = Math.max(2, 2 * Math.round(size / 8));
    return Math.min(most | 1, Math.max(1, up ? size + step : size - step));
  }
  function usualSize(side) {
    return Math.max(1, Math.round(side / 60)) * 2 + 1;
  }

  // src/brush/view.ts
  var WHOLE = { x: 0, y: 0, w: 1, h: 1 };
  var SMALLEST = 1 / 64;
  function at2(x, y, side) {
    const within = (start) => Math.min(1 - side, Math.max(0, start));
    return { x: within(x), y: within(y), w: side, h: side };
  }
  function zoomed(part, around3, factor) {
    const side = Math.min(1, Math.max(SMALLEST, part.w / factor));
    const [gainX, gainY] = [part.w - side, part.h - side];
    return at2(part.x + around3.x * gainX, part.y + around3.y * gainY, side);
  }
  function moved(part, dx, dy) {
    return at2(part.x + dx * part.w, part.y + dy * part.h, part.w);
  }

  // src/brush/easel.ts
  var CENTRE = { x: 0.5, y: 0.5 };
  var Easel = class {
    /** `longest` is how many characters the runs of a mask may have that is saved. */
    constructor(painting, longest) {
      this.painting = painting;
      this.longest = longest;
      this.listeners = /* @__PURE__ */ new Set();
      this.subscribe = (listener) => {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
      };
      /** What the last step changed, as one value. */
      this.snapshot = () => this.state;
      const size = usualSize(Math.min(painting.width, painting.height));
      const none = { corners: [], bare: false, asking: false, notice: null };
      this.state = { tool: "brush", size, part: WHOLE, ...none };
      painting.listen(() => this.tell());
    }
    set(change) {
      this.state = { ...this.state, ...change };
      this.listeners.forEach((listener) => listener());
    }
    tell() {
      if (!this.painting.busy) this.set({});
    }
    say(notice) {
      this.set({ notice });
    }
    take(tool) {
      this.set({ tool, corners: [], notice: null });
    }
    resize(up) {
      const most = Math.max(this.painting.width, this.painting.height);
      this.set({ size: resized(this.state.size, up, most) });
    }
    look(change) {
      this.set({ part: change(this.state.part) });
    }
    zoom(factor) {
      this.look((part) => zoomed(part, CENTRE, factor));
    }
    /** Between the whole image and a part of it. */
    flip(close) {
      this.look((part) => part.w < 1 ? WHOLE : close ?? WHOLE);
    }
    hide() {
      this.set({ bare: !this.state.bare });
    }
    ask(asking) {
      this.set({ asking });
    }
    corner(point) {
      this.set({ corners: [...this.state.corners, point], notice: null });
    }
    /** Takes back the last corner, or the last step. */
    back() {
      const { corners } = this.state;
      if (corners.length) this.set({ corners: corners.slice(0, -1) });
      else this.painting.undo();
    }
    forth() {
      this.painting.redo();
    }
    /** Fills or erases the polygon that is begun; false where there is none. */
    close(erase) {
      const { corners } = this.state;
      if (!corners.length) return false;
      if (corners.length < 3) this.say("A polygon has three corners or more.");
      else {
        this.set({ corners: [], notice: null });
        this.painting.edit((bitmap) => polygon(bitmap, corners, erase ? 0 : 1));
      }
      return true;
    }
    /** The mask as it is sent; null, which is told, where it cannot be kept. */
    finished() {
      const { painting } = this;
      if (!painting.values.includes(1)) {
        this.say("The mask is empty. To remove the pair, leave and give the verdict drop.");
        return null;
      }
      const runs = encode(painting);
      if (runs.counts.length <= this.longest) return runs;
      this.say("The mask has too many edges to be kept: it looks like noise.");
      return null;
    }
    /** Gives up the polygon that is begun; false where there is none. */
    giveUp() {
      const begun2 = this.state.corners.length > 0;
      if (begun2) this.set({ corners: [] });
      return begun2;
    }
    /** Keeps of the target what is connected with a point. */
    pick(at3) {
      const kept = component(this.painting, at3);
      this.say(kept ? null : "There is no target.");
      if (kept) this.painting.replace(kept);
    }
  };

  // src/brush/Editor.tsx
  var React24 = __toESM(require_react(), 1);

  // src/pair/zoom.ts
  var MARGIN = 0.75;
  var SMALLEST2 = 0.12;
  function around2(shapes) {
    const box = shapes.find((shape2) => shape2.role === "mask_box");
    if (!box || box.type !== "rect") return null;
    const side = Math.min(1, Math.max(SMALLEST2, (1 + 2 * MARGIN) * Math.max(box.w, box.h)));
    const within = (center) => Math.min(1 - side, Math.max(0, center - side / 2));
    return { x: within(box.x + box.w / 2), y: within(box.y + box.h / 2), w: side, h: side };
  }
  function stretched(part) {
    return {
      width: `${100 / part.w}%`,
      height: `${100 / part.h}%`,
      left: `${-100 * part.x / part.w}%`,
      top: `${-100 * part.y / part.h}%`
    };
  }

  // src/brush/painting.ts
  var KEPT2 = 1 << 28;
  var Painting = class {
    /** `ignored` counts neither way; `on` is the file of the mask that it began with. */
    constructor(begun2, ignored, on) {
      this.ignored = ignored;
      this.on = on;
      /** Whether it differs from what it began with. */
      this.changed = false;
      this.before = null;
      this.touched = null;
      this.past = [];
      this.future = [];
      this.listeners = /* @__PURE__ */ new Set();
      /** Calls back with what has to be drawn again. */
      this.listen = (listener) => {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
      };
      this.width = begun2.width;
      this.height = begun2.height;
      this.values = begun2.values.slice();
      this.start = begun2.values;
    }
    /** Whether a step is under way. */
    get busy() {
      return this.before !== null;
    }
    get canUndo() {
      return this.past.length > 0;
    }
    get canRedo() {
      return this.future.length > 0;
    }
    /** Begins a step, which lasts until `end`. */
    begin() {
      this.before = this.values.slice();
      this.touched = null;
    }
    /** Does something within a step; `change` tells which pixels it touched. */
    change(change) {
      const rect = change(this);
      this.touched = union(this.touched, rect);
      this.tell(rect);
    }
    end() {
      const { before, touched } = this;
      this.before = null;
      if (before === null || touched === null) return;
      const values = cut(before, this.width, touched);
      if (same(values, cut(this.values, this.width, touched))) return;
      this.past.push({ rect: touched, values });
      this.future = [];
      this.forgetOldest();
      this.done(touched);
    }
    /** Does something as one step. */
    edit(change) {
      this.begin();
      this.change(change);
      this.end();
    }
    replace(values) {
      this.edit(() => {
        this.values.set(values);
        return whole(this);
      });
    }
    clear() {
      this.replace(new Uint8Array(this.values.length));
    }
    undo() {
      this.swap(this.past, this.future);
    }
    redo() {
      this.swap(this.future, this.past);
    }
    swap(from, to) {
      const patch = this.before === null ? from.pop() : void 0;
      if (!patch) return;
      const { rect, values } = patch;
      to.push({ rect, values: cut(this.values, this.width, rect) });
      const columns = rect.x1 - rect.x0;
      for (let y = rect.y0; y < rect.y1; y++) {
        const row = values.subarray((y - rect.y0) * columns, (y - rect.y0 + 1) * columns);
        this.values.set(row, y * this.width + rect.x0);
      }
      this.done(rect);
    }
    done(rect) {
      this.changed = !same(this.values, this.start);
      this.tell(rect);
    }
    tell(rect) {
      this.listeners.forEach((listener) => listener(rect));
    }
    forgetOldest() {
      let bytes = this.past.reduce((sum, one) => sum + one.values.length, 0);
      while (bytes > KEPT2 && this.past.length > 1) bytes -= this.past.shift().values.length;
    }
  };
  function cut(values, width, { x0, y0, x1, y1 }) {
    const found = new Uint8Array(Math.max(0, x1 - x0) * Math.max(0, y1 - y0));
    for (let y = y0; y < y1; y++) {
      found.set(values.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
    }
    return found;
  }
  function same(one, other) {
    return one.every((value, i) => value === other[i]);
  }
  function fileOf(pair) {
    return pair.masks.find((mask) => mask.role === "truth")?.path ?? null;
  }

  // src/brush/Stage.tsx
  var React23 = __toESM(require_react(), 1);

  // src/brush/draw.ts
  function draw(canvas, painting, touched) {
    const { width, values, ignored } = painting;
    const { x0, y0, x1, y1 } = clip(painting, {
      x0: touched.x0 - 1,
      y0: touched.y0 - 1,
      x1: touched.x1 + 1,
      y1: touched.y1 + 1
    });
    const context = canvas.getContext("2d");
    if (!context || x0 >= x1 || y0 >= y1) return;
    const picture = context.createImageData(x1 - x0, y1 - y0);
    const { data } = picture;
    let to = 0;
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++, to += 4) {
        const i = y * width + x;
        const color = values[i] ? TRUTH : ignored?.values[i] ? IGNORED : null;
        if (color === null) continue;
        data[to] = color[0];
        data[to + 1] = color[1];
        data[to + 2] = color[2];
        data[to + 3] = color === TRUTH && isEdge(painting, i) ? 255 : color[3];
      }
    }
    context.putImageData(picture, x0, y0);
  }

  // src/brush/space.ts
  var React22 = __toESM(require_react(), 1);
  function useSpace(element) {
    const [held, setHeld] = React22.useState(false);
    React22.useEffect(() => {
      const turn = (event) => {
        const { activeElement, body } = document;
        if (event.key !== " " || ![element.current, body].includes(activeElement)) return;
        event.preventDefault();
        event.stopPropagation();
        setHeld(event.type === "keydown");
      };
      const release = () => setHeld(false);
      window.addEventListener("keydown", turn, true);
      window.addEventListener("keyup", turn, true);
      window.addEventListener("blur", release);
      return () => {
        window.removeEventListener("keydown", turn, true);
        window.removeEventListener("keyup", turn, true);
        window.removeEventListener("blur", release);
      };
    }, [element]);
    return held;
  }

  // src/brush/Stage.tsx
  var ZOOM = 1.0015;
  function Stage({ pair, easel }) {
    const { tool, size, bare, part, corners } = easel.state;
    const { painting } = easel;
    const { width, height } = painting;
    const stage = React23.useRef(null);
    const cursor = React23.useRef(null);
    const panning = useSpace(stage);
    const pointer = usePointer(easel, panning, stage, cursor);
    React23.useEffect(() => stage.current?.focus(), []);
    const style = stretched(part);
    return /* @__PURE__ */ React23.createElement(
      "div",
      {
        ref: stage,
        className: "plp-picture plp-stage",
        "data-testid": "stage",
        "data-panning": panning,
        tabIndex: 0,
        role: "application",
        "aria-label": "The mask, to be painted with the pointer",
        style: { aspectRatio: `${width} / ${height}`, width: `min(100%, ${55 * width / height}vh)` },
        ...pointer
      },
      /* @__PURE__ */ React23.createElement("div", { className: "plp-stretched", style }, /* @__PURE__ */ React23.createElement("img", { src: mediaUrl(pair.image.path), alt: "", draggable: false }), /* @__PURE__ */ React23.createElement(MaskCanvas, { painting, bare }), /* @__PURE__ */ React23.createElement("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, /* @__PURE__ */ React23.createElement(Corners, { points: corners, radius: part.w * width / 120 }), /* @__PURE__ */ React23.createElement("g", { ref: cursor, className: "plp-cursor", visibility: "hidden" }, tool === "brush" || tool === "eraser" ? /* @__PURE__ */ React23.createElement(React23.Fragment, null, /* @__PURE__ */ React23.createElement("circle", { r: size / 2 }), /* @__PURE__ */ React23.createElement("circle", { r: size / 2 })) : null)))
    );
  }
  function MaskCanvas({ painting, bare }) {
    const canvas = React23.useRef(null);
    React23.useLayoutEffect(() => {
      const { current } = canvas;
      if (!current) return void 0;
      draw(current, painting, whole(painting));
      return painting.listen((rect) => draw(current, painting, rect));
    }, [painting]);
    const { width, height } = painting;
    const style = { visibility: bare ? "hidden" : "visible" };
    return /* @__PURE__ */ React23.createElement("canvas", { ref: canvas, width, height, "data-testid": "painted", style });
  }
  function Corners({ points, radius }) {
    if (!points.length) return null;
    const text2 = points.map(({ x, y }) => `${x},${y}`).join(" ");
    return /* @__PURE__ */ React23.createElement("g", { className: "plp-corners" }, /* @__PURE__ */ React23.createElement("polygon", { points: text2 }), points.map(({ x, y }, i) => /* @__PURE__ */ React23.createElement("circle", { key: i, cx: x, cy: y, r: radius })));
  }
  function usePointer(easel, panning, stage, cursor) {
    const { painting } = easel;
    const drag = React23.useRef(null);
    useWheel(stage, easel);
    React23.useEffect(() => () => painting.end(), [painting]);
    const pixel = (event) => {
      const { part } = easel.state;
      const { x, y } = fraction(stage.current, event);
      return { x: (part.x + x * part.w) * painting.width, y: (part.y + y * part.h) * painting.height };
    };
    const paint2 = (to) => {
      const from = drag.current;
      if (from?.kind !== "paint") return;
      painting.change((bitmap) => stroke(bitmap, from.at, to, easel.state.size, from.value));
      drag.current = { ...from, at: to };
    };
    const press = (event) => {
      const at3 = pixel(event);
      const { tool } = easel.state;
      if (event.button === 1 || panning) {
        drag.current = { kind: "pan", x: event.clientX, y: event.clientY };
      } else if (tool === "polygon") easel.corner(at3);
      else if (tool === "part") easel.pick(at3);
      else {
        const value = tool === "eraser" || event.shiftKey || event.altKey ? 0 : 1;
        drag.current = { kind: "paint", at: centre(at3), value };
        painting.begin();
        paint2(centre(at3));
      }
    };
    const pan = (from, to) => {
      const box = stage.current.getBoundingClientRect();
      drag.current = { kind: "pan", x: to.clientX, y: to.clientY };
      const [dx, dy] = [(from.x - to.clientX) / box.width, (from.y - to.clientY) / box.height];
      easel.look((part) => moved(part, dx, dy));
    };
    const finish = () => {
      if (drag.current?.kind === "paint") painting.end();
      drag.current = null;
    };
    return {
      onPointerDown: (event) => {
        event.preventDefault();
        stage.current?.focus();
        if (drag.current !== null || event.button > 1) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        press(event);
      },
      onPointerMove: (event) => {
        const at3 = centre(pixel(event));
        cursor.current?.setAttribute("transform", `translate(${at3.x} ${at3.y})`);
        cursor.current?.setAttribute("visibility", "visible");
        if (drag.current?.kind === "pan") pan(drag.current, event);
        const passed = event.nativeEvent.getCoalescedEvents?.() ?? [];
        [...passed, event].forEach((one) => paint2(centre(pixel(one))));
      },
      onPointerUp: finish,
      onPointerCancel: finish,
      onPointerLeave: () => cursor.current?.setAttribute("visibility", "hidden"),
      onAuxClick: (event) => event.preventDefault()
    };
  }
  function useWheel(stage, easel) {
    React23.useEffect(() => {
      const { current } = stage;
      const turned = (event) => {
        event.preventDefault();
        event.stopPropagation();
        const around3 = fraction(event.currentTarget, event);
        easel.look((part) => zoomed(part, around3, ZOOM ** -event.deltaY));
      };
      current?.addEventListener("wheel", turned, { passive: false });
      return () => current?.removeEventListener("wheel", turned);
    }, [stage, easel]);
  }
  function fraction(element, event) {
    const box = element.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  // src/brush/Editor.tsx
  var CLOSER = 1.5;
  var ASIDE = 0.1;
  function Editor({ pair, easel, ready, onSave, onLeave }) {
    const { tool, asking, notice } = React24.useSyncExternalStore(easel.subscribe, easel.snapshot);
    const { painting } = easel;
    const save = () => {
      const painted = ready && painting.changed ? easel.finished() : null;
      if (painted) onSave(painted);
    };
    const escape = () => {
      if (easel.giveUp()) return;
      if (painting.changed) easel.ask(!asking);
      else onLeave();
    };
    useTools(pair, easel);
    useFixedKeys({
      ArrowLeft: () => easel.look((part) => moved(part, -ASIDE, 0)),
      ArrowRight: () => easel.look((part) => moved(part, ASIDE, 0)),
      ArrowUp: () => easel.look((part) => moved(part, 0, -ASIDE)),
      ArrowDown: () => easel.look((part) => moved(part, 0, ASIDE)),
      Enter: (event) => void (easel.close(event.shiftKey) || save()),
      Escape: escape
    });
    return /* @__PURE__ */ React24.createElement(React24.Fragment, null, /* @__PURE__ */ React24.createElement(Tools, { easel }), /* @__PURE__ */ React24.createElement(Stage, { pair, easel }), /* @__PURE__ */ React24.createElement("p", { className: "plp-faint plp-small", role: "status" }, notice ?? TOOLS.find((one) => one.tool === tool)?.help, " The wheel zooms; drag with Space or the middle button to move."), /* @__PURE__ */ React24.createElement(Steps3, { pair, easel }), painting.on !== fileOf(pair) ? /* @__PURE__ */ React24.createElement("p", { className: "plp-conflict", role: "alert" }, "The pair has another mask by now. Saving replaces it by what is painted here.") : null, asking ? /* @__PURE__ */ React24.createElement(Question, { onStay: () => easel.ask(false), onLeave }) : null, /* @__PURE__ */ React24.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React24.createElement(
      Button,
      {
        label: "Save the mask, as fixed",
        name: "Enter",
        tone: "primary",
        off: !ready || !painting.changed,
        onClick: save
      }
    ), /* @__PURE__ */ React24.createElement(Button, { label: "Leave", name: "Esc", onClick: escape })));
  }
  function useTools(pair, easel) {
    useKeys({
      ...Object.fromEntries(TOOLS.map(({ tool }) => [tool, () => easel.take(tool)])),
      smaller: () => easel.resize(false),
      larger: () => easel.resize(true),
      back: () => easel.back(),
      forth: () => easel.forth(),
      bare: () => easel.hide(),
      close: () => easel.flip(around2(pair.shapes)),
      closer: () => easel.zoom(CLOSER),
      farther: () => easel.zoom(1 / CLOSER)
    });
  }
  function Tools({ easel }) {
    const { tool, size } = easel.state;
    return /* @__PURE__ */ React24.createElement("div", { className: "plp-row", role: "toolbar", "aria-label": "Tools", onMouseDown: keepFocus }, TOOLS.map((one) => /* @__PURE__ */ React24.createElement(
      Button,
      {
        key: one.tool,
        label: one.label,
        of: one.tool,
        pressed: tool === one.tool,
        onClick: () => easel.take(one.tool)
      }
    )), /* @__PURE__ */ React24.createElement("span", { className: "plp-size" }, /* @__PURE__ */ React24.createElement(Button, { label: "Smaller", of: "smaller", onClick: () => easel.resize(false) }), /* @__PURE__ */ React24.createElement("output", { "aria-label": "Size of the brush" }, size, " px"), /* @__PURE__ */ React24.createElement(Button, { label: "Larger", of: "larger", onClick: () => easel.resize(true) })));
  }
  function Steps3({ pair, easel }) {
    const { painting, state } = easel;
    const startFrom = async (mask) => {
      try {
        const { target } = await maskToPaint(pair.sample_id, mask.field);
        painting.replace(decode(target).values);
        easel.say(null);
      } catch (error) {
        easel.say(error instanceof Error ? error.message : String(error));
      }
    };
    const others = pair.masks.filter((mask) => mask.role === "original" || mask.usable);
    return /* @__PURE__ */ React24.createElement("div", { className: "plp-row", role: "toolbar", "aria-label": "Steps", onMouseDown: keepFocus }, /* @__PURE__ */ React24.createElement(
      Button,
      {
        label: "Undo",
        of: "back",
        off: !painting.canUndo && !state.corners.length,
        onClick: () => easel.back()
      }
    ), /* @__PURE__ */ React24.createElement(Button, { label: "Redo", of: "forth", off: !painting.canRedo, onClick: () => easel.forth() }), others.map((mask) => /* @__PURE__ */ React24.createElement(
      Button,
      {
        key: mask.field,
        label: `From ${mask.label}`,
        onClick: () => void startFrom(mask)
      }
    )), /* @__PURE__ */ React24.createElement(Button, { label: "From nothing", onClick: () => painting.clear() }), /* @__PURE__ */ React24.createElement(Button, { label: "Hide the mask", of: "bare", pressed: state.bare, onClick: () => easel.hide() }), /* @__PURE__ */ React24.createElement(
      Button,
      {
        label: "Close up",
        of: "close",
        pressed: state.part.w < 1,
        onClick: () => easel.flip(around2(pair.shapes))
      }
    ));
  }
  function Question(props) {
    return /* @__PURE__ */ React24.createElement("div", { className: "plp-conflict", role: "alertdialog", "aria-label": "Leave without saving?" }, /* @__PURE__ */ React24.createElement("strong", null, "What you painted is not saved."), /* @__PURE__ */ React24.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React24.createElement(Button, { label: "Go on painting", name: "Esc", onClick: props.onStay }), /* @__PURE__ */ React24.createElement(Button, { label: "Throw it away", tone: "danger", onClick: props.onLeave })));
  }
  function keepFocus(event) {
    event.preventDefault();
  }

  // src/brush/Brush.tsx
  async function begin(pair) {
    const { target, ignored, longest } = await maskToPaint(pair.sample_id);
    const around3 = ignored ? decode(ignored) : null;
    return new Easel(new Painting(decode(target), around3, fileOf(pair)), longest);
  }
  function useEasel(pair) {
    const id = pair.sample_id;
    const [easel, setEasel] = React25.useState(() => draftOf(id));
    const [failure, setFailure] = React25.useState(null);
    React25.useEffect(() => {
      if (easel) {
        keepDraft(id, easel);
        return () => easel.painting.changed ? void 0 : dropDraft(id);
      }
      let wanted = true;
      begin(pair).then(
        (begun2) => wanted && setEasel(begun2),
        (error) => wanted && setFailure(error.message)
      );
      return () => void (wanted = false);
    }, [easel, id]);
    return { easel, failure };
  }
  function Brush({ pair, ready, onSave, onLeave }) {
    const { easel, failure } = useEasel(pair);
    const leave2 = () => {
      dropDraft(pair.sample_id);
      onLeave();
    };
    const save = (painted) => {
      dropDraft(pair.sample_id);
      onSave(painted);
    };
    return /* @__PURE__ */ React25.createElement("section", { "aria-label": "Paint the mask", className: "plp-brush", "data-testid": "brush" }, easel ? /* @__PURE__ */ React25.createElement(Editor, { pair, easel, ready, onSave: save, onLeave: leave2 }) : /* @__PURE__ */ React25.createElement(React25.Fragment, null, /* @__PURE__ */ React25.createElement("p", { className: failure ? "plp-failure" : "plp-faint", role: failure ? "alert" : "status" }, failure ?? "The mask is being fetched."), /* @__PURE__ */ React25.createElement(Button, { label: "Back", onClick: onLeave })));
  }

  // src/pair/Compare.tsx
  var React27 = __toESM(require_react(), 1);

  // src/pair/Picture.tsx
  var React26 = __toESM(require_react(), 1);
  function useLoaded(url, load2) {
    const [state, setState] = React26.useState({
      url: null,
      value: null,
      bad: false
    });
    React26.useEffect(() => {
      let wanted = true;
      if (url !== null) {
        load2(url).then(
          (value) => wanted && setState({ url, value, bad: false }),
          () => wanted && setState({ url, value: null, bad: true })
        );
      }
      return () => {
        wanted = false;
      };
    }, [url, load2]);
    return state.url === url ? [state.value, state.bad] : [null, false];
  }
  function useMask(mask) {
    return useLoaded(mask?.path ? mediaUrl(mask.path) : null, loadMask);
  }
  function Picture({ pair, mask, truth, shapes, zoom, label }) {
    const url = mediaUrl(pair.image.path);
    const [image, badImage] = useLoaded(url, loadImage);
    const width = pair.image.width ?? image?.naturalWidth ?? 512;
    const height = pair.image.height ?? image?.naturalHeight ?? 512;
    const part = zoom ?? { x: 0, y: 0, w: 1, h: 1 };
    const style = stretched(part);
    return /* @__PURE__ */ React26.createElement(
      "div",
      {
        className: "plp-picture",
        role: "img",
        "aria-label": label,
        style: shape(width * part.w, height * part.h)
      },
      /* @__PURE__ */ React26.createElement("div", { className: "plp-stretched", style }, badImage ? /* @__PURE__ */ React26.createElement("p", { className: "plp-missing" }, "The image cannot be shown.") : /* @__PURE__ */ React26.createElement("img", { src: url, alt: "", draggable: false }), /* @__PURE__ */ React26.createElement(MaskCanvas2, { mask, truth }), /* @__PURE__ */ React26.createElement(Evidence, { shapes, width, height }))
    );
  }
  function shape(width, height) {
    return { aspectRatio: `${width} / ${height}`, ["--plp-ratio"]: width / height };
  }
  function MaskCanvas2(props) {
    const canvas = React26.useRef(null);
    const compared2 = props.mask?.role === "prediction" ? props.truth : null;
    const [pixels, bad] = useMask(props.mask);
    const [truth] = useMask(compared2);
    const role = props.mask?.role === "prediction" ? "prediction" : "truth";
    React26.useEffect(() => {
      if (canvas.current && pixels) paint(canvas.current, pixels, role, truth);
    }, [pixels, truth, role]);
    return /* @__PURE__ */ React26.createElement(React26.Fragment, null, /* @__PURE__ */ React26.createElement(
      "canvas",
      {
        ref: canvas,
        "data-painted": pixels !== null,
        "data-field": props.mask?.field,
        style: { visibility: pixels ? "visible" : "hidden" }
      }
    ), bad ? /* @__PURE__ */ React26.createElement("p", { className: "plp-missing" }, "The mask cannot be shown.") : null);
  }
  function Evidence(props) {
    const { shapes, width, height } = props;
    return /* @__PURE__ */ React26.createElement("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, shapes.map((shape2, index) => /* @__PURE__ */ React26.createElement(Drawn, { key: index, shape: shape2, width, height })));
  }
  function Drawn(props) {
    const { shape: shape2, width, height } = props;
    const id = React26.useId().replaceAll(":", "");
    const className = `plp-shape plp-${shape2.role}`;
    if (shape2.type === "outline") {
      const points = shape2.points.map(([x = 0, y = 0]) => `${x * width},${y * height}`).join(" ");
      return /* @__PURE__ */ React26.createElement("polygon", { className, points });
    }
    if (shape2.type === "point") {
      return /* @__PURE__ */ React26.createElement(Cross, { className, x: shape2.x * width, y: shape2.y * height, size: width / 40 });
    }
    const box = {
      x: shape2.x * width,
      y: shape2.y * height,
      width: shape2.w * width,
      height: shape2.h * height
    };
    if (!shape2.soft) return /* @__PURE__ */ React26.createElement("rect", { className, ...box });
    return /* @__PURE__ */ React26.createElement("g", { className }, /* @__PURE__ */ React26.createElement("filter", { id, filterUnits: "userSpaceOnUse", x: 0, y: 0, width, height }, /* @__PURE__ */ React26.createElement("feGaussianBlur", { stdDeviation: `${shape2.soft * width / 2} ${shape2.soft * height / 2}` })), /* @__PURE__ */ React26.createElement("rect", { className: "plp-soft", filter: `url(#${id})`, ...box }), /* @__PURE__ */ React26.createElement("rect", { ...box }));
  }
  function Cross(props) {
    const { className, x, y, size } = props;
    return /* @__PURE__ */ React26.createElement("g", { className }, /* @__PURE__ */ React26.createElement("circle", { cx: x, cy: y, r: size / 2 }), /* @__PURE__ */ React26.createElement("path", { d: `M${x - size} ${y}H${x + size}M${x} ${y - size}V${y + size}` }));
  }
  var ROLES = [
    ["named_region", "where the query says"],
    ["mask_box", "the mask's box"],
    ["mask_center", "its centre"],
    ["leaked_box", "box in the query"],
    ["leaked_point", "point in the query"]
  ];
  function ShapeLegend({ shapes }) {
    const there = ROLES.filter(([role]) => shapes.some((shape2) => shape2.role === role));
    return /* @__PURE__ */ React26.createElement("span", { className: "plp-legend" }, there.map(([role, meaning]) => /* @__PURE__ */ React26.createElement("span", { key: role }, /* @__PURE__ */ React26.createElement("i", { className: `plp-line plp-${role}` }), " ", meaning)));
  }

  // src/pair/Compare.tsx
  function Compare({ pair, chosen, ready, onChoose, onUse }) {
    const truth = pair.masks.find((mask) => mask.role === "truth") ?? null;
    return /* @__PURE__ */ React27.createElement("section", { "aria-label": "Masks" }, /* @__PURE__ */ React27.createElement("h3", null, "Masks"), /* @__PURE__ */ React27.createElement("ul", { className: "plp-masks" }, pair.masks.map((mask) => /* @__PURE__ */ React27.createElement("li", { key: mask.field + mask.role, "data-field": mask.field }, /* @__PURE__ */ React27.createElement(
      "button",
      {
        type: "button",
        className: "plp-tile",
        "aria-pressed": mask === chosen,
        onClick: () => onChoose(mask)
      },
      /* @__PURE__ */ React27.createElement(
        Picture,
        {
          pair,
          mask,
          truth,
          shapes: [],
          label: `${mask.label} on the image`
        }
      ),
      /* @__PURE__ */ React27.createElement("span", { className: "plp-tile-text" }, /* @__PURE__ */ React27.createElement("span", { className: "plp-cut", title: mask.label }, mask.label), /* @__PURE__ */ React27.createElement("strong", null, about(mask)))
    ), mask.role === "prediction" ? /* @__PURE__ */ React27.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        disabled: !ready || !mask.usable,
        onClick: () => onUse(mask)
      },
      "Use as the mask"
    ) : null))), pair.masks.some((mask) => mask.role === "prediction") ? /* @__PURE__ */ React27.createElement(Legend, null) : null);
  }
  function about(mask) {
    if (mask.path === null) return "no mask";
    if (mask.iou !== null) return `IoU ${mask.iou.toFixed(2)}`;
    return mask.area === null ? "" : `${mask.area.toLocaleString("en")} px`;
  }
  function Legend() {
    const meanings = [
      [LEGEND.both, "both"],
      [LEGEND.missed, "ground truth only"],
      [LEGEND.extra, "prediction only"]
    ];
    return /* @__PURE__ */ React27.createElement("p", { className: "plp-legend" }, meanings.map(([color, meaning]) => /* @__PURE__ */ React27.createElement("span", { key: meaning }, /* @__PURE__ */ React27.createElement("i", { style: { background: color } }), " ", meaning)));
  }

  // src/pair/Group.tsx
  var React30 = __toESM(require_react(), 1);

  // src/pair/Findings.tsx
  var React28 = __toESM(require_react(), 1);
  function Findings2({ findings, active, onHold }) {
    return /* @__PURE__ */ React28.createElement("div", { role: "group", "aria-label": "Findings" }, findings.length === 0 ? /* @__PURE__ */ React28.createElement("p", { className: "plp-faint plp-small" }, "No findings.") : null, /* @__PURE__ */ React28.createElement("ul", { className: "plp-findings" }, findings.map((finding, index) => /* @__PURE__ */ React28.createElement("li", { key: index }, /* @__PURE__ */ React28.createElement(
      "button",
      {
        type: "button",
        className: `plp-finding plp-${finding.severity}`,
        "aria-pressed": finding === active,
        title: finding.about,
        onClick: () => onHold(finding === active ? null : finding)
      },
      /* @__PURE__ */ React28.createElement("span", { className: "plp-finding-head" }, /* @__PURE__ */ React28.createElement("span", { className: "plp-severity" }, finding.severity), /* @__PURE__ */ React28.createElement("span", { className: "plp-check" }, finding.check.replaceAll("_", " ")), finding.score === null ? null : /* @__PURE__ */ React28.createElement("span", { className: "plp-faint" }, "score ", finding.score.toFixed(2))),
      /* @__PURE__ */ React28.createElement("span", { className: "plp-note" }, finding.note)
    )))));
  }

  // src/pair/Query.tsx
  var React29 = __toESM(require_react(), 1);
  function parts(phrase, words) {
    const cut2 = [];
    let at3 = 0;
    words.forEach((word, index) => {
      if (word.start < at3 || word.end <= word.start || word.end > phrase.length) return;
      if (word.start > at3) cut2.push({ text: phrase.slice(at3, word.start), word: null });
      cut2.push({ text: phrase.slice(word.start, word.end), word: index });
      at3 = word.end;
    });
    if (at3 < phrase.length) cut2.push({ text: phrase.slice(at3), word: null });
    return cut2;
  }
  function severityOf(word, findings) {
    const order = ["error", "warning", "info"];
    const found = findings.filter((f) => f.words.includes(word)).map((f) => f.severity);
    return order.find((s) => found.includes(s)) ?? null;
  }
  function Query({ pair, active, small }) {
    return /* @__PURE__ */ React29.createElement("div", { className: "plp-query" }, /* @__PURE__ */ React29.createElement("p", { className: small ? "plp-phrase plp-phrase-small" : "plp-phrase", "data-testid": "phrase" }, pair.phrase === "" ? /* @__PURE__ */ React29.createElement("span", { className: "plp-faint" }, "(an empty query)") : null, parts(pair.phrase, pair.words).map((part, index) => /* @__PURE__ */ React29.createElement(Marked, { key: index, part, pair, active }))), pair.original_phrase !== null ? /* @__PURE__ */ React29.createElement("p", { className: "plp-small" }, /* @__PURE__ */ React29.createElement("span", { className: "plp-tag" }, "edited"), " ", /* @__PURE__ */ React29.createElement("span", { className: "plp-faint" }, "was:"), " ", /* @__PURE__ */ React29.createElement("span", { "data-testid": "original-phrase" }, pair.original_phrase)) : null, pair.no_target ? /* @__PURE__ */ React29.createElement("p", { className: "plp-small plp-faint" }, "Declared to have no target: the right mask is empty.") : null);
  }
  function Marked(props) {
    const { part, pair, active } = props;
    const severity = part.word === null ? null : severityOf(part.word, pair.findings);
    if (part.word === null || severity === null) return /* @__PURE__ */ React29.createElement(React29.Fragment, null, part.text);
    const checks = pair.words[part.word]?.checks.join(", ");
    const dimmed = active !== null && !active.words.includes(part.word);
    return /* @__PURE__ */ React29.createElement("mark", { className: `plp-mark plp-${severity}${dimmed ? " plp-dimmed" : ""}`, title: checks }, part.text);
  }

  // src/pair/Group.tsx
  function Group2({ review, active, onHold }) {
    const { pair } = review;
    if (!pair) return null;
    const { members, text: text2 } = pair.group;
    return /* @__PURE__ */ React30.createElement("section", { "aria-label": "Group", "data-testid": "group", "data-group": pair.group.id }, members.length > 1 ? /* @__PURE__ */ React30.createElement("h3", null, text2) : null, /* @__PURE__ */ React30.createElement("ol", { className: "plp-members" }, members.map((one) => /* @__PURE__ */ React30.createElement(
      Member,
      {
        key: one.sample_id,
        member: one,
        alone: members.length === 1,
        review,
        active,
        onHold
      }
    ))));
  }
  function Member(props) {
    const { member, alone, review, active, onHold } = props;
    const { desk, ticked, focus } = review;
    const id = member.sample_id;
    const { verdict, reviewer: reviewer2 } = member.review;
    return /* @__PURE__ */ React30.createElement(
      "li",
      {
        className: "plp-member",
        "data-sample": id,
        "data-ticked": ticked.has(id),
        "aria-current": !alone && id === focus
      },
      /* @__PURE__ */ React30.createElement("div", { className: "plp-row plp-spread" }, alone ? null : /* @__PURE__ */ React30.createElement(
        "input",
        {
          type: "checkbox",
          "aria-label": `Judge ${member.key} with the group`,
          checked: ticked.has(id),
          onChange: () => desk.tick(id)
        }
      ), /* @__PURE__ */ React30.createElement("div", { className: "plp-member-text", onClick: () => desk.focus(id) }, /* @__PURE__ */ React30.createElement(Query, { pair: member, active, small: !alone })), verdict && !alone ? /* @__PURE__ */ React30.createElement("span", { className: `plp-chip plp-${verdict}`, title: reviewer2 ?? "" }, verdict) : null),
      member.suggestion ? /* @__PURE__ */ React30.createElement(Suggested, { member, review }) : null,
      /* @__PURE__ */ React30.createElement(Findings2, { findings: member.findings, active, onHold })
    );
  }
  function Suggested({ member, review }) {
    const { suggestion } = member;
    if (!suggestion) return null;
    const accept = () => {
      review.desk.focus(member.sample_id);
      review.desk.accept(true);
    };
    return /* @__PURE__ */ React30.createElement("div", { className: "plp-suggested", "data-testid": "suggestion" }, /* @__PURE__ */ React30.createElement("span", { className: "plp-diff" }, suggestion.phrase === null ? suggestion.text : suggestion.diff.map((part, index) => {
      if (part.kind === "same") return /* @__PURE__ */ React30.createElement("span", { key: index }, part.text);
      return part.kind === "cut" ? /* @__PURE__ */ React30.createElement("del", { key: index }, part.text) : /* @__PURE__ */ React30.createElement("ins", { key: index }, part.text);
    })), /* @__PURE__ */ React30.createElement("button", { type: "button", className: "plp-button", disabled: !review.ready, onClick: accept }, "Accept ", /* @__PURE__ */ React30.createElement(Key, { of: "accept" })));
  }

  // src/pair/History.tsx
  var React31 = __toESM(require_react(), 1);
  function History({ history }) {
    if (history.length === 0) return null;
    return /* @__PURE__ */ React31.createElement("details", { className: "plp-history" }, /* @__PURE__ */ React31.createElement("summary", null, "History (", history.length, ")"), /* @__PURE__ */ React31.createElement("ol", null, history.map((event, index) => /* @__PURE__ */ React31.createElement("li", { key: index }, /* @__PURE__ */ React31.createElement("strong", null, told2(event)), " ", /* @__PURE__ */ React31.createElement("span", { className: "plp-faint" }, event.reviewer ?? "unknown", ", ", when(event.time), event.session ? `, ${event.session}` : "")))));
  }
  function told2(event) {
    const verdicts = `${event.was ?? "pending"} \u2192 ${event.verdict ?? "pending"}`;
    const more = [
      event.kind === "set" ? "" : event.kind,
      event.phrase_changed ? "query edited" : "",
      event.mask_changed ? "mask changed" : ""
    ].filter(Boolean);
    return [verdicts, ...more].join(", ");
  }

  // src/pair/Mend.tsx
  var React32 = __toESM(require_react(), 1);
  var SAMPLE_PANEL = "fo-sample-modal-plugin";
  var EDITABLE_MASK = "segmentation_edit";
  function Mend({ pair, ready, onPaint, onMake, onTake, onClear }) {
    const showField = useShowField();
    const annotate = async () => {
      await openPanel(SAMPLE_PANEL);
      await closeSample();
      await openSample(pair.sample_id);
      await untilShown();
      showField(EDITABLE_MASK);
      await openSample(pair.sample_id, "annotate");
    };
    if (!pair.review.editable) {
      return /* @__PURE__ */ React32.createElement("section", { className: "plp-unmended", "aria-label": "Mend the mask" }, /* @__PURE__ */ React32.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React32.createElement(Paint, { pair, ready, onPaint }), /* @__PURE__ */ React32.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: onMake }, "Mend it in FiftyOne's annotation mode ", /* @__PURE__ */ React32.createElement(Key, { of: "mend" })), pair.review.mask_edited ? /* @__PURE__ */ React32.createElement("span", { className: "plp-small" }, /* @__PURE__ */ React32.createElement("span", { className: "plp-tag" }, "mended"), " the original is kept") : null));
    }
    return /* @__PURE__ */ React32.createElement("section", { className: "plp-mend", "aria-label": "Mend the mask" }, /* @__PURE__ */ React32.createElement("h3", null, "Mending the mask in FiftyOne's annotation mode"), /* @__PURE__ */ React32.createElement("ol", null, /* @__PURE__ */ React32.createElement("li", null, /* @__PURE__ */ React32.createElement("button", { type: "button", className: "plp-button", onClick: () => void annotate() }, "Open the annotation mode")), /* @__PURE__ */ React32.createElement("li", null, "Click ", /* @__PURE__ */ React32.createElement("em", null, "target"), " in the sidebar and paint with brush (b) or pen (p); e erases. FiftyOne saves by itself."), /* @__PURE__ */ React32.createElement("li", null, "Come back to this tab (Explore, then Pair) and take the mask over.")), /* @__PURE__ */ React32.createElement("p", { className: "plp-faint plp-small" }, 'Where FiftyOne says "No labels to annotate", it has not read the field yet: tick', " ", /* @__PURE__ */ React32.createElement("code", null, EDITABLE_MASK), " under Explore, or reload the page. It shows TIFF images black. The brush of this panel needs neither."), /* @__PURE__ */ React32.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React32.createElement(Paint, { pair, ready, onPaint }), /* @__PURE__ */ React32.createElement(
      "button",
      {
        type: "button",
        className: "plp-button plp-primary",
        disabled: !ready,
        onClick: onTake
      },
      "Take the mended mask"
    ), /* @__PURE__ */ React32.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: onClear }, "Throw it away")));
  }
  function Paint({ pair, ready, onPaint }) {
    return /* @__PURE__ */ React32.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        disabled: !ready || pair.no_target,
        onClick: onPaint
      },
      "Paint the mask ",
      /* @__PURE__ */ React32.createElement(Key, { of: "paint" })
    );
  }

  // src/pair/PhraseEditor.tsx
  var React33 = __toESM(require_react(), 1);
  function PhraseEditor({ pair, ready, onSave, onLeave }) {
    const [phrase, setPhrase] = React33.useState(pair.phrase);
    const box = React33.useRef(null);
    React33.useEffect(() => {
      box.current?.focus();
      box.current?.select();
    }, []);
    const changed2 = phrase.trim() !== "" && phrase.trim() !== pair.phrase;
    const save = () => {
      if (!ready || !changed2) return;
      onSave(phrase.trim());
      onLeave();
    };
    const pressed2 = (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Enter") save();
      else onLeave();
    };
    return /* @__PURE__ */ React33.createElement("div", { className: "plp-editor" }, /* @__PURE__ */ React33.createElement(
      "textarea",
      {
        ref: box,
        className: "plp-input plp-phrase",
        "aria-label": "Query",
        rows: 2,
        maxLength: 1e4,
        value: phrase,
        onChange: (event) => setPhrase(event.target.value.replace(/[\r\n]+/g, " ")),
        onKeyDown: pressed2
      }
    ), /* @__PURE__ */ React33.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React33.createElement(
      "button",
      {
        type: "button",
        className: "plp-button plp-primary",
        disabled: !ready || !changed2,
        onClick: save
      },
      "Save as fix ",
      /* @__PURE__ */ React33.createElement(Key, { name: "Enter" })
    ), pair.original_phrase !== null ? /* @__PURE__ */ React33.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        onClick: () => setPhrase(pair.original_phrase ?? "")
      },
      "As published"
    ) : null, /* @__PURE__ */ React33.createElement("button", { type: "button", className: "plp-button", onClick: onLeave }, "Leave it ", /* @__PURE__ */ React33.createElement(Key, { name: "Esc" }))));
  }

  // src/pair/Siblings.tsx
  var React34 = __toESM(require_react(), 1);
  function Siblings({ siblings, onOpen }) {
    if (siblings.length < 2) return null;
    return /* @__PURE__ */ React34.createElement("section", { "aria-label": "Queries of this image" }, /* @__PURE__ */ React34.createElement("h3", null, "Queries of this image (", siblings.length, ")"), /* @__PURE__ */ React34.createElement("ul", { className: "plp-siblings" }, siblings.map((one) => /* @__PURE__ */ React34.createElement("li", { key: one.sample_id }, /* @__PURE__ */ React34.createElement(
      "button",
      {
        type: "button",
        className: "plp-sibling",
        "aria-current": one.current,
        onClick: () => onOpen(one.sample_id)
      },
      /* @__PURE__ */ React34.createElement("span", { className: "plp-sibling-phrase" }, one.phrase || "(an empty query)"),
      /* @__PURE__ */ React34.createElement("span", { className: "plp-faint" }, one.findings ? `${one.findings} finding${one.findings === 1 ? "" : "s"}` : ""),
      one.verdict ? /* @__PURE__ */ React34.createElement("span", { className: `plp-chip plp-${one.verdict}` }, one.verdict) : null
    )))));
  }

  // src/pair/Shown.tsx
  function Shown({ pair, review }) {
    const { desk } = review;
    const [editing, setEditing] = React35.useState(false);
    const [active, setActive] = React35.useState(null);
    const [chosen, setChosen] = React35.useState(null);
    const [bare, setBare] = React35.useState(false);
    const [close, setClose] = React35.useState(false);
    const [painted, setPainted] = React35.useState(() => begun(pair.group.members));
    const [asking, setAsking] = React35.useState(false);
    const noteBox = React35.useRef(null);
    const { members } = pair.group;
    const member = members.find((one) => one.sample_id === review.focus) ?? pair;
    const canvas = members.find((one) => one.sample_id === painted) ?? null;
    const other = counterpart(member, members);
    const masked = member.masks.length > 0;
    const truth = truthOf(member);
    const mask = member.masks.find((one) => one.field + one.role === chosen) ?? truth;
    const zoom = close ? around2(member.shapes) : null;
    const shapes = bare ? [] : drawn(member, active);
    useKeys({
      ...Object.fromEntries(
        VERDICTS.map(({ verdict }) => [verdict, (alone) => desk.decide(verdict, alone)])
      ),
      ...Object.fromEntries(TAKE.map((name, number) => [name, () => desk.take(number)])),
      opinion: () => setAsking(true),
      accept: (alone) => desk.accept(alone),
      earlier: () => desk.step(-1),
      later: () => desk.step(1),
      edit: () => setEditing(true),
      note: () => noteBox.current?.focus(),
      tick: () => desk.tick(member.sample_id),
      overlays: () => setBare((is) => !is),
      zoom: () => setClose((is) => !is),
      ...masked && !member.no_target ? { paint: () => setPainted(member.sample_id) } : {},
      ...masked ? { mend: () => desk.mend("make"), mask: () => setChosen(after(mask, member)) } : {}
    });
    return /* @__PURE__ */ React35.createElement("div", { className: "plp-pair", "data-sample": pair.sample_id, "data-ready": review.ready }, /* @__PURE__ */ React35.createElement("div", { className: "plp-columns" }, /* @__PURE__ */ React35.createElement("div", { className: "plp-column" }, canvas ? /* @__PURE__ */ React35.createElement(
      Brush,
      {
        key: canvas.sample_id,
        pair: canvas,
        ready: review.ready,
        onSave: (runs) => {
          setPainted(null);
          desk.focus(canvas.sample_id);
          desk.decide("fix", true, { painted: runs });
        },
        onLeave: () => setPainted(null)
      }
    ) : /* @__PURE__ */ React35.createElement(React35.Fragment, null, /* @__PURE__ */ React35.createElement("div", { className: other ? "plp-beside" : void 0 }, /* @__PURE__ */ React35.createElement(
      Picture,
      {
        pair: member,
        mask: bare ? null : mask,
        truth,
        shapes,
        zoom,
        label: `The image, with ${mask?.label ?? "no mask"} and the evidence drawn over it`
      }
    ), other ? /* @__PURE__ */ React35.createElement(
      "button",
      {
        type: "button",
        className: "plp-tile plp-counterpart",
        title: `Go to ${other.key}`,
        onClick: () => desk.focus(other.sample_id)
      },
      /* @__PURE__ */ React35.createElement(
        Picture,
        {
          pair: other,
          mask: bare ? null : truthOf(other),
          truth: null,
          shapes: bare ? [] : other.shapes,
          zoom,
          label: `The counterpart ${other.key}`
        }
      )
    ) : null), /* @__PURE__ */ React35.createElement("div", { className: "plp-row plp-tools" }, /* @__PURE__ */ React35.createElement(Toggle, { on: !bare, label: "Overlays", of: "overlays", flip: () => setBare(!bare) }), /* @__PURE__ */ React35.createElement(Toggle, { on: close, label: "Close up", of: "zoom", flip: () => setClose(!close) }), /* @__PURE__ */ React35.createElement(ShapeLegend, { shapes })), /* @__PURE__ */ React35.createElement("p", { className: "plp-faint plp-cut plp-key", title: member.key }, member.key)), masked ? /* @__PURE__ */ React35.createElement(
      Compare,
      {
        pair: member,
        chosen: mask,
        ready: review.ready,
        onChoose: (one) => setChosen(one.field + one.role),
        onUse: (one) => desk.decide("fix", true, { mask_from: one.field })
      }
    ) : null), /* @__PURE__ */ React35.createElement("div", { className: "plp-column" }, editing ? /* @__PURE__ */ React35.createElement(
      PhraseEditor,
      {
        key: member.sample_id,
        pair: member,
        ready: review.ready,
        onSave: (phrase) => desk.decide("fix", true, { phrase }),
        onLeave: () => setEditing(false)
      }
    ) : /* @__PURE__ */ React35.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React35.createElement("button", { type: "button", className: "plp-button", onClick: () => setEditing(true) }, "Edit the ", masked ? "query" : "text", " ", /* @__PURE__ */ React35.createElement(Key, { of: "edit" })), /* @__PURE__ */ React35.createElement("button", { type: "button", className: "plp-button", onClick: () => setAsking(true) }, "Second opinion ", /* @__PURE__ */ React35.createElement(Key, { of: "opinion" }))), /* @__PURE__ */ React35.createElement(
      Opinions,
      {
        member,
        review,
        asking,
        onLeave: () => setAsking(false)
      }
    ), /* @__PURE__ */ React35.createElement(Group2, { review, active, onHold: setActive }), masked ? /* @__PURE__ */ React35.createElement(
      Mend,
      {
        pair: member,
        ready: review.ready,
        onPaint: () => setPainted(member.sample_id),
        onMake: () => desk.mend("make"),
        onTake: () => desk.decide("fix", true, { use_edit: true }),
        onClear: () => desk.mend("clear")
      }
    ) : null, /* @__PURE__ */ React35.createElement(Siblings, { siblings: pair.siblings, onOpen: (id) => desk.goTo(id) }), /* @__PURE__ */ React35.createElement(History, { history: pair.history }))), /* @__PURE__ */ React35.createElement(Decide, { pair: member, review, noteRef: noteBox }));
  }
  function after(mask, { masks: masks2 }) {
    const next = masks2[(masks2.findIndex((one) => one === mask) + 1) % masks2.length];
    return next ? next.field + next.role : null;
  }
  function begun(members) {
    return members.find((one) => draftOf(one.sample_id) !== null)?.sample_id ?? null;
  }
  function truthOf(member) {
    return member.masks.find((mask) => mask.role === "truth") ?? null;
  }
  function counterpart(member, members) {
    const shown = (one) => `${one.image.path} ${truthOf(one)?.path}`;
    const others = members.filter((one) => shown(one) !== shown(member));
    return others.find((one) => one.meant) ?? others[0] ?? null;
  }
  function drawn(pair, active) {
    if (active) return [...pair.shapes, ...active.evidence];
    const seen = /* @__PURE__ */ new Set();
    const all = [...pair.shapes, ...pair.findings.flatMap((finding) => finding.evidence)];
    return all.filter((shape2) => {
      const text2 = JSON.stringify(shape2);
      return !seen.has(text2) && seen.add(text2);
    });
  }
  function Toggle(props) {
    return /* @__PURE__ */ React35.createElement("button", { type: "button", className: "plp-button", "aria-pressed": props.on, onClick: props.flip }, props.label, " ", /* @__PURE__ */ React35.createElement(Key, { of: props.of }));
  }

  // src/texts/ShownTexts.tsx
  var React38 = __toESM(require_react(), 1);

  // src/texts/TextCard.tsx
  var React36 = __toESM(require_react(), 1);
  var NAMES2 = { caption: "", question: "Q", answer: "A" };
  var TASKS = { 1: "area", 2: "other than an area", 3: "revision" };
  function TextCard(props) {
    const { text: text2, findings, active, focused, ready, doing, onFocus } = props;
    const card = React36.useRef(null);
    React36.useEffect(() => {
      if (focused) card.current?.scrollIntoView({ block: "nearest" });
    }, [focused]);
    const about2 = (active ? [active] : findings).filter((one) => one.units.includes(text2.unit));
    const tone = about2.length ? ` plp-about plp-${about2[0].severity}` : "";
    return /* @__PURE__ */ React36.createElement(
      "li",
      {
        ref: card,
        className: `plp-text${tone}`,
        "data-unit": text2.unit,
        "data-removed": text2.removed,
        "aria-current": focused,
        onClick: onFocus
      },
      /* @__PURE__ */ React36.createElement("p", { className: "plp-text-head" }, /* @__PURE__ */ React36.createElement("strong", null, text2.unit), " ", /* @__PURE__ */ React36.createElement(Origin, { text: text2 }), /* @__PURE__ */ React36.createElement(State, { text: text2 })),
      text2.parts.map((part, index) => /* @__PURE__ */ React36.createElement(Part, { key: index, part, text: text2, findings, active })),
      focused ? /* @__PURE__ */ React36.createElement(Actions, { text: text2, ready, doing }) : null
    );
  }
  function Origin({ text: text2 }) {
    const task = text2.task === null ? "" : `task ${text2.task}`;
    const meaning = text2.task === null ? void 0 : TASKS[text2.task];
    const said = [task && meaning ? `${task} (${meaning})` : task, text2.annotator, text2.category];
    return /* @__PURE__ */ React36.createElement("span", { className: "plp-faint", title: text2.record }, [...said, text2.record].filter(Boolean).join(" \xB7 "));
  }
  function State({ text: text2 }) {
    const edited2 = !text2.added && text2.parts.some((part) => part.published !== null);
    return /* @__PURE__ */ React36.createElement("span", { className: "plp-text-state" }, text2.removed ? /* @__PURE__ */ React36.createElement("span", { className: "plp-tag plp-tag-drop" }, "removed") : null, text2.added ? /* @__PURE__ */ React36.createElement("span", { className: "plp-tag" }, "added") : null, edited2 ? /* @__PURE__ */ React36.createElement("span", { className: "plp-tag" }, "edited") : null, text2.verdict ? /* @__PURE__ */ React36.createElement("span", { className: `plp-chip plp-${text2.verdict}` }, text2.verdict) : null);
  }
  function Part(props) {
    const { part, text: text2, findings, active } = props;
    const said = parts(part.text, part.words);
    return /* @__PURE__ */ React36.createElement("p", { className: "plp-said", "data-part": part.name }, NAMES2[part.name] ? /* @__PURE__ */ React36.createElement("span", { className: "plp-who" }, NAMES2[part.name]) : null, part.text === "" ? /* @__PURE__ */ React36.createElement("span", { className: "plp-faint" }, "(nothing)") : null, said.map((one, index) => {
      const checks = one.word === null ? [] : part.words[one.word].checks;
      const worst = findings.find((f) => checks.includes(f.check) && f.units.includes(text2.unit));
      if (!worst) return /* @__PURE__ */ React36.createElement("span", { key: index }, one.text);
      const dimmed = active !== null && !checks.includes(active.check);
      return /* @__PURE__ */ React36.createElement(
        "mark",
        {
          key: index,
          className: `plp-mark plp-${worst.severity}${dimmed ? " plp-dimmed" : ""}`,
          title: checks.join(", ")
        },
        one.text
      );
    }), part.published !== null ? /* @__PURE__ */ React36.createElement("span", { className: "plp-small plp-was" }, /* @__PURE__ */ React36.createElement("span", { className: "plp-faint" }, "was:"), " ", /* @__PURE__ */ React36.createElement("del", null, part.published)) : null);
  }
  function Actions(props) {
    const { text: text2, ready, doing } = props;
    return /* @__PURE__ */ React36.createElement("div", { className: "plp-row plp-text-actions" }, /* @__PURE__ */ React36.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: doing.keep }, "Keep this text ", /* @__PURE__ */ React36.createElement(Key, { of: "keep", shift: true })), /* @__PURE__ */ React36.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: doing.drop }, text2.removed ? "Put it back" : "Remove it", " ", /* @__PURE__ */ React36.createElement(Key, { of: "drop", shift: true })), text2.removed ? null : /* @__PURE__ */ React36.createElement("button", { type: "button", className: "plp-button", onClick: doing.edit }, "Edit ", /* @__PURE__ */ React36.createElement(Key, { of: "edit" })));
  }

  // src/texts/TextEditor.tsx
  var React37 = __toESM(require_react(), 1);
  var LABELS3 = {
    caption: "Caption",
    question: "Question",
    answer: "Answer"
  };
  function TextEditor({ text: text2, adding, ready, onSave, onLeave }) {
    const isTurn = text2.kind === "turn";
    const named = adding ? isTurn ? ["question", "answer"] : ["caption"] : text2.parts.map((part) => part.name);
    const before = adding ? named.map(() => "") : text2.parts.map((part) => part.text);
    const [said, setSaid] = React37.useState(before);
    const [task, setTask] = React37.useState("");
    const [annotator, setAnnotator] = React37.useState(reviewer() ?? "");
    const first = React37.useRef(null);
    React37.useEffect(() => first.current?.focus(), []);
    const trimmed = said.map((one) => one.trim());
    const whole2 = trimmed.every((one, n) => one !== "" || before[n]?.trim() === "");
    const changed2 = adding ? whole2 && trimmed[0] !== "" : said.some((one, n) => one !== before[n]);
    const able = ready && whole2 && changed2;
    const save = () => {
      if (!able) return;
      if (!adding) onSave({ unit: text2.unit, texts: said });
      else if (isTurn) onSave({ unit: "new", texts: trimmed, with: text2.unit });
      else {
        const edit = { unit: "new", texts: trimmed };
        if (/^\d+$/.test(task.trim())) edit.task = Number(task);
        if (annotator.trim()) edit.annotator = annotator.trim();
        onSave(edit);
      }
      onLeave();
    };
    const pressed2 = (event) => {
      if (event.key === "Escape") onLeave();
      else if (event.key === "Enter" && !(event.shiftKey && isTurn)) save();
      else return;
      event.preventDefault();
    };
    const write2 = (place, value) => setSaid((was) => was.map((one, n) => n === place ? value : one));
    return /* @__PURE__ */ React37.createElement("div", { className: "plp-editor", "data-testid": "text-editor", onKeyDown: pressed2 }, named.map((name, n) => /* @__PURE__ */ React37.createElement("label", { key: n, className: "plp-field" }, /* @__PURE__ */ React37.createElement("span", { className: "plp-faint" }, LABELS3[name]), /* @__PURE__ */ React37.createElement(
      "textarea",
      {
        ref: n === 0 ? first : void 0,
        className: "plp-input",
        rows: isTurn ? 2 : 4,
        maxLength: 1e4,
        value: said[n],
        onChange: (event) => write2(n, event.target.value)
      }
    ))), adding && !isTurn ? /* @__PURE__ */ React37.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React37.createElement("label", { className: "plp-field plp-short" }, /* @__PURE__ */ React37.createElement("span", { className: "plp-faint" }, "Task"), /* @__PURE__ */ React37.createElement(
      "input",
      {
        className: "plp-input",
        inputMode: "numeric",
        value: task,
        onChange: (event) => setTask(event.target.value)
      }
    )), /* @__PURE__ */ React37.createElement("label", { className: "plp-field" }, /* @__PURE__ */ React37.createElement("span", { className: "plp-faint" }, "Annotator"), /* @__PURE__ */ React37.createElement(
      "input",
      {
        className: "plp-input",
        value: annotator,
        onChange: (event) => setAnnotator(event.target.value)
      }
    ))) : null, /* @__PURE__ */ React37.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React37.createElement(
      "button",
      {
        type: "button",
        className: "plp-button plp-primary",
        disabled: !able,
        onClick: save
      },
      adding ? `Add the ${text2.kind}` : "Save",
      " ",
      /* @__PURE__ */ React37.createElement("kbd", { "aria-hidden": "true" }, "Enter")
    ), /* @__PURE__ */ React37.createElement("button", { type: "button", className: "plp-button", onClick: onLeave }, "Leave it ", /* @__PURE__ */ React37.createElement("kbd", { "aria-hidden": "true" }, "Esc"))));
  }

  // src/texts/ShownTexts.tsx
  function ShownTexts({ pair, review }) {
    const { members } = pair.group;
    const member = members.find((one) => one.sample_id === review.focus) ?? pair;
    return /* @__PURE__ */ React38.createElement(Image2, { key: member.sample_id, pair, member, review });
  }
  function firstOf(member) {
    const unit = member.findings.flatMap((one) => one.units)[0];
    return Math.max(0, member.texts.findIndex((one) => one.unit === unit));
  }
  function Image2(props) {
    const { pair, member, review } = props;
    const { desk } = review;
    const { texts, findings } = member;
    const [at3, setAt] = React38.useState(() => firstOf(member));
    const [mode, setMode] = React38.useState(null);
    const [active, setActive] = React38.useState(null);
    const [bare, setBare] = React38.useState(false);
    const noteBox = React38.useRef(null);
    const text2 = texts[Math.min(at3, texts.length - 1)];
    const several = pair.group.members.length > 1;
    const write2 = (edit, told3) => desk.editTexts([edit], told3);
    const say = (verdict, told3) => () => {
      write2({ unit: text2.unit, verdict }, `${text2.unit}: ${told3}.`);
      setAt(Math.min(at3 + 1, texts.length - 1));
    };
    const doing = {
      keep: say("keep", "kept"),
      fix: say("fix", "to be fixed"),
      unsure: say("unsure", "marked unsure"),
      drop: () => write2(
        { unit: text2.unit, removed: !text2.removed },
        `${text2.unit}: ${text2.removed ? "put back" : "removed"}.`
      ),
      edit: () => setMode(text2.removed ? null : "edit")
    };
    const step = (by) => {
      if (several && !texts[at3 + by]) desk.step(by);
      else setAt((at3 + by + texts.length) % texts.length);
    };
    const hold = (finding) => {
      setActive(finding);
      const place = texts.findIndex((one) => one.unit === finding?.units[0]);
      if (place >= 0) setAt(place);
    };
    const judge2 = (verdict) => (alone) => {
      if (alone) doing[verdict]();
      else desk.decide(verdict);
    };
    useKeys({
      keep: judge2("keep"),
      drop: judge2("drop"),
      fix: judge2("fix"),
      unsure: judge2("unsure"),
      accept: () => desk.accept(),
      earlier: () => step(-1),
      later: () => step(1),
      ...several ? { tick: () => desk.tick(member.sample_id) } : {},
      edit: doing.edit,
      add: () => setMode("add"),
      note: () => noteBox.current?.focus(),
      overlays: () => setBare((is) => !is)
    });
    return /* @__PURE__ */ React38.createElement("main", { className: "plp-pair", "data-sample": pair.sample_id, "data-ready": review.ready }, /* @__PURE__ */ React38.createElement("div", { className: "plp-columns" }, /* @__PURE__ */ React38.createElement("div", { className: "plp-column plp-still" }, /* @__PURE__ */ React38.createElement("div", { className: several ? "plp-beside" : void 0 }, /* @__PURE__ */ React38.createElement(
      Picture,
      {
        pair: member,
        mask: null,
        truth: null,
        shapes: bare ? [] : text2.shapes,
        label: `The image, with the boxes of ${text2.unit}`
      }
    ), several ? /* @__PURE__ */ React38.createElement(Counterpart, { pair, member, review }) : null), /* @__PURE__ */ React38.createElement("p", { className: "plp-faint plp-cut plp-key", title: member.key }, member.key), /* @__PURE__ */ React38.createElement("p", { className: "plp-small plp-legend", "data-testid": "boxes" }, text2.shapes.length ? `Boxes of ${text2.unit}: ${labels(text2.shapes)}` : ""), /* @__PURE__ */ React38.createElement(Findings2, { findings, active, onHold: hold }), /* @__PURE__ */ React38.createElement(Suggested2, { member, review }), several ? /* @__PURE__ */ React38.createElement(Images, { pair, review }) : null), /* @__PURE__ */ React38.createElement("div", { className: "plp-column" }, /* @__PURE__ */ React38.createElement("section", { "aria-label": text2.kind === "turn" ? "Conversation" : "Captions" }, /* @__PURE__ */ React38.createElement("div", { className: "plp-row plp-spread" }, /* @__PURE__ */ React38.createElement("h3", null, count2(member)), /* @__PURE__ */ React38.createElement("button", { type: "button", className: "plp-button", onClick: () => setMode("add") }, "Add a ", text2.kind, " ", /* @__PURE__ */ React38.createElement(Key, { of: "add" }))), mode === "add" ? /* @__PURE__ */ React38.createElement(
      TextEditor,
      {
        text: text2,
        adding: true,
        ready: review.ready,
        onSave: (edit) => write2(edit, `A ${text2.kind} was added.`),
        onLeave: () => setMode(null)
      }
    ) : null, /* @__PURE__ */ React38.createElement("ol", { className: "plp-texts" }, texts.map(
      (one, place) => mode === "edit" && one === text2 ? /* @__PURE__ */ React38.createElement("li", { key: one.unit, className: "plp-text", "data-unit": one.unit }, /* @__PURE__ */ React38.createElement(
        TextEditor,
        {
          text: one,
          adding: false,
          ready: review.ready,
          onSave: (edit) => write2(edit, `${one.unit}: edited.`),
          onLeave: () => setMode(null)
        }
      )) : /* @__PURE__ */ React38.createElement(
        TextCard,
        {
          key: one.unit,
          text: one,
          findings,
          active,
          focused: one === text2,
          ready: review.ready,
          doing,
          onFocus: () => setAt(place)
        }
      )
    ))), /* @__PURE__ */ React38.createElement(History, { history: pair.history }))), /* @__PURE__ */ React38.createElement(Decide, { pair: member, review, noteRef: noteBox }));
  }
  function Counterpart(props) {
    const { members } = props.pair.group;
    const at3 = members.indexOf(props.member);
    const other = members[(at3 + 1) % members.length];
    return /* @__PURE__ */ React38.createElement(
      "button",
      {
        type: "button",
        className: "plp-tile plp-counterpart",
        title: `Go to ${other.key}`,
        onClick: () => props.review.desk.focus(other.sample_id)
      },
      /* @__PURE__ */ React38.createElement(Picture, { pair: other, mask: null, truth: null, shapes: [], label: `The image ${other.key}` })
    );
  }
  function Images({ pair, review }) {
    const { desk, ticked } = review;
    return /* @__PURE__ */ React38.createElement("section", { "aria-label": "Images of this group" }, /* @__PURE__ */ React38.createElement("h3", null, pair.group.text), /* @__PURE__ */ React38.createElement("ul", { className: "plp-siblings" }, pair.group.members.map((one) => /* @__PURE__ */ React38.createElement("li", { key: one.sample_id, className: "plp-row" }, /* @__PURE__ */ React38.createElement(
      "input",
      {
        type: "checkbox",
        "aria-label": `Judge ${one.key} with the group`,
        checked: ticked.has(one.sample_id),
        onChange: () => desk.tick(one.sample_id)
      }
    ), /* @__PURE__ */ React38.createElement(
      "button",
      {
        type: "button",
        className: "plp-button plp-cut",
        "aria-pressed": one.sample_id === review.focus,
        onClick: () => desk.focus(one.sample_id)
      },
      one.key
    ), one.review.verdict ? /* @__PURE__ */ React38.createElement("span", { className: `plp-chip plp-${one.review.verdict}` }, one.review.verdict) : null))));
  }
  function labels(shapes) {
    const named = [...new Set(shapes.map((shape2) => shape2.label).filter(Boolean))];
    return named.length ? named.join(", ") : String(shapes.length);
  }
  function count2(member) {
    const there = member.texts.filter((one) => !one.removed).length;
    const kind = member.texts[0]?.kind === "turn" ? "turn" : "caption";
    return `${there} ${kind}${there === 1 ? "" : "s"}`;
  }
  function Suggested2(props) {
    const { suggestion } = props.member;
    if (!suggestion) return null;
    return /* @__PURE__ */ React38.createElement("div", { className: "plp-suggested", "data-testid": "suggestion" }, /* @__PURE__ */ React38.createElement("span", { className: "plp-diff" }, suggestion.phrase === null ? null : /* @__PURE__ */ React38.createElement(React38.Fragment, null, /* @__PURE__ */ React38.createElement("strong", null, suggestion.unit), ":", " ", suggestion.diff.map((part, index) => {
      if (part.kind === "same") return /* @__PURE__ */ React38.createElement("span", { key: index }, part.text);
      return part.kind === "cut" ? /* @__PURE__ */ React38.createElement("del", { key: index }, part.text) : /* @__PURE__ */ React38.createElement("ins", { key: index }, part.text);
    }), " "), suggestion.removes.length ? `Remove ${suggestion.removes.join(" and ")}.` : null), /* @__PURE__ */ React38.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        disabled: !props.review.ready,
        onClick: () => props.review.desk.accept()
      },
      "Accept ",
      /* @__PURE__ */ React38.createElement(Key, { of: "accept" })
    ));
  }

  // src/pair/style.ts
  var React39 = __toESM(require_react(), 1);

  // src/brush/style.ts
  var BRUSH = `
.plp-brush { display: flex; flex-direction: column; gap: 10px; }
.plp-stage { align-self: center; touch-action: none; cursor: crosshair; user-select: none; }
.plp-stage[data-panning="true"] { cursor: grab; }
.plp-stage img { image-rendering: pixelated; }
.plp-size { display: inline-flex; gap: 6px; align-items: center; font-size: 13px; }
.plp-size output { min-width: 4.5em; text-align: center; font-variant-numeric: tabular-nums; }
.plp-cursor circle, .plp-corners * { fill: none; vector-effect: non-scaling-stroke; }
.plp-cursor circle { stroke: #000; stroke-width: 3px; }
.plp-cursor circle + circle { stroke: #fff; stroke-width: 1.5px; }
.plp-corners polygon { stroke: #fff; stroke-width: 2px; fill: rgba(255, 255, 255, .2);
  filter: drop-shadow(0 0 1px #000); }
.plp-corners circle { stroke: #000; fill: #fff; stroke-width: 1px; }
`;

  // src/pair/style.ts
  var ID = "pairlens-pair-style";
  var CSS2 = `
.plp-root {
  --plp-error: #e5484d; --plp-warning: #f0a020; --plp-info: #4c9be8;
  /* White is read on these; as text they are mixed with the theme's. */
  --plp-keep: #1e7a46; --plp-drop: #b92b4f; --plp-fix: #2f5fc4; --plp-unsure: #7a4fb0;
  --plp-text: var(--fo-palette-text-primary); --plp-faint: var(--fo-palette-text-secondary);
  --plp-line: var(--fo-palette-divider);
  --plp-card: var(--fo-palette-background-level1);
  --plp-page: var(--fo-palette-background-mediaSpace);
  --plp-accent: var(--fo-palette-primary-plainColor);
  container: pair / inline-size;
  box-sizing: border-box; height: 100%; overflow-y: auto; padding: 14px 18px 0;
  display: flex; flex-direction: column; gap: 12px;
  color: var(--plp-text); font-size: 14px; line-height: 1.45; text-align: left;
}
.plp-root *, .plp-root *::before { box-sizing: border-box; }
.plp-root h3 { margin: 0 0 6px; font-size: 12px; font-weight: 600; letter-spacing: .04em;
  text-transform: uppercase; color: var(--plp-faint); }
.plp-root p, .plp-root ul, .plp-root ol { margin: 0; padding: 0; }
.plp-root ul { list-style: none; }
.plp-faint { color: var(--plp-faint); }
.plp-small { font-size: 13px; }
.plp-cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
.plp-row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; min-width: 0; }
.plp-spread { justify-content: space-between; align-items: flex-start; flex-wrap: nowrap; }
.plp-root kbd { font: 11px/1 ui-monospace, monospace; padding: 2px 5px; border-radius: 4px;
  border: 1px solid var(--plp-line); color: var(--plp-faint); background: transparent; }
.plp-button, .plp-verdict { font: inherit; color: inherit; cursor: pointer; border-radius: 6px;
  border: 1px solid var(--plp-line); background: var(--plp-card); padding: 5px 10px;
  max-width: 100%; white-space: nowrap; }
.plp-button { font-size: 13px; }
.plp-button:hover:not(:disabled), .plp-sibling:hover, .plp-finding:hover, .plp-tile:hover {
  border-color: var(--plp-accent); }
.plp-root button:disabled { opacity: .45; cursor: default; }
.plp-root :focus-visible { outline: 2px solid var(--plp-text); outline-offset: 2px; }
.plp-button[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-primary { border-color: var(--plp-fix); background: var(--plp-fix); color: #fff; }
.plp-primary kbd { color: #fff; border-color: rgba(255,255,255,.5); }
.plp-danger { border-color: var(--plp-drop); --plp-tone: var(--plp-drop); }
.plp-danger, .plp-good, .plp-bad, .plp-failure, .plp-chip, .plp-severity, .plp-diff del, .plp-diff ins {
  color: color-mix(in srgb, var(--plp-tone) 45%, var(--plp-text)); }
.plp-root ::placeholder { color: var(--plp-faint); opacity: 1; }

.plp-header { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center;
  justify-content: space-between; padding-bottom: 10px; border-bottom: 1px solid var(--plp-line); }
.plp-place { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; flex: 1 1 300px;
  min-width: 0; font-size: 13px; }
.plp-place strong { font-size: 15px; font-variant-numeric: tabular-nums; }
.plp-progress { flex: 1 1 80px; max-width: 180px; height: 6px; border-radius: 3px;
  overflow: hidden; background: var(--plp-line); }
.plp-progress span { display: block; height: 100%; background: var(--plp-keep); }
.plp-reviewer { display: flex; gap: 6px; align-items: center; }
.plp-reviewer input { font: inherit; color: inherit; width: 8em; padding: 3px 6px;
  border: 1px solid transparent; border-bottom-color: var(--plp-line); background: transparent; }

.plp-pair { display: flex; flex-direction: column; gap: 14px; flex: 1 0 auto; }
.plp-query { min-width: 0; flex: 1; }
.plp-root .plp-phrase { font-size: 22px; line-height: 1.35; font-weight: 500;
  overflow-wrap: anywhere; }
.plp-root .plp-phrase-small { font-size: 15px; }
.plp-members { list-style: none; display: flex; flex-direction: column; gap: 10px; }
.plp-member { display: flex; flex-direction: column; gap: 6px; padding: 8px 10px;
  border: 1px solid var(--plp-line); border-radius: 8px; }
.plp-member[aria-current="true"] { border-color: var(--plp-accent); }
.plp-member[data-ticked="false"]:not(:only-child) { border-style: dashed; }
.plp-member:only-child { border: none; padding: 0; }
.plp-member-text { flex: 1; min-width: 0; cursor: pointer; }
.plp-suggested { display: flex; gap: 8px; align-items: flex-start; justify-content: space-between;
  padding: 6px 8px; border-radius: 6px; font-size: 13px;
  background: color-mix(in srgb, var(--plp-fix) 12%, transparent); }
.plp-diff { min-width: 0; overflow-wrap: anywhere; }
.plp-diff del { --plp-tone: var(--plp-drop); }
.plp-diff ins { --plp-tone: var(--plp-keep); font-weight: 600; }
.plp-beside { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; align-items: start; }
.plp-counterpart { align-self: start; }
.plp-mark { color: inherit; border-radius: 3px; padding: 0 2px; margin: 0 -2px;
  background: color-mix(in srgb, var(--plp-tone) 24%, transparent);
  box-shadow: inset 0 -2px var(--plp-tone); }
.plp-dimmed { background: transparent; box-shadow: inset 0 -1px var(--plp-tone); }
.plp-error { --plp-tone: var(--plp-error); } .plp-warning { --plp-tone: var(--plp-warning); }
.plp-info { --plp-tone: var(--plp-info); }
.plp-keep { --plp-tone: var(--plp-keep); } .plp-drop { --plp-tone: var(--plp-drop); }
.plp-fix { --plp-tone: var(--plp-fix); } .plp-unsure { --plp-tone: var(--plp-unsure); }
.plp-tag { font-size: 11px; padding: 1px 6px; border-radius: 8px; color: #fff;
  background: var(--plp-fix); }
.plp-editor { display: flex; flex-direction: column; gap: 8px; }
.plp-input { font: inherit; color: inherit; width: 100%; padding: 7px 10px; border-radius: 6px;
  border: 1px solid var(--plp-line); background: var(--plp-card); resize: vertical; }

.plp-columns { display: grid; gap: 18px; grid-template-columns: minmax(0, 1fr); }
.plp-column { display: flex; flex-direction: column; gap: 16px; min-width: 0; }
.plp-column > div > .plp-picture { width: min(100%, 60vh * var(--plp-ratio)); margin: 0 auto; }
.plp-still > div > .plp-picture { width: min(100%, 36vh * var(--plp-ratio)); }
.plp-legend:empty { display: none; }
@container pair (min-width: 560px) {
  .plp-columns { grid-template-columns: minmax(0, 1.15fr) minmax(260px, 1fr); }
}
@container pair (max-width: 559px) {
  .plp-column > div > .plp-picture { width: min(100%, 32vh * var(--plp-ratio)); }
}
.plp-picture { position: relative; overflow: hidden; width: 100%; border-radius: 6px;
  background: var(--plp-page); }
.plp-stretched { position: absolute; }
.plp-stretched > img, .plp-stretched > canvas, .plp-stretched > svg { position: absolute;
  inset: 0; width: 100%; height: 100%; display: block; }
.plp-stretched > canvas { image-rendering: pixelated; }
.plp-missing { position: absolute; inset: 40% 10% auto; text-align: center; color: #fff;
  background: rgba(0,0,0,.65); border-radius: 6px; padding: 6px; }
.plp-shape { fill: none; stroke-width: 2px; vector-effect: non-scaling-stroke; }
.plp-shape * { vector-effect: non-scaling-stroke; fill: none; stroke-width: 2px; }
.plp-mask_box { stroke: #fff; stroke-dasharray: none; stroke-width: 1.5px; }
.plp-mask_center { stroke: #fff; filter: drop-shadow(0 0 1px #000); }
.plp-named_region { stroke: #2fd3e6; stroke-dasharray: 7 5; }
.plp-shape .plp-soft { fill: #2fd3e6; fill-opacity: .22; stroke: none; }
.plp-leaked_box, .plp-leaked_point { stroke: #ff4fb0; stroke-dasharray: 3 3; }
.plp-text_box { stroke: #ffd23f; filter: drop-shadow(0 0 1px #000); }
.plp-texts { list-style: none; display: flex; flex-direction: column; gap: 6px; }
.plp-text { display: flex; flex-direction: column; gap: 4px; padding: 6px 10px; cursor: pointer;
  border: 1px solid var(--plp-line); border-radius: 8px; scroll-margin: 60px 0 170px; }
.plp-text[aria-current="true"] { border-color: var(--plp-accent); cursor: default; }
.plp-about { box-shadow: inset 4px 0 var(--plp-tone); }
.plp-text[data-removed="true"] .plp-said { text-decoration: line-through; }
.plp-root .plp-text-head { display: flex; flex-wrap: wrap; gap: 2px 8px; font-size: 12px; }
.plp-text-state { display: inline-flex; gap: 6px; margin-left: auto; }
.plp-tag-drop { background: #b23148; }
.plp-root .plp-said { overflow-wrap: anywhere; white-space: pre-wrap; }
.plp-who { display: inline-block; min-width: 1.6em; font-weight: 700; color: var(--plp-faint); }
.plp-was { display: block; }
.plp-field { display: flex; flex-direction: column; gap: 2px; font-size: 13px; flex: 1; }
.plp-short { max-width: 6em; }
@container pair (min-width: 760px) { .plp-still { position: sticky; top: 0; align-self: start; } }
.plp-tools { margin-top: -8px; }
.plp-tools .plp-legend { margin: 0 0 0 auto !important; }
.plp-key { font-size: 12px; margin-top: -8px !important; }
.plp-line { height: 0 !important; width: 16px !important; vertical-align: middle;
  border-top: 2px solid; background: none !important; }
.plp-line.plp-named_region { color: #2fd3e6; border-top-style: dashed; }
.plp-line.plp-mask_box, .plp-line.plp-mask_center { color: currentColor; }
.plp-line.plp-mask_center { border-top-style: double; border-top-width: 3px; }
.plp-line.plp-leaked_box, .plp-line.plp-leaked_point { color: #ff4fb0; border-top-style: dotted; }

.plp-findings, .plp-siblings { display: flex; flex-direction: column; gap: 6px; }
.plp-finding, .plp-sibling, .plp-tile { font: inherit; color: inherit; text-align: left;
  width: 100%; cursor: pointer; border: 1px solid var(--plp-line); border-radius: 6px;
  background: var(--plp-card); }
.plp-finding { display: block; padding: 8px 10px; border-left: 4px solid var(--plp-tone); }
.plp-finding[aria-pressed="true"] { border-color: var(--plp-tone); }
.plp-finding-head { display: flex; gap: 8px; align-items: baseline; font-size: 12px; }
.plp-severity { font-weight: 700; text-transform: uppercase; font-size: 11px; letter-spacing: .04em; }
.plp-check { font-weight: 600; font-size: 13px; flex: 1; }
.plp-note { display: block; margin-top: 2px; overflow-wrap: anywhere; }

.plp-masks { display: grid; gap: 10px; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
.plp-masks li { display: flex; flex-direction: column; gap: 6px; min-width: 0; }
.plp-tile { padding: 0; overflow: hidden; }
.plp-tile[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-tile .plp-picture { border-radius: 0; }
.plp-tile-text { display: flex; gap: 6px; justify-content: space-between; padding: 5px 8px;
  font-size: 12px; }
.plp-tile-text strong { white-space: nowrap; font-variant-numeric: tabular-nums; }
.plp-legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin-top: 6px !important;
  font-size: 12px; color: var(--plp-faint); }
.plp-legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; }

.plp-siblings { max-height: 240px; overflow-y: auto; padding: 2px; }
.plp-sibling { display: flex; gap: 8px; align-items: baseline; padding: 5px 10px; font-size: 13px; }
.plp-sibling[aria-current="true"] { border-color: var(--plp-accent); }
.plp-sibling-phrase { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.plp-chip { font-size: 11px; font-weight: 600; }
.plp-unmended { margin-top: -6px; }
.plp-mend { border: 1px solid var(--plp-fix); border-radius: 8px; padding: 10px 12px; }
.plp-mend ol, .plp-history ol { padding-left: 20px; margin: 4px 0 10px; }
.plp-mend ol, .plp-history ol { list-style: decimal; }
.plp-mend li { margin: 4px 0; }
.plp-root summary { cursor: pointer; font-size: 12px; color: var(--plp-faint); }
.plp-history { font-size: 13px; }

.plp-decide { position: sticky; bottom: 0; z-index: 2; display: flex; flex-direction: column;
  gap: 8px; margin: auto -18px 0; padding: 12px 18px; border-top: 1px solid var(--plp-line);
  background: var(--plp-page); }
.plp-verdicts { display: grid; grid-template-columns: repeat(4, minmax(max-content, 1fr)); gap: 6px; }
.plp-verdict { padding: 9px 3px; font-weight: 600; text-align: center;
  border-color: var(--plp-tone);
  background: color-mix(in srgb, var(--plp-tone) 16%, transparent); }
.plp-verdict kbd { color: inherit; }
.plp-verdict:hover:not(:disabled) { background: color-mix(in srgb, var(--plp-tone) 32%, transparent); }
.plp-verdict[aria-pressed="true"] { background: var(--plp-tone); color: #fff; }
.plp-verdict[aria-pressed="true"] kbd { color: #fff; border-color: rgba(255,255,255,.5); }
.plp-status { display: flex; flex-wrap: wrap; min-height: 1.45em; font-size: 13px; overflow-wrap: anywhere; }
@container pair (min-width: 560px) {
  .plp-decide { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(260px, 1fr);
    gap: 8px 18px; }
  .plp-decide > .plp-conflict, .plp-decide > .plp-status { grid-column: 1 / -1; }
}
.plp-status > :first-child:not(:empty) { margin-right: 12px; }
.plp-good { --plp-tone: var(--plp-keep); } .plp-bad, .plp-failure { --plp-tone: var(--plp-error); }
.plp-conflict { display: flex; flex-direction: column; gap: 6px; padding: 10px 12px;
  border: 1px solid var(--plp-warning); border-radius: 8px; overflow-wrap: anywhere;
  background: color-mix(in srgb, var(--plp-warning) 12%, transparent); }
.plp-help { margin: auto; width: min(760px, 92vw); max-height: 90vh; padding: 18px 22px; border-radius: 10px;
  border: 1px solid var(--plp-line); color: var(--plp-text); background: var(--plp-page);
  font-size: 14px; }
.plp-help::backdrop { background: rgba(0,0,0,.5); }
.plp-help h2 { margin: 0; font-size: 18px; }
.plp-help-groups { columns: 3 200px; margin: 12px 0; }
.plp-help-groups section { break-inside: avoid; margin-bottom: 12px; }
.plp-help-groups li { padding: 2px 0; flex-wrap: nowrap; }
.plp-keycap { font: 13px/1 ui-monospace, monospace; color: inherit; min-width: 30px; flex: none;
  padding: 5px 7px; cursor: pointer; border-radius: 4px; border: 1px solid var(--plp-line);
  background: var(--plp-card); }
.plp-keycap:hover, .plp-keycap[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-opinions { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0; padding: 0; }
.plp-opinion { display: flex; flex-direction: column; gap: 4px; align-items: flex-start; flex: 1 1 12em;
  padding: 8px; border: 1px solid var(--fo-palette-divider); border-radius: 6px; overflow-wrap: anywhere; }
.plp-note { white-space: pre-wrap; }
`;
  function useStyle() {
    React39.useLayoutEffect(() => {
      if (document.getElementById(ID)) return;
      const sheet = document.createElement("style");
      sheet.id = ID;
      sheet.textContent = CSS2 + BRUSH;
      document.head.append(sheet);
    }, []);
  }

  // src/pair/index.tsx
  function PairPanel() {
    useStyle();
    const review = useReview();
    useKeys({
      undo: () => review.desk.undo(),
      redo: () => review.desk.undo(true),
      previous: () => review.desk.move("previous"),
      next: () => review.desk.move("next")
    });
    useEscape(closeWhereFiftyOneDoesNot);
    return /* @__PURE__ */ React40.createElement("div", { className: "plp-root", "data-testid": "pair-panel", onKeyDown: keepToItself }, /* @__PURE__ */ React40.createElement(Header, { review }), review.outside !== null ? /* @__PURE__ */ React40.createElement(Outside, { review }) : null, review.nameless !== null ? /* @__PURE__ */ React40.createElement(WhoAreYou, { desk: review.desk }) : null, review.failure !== null ? /* @__PURE__ */ React40.createElement("p", { className: "plp-failure", role: "alert" }, review.failure) : null, review.pair ? /* @__PURE__ */ React40.createElement(Open, { pair: review.pair, review }) : null);
  }
  function Open({ pair, review }) {
    const Panel = pair.texts.length ? ShownTexts : Shown;
    return /* @__PURE__ */ React40.createElement(Panel, { key: pair.sample_id, pair, review });
  }
  function Outside({ review }) {
    const dataset = useDatasetName();
    return /* @__PURE__ */ React40.createElement("div", { className: "plp-conflict", role: "alert" }, /* @__PURE__ */ React40.createElement("strong", null, "Another browser on this server opened another pair, so your keys rest."), /* @__PURE__ */ React40.createElement("span", { className: "plp-faint" }, "FiftyOne shows one sample to all browsers of a server. For a server of your own, run", " ", /* @__PURE__ */ React40.createElement("code", null, "pairlens app ", dataset, " --reviewer NAME"), "."), /* @__PURE__ */ React40.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React40.createElement("button", { type: "button", className: "plp-button", onClick: () => review.desk.insist() }, "Stay with mine"), /* @__PURE__ */ React40.createElement("button", { type: "button", className: "plp-button", onClick: () => review.desk.follow() }, "Go to theirs")));
  }
  function closeWhereFiftyOneDoesNot() {
    if (!document.querySelector(SHOWN)) void closeSample();
  }
  function keepToItself(event) {
    if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
      event.stopPropagation();
    }
  }

  // src/index.ts
  styleGrid();
  register("PairLensPair", PairPanel);
  register("PairLensCuration", CurationPanel);
})();
