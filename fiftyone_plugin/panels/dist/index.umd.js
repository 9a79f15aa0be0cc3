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
  var React5 = __toESM(require_react(), 1);

  // src/host.ts
  var page = window;
  var SHOWN = '#modal canvas[canvas-loaded="true"]';
  var PLUGIN = "@pairlens/curation";
  function register(name, component) {
    page.__fop__.registerComponent({
      name,
      label: name,
      component,
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

  // src/curation/figures.tsx
  var React3 = __toESM(require_react(), 1);

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
  function percent(part, whole) {
    if (!whole) return "0 %";
    const exact = 100 * part / whole;
    if (part > 0 && exact < 1) return "<1 %";
    if (part < whole && exact > 99) return ">99 %";
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
    const [at, setAt] = React2.useState(null);
    const most = Math.max(1, ...values.bars.map((bar) => bar.pairs));
    const chosen = values.bars.findIndex((bar) => bar.bar === active);
    const read3 = values.bars[at ?? chosen];
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
    return [0, 0.25, 0.5, 0.75, 1].map((share) => edges[Math.round(share * last)] ?? 0);
  }

  // src/curation/figures.tsx
  function Cards({ overview, active, show }) {
    const pending = overview.verdicts.find((one) => one.verdict === "pending");
    const judged = overview.pairs - (pending?.pairs ?? 0);
    return /* @__PURE__ */ React3.createElement("div", { className: "plc-cards" }, /* @__PURE__ */ React3.createElement(
      Card,
      {
        bar: "flagged",
        value: overview.flagged,
        share: percent(overview.flagged, overview.pairs),
        active,
        show
      },
      "with findings"
    ), overview.severities.map((one) => /* @__PURE__ */ React3.createElement(Card, { key: one.severity, bar: one.bar, value: one.pairs, active, show }, /* @__PURE__ */ React3.createElement("i", { style: { background: SEVERITY_COLORS[one.severity] } }), " ", one.severity)), /* @__PURE__ */ React3.createElement(
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
  function Card({ bar, value, share, active, show, children }) {
    return /* @__PURE__ */ React3.createElement(
      "button",
      {
        type: "button",
        className: bar === active ? "plc-card plc-on" : "plc-card",
        "aria-pressed": bar === active,
        "data-cy": `plc-card-${bar}`,
        onClick: () => show(bar)
      },
      /* @__PURE__ */ React3.createElement("b", null, count(value)),
      share && /* @__PURE__ */ React3.createElement("small", null, share),
      /* @__PURE__ */ React3.createElement("span", null, children)
    );
  }
  function Findings({ overview, active, show }) {
    const most = Math.max(1, ...overview.findings.map((one) => one.pairs));
    return /* @__PURE__ */ React3.createElement("section", { className: "plc-section", style: { gridArea: "findings" }, "data-cy": "plc-findings" }, /* @__PURE__ */ React3.createElement("header", null, /* @__PURE__ */ React3.createElement("h3", null, "Findings by check"), /* @__PURE__ */ React3.createElement("small", null, "pairs")), !overview.findings.length && /* @__PURE__ */ React3.createElement("div", { className: "plc-empty" }, "No check found anything."), overview.findings.map((one) => /* @__PURE__ */ React3.createElement(
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

  // src/curation/sessions.tsx
  var React4 = __toESM(require_react(), 1);

  // src/reviewing.ts
  var CHANGED = "pairlens-session";
  var REVIEWER = "pairlens.reviewer";
  function read(name) {
    try {
      return window.localStorage.getItem(name) || null;
    } catch {
      return null;
    }
  }
  function write(name, value) {
    try {
      if (value) window.localStorage.setItem(name, value);
      else window.localStorage.removeItem(name);
    } catch {
    }
    window.dispatchEvent(new Event(CHANGED));
  }
  function reviewer() {
    return read(REVIEWER);
  }
  function setReviewer(name) {
    write(REVIEWER, name);
  }
  function currentSession(dataset) {
    return read(`${CHANGED}.${dataset}`);
  }
  function setCurrentSession(dataset, session) {
    write(`${CHANGED}.${dataset}`, session);
  }
  function onReviewing(changed) {
    window.addEventListener(CHANGED, changed);
    return () => window.removeEventListener(CHANGED, changed);
  }

  // src/curation/sessions.tsx
  function Sessions({ facts, bar, overview, call, open }) {
    const [starting, setStarting] = React4.useState(false);
    const [past, setPast] = React4.useState(false);
    const running = overview.sessions.filter((one) => !one.finished);
    const finished = overview.sessions.filter((one) => one.finished);
    const enter = async (method, params) => {
      const answer = await call(method, params);
      if (!answer?.ok || !answer.item) return;
      setCurrentSession(overview.dataset, answer.item.session);
      setStarting(false);
      open(answer.item);
    };
    return /* @__PURE__ */ React4.createElement("section", { className: "plc-section", style: { gridArea: "sessions" }, "data-cy": "plc-sessions" }, /* @__PURE__ */ React4.createElement("header", null, /* @__PURE__ */ React4.createElement("h3", null, "Sessions"), /* @__PURE__ */ React4.createElement(
      "button",
      {
        type: "button",
        className: running.length || starting ? "plc-button" : "plc-button plc-main",
        "aria-expanded": starting,
        onClick: () => setStarting(!starting)
      },
      starting ? "Cancel" : "Start a session"
    )), starting && /* @__PURE__ */ React4.createElement(StartForm, { facts, bar, overview, enter }), !running.length && !starting && /* @__PURE__ */ React4.createElement("div", { className: "plc-empty" }, "A session takes you through the pairs of a view, a check or a saved view, worst first."), running.map((one) => /* @__PURE__ */ React4.createElement(Running, { key: one.id, session: one, facts, overview, call, enter })), finished.length > 0 && /* @__PURE__ */ React4.createElement("button", { type: "button", className: "plc-link", "aria-expanded": past, onClick: () => setPast(!past) }, past ? "Hide" : "Show", " ", count(finished.length), " finished"), past && finished.map((one) => /* @__PURE__ */ React4.createElement(Finished, { key: one.id, session: one, call })));
  }
  function suggested(facts, bar) {
    if (!bar || bar === "flagged") return facts.whole ? "flagged" : "use_view";
    return facts.whole && /^(check|severity):/.test(bar) ? bar : "use_view";
  }
  function StartForm({ facts, bar, overview, enter }) {
    const [over, setOver] = React4.useState(suggested(facts, bar));
    const [name, setName] = React4.useState("");
    const [who, setWho] = React4.useState(reviewer() ?? facts.reviewer ?? "");
    const [again, setAgain] = React4.useState(false);
    const submit = (event) => {
      event.preventDefault();
      setReviewer(who.trim() || null);
      const params = { name, reviewer: who, include_judged: again };
      const at = over.indexOf(":");
      if (over === "use_view") params.use_view = true;
      else if (at > 0) params[over.slice(0, at)] = over.slice(at + 1);
      void enter("start", params);
    };
    return /* @__PURE__ */ React4.createElement("form", { className: "plc-form", onSubmit: submit }, /* @__PURE__ */ React4.createElement("label", { htmlFor: "plc-over" }, "Over"), /* @__PURE__ */ React4.createElement("select", { id: "plc-over", value: over, onChange: (event) => setOver(event.target.value) }, /* @__PURE__ */ React4.createElement("option", { value: "flagged" }, "All pairs with findings (", count(overview.flagged), ")"), /* @__PURE__ */ React4.createElement("option", { value: "use_view" }, "The pairs that the grid shows"), /* @__PURE__ */ React4.createElement("optgroup", { label: "A check's findings" }, overview.findings.map((one) => /* @__PURE__ */ React4.createElement("option", { key: one.check, value: `check:${one.check}` }, one.check, " (", count(one.pairs), ")"))), /* @__PURE__ */ React4.createElement("optgroup", { label: "Findings of a severity" }, overview.severities.map((one) => /* @__PURE__ */ React4.createElement("option", { key: one.severity, value: `severity:${one.severity}` }, one.severity, " (", count(one.pairs), ")"))), /* @__PURE__ */ React4.createElement("optgroup", { label: "A saved view" }, (facts.saved_views ?? []).map((view) => /* @__PURE__ */ React4.createElement("option", { key: view, value: `saved_view:${view}` }, view)))), /* @__PURE__ */ React4.createElement("label", { htmlFor: "plc-name" }, "Name"), /* @__PURE__ */ React4.createElement(
      "input",
      {
        id: "plc-name",
        value: name,
        placeholder: "made from what it is over",
        onChange: (event) => setName(event.target.value)
      }
    ), /* @__PURE__ */ React4.createElement("label", { htmlFor: "plc-reviewer" }, "Reviewer"), /* @__PURE__ */ React4.createElement("input", { id: "plc-reviewer", value: who, onChange: (event) => setWho(event.target.value) }), /* @__PURE__ */ React4.createElement("label", { className: "plc-wide" }, /* @__PURE__ */ React4.createElement("input", { type: "checkbox", checked: again, onChange: (event) => setAgain(event.target.checked) }), " ", "also pairs that have a verdict already"), /* @__PURE__ */ React4.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React4.createElement("button", { type: "submit", className: "plc-button plc-main" }, "Start and open the first pair")));
  }
  function Running({ session, facts, overview, call, enter }) {
    const [asking, setAsking] = React4.useState(null);
    const mine = currentSession(overview.dataset) === session.id;
    const resume = (who) => enter("resume", { session: session.id, reviewer: who });
    const finish = async () => {
      if (mine) setCurrentSession(overview.dataset, null);
      await call("change", { do: "finish", session: session.id });
    };
    const answer = (value) => {
      setAsking(null);
      if (asking === "rename") void call("change", { do: "rename", session: session.id, name: value });
      else {
        setReviewer(value);
        void resume(value);
      }
    };
    const toggle = (what) => setAsking(asking === what ? null : what);
    return /* @__PURE__ */ React4.createElement("div", { className: "plc-session", "data-cy": `plc-session-${session.id}` }, /* @__PURE__ */ React4.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React4.createElement("span", { className: "plc-name" }, session.name), /* @__PURE__ */ React4.createElement("button", { type: "button", className: "plc-button plc-main", onClick: () => void resume(reviewer()) }, session.judged ? "Resume" : "Open the first pair")), /* @__PURE__ */ React4.createElement(Progress, { session }), /* @__PURE__ */ React4.createElement("div", { className: "plc-tools" }, /* @__PURE__ */ React4.createElement(Tool, { on: asking === "hand", label: "Hand over", act: () => toggle("hand") }), /* @__PURE__ */ React4.createElement(Tool, { on: asking === "rename", label: "Rename", act: () => toggle("rename") }), /* @__PURE__ */ React4.createElement(Tool, { label: "Finish", act: () => void finish() })), asking === "hand" && /* @__PURE__ */ React4.createElement(Ask, { label: "To whom", action: "Go on as", value: "", done: answer }), asking === "rename" && /* @__PURE__ */ React4.createElement(Ask, { label: "New name", action: "Rename", value: session.name, done: answer }), mine && asking === null && /* @__PURE__ */ React4.createElement("small", null, "You are in this session as ", reviewer() ?? facts.reviewer, "."));
  }
  function Progress({ session }) {
    const who = session.reviewers.filter((one) => one.judged).map((one) => `${one.reviewer} ${count(one.judged)}`).join(", ");
    return /* @__PURE__ */ React4.createElement(React4.Fragment, null, /* @__PURE__ */ React4.createElement("div", { className: "plc-track", style: { display: "flex" } }, JUDGED.map((verdict) => /* @__PURE__ */ React4.createElement(
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
    ))), /* @__PURE__ */ React4.createElement("small", null, count(session.judged), " of ", pairs(session.pairs), " judged; ", session.over.text, who && `; by ${who}`));
  }
  function Finished({ session, call }) {
    const [sure, setSure] = React4.useState(false);
    const change = (what) => void call("change", { do: what, session: session.id });
    return /* @__PURE__ */ React4.createElement("div", { className: "plc-session", "data-cy": `plc-session-${session.id}` }, /* @__PURE__ */ React4.createElement("div", { className: "plc-line" }, /* @__PURE__ */ React4.createElement("span", { className: "plc-name" }, session.name)), /* @__PURE__ */ React4.createElement(Progress, { session }), /* @__PURE__ */ React4.createElement("div", { className: "plc-tools" }, /* @__PURE__ */ React4.createElement(Tool, { label: "Show its pairs", act: () => void call("show", { bar: `session:${session.id}` }) }), /* @__PURE__ */ React4.createElement(Tool, { label: "Reopen", act: () => change("reopen") }), /* @__PURE__ */ React4.createElement(
      Tool,
      {
        label: sure ? "Delete the session; its verdicts stay" : "Delete",
        act: () => sure ? change("delete") : setSure(true)
      }
    )));
  }
  function Tool({ label, act, on }) {
    return /* @__PURE__ */ React4.createElement("button", { type: "button", className: "plc-link", "aria-expanded": on, onClick: act }, label);
  }
  function Ask({ label, action, value, done }) {
    const [text, setText] = React4.useState(value);
    const submit = (event) => {
      event.preventDefault();
      if (text.trim()) done(text.trim());
    };
    return /* @__PURE__ */ React4.createElement("form", { className: "plc-inline", onSubmit: submit }, /* @__PURE__ */ React4.createElement("input", { autoFocus: true, "aria-label": label, placeholder: label, value: text, onChange: (e) => setText(e.target.value) }), /* @__PURE__ */ React4.createElement("button", { type: "submit", className: "plc-button", disabled: !text.trim() }, action));
  }

  // src/curation/style.ts
  var STYLE = `
.plc { height: 100%; overflow-y: auto; box-sizing: border-box; padding: 14px 16px 32px;
  font-size: 13px; line-height: 1.45; color: var(--fo-palette-text-primary); container-type: inline-size; }
.plc *, .plc *::before { box-sizing: border-box; }
.plc button, .plc input, .plc select { font: inherit; color: inherit; }
.plc button { cursor: pointer; background: none; border: 0; padding: 0; text-align: left; }
.plc button:disabled { cursor: default; }
.plc :focus-visible { outline: 2px solid var(--fo-palette-primary-main, #ff6d04); outline-offset: 1px; }
.plc small, .plc .plc-dim { color: var(--fo-palette-text-secondary); font-size: 12px; }
.plc-head { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-bottom: 10px; }
.plc-head h2 { font-size: 16px; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
.plc-head .plc-dim { flex: 1; min-width: 12em; }
.plc-steps { display: flex; flex-wrap: wrap; gap: 6px; margin-bottom: 12px; }
.plc .plc-button { border: 1px solid var(--fo-palette-divider); border-radius: 6px; padding: 4px 11px;
  background: var(--fo-palette-background-level2); white-space: nowrap; }
.plc .plc-button:hover:not(:disabled) { border-color: var(--fo-palette-text-tertiary, #888); }
.plc .plc-button:disabled { opacity: .45; }
.plc .plc-main { background: var(--fo-palette-primary-main, #ff6d04); border-color: transparent; color: #fff; font-weight: 600; }
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
.plc-empty { color: var(--fo-palette-text-secondary); padding: 2px 0; }
`;

  // src/curation/index.tsx
  var STEPS = ["import", "predict", "score", "flag", "export"];
  var LABELS = {
    import: "Import",
    predict: "Predict",
    score: "Score",
    flag: "Flag",
    export: "Export"
  };
  function CurationPanel({ data, schema }) {
    const call = usePanel(schema);
    const facts = data?.facts;
    const reloads = useReloads();
    const counted = React5.useRef(reloads);
    React5.useEffect(() => {
      if (counted.current === reloads) return;
      counted.current = reloads;
      void call("refresh");
    }, [reloads, call]);
    return /* @__PURE__ */ React5.createElement(
      "div",
      {
        className: "plc",
        "data-cy": "plc-panel",
        "data-state": facts?.state ?? "loading",
        onKeyDown: pressEnter
      },
      /* @__PURE__ */ React5.createElement("style", null, STYLE),
      facts ? /* @__PURE__ */ React5.createElement(Contents, { facts, bar: data?.bar ?? null, call }) : /* @__PURE__ */ React5.createElement("div", { className: "plc-empty" }, "Counting ...")
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
    return /* @__PURE__ */ React5.createElement(React5.Fragment, null, overview && /* @__PURE__ */ React5.createElement(Head, { facts, overview, bar, call }), /* @__PURE__ */ React5.createElement(Steps, { advised: facts.advice[0]?.step ?? null, ready: !!overview, call }), facts.advice.map((one) => /* @__PURE__ */ React5.createElement(Hint, { key: one.text, advice: one, call })), overview && overview.pairs > 0 && /* @__PURE__ */ React5.createElement(Figures, { facts, overview, bar, call }));
  }
  function Head({ facts, overview, bar, call }) {
    const what = `${pairs(overview.pairs)} on ${count(overview.images)} image${overview.images === 1 ? "" : "s"}`;
    return /* @__PURE__ */ React5.createElement("div", { className: "plc-head" }, /* @__PURE__ */ React5.createElement("h2", null, overview.dataset), /* @__PURE__ */ React5.createElement("span", { className: "plc-dim", "data-cy": "plc-scope" }, facts.whole ? what : `${what}, in the view that you chose`), !facts.whole && !bar && /* @__PURE__ */ React5.createElement("button", { type: "button", className: "plc-link", onClick: () => void call("reset") }, "Whole dataset"), /* @__PURE__ */ React5.createElement("button", { type: "button", className: "plc-link", onClick: () => void call("refresh") }, "Refresh"));
  }
  function Steps({ advised, ready, call }) {
    return /* @__PURE__ */ React5.createElement("div", { className: "plc-steps", role: "toolbar", "aria-label": "Steps" }, STEPS.map((step) => /* @__PURE__ */ React5.createElement(
      "button",
      {
        type: "button",
        key: step,
        className: step === advised ? "plc-button plc-main" : "plc-button",
        disabled: !ready && step !== "import",
        "data-cy": `plc-step-${step}`,
        onClick: () => void call("step", { step })
      },
      LABELS[step]
    )));
  }
  function Hint({ advice, call }) {
    const { step } = advice;
    return /* @__PURE__ */ React5.createElement("div", { className: "plc-advice", "data-cy": "plc-advice" }, /* @__PURE__ */ React5.createElement("span", null, advice.text), /* @__PURE__ */ React5.createElement(
      "button",
      {
        type: "button",
        className: "plc-button",
        onClick: () => void (step ? call("step", { step }) : call("reset"))
      },
      step ? LABELS[step] : "Whole dataset"
    ));
  }
  function Figures({ facts, overview, bar: active, call }) {
    const show = (bar) => void (bar === active ? call("reset") : call("show", { bar }));
    const open = async (item) => {
      if (!item.sample_id) return;
      await openSample(item.sample_id);
      if (await modalStands()) await openPanel("pair");
    };
    return /* @__PURE__ */ React5.createElement(React5.Fragment, null, active && /* @__PURE__ */ React5.createElement(Shown, { bar: active, overview, call }), /* @__PURE__ */ React5.createElement(Cards, { overview, active, show }), /* @__PURE__ */ React5.createElement("div", { className: "plc-grid" }, /* @__PURE__ */ React5.createElement(Findings, { overview, active, show }), /* @__PURE__ */ React5.createElement(
      Sessions,
      {
        facts,
        bar: active,
        overview,
        call,
        open: (item) => void open(item)
      }
    ), /* @__PURE__ */ React5.createElement("div", { className: "plc-rest" }, /* @__PURE__ */ React5.createElement(Review, { overview, active, show }), /* @__PURE__ */ React5.createElement(Distribution, { overview, active, show, call }), /* @__PURE__ */ React5.createElement(Splits, { overview, active, show }))));
  }
  async function modalStands() {
    for (let tries = 0; tries < 600; tries++) {
      if (document.querySelector('[data-cy="modal"] [data-cy="panel-container"]')) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }
  function Shown({ bar, overview, call }) {
    return /* @__PURE__ */ React5.createElement("div", { className: "plc-shown", role: "status", "data-cy": "plc-shown" }, /* @__PURE__ */ React5.createElement("span", null, "The grid shows ", /* @__PURE__ */ React5.createElement("b", null, nameOf(bar, overview)), ", worst first."), /* @__PURE__ */ React5.createElement("button", { type: "button", className: "plc-button", onClick: () => void call("reset") }, "Show all again"));
  }
  function nameOf(bar, overview) {
    const at = bar.indexOf(":");
    const [kind, name] = [bar.slice(0, at), bar.slice(at + 1)];
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

  // src/pair/index.tsx
  var React21 = __toESM(require_react(), 1);

  // src/pair/keys.tsx
  var React6 = __toESM(require_react(), 1);
  var KEYS = [
    ["1", "keep"],
    ["2", "drop"],
    ["3", "fix"],
    ["4", "unsure"],
    ["e", "edit the query"],
    ["n", "write a note"],
    ["u", "undo"],
    ["y", "redo"],
    [",", "previous pair"],
    [".", "next pair"],
    ["o", "show or hide the overlays"],
    ["w", "whole image or target"],
    ["m", "mend the mask"]
  ];
  function Key({ name }) {
    return /* @__PURE__ */ React6.createElement("kbd", { "aria-hidden": "true" }, name);
  }
  function isTyping() {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement)) return false;
    return focused.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(focused.tagName);
  }
  function useKeys(actions) {
    const annotating = useAnnotating();
    const latest = React6.useRef(actions);
    latest.current = actions;
    React6.useEffect(() => {
      if (annotating) return void 0;
      const pressed = (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
        if (event.defaultPrevented && event.key !== "Escape") return;
        if (isTyping() || isCovered()) return;
        const action = latest.current[event.key];
        if (!action) return;
        event.preventDefault();
        action();
      };
      document.addEventListener("keydown", pressed);
      return () => document.removeEventListener("keydown", pressed);
    }, [annotating]);
  }
  function isCovered() {
    return document.querySelector(".MuiDialog-root, .MuiPopover-root") !== null;
  }
  function Shortcuts() {
    return /* @__PURE__ */ React6.createElement("details", { className: "plp-keys" }, /* @__PURE__ */ React6.createElement("summary", null, "Keys"), /* @__PURE__ */ React6.createElement("dl", null, KEYS.map(([key, meaning]) => /* @__PURE__ */ React6.createElement("div", { key }, /* @__PURE__ */ React6.createElement("dt", null, /* @__PURE__ */ React6.createElement(Key, { name: key })), /* @__PURE__ */ React6.createElement("dd", null, meaning)))), /* @__PURE__ */ React6.createElement("p", { className: "plp-faint" }, "Keys rest while you type and in FiftyOne's annotation mode. Tab goes from one control to the next."));
  }

  // src/pair/Header.tsx
  var React8 = __toESM(require_react(), 1);

  // src/pair/Sessions.tsx
  var React7 = __toESM(require_react(), 1);

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
    if (answer.ok) return answer;
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
  function judge(pair, decision, session, force) {
    const params = { sample_id: pair.sample_id, session, seen: pair.version, ...decision };
    return ask("judge_pair", given(force ? { ...params, force } : params));
  }
  function move(session, to, judged, from) {
    return ask("move_pair", given({ session, to, judged, sample_id: from }));
  }
  function undo(session, redo, force) {
    return ask("undo_pair", given({ session, redo, force, only_mine: true }));
  }
  function editMask(pair, what) {
    return ask("edit_mask", { sample_id: pair.sample_id, do: what });
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
    const [sessions, setSessions] = React7.useState(null);
    const [failure, setFailure] = React7.useState(null);
    React7.useEffect(() => {
      let wanted = true;
      openSessions().then(
        (found) => wanted && setSessions(found),
        () => wanted && setSessions([])
      );
      return () => {
        wanted = false;
      };
    }, []);
    const start = () => {
      startSession().then(
        (session) => review.enter(session.id),
        (error) => setFailure(error.message)
      );
    };
    return /* @__PURE__ */ React7.createElement("div", { className: "plp-place" }, /* @__PURE__ */ React7.createElement("span", { className: "plp-faint" }, "No session: verdicts are kept, but no next pair opens."), (sessions ?? []).slice(0, 3).map((one) => /* @__PURE__ */ React7.createElement(
      "button",
      {
        key: one.id,
        type: "button",
        className: "plp-button plp-cut",
        onClick: () => review.enter(one.id)
      },
      "Resume ",
      one.name,
      " (",
      one.left,
      " left)"
    )), /* @__PURE__ */ React7.createElement("button", { type: "button", className: "plp-button", onClick: start }, "Start over all flagged pairs"), failure ? /* @__PURE__ */ React7.createElement("span", { role: "alert" }, failure) : null);
  }

  // src/pair/Header.tsx
  function Header({ review }) {
    const at = review.pair?.session ?? null;
    if (review.session === null || at === null) {
      return /* @__PURE__ */ React8.createElement("header", { className: "plp-header" }, /* @__PURE__ */ React8.createElement(Sessions2, { review }), /* @__PURE__ */ React8.createElement(Steps2, { review }));
    }
    const done = at.of ? Math.round(100 * at.judged / at.of) : 0;
    return /* @__PURE__ */ React8.createElement("header", { className: "plp-header" }, /* @__PURE__ */ React8.createElement("div", { className: "plp-place" }, /* @__PURE__ */ React8.createElement("strong", { "data-testid": "position" }, at.position === null ? "Not in the queue" : `${at.position + 1} of ${at.of}`), /* @__PURE__ */ React8.createElement("span", { className: "plp-faint plp-cut", title: at.name }, at.name), /* @__PURE__ */ React8.createElement(
      "div",
      {
        className: "plp-progress",
        role: "progressbar",
        "aria-label": `${at.judged} of ${at.of} judged`,
        "aria-valuemin": 0,
        "aria-valuemax": at.of,
        "aria-valuenow": at.judged,
        title: `${at.judged} of ${at.of} judged, ${at.left} left`
      },
      /* @__PURE__ */ React8.createElement("span", { style: { width: `${done}%` } })
    ), /* @__PURE__ */ React8.createElement(Reviewer, null)), /* @__PURE__ */ React8.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React8.createElement(Step, { review, to: "previous", label: "Previous", shortcut: "," }), /* @__PURE__ */ React8.createElement(Step, { review, to: "next", label: "Next", shortcut: "." }), /* @__PURE__ */ React8.createElement(Steps2, { review })));
  }
  function Step(props) {
    const { review, to, label, shortcut } = props;
    return /* @__PURE__ */ React8.createElement("button", { type: "button", className: "plp-button", onClick: () => review.move(to) }, label, " ", /* @__PURE__ */ React8.createElement(Key, { name: shortcut }));
  }
  function Steps2({ review }) {
    return /* @__PURE__ */ React8.createElement(React8.Fragment, null, /* @__PURE__ */ React8.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        disabled: !review.pair?.can_undo,
        onClick: () => review.undo()
      },
      "Undo ",
      /* @__PURE__ */ React8.createElement(Key, { name: "u" })
    ), review.pair?.can_redo ? /* @__PURE__ */ React8.createElement("button", { type: "button", className: "plp-button", onClick: () => review.undo(true) }, "Redo ", /* @__PURE__ */ React8.createElement(Key, { name: "y" })) : null);
  }
  function Reviewer() {
    const [name, setName] = React8.useState(reviewer() ?? "");
    const keep = () => setReviewer(name.trim() || null);
    return /* @__PURE__ */ React8.createElement("label", { className: "plp-reviewer" }, /* @__PURE__ */ React8.createElement("span", { className: "plp-faint" }, "Reviewer"), /* @__PURE__ */ React8.createElement(
      "input",
      {
        value: name,
        placeholder: "your name",
        onChange: (event) => setName(event.target.value),
        onBlur: keep,
        onKeyDown: (event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }
      }
    ));
  }

  // src/pair/review.ts
  var React9 = __toESM(require_react(), 1);

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
  function remembered(kept, url, load) {
    let one = kept.get(url);
    if (!one) {
      one = load();
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
    return [i - 1, i + 1, i - width, i + width].some((j) => values[j] !== TARGET);
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

  // src/pair/review.ts
  var DONE = {
    keep: "kept",
    drop: "dropped",
    fix: "fixed",
    unsure: "marked unsure"
  };
  function sentence(error) {
    return error instanceof Error ? error.message : String(error);
  }
  function useSession(dataset) {
    const [session, setSession] = React9.useState(() => currentSession(dataset));
    React9.useEffect(() => {
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
    const [pair, setPair] = React9.useState(null);
    const [failure, setFailure] = React9.useState(null);
    const [notice, setNotice] = React9.useState(null);
    const [conflict, setConflict] = React9.useState(null);
    const [busy, setBusy] = React9.useState(false);
    const [asked, setAsked] = React9.useState(0);
    const answered = React9.useRef(/* @__PURE__ */ new Map());
    const changed = useReloadAtEnd();
    React9.useEffect(() => {
      if (open === null) return void 0;
      let wanted = true;
      setConflict(null);
      const known = answered.current.get(open);
      answered.current.clear();
      if (known) {
        setPair(known);
        setFailure(null);
        return void 0;
      }
      setNotice(null);
      fetchPair(open, session).then(
        (found) => {
          if (!wanted) return;
          setPair(found);
          setFailure(null);
        },
        (error) => {
          if (!wanted) return;
          setPair(null);
          setFailure(sentence(error));
        }
      );
      return () => {
        wanted = false;
      };
    }, [open, session, asked]);
    React9.useEffect(() => {
      for (const path of pair?.ahead ?? []) loadImage(mediaUrl(path)).catch(() => void 0);
    }, [pair]);
    const show = (shown) => {
      answered.current.set(shown.sample_id, shown);
      if (shown.sample_id === open) setPair(shown);
      else void openSample(shown.sample_id);
    };
    const act = (work, again) => {
      if (busy) return;
      setBusy(true);
      setNotice(null);
      setConflict(null);
      work().then(setNotice, (error) => {
        if (error instanceof Conflicting) {
          setConflict({ message: error.message, facts: error.facts, again });
        } else {
          setNotice({ tone: "bad", text: sentence(error) });
        }
      }).finally(() => setBusy(false));
    };
    const judge2 = (decision, force = false) => {
      if (!pair || pair.sample_id !== open) return;
      act(
        async () => {
          const answer = await judge(pair, decision, session, force);
          changed.current = true;
          show(answer.pair);
          if (decision.mask_from || decision.use_edit) void runInApp("reload_samples");
          const moved = answer.pair.sample_id !== pair.sample_id;
          return {
            tone: "good",
            text: `${moved ? "The pair before" : "This pair"}: ${DONE[decision.verdict]}.${ended(answer.next)}`
          };
        },
        () => judge2(decision, true)
      );
    };
    const undo2 = (redo = false, force = false) => act(
      async () => {
        const answer = await undo(session, redo, force);
        if (answer.undone.pairs === 0) {
          return { tone: "plain", text: redo ? "Nothing to make again." : "Nothing to take back." };
        }
        if (answer.pair) show(answer.pair);
        void runInApp("reload_samples");
        return { tone: "good", text: redo ? "Made again." : "Taken back." };
      },
      () => undo2(redo, true)
    );
    const move2 = (to, judged = to === "previous") => {
      if (session === null) return;
      act(
        async () => {
          const answer = await move(session, to, judged, pair?.sample_id ?? null);
          if (answer.pair) show(answer.pair);
          return answer.item.end ? { tone: "plain", text: END[to] } : null;
        },
        () => void 0
      );
    };
    const mend = (what) => {
      if (!pair) return;
      act(
        async () => {
          await editMask(pair, what);
          await runInApp("reload_dataset");
          await runInApp("reload_samples");
          setAsked((n) => n + 1);
          return null;
        },
        () => void 0
      );
    };
    return {
      pair,
      ready: !busy && pair !== null && pair.sample_id === open,
      failure,
      notice,
      conflict,
      session,
      judge: judge2,
      move: move2,
      undo: undo2,
      mend,
      open: (id) => void openSample(id),
      enter: (id) => {
        setCurrentSession(dataset, id);
        act(
          async () => {
            const answer = await move(id, "resume", false, null);
            if (answer.pair) show(answer.pair);
            return null;
          },
          () => void 0
        );
      },
      reload: () => {
        setConflict(null);
        setAsked((n) => n + 1);
      }
    };
  }
  var END = {
    next: "There is no further pair in the queue.",
    previous: "This is the first pair of the queue.",
    resume: "All pairs of the queue have a verdict."
  };
  function ended(next) {
    return next?.end ? " That was the last open pair of the queue." : "";
  }
  function useReloadAtEnd() {
    const changed = React9.useRef(false);
    React9.useEffect(
      () => () => {
        if (changed.current) void runInApp("reload_samples");
      },
      []
    );
    return changed;
  }

  // src/pair/Shown.tsx
  var React19 = __toESM(require_react(), 1);

  // src/pair/Compare.tsx
  var React11 = __toESM(require_react(), 1);

  // src/pair/Picture.tsx
  var React10 = __toESM(require_react(), 1);
  function useLoaded(url, load) {
    const [state, setState] = React10.useState({
      url: null,
      value: null,
      bad: false
    });
    React10.useEffect(() => {
      let wanted = true;
      if (url !== null) {
        load(url).then(
          (value) => wanted && setState({ url, value, bad: false }),
          () => wanted && setState({ url, value: null, bad: true })
        );
      }
      return () => {
        wanted = false;
      };
    }, [url, load]);
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
    const stretched = {
      width: `${100 / part.w}%`,
      height: `${100 / part.h}%`,
      left: `${-100 * part.x / part.w}%`,
      top: `${-100 * part.y / part.h}%`
    };
    return /* @__PURE__ */ React10.createElement(
      "div",
      {
        className: "plp-picture",
        role: "img",
        "aria-label": label,
        style: { aspectRatio: `${width * part.w} / ${height * part.h}` }
      },
      /* @__PURE__ */ React10.createElement("div", { className: "plp-stretched", style: stretched }, badImage ? /* @__PURE__ */ React10.createElement("p", { className: "plp-missing" }, "The image cannot be shown.") : /* @__PURE__ */ React10.createElement("img", { src: url, alt: "", draggable: false }), /* @__PURE__ */ React10.createElement(MaskCanvas, { mask, truth }), /* @__PURE__ */ React10.createElement(Evidence, { shapes, width, height }))
    );
  }
  function MaskCanvas(props) {
    const canvas = React10.useRef(null);
    const compared = props.mask?.role === "prediction" ? props.truth : null;
    const [pixels, bad] = useMask(props.mask);
    const [truth] = useMask(compared);
    const role = props.mask?.role === "prediction" ? "prediction" : "truth";
    React10.useEffect(() => {
      if (canvas.current && pixels) paint(canvas.current, pixels, role, truth);
    }, [pixels, truth, role]);
    return /* @__PURE__ */ React10.createElement(React10.Fragment, null, /* @__PURE__ */ React10.createElement(
      "canvas",
      {
        ref: canvas,
        "data-painted": pixels !== null,
        "data-field": props.mask?.field,
        style: { visibility: pixels ? "visible" : "hidden" }
      }
    ), bad ? /* @__PURE__ */ React10.createElement("p", { className: "plp-missing" }, "The mask cannot be shown.") : null);
  }
  function Evidence(props) {
    const { shapes, width, height } = props;
    return /* @__PURE__ */ React10.createElement("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, shapes.map((shape, index) => /* @__PURE__ */ React10.createElement(Drawn, { key: index, shape, width, height })));
  }
  function Drawn(props) {
    const { shape, width, height } = props;
    const id = React10.useId().replaceAll(":", "");
    const className = `plp-shape plp-${shape.role}`;
    if (shape.type === "point") {
      return /* @__PURE__ */ React10.createElement(Cross, { className, x: shape.x * width, y: shape.y * height, size: width / 40 });
    }
    const box = {
      x: shape.x * width,
      y: shape.y * height,
      width: shape.w * width,
      height: shape.h * height
    };
    if (!shape.soft) return /* @__PURE__ */ React10.createElement("rect", { className, ...box });
    return /* @__PURE__ */ React10.createElement("g", { className }, /* @__PURE__ */ React10.createElement("filter", { id, filterUnits: "userSpaceOnUse", x: 0, y: 0, width, height }, /* @__PURE__ */ React10.createElement("feGaussianBlur", { stdDeviation: `${shape.soft * width / 2} ${shape.soft * height / 2}` })), /* @__PURE__ */ React10.createElement("rect", { className: "plp-soft", filter: `url(#${id})`, ...box }), /* @__PURE__ */ React10.createElement("rect", { ...box }));
  }
  function Cross(props) {
    const { className, x, y, size } = props;
    return /* @__PURE__ */ React10.createElement("g", { className }, /* @__PURE__ */ React10.createElement("circle", { cx: x, cy: y, r: size / 2 }), /* @__PURE__ */ React10.createElement("path", { d: `M${x - size} ${y}H${x + size}M${x} ${y - size}V${y + size}` }));
  }
  var ROLES = [
    ["named_region", "where the query says"],
    ["mask_box", "the mask's box"],
    ["mask_center", "its centre"],
    ["leaked_box", "box in the query"],
    ["leaked_point", "point in the query"]
  ];
  function ShapeLegend({ shapes }) {
    const there = ROLES.filter(([role]) => shapes.some((shape) => shape.role === role));
    return /* @__PURE__ */ React10.createElement("span", { className: "plp-legend" }, there.map(([role, meaning]) => /* @__PURE__ */ React10.createElement("span", { key: role }, /* @__PURE__ */ React10.createElement("i", { className: `plp-line plp-${role}` }), " ", meaning)));
  }

  // src/pair/Compare.tsx
  function Compare({ pair, chosen, ready, onChoose, onUse }) {
    const truth = pair.masks.find((mask) => mask.role === "truth") ?? null;
    return /* @__PURE__ */ React11.createElement("section", { "aria-label": "Masks" }, /* @__PURE__ */ React11.createElement("h3", null, "Masks"), /* @__PURE__ */ React11.createElement("ul", { className: "plp-masks" }, pair.masks.map((mask) => /* @__PURE__ */ React11.createElement("li", { key: mask.field + mask.role, "data-field": mask.field }, /* @__PURE__ */ React11.createElement(
      "button",
      {
        type: "button",
        className: "plp-tile",
        "aria-pressed": mask === chosen,
        onClick: () => onChoose(mask)
      },
      /* @__PURE__ */ React11.createElement(
        Picture,
        {
          pair,
          mask,
          truth,
          shapes: [],
          label: `${mask.label} on the image`
        }
      ),
      /* @__PURE__ */ React11.createElement("span", { className: "plp-tile-text" }, /* @__PURE__ */ React11.createElement("span", { className: "plp-cut", title: mask.label }, mask.label), /* @__PURE__ */ React11.createElement("strong", null, about(mask)))
    ), mask.role === "prediction" ? /* @__PURE__ */ React11.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        disabled: !ready || !mask.usable,
        onClick: () => onUse(mask)
      },
      "Use as the mask"
    ) : null))), pair.masks.some((mask) => mask.role === "prediction") ? /* @__PURE__ */ React11.createElement(Legend, null) : null);
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
    return /* @__PURE__ */ React11.createElement("p", { className: "plp-legend" }, meanings.map(([color, meaning]) => /* @__PURE__ */ React11.createElement("span", { key: meaning }, /* @__PURE__ */ React11.createElement("i", { style: { background: color } }), " ", meaning)));
  }

  // src/pair/Decide.tsx
  var React12 = __toESM(require_react(), 1);
  var VERDICTS = [
    { verdict: "keep", label: "Keep", key: "1" },
    { verdict: "drop", label: "Drop", key: "2" },
    { verdict: "fix", label: "Fix", key: "3" },
    { verdict: "unsure", label: "Unsure", key: "4" }
  ];
  function Decide(props) {
    const { pair, ready, note, noteRef, notice, conflict } = props;
    return /* @__PURE__ */ React12.createElement("section", { className: "plp-decide", "aria-label": "Verdict" }, conflict ? /* @__PURE__ */ React12.createElement(ConflictBox, { conflict, onReload: props.onReload }) : null, /* @__PURE__ */ React12.createElement("div", { className: "plp-verdicts", role: "group", "aria-label": "Verdict" }, VERDICTS.map(({ verdict, label, key }) => /* @__PURE__ */ React12.createElement(
      "button",
      {
        key: verdict,
        type: "button",
        className: `plp-verdict plp-${verdict}`,
        "aria-pressed": pair.review.verdict === verdict,
        "aria-keyshortcuts": key,
        disabled: !ready,
        onClick: () => props.onVerdict(verdict)
      },
      label,
      " ",
      /* @__PURE__ */ React12.createElement(Key, { name: key })
    ))), /* @__PURE__ */ React12.createElement(
      "textarea",
      {
        ref: noteRef,
        className: "plp-input",
        rows: 1,
        "aria-label": "Note",
        placeholder: "Note: why (n)",
        value: note,
        maxLength: 1e4,
        onChange: (event) => props.onNote(event.target.value),
        onKeyDown: leave
      }
    ), /* @__PURE__ */ React12.createElement("p", { className: "plp-status" }, /* @__PURE__ */ React12.createElement("span", { role: "status", className: notice ? `plp-${notice.tone}` : void 0 }, notice?.text), /* @__PURE__ */ React12.createElement(Standing, { pair })));
  }
  function leave(event) {
    if (event.key === "Escape" || event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.currentTarget.blur();
    }
  }
  function Standing({ pair }) {
    const { verdict, reviewer: reviewer2, reviewed_at } = pair.review;
    if (verdict === null) return /* @__PURE__ */ React12.createElement("span", { className: "plp-faint" }, "No verdict yet.");
    return /* @__PURE__ */ React12.createElement("span", { className: "plp-faint", "data-testid": "standing" }, verdict, reviewer2 ? ` by ${reviewer2}` : "", reviewed_at ? `, ${when(reviewed_at)}` : "");
  }
  function when(time) {
    const date = new Date(time);
    return Number.isNaN(date.getTime()) ? "" : date.toLocaleString();
  }
  function ConflictBox(props) {
    const { message, facts, again } = props.conflict;
    return /* @__PURE__ */ React12.createElement("div", { className: "plp-conflict", role: "alert" }, /* @__PURE__ */ React12.createElement("strong", null, facts.reviewer ? decided(facts) : message), facts.note ? /* @__PURE__ */ React12.createElement("span", null, "Note: ", facts.note) : null, /* @__PURE__ */ React12.createElement("span", { className: "plp-faint" }, facts.mask_changed ? "The mask is another one now. " : "", "Your verdict was not written."), /* @__PURE__ */ React12.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React12.createElement("button", { type: "button", className: "plp-button", onClick: props.onReload }, "Leave theirs"), /* @__PURE__ */ React12.createElement("button", { type: "button", className: "plp-button plp-danger", onClick: again }, "Write mine over it")));
  }
  function decided(facts) {
    const time = facts.reviewed_at ? when(facts.reviewed_at) : "";
    return `${facts.reviewer} decided ${facts.verdict ?? "nothing"} meanwhile${time ? `, ${time}` : ""}.`;
  }

  // src/pair/Findings.tsx
  var React13 = __toESM(require_react(), 1);
  function Findings2({ findings, active, onHold }) {
    return /* @__PURE__ */ React13.createElement("section", { "aria-label": "Findings" }, /* @__PURE__ */ React13.createElement("h3", null, findings.length === 0 ? "No findings" : `Findings (${findings.length})`), /* @__PURE__ */ React13.createElement("ul", { className: "plp-findings" }, findings.map((finding, index) => /* @__PURE__ */ React13.createElement("li", { key: index }, /* @__PURE__ */ React13.createElement(
      "button",
      {
        type: "button",
        className: `plp-finding plp-${finding.severity}`,
        "aria-pressed": finding === active,
        title: finding.about,
        onClick: () => onHold(finding === active ? null : finding)
      },
      /* @__PURE__ */ React13.createElement("span", { className: "plp-finding-head" }, /* @__PURE__ */ React13.createElement("span", { className: "plp-severity" }, finding.severity), /* @__PURE__ */ React13.createElement("span", { className: "plp-check" }, finding.check.replaceAll("_", " ")), finding.score === null ? null : /* @__PURE__ */ React13.createElement("span", { className: "plp-faint" }, "score ", finding.score.toFixed(2))),
      /* @__PURE__ */ React13.createElement("span", { className: "plp-note" }, finding.note)
    )))));
  }

  // src/pair/History.tsx
  var React14 = __toESM(require_react(), 1);
  function History({ history }) {
    if (history.length === 0) return null;
    return /* @__PURE__ */ React14.createElement("details", { className: "plp-history" }, /* @__PURE__ */ React14.createElement("summary", null, "History (", history.length, ")"), /* @__PURE__ */ React14.createElement("ol", null, history.map((event, index) => /* @__PURE__ */ React14.createElement("li", { key: index }, /* @__PURE__ */ React14.createElement("strong", null, told(event)), " ", /* @__PURE__ */ React14.createElement("span", { className: "plp-faint" }, event.reviewer ?? "unknown", ", ", when(event.time), event.session ? `, ${event.session}` : "")))));
  }
  function told(event) {
    const verdicts = `${event.was ?? "pending"} \u2192 ${event.verdict ?? "pending"}`;
    const more = [
      event.kind === "set" ? "" : event.kind,
      event.phrase_changed ? "query edited" : "",
      event.mask_changed ? "mask changed" : ""
    ].filter(Boolean);
    return [verdicts, ...more].join(", ");
  }

  // src/pair/Mend.tsx
  var React15 = __toESM(require_react(), 1);
  var SAMPLE_PANEL = "fo-sample-modal-plugin";
  var EDITABLE_MASK = "segmentation_edit";
  function Mend({ pair, ready, onMake, onTake, onClear }) {
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
      return /* @__PURE__ */ React15.createElement("section", { className: "plp-unmended", "aria-label": "Mend the mask" }, /* @__PURE__ */ React15.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React15.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: onMake }, "Mend the mask ", /* @__PURE__ */ React15.createElement("kbd", { "aria-hidden": "true" }, "m")), pair.review.mask_edited ? /* @__PURE__ */ React15.createElement("span", { className: "plp-small" }, /* @__PURE__ */ React15.createElement("span", { className: "plp-tag" }, "mended"), " the original is kept") : null));
    }
    return /* @__PURE__ */ React15.createElement("section", { className: "plp-mend", "aria-label": "Mend the mask" }, /* @__PURE__ */ React15.createElement("h3", null, "Mending the mask"), /* @__PURE__ */ React15.createElement("ol", null, /* @__PURE__ */ React15.createElement("li", null, /* @__PURE__ */ React15.createElement("button", { type: "button", className: "plp-button", onClick: () => void annotate() }, "Open the annotation mode")), /* @__PURE__ */ React15.createElement("li", null, "Click ", /* @__PURE__ */ React15.createElement("em", null, "target"), " in the sidebar and paint with brush (b) or pen (p); e erases. FiftyOne saves by itself. Where it lists no label, tick ", /* @__PURE__ */ React15.createElement("code", null, EDITABLE_MASK), " ", "under Explore first."), /* @__PURE__ */ React15.createElement("li", null, "Come back to this tab (Explore, then Pair) and take the mask over.")), /* @__PURE__ */ React15.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React15.createElement(
      "button",
      {
        type: "button",
        className: "plp-button plp-primary",
        disabled: !ready,
        onClick: onTake
      },
      "Take the mended mask"
    ), /* @__PURE__ */ React15.createElement("button", { type: "button", className: "plp-button", disabled: !ready, onClick: onClear }, "Throw it away")));
  }

  // src/pair/PhraseEditor.tsx
  var React16 = __toESM(require_react(), 1);
  function PhraseEditor({ pair, ready, onSave, onLeave }) {
    const [phrase, setPhrase] = React16.useState(pair.phrase);
    const box = React16.useRef(null);
    React16.useEffect(() => {
      box.current?.focus();
      box.current?.select();
    }, []);
    const changed = phrase.trim() !== "" && phrase.trim() !== pair.phrase;
    const save = () => {
      if (!ready || !changed) return;
      onSave(phrase.trim());
      onLeave();
    };
    const pressed = (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Enter") save();
      else onLeave();
    };
    return /* @__PURE__ */ React16.createElement("div", { className: "plp-editor" }, /* @__PURE__ */ React16.createElement(
      "textarea",
      {
        ref: box,
        className: "plp-input plp-phrase",
        "aria-label": "Query",
        rows: 2,
        maxLength: 1e4,
        value: phrase,
        onChange: (event) => setPhrase(event.target.value.replace(/[\r\n]+/g, " ")),
        onKeyDown: pressed
      }
    ), /* @__PURE__ */ React16.createElement("div", { className: "plp-row" }, /* @__PURE__ */ React16.createElement(
      "button",
      {
        type: "button",
        className: "plp-button plp-primary",
        disabled: !ready || !changed,
        onClick: save
      },
      "Save as fix ",
      /* @__PURE__ */ React16.createElement("kbd", { "aria-hidden": "true" }, "Enter")
    ), pair.original_phrase !== null ? /* @__PURE__ */ React16.createElement(
      "button",
      {
        type: "button",
        className: "plp-button",
        onClick: () => setPhrase(pair.original_phrase ?? "")
      },
      "As published"
    ) : null, /* @__PURE__ */ React16.createElement("button", { type: "button", className: "plp-button", onClick: onLeave }, "Leave it ", /* @__PURE__ */ React16.createElement("kbd", { "aria-hidden": "true" }, "Esc"))));
  }

  // src/pair/Query.tsx
  var React17 = __toESM(require_react(), 1);
  function parts(phrase, words) {
    const cut = [];
    let at = 0;
    words.forEach((word, index) => {
      if (word.start < at || word.end <= word.start || word.end > phrase.length) return;
      if (word.start > at) cut.push({ text: phrase.slice(at, word.start), word: null });
      cut.push({ text: phrase.slice(word.start, word.end), word: index });
      at = word.end;
    });
    if (at < phrase.length) cut.push({ text: phrase.slice(at), word: null });
    return cut;
  }
  function severityOf(word, findings) {
    const order = ["error", "warning", "info"];
    const found = findings.filter((f) => f.words.includes(word)).map((f) => f.severity);
    return order.find((s) => found.includes(s)) ?? null;
  }
  function Query({ pair, active }) {
    return /* @__PURE__ */ React17.createElement("div", { className: "plp-query" }, /* @__PURE__ */ React17.createElement("p", { className: "plp-phrase", "data-testid": "phrase" }, pair.phrase === "" ? /* @__PURE__ */ React17.createElement("span", { className: "plp-faint" }, "(an empty query)") : null, parts(pair.phrase, pair.words).map((part, index) => /* @__PURE__ */ React17.createElement(Marked, { key: index, part, pair, active }))), pair.original_phrase !== null ? /* @__PURE__ */ React17.createElement("p", { className: "plp-small" }, /* @__PURE__ */ React17.createElement("span", { className: "plp-tag" }, "edited"), " ", /* @__PURE__ */ React17.createElement("span", { className: "plp-faint" }, "was:"), " ", /* @__PURE__ */ React17.createElement("span", { "data-testid": "original-phrase" }, pair.original_phrase)) : null, pair.no_target ? /* @__PURE__ */ React17.createElement("p", { className: "plp-small plp-faint" }, "Declared to have no target: the right mask is empty.") : null);
  }
  function Marked(props) {
    const { part, pair, active } = props;
    const severity = part.word === null ? null : severityOf(part.word, pair.findings);
    if (part.word === null || severity === null) return /* @__PURE__ */ React17.createElement(React17.Fragment, null, part.text);
    const checks = pair.words[part.word]?.checks.join(", ");
    const dimmed = active !== null && !active.words.includes(part.word);
    return /* @__PURE__ */ React17.createElement("mark", { className: `plp-mark plp-${severity}${dimmed ? " plp-dimmed" : ""}`, title: checks }, part.text);
  }

  // src/pair/Siblings.tsx
  var React18 = __toESM(require_react(), 1);
  function Siblings({ siblings, onOpen }) {
    if (siblings.length < 2) return null;
    return /* @__PURE__ */ React18.createElement("section", { "aria-label": "Queries of this image" }, /* @__PURE__ */ React18.createElement("h3", null, "Queries of this image (", siblings.length, ")"), /* @__PURE__ */ React18.createElement("ul", { className: "plp-siblings" }, siblings.map((one) => /* @__PURE__ */ React18.createElement("li", { key: one.sample_id }, /* @__PURE__ */ React18.createElement(
      "button",
      {
        type: "button",
        className: "plp-sibling",
        "aria-current": one.current,
        onClick: () => onOpen(one.sample_id)
      },
      /* @__PURE__ */ React18.createElement("span", { className: "plp-sibling-phrase" }, one.phrase || "(an empty query)"),
      /* @__PURE__ */ React18.createElement("span", { className: "plp-faint" }, one.findings ? `${one.findings} finding${one.findings === 1 ? "" : "s"}` : ""),
      one.verdict ? /* @__PURE__ */ React18.createElement("span", { className: `plp-chip plp-${one.verdict}` }, one.verdict) : null
    )))));
  }

  // src/pair/zoom.ts
  var MARGIN = 0.75;
  var SMALLEST = 0.12;
  function around(shapes) {
    const box = shapes.find((shape) => shape.role === "mask_box");
    if (!box || box.type !== "rect") return null;
    const side = Math.min(1, Math.max(SMALLEST, (1 + 2 * MARGIN) * Math.max(box.w, box.h)));
    const within = (center) => Math.min(1 - side, Math.max(0, center - side / 2));
    return { x: within(box.x + box.w / 2), y: within(box.y + box.h / 2), w: side, h: side };
  }

  // src/pair/Shown.tsx
  function Shown2({ pair, review }) {
    const [note, setNote] = React19.useState(pair.review.note ?? "");
    const [editing, setEditing] = React19.useState(false);
    const [active, setActive] = React19.useState(null);
    const [chosen, setChosen] = React19.useState(null);
    const [bare, setBare] = React19.useState(false);
    const [close, setClose] = React19.useState(false);
    const noteBox = React19.useRef(null);
    const truth = pair.masks.find((mask2) => mask2.role === "truth") ?? null;
    const mask = pair.masks.find((one) => one.field + one.role === chosen) ?? truth;
    const zoom = close ? around(pair.shapes) : null;
    const shapes = bare ? [] : drawn(pair, active);
    const decide = (verdict, more = {}) => review.judge({ verdict, note: note.trim(), ...more });
    useKeys({
      ...Object.fromEntries(VERDICTS.map(({ verdict, key }) => [key, () => decide(verdict)])),
      e: () => setEditing(true),
      n: () => noteBox.current?.focus(),
      o: () => setBare((is) => !is),
      w: () => setClose((is) => !is),
      m: () => review.mend("make")
    });
    return /* @__PURE__ */ React19.createElement("main", { className: "plp-pair", "data-sample": pair.sample_id, "data-ready": review.ready }, /* @__PURE__ */ React19.createElement("div", { className: "plp-top" }, editing ? /* @__PURE__ */ React19.createElement(
      PhraseEditor,
      {
        pair,
        ready: review.ready,
        onSave: (phrase) => decide("fix", { phrase }),
        onLeave: () => setEditing(false)
      }
    ) : /* @__PURE__ */ React19.createElement("div", { className: "plp-row plp-spread" }, /* @__PURE__ */ React19.createElement(Query, { pair, active }), /* @__PURE__ */ React19.createElement("button", { type: "button", className: "plp-button", onClick: () => setEditing(true) }, "Edit ", /* @__PURE__ */ React19.createElement("kbd", { "aria-hidden": "true" }, "e")))), /* @__PURE__ */ React19.createElement("div", { className: "plp-columns" }, /* @__PURE__ */ React19.createElement("div", { className: "plp-column" }, /* @__PURE__ */ React19.createElement(
      Picture,
      {
        pair,
        mask: bare ? null : mask,
        truth,
        shapes,
        zoom,
        label: `The image, with ${mask?.label ?? "no mask"} and the evidence drawn over it`
      }
    ), /* @__PURE__ */ React19.createElement("div", { className: "plp-row plp-tools" }, /* @__PURE__ */ React19.createElement(Toggle, { on: !bare, label: "Overlays", shortcut: "o", flip: () => setBare(!bare) }), /* @__PURE__ */ React19.createElement(Toggle, { on: close, label: "Close up", shortcut: "w", flip: () => setClose(!close) }), /* @__PURE__ */ React19.createElement(ShapeLegend, { shapes })), /* @__PURE__ */ React19.createElement("p", { className: "plp-faint plp-cut plp-key", title: pair.key }, pair.key)), /* @__PURE__ */ React19.createElement("div", { className: "plp-column" }, /* @__PURE__ */ React19.createElement(Findings2, { findings: pair.findings, active, onHold: setActive }), /* @__PURE__ */ React19.createElement(
      Compare,
      {
        pair,
        chosen: mask,
        ready: review.ready,
        onChoose: (one) => setChosen(one.field + one.role),
        onUse: (one) => decide("fix", { mask_from: one.field })
      }
    ), /* @__PURE__ */ React19.createElement(
      Mend,
      {
        pair,
        ready: review.ready,
        onMake: () => review.mend("make"),
        onTake: () => decide("fix", { use_edit: true }),
        onClear: () => review.mend("clear")
      }
    ), /* @__PURE__ */ React19.createElement(Siblings, { siblings: pair.siblings, onOpen: review.open }), /* @__PURE__ */ React19.createElement(History, { history: pair.history }), /* @__PURE__ */ React19.createElement(Shortcuts, null))), /* @__PURE__ */ React19.createElement(
      Decide,
      {
        pair,
        ready: review.ready,
        note,
        noteRef: noteBox,
        notice: review.notice,
        conflict: review.conflict,
        onNote: setNote,
        onVerdict: (verdict) => decide(verdict),
        onReload: review.reload
      }
    ));
  }
  function drawn(pair, active) {
    if (active) return [...pair.shapes, ...active.evidence];
    const seen = /* @__PURE__ */ new Set();
    const all = [...pair.shapes, ...pair.findings.flatMap((finding) => finding.evidence)];
    return all.filter((shape) => {
      const text = JSON.stringify(shape);
      return !seen.has(text) && seen.add(text);
    });
  }
  function Toggle(props) {
    return /* @__PURE__ */ React19.createElement("button", { type: "button", className: "plp-button", "aria-pressed": props.on, onClick: props.flip }, props.label, " ", /* @__PURE__ */ React19.createElement("kbd", { "aria-hidden": "true" }, props.shortcut));
  }

  // src/pair/style.ts
  var React20 = __toESM(require_react(), 1);
  var ID = "pairlens-pair-style";
  var CSS = `
.plp-root {
  --plp-error: #e5484d; --plp-warning: #f0a020; --plp-info: #4c9be8;
  --plp-keep: #2f9e63; --plp-drop: #d6455d; --plp-fix: #3b82f6; --plp-unsure: #a070d0;
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
.plp-root :focus-visible { outline: 2px solid var(--plp-accent); outline-offset: 2px; }
.plp-button[aria-pressed="true"] { border-color: var(--plp-accent); }
.plp-primary { border-color: var(--plp-fix); background: var(--plp-fix); color: #fff; }
.plp-primary kbd { color: #fff; border-color: rgba(255,255,255,.5); }
.plp-danger { border-color: var(--plp-drop); color: var(--plp-drop); }

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
@container pair (min-width: 760px) {
  .plp-columns { grid-template-columns: minmax(0, 1.15fr) minmax(300px, 1fr); }
  .plp-column > .plp-picture { max-height: 60vh; align-self: center; max-width: 100%; }
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
.plp-severity { color: color-mix(in srgb, var(--plp-tone) 75%, var(--plp-text)); font-weight: 700; text-transform: uppercase;
  font-size: 11px; letter-spacing: .04em; }
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
.plp-chip { font-size: 11px; color: var(--plp-tone); font-weight: 600; }
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
.plp-verdicts { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 8px; }
.plp-verdict { padding: 9px 6px; font-weight: 600; text-align: center;
  border-color: var(--plp-tone);
  background: color-mix(in srgb, var(--plp-tone) 16%, transparent); }
.plp-verdict:hover:not(:disabled) { background: color-mix(in srgb, var(--plp-tone) 32%, transparent); }
.plp-verdict[aria-pressed="true"] { background: var(--plp-tone); color: #fff; }
.plp-verdict[aria-pressed="true"] kbd { color: #fff; border-color: rgba(255,255,255,.5); }
.plp-status { display: flex; flex-wrap: wrap; min-height: 1.45em; font-size: 13px; overflow-wrap: anywhere; }
@container pair (min-width: 760px) {
  .plp-decide { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(300px, 1fr);
    gap: 8px 18px; }
  .plp-decide > .plp-conflict, .plp-decide > .plp-status { grid-column: 1 / -1; }
}
.plp-status > :first-child:not(:empty) { margin-right: 12px; }
.plp-good { color: var(--plp-keep); } .plp-bad, .plp-failure { color: var(--plp-error); }
.plp-conflict { display: flex; flex-direction: column; gap: 6px; padding: 10px 12px;
  border: 1px solid var(--plp-warning); border-radius: 8px; overflow-wrap: anywhere;
  background: color-mix(in srgb, var(--plp-warning) 12%, transparent); }
.plp-keys dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr));
  gap: 4px 14px; margin: 8px 0; }
.plp-keys dl div { display: flex; gap: 8px; align-items: baseline; }
.plp-keys dd { margin: 0; font-size: 13px; }
`;
  function useStyle() {
    React20.useLayoutEffect(() => {
      if (document.getElementById(ID)) return;
      const sheet = document.createElement("style");
      sheet.id = ID;
      sheet.textContent = CSS;
      document.head.append(sheet);
    }, []);
  }

  // src/pair/index.tsx
  function PairPanel() {
    useStyle();
    const review = useReview();
    useKeys({
      u: () => review.undo(),
      y: () => review.undo(true),
      ",": () => review.move("previous"),
      ".": () => review.move("next"),
      Escape: closeWhereFiftyOneDoesNot
    });
    return /* @__PURE__ */ React21.createElement("div", { className: "plp-root", "data-testid": "pair-panel", onKeyDown: keepToItself }, /* @__PURE__ */ React21.createElement(Header, { review }), review.failure !== null ? /* @__PURE__ */ React21.createElement("p", { className: "plp-failure", role: "alert" }, review.failure) : null, review.pair ? /* @__PURE__ */ React21.createElement(Shown2, { key: review.pair.sample_id, pair: review.pair, review }) : null);
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
  register("PairLensPair", PairPanel);
  register("PairLensCuration", CurationPanel);
})();
