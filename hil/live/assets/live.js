// The live page: takes updates from the server and shows them. All text of the run goes into textContent.
"use strict";

const MOST_LINES = 200;
const NEWS_OLD_S = 10;
const SERVER_SILENT_MS = 7000;
const DRAW_EVERY_MS = 250;

const element = (id) => document.getElementById(id);
const say = (id, text) => { const node = element(id); if (node.textContent !== text) node.textContent = text; };
const fixed = (value, digits, unit) => `${(Object.is(value, -0) || Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits)} ${unit}`;
const clockTime = () => new Date().toLocaleTimeString();

let headline = {};
let benches = new Map();
let plots = new Map();
let rows = new Map();
let chosen = null;
let anew = true;
let lastWord = Date.now();
let lostSince = null;
let newsAge = 0;

// --- updates ---------------------------------------------------------------------------------------------------

function forget() {
  headline = {};
  benches = new Map();
  plots = new Map();
  rows = new Map();
  element("rows").replaceChildren();
  element("log").replaceChildren();
}

let generation = 0;

function take(update) {
  if (anew || update.generation !== generation) forget();
  anew = false;
  generation = update.generation;
  newsAge = update.news_age_s || 0;
  if (update.headline) headline = update.headline;
  for (const bench of update.benches || []) benches.set(bench.bench, bench);
  for (const row of update.rows || []) takeRow(row);
  for (const [number, plot] of Object.entries(update.plots || {})) takePlot(Number(number), plot);
  takeLog(update.log || []);
  if (!benches.has(chosen)) chosen = benches.size ? Math.min(...benches.keys()) : null;
  for (const bench of benches.values()) if (bench.question && !benches.get(chosen)?.question) chosen = bench.bench;
  showBenches();
  showBench(benches.get(chosen));
  showHeadline();
}

function takeRow(row) {
  let entry = rows.get(row.number);
  if (!entry) {
    const line = document.createElement("tr");
    for (let cell = 0; cell < 3; cell += 1) line.append(document.createElement("td"));
    line.cells[1].append(document.createElement("span"), document.createElement("small"));
    line.cells[2].className = "verdict";
    line.dataset.number = row.number;
    entry = { line };
    rows.set(row.number, entry);
    let after = element("rows").lastElementChild; // they come in their order, as a rule
    while (after && Number(after.dataset.number) > row.number) after = after.previousElementSibling;
    if (after) after.after(line);
    else element("rows").prepend(line);
  }
  const { line } = entry;
  entry.name = row.name;
  line.dataset.verdict = row.verdict;
  line.classList.toggle("running", row.bench > 0);
  line.cells[0].textContent = row.number;
  line.cells[1].firstChild.textContent = row.name;
  line.cells[1].lastChild.textContent = [row.feature + (row.line ? `:${row.line}` : ""), row.reason].filter(Boolean).join(" · ");
  line.cells[2].textContent = row.verdict ? `${row.mark} ${row.verdict}` : row.bench ? `running${benches.size > 1 ? ` on bench ${row.bench}` : ""}` : "waiting";
}

function takePlot(number, update) {
  const plot = plots.get(number);
  if (update.anew || !plot) plots.set(number, update.points);
  else plot.push(...update.points);
}

function takeLog(lines) {
  const log = element("log");
  for (const { scenario, t, source, text, kind } of lines.slice(-MOST_LINES)) {
    const entry = document.createElement("li");
    const at = document.createElement("span");
    const what = document.createElement("span");
    at.className = "at";
    at.textContent = `${scenario} · ${t.toFixed(3)} s · ${source} `;
    what.className = `what kind-${kind}`;
    what.textContent = text;
    entry.append(at, what);
    log.prepend(entry);
  }
  while (log.children.length > MOST_LINES) log.lastChild.remove();
}

// --- what is shown ---------------------------------------------------------------------------------------------

function showHeadline() {
  say("run", headline.run || "");
  const kind = headline.virtual ? "virtual rig" : "rig";
  say("facts", headline.run ? [`${kind} ${headline.rig}`, `seed ${headline.seed}`, headline.started && `began ${headline.started}`].filter(Boolean).join(" · ") : "");
  const counts = Object.entries(headline.counts || {});
  const over = counts.reduce((sum, [, count]) => sum + count, 0);
  say("counts", headline.run ? [`${over} of ${headline.scenarios} have ended`, ...counts.map(([verdict, count]) => `${count} ${verdict}`)].join(" · ") : "");
  const words = {
    running: "The run is under way.",
    ended: `The run has ended: ${headline.verdict}.`,
    "broken off": "The run has broken off: its process is gone, and it was not finished. What was recorded until then is in its folder.",
  };
  const state = element("state");
  state.classList.toggle("bad", lostSince !== null || headline.state === "broken off");
  say("state", lostSince !== null ? `Connection to the page's server lost since ${lostSince}. Trying again …`
    : words[headline.state] || "No run yet. The page shows the next one when it begins.");
  element("news").hidden = !(headline.state === "running" && newsAge > NEWS_OLD_S && lostSince === null);
  say("news", `No news of the run for ${Math.round(newsAge)} s.`);
  element("report").hidden = !headline.report;
  const asked = [...benches.values()].some((bench) => bench.question);
  document.title = `${asked ? "❓ " : ""}${over}/${headline.scenarios || 0} ${headline.verdict || headline.state || "no run"} – hil`;
}

function showBenches() {
  const nav = element("benches");
  nav.hidden = benches.size < 2;
  const numbers = [...benches.keys()].sort((a, b) => a - b);
  if (nav.children.length !== numbers.length) {
    nav.replaceChildren(...numbers.map((number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `Bench ${number}`;
      button.addEventListener("click", () => { chosen = number; showBenches(); showBench(benches.get(number)); });
      return button;
    }));
  }
  numbers.forEach((number, index) => nav.children[index].setAttribute("aria-pressed", String(number === chosen)));
}

function showBench(bench) {
  const idle = !bench || !bench.scenario || headline.state === "ended";
  say("scenario", idle ? "No scenario is on the bench." : `${bench.scenario}. ${bench.name || rows.get(bench.scenario)?.name || ""}`);
  const lasted = idle || bench.since === null ? "" : ` (${fixed(bench.now - bench.since, 1, "s")})`;
  say("step", idle ? "" : bench.step ? bench.step + lasted : "");
  const left = !idle && bench.until !== null ? `, at most ${fixed(Math.max(0, bench.until - bench.now), 0, "s")} more` : "";
  const seen = !idle && bench.last_seen ? ` Last seen: ${bench.last_seen}.` : "";
  say("awaited", !idle && bench.awaited ? `Waits for ${bench.awaited}${left}.${seen}` : "");
  const figures = { time: ["now", 1, "s"], power: ["power_W", 1, "W"], voltage: ["voltage_V", 1, "V"], credit: ["credit_Wh", 2, "Wh"], energy: ["energy_Wh", 2, "Wh"] };
  for (const [id, [key, digits, unit]] of Object.entries(figures)) say(id, bench ? fixed(bench[key], digits, unit) : "–");
  showRig(bench, idle);
  showQuestion(idle ? null : bench);
  drawSoon();
}

function showRig(bench, idle) {
  const words = [];
  for (const name of ["K1", "K2", "K3", "K4"]) {
    const closed = Boolean(bench && bench.relays[name]);
    const relay = element(name);
    relay.dataset.closed = String(closed);
    relay.querySelector(".word").textContent = closed ? "closed" : "open";
    words.push(`${name} is ${closed ? "closed" : "open"}`);
  }
  element("rig").dataset.flow = String(Boolean(bench && !idle && bench.power_W > 1));
  say("rig-power", bench ? fixed(bench.power_W, 0, "W") : "–");
  say("rig-link", bench && bench.link ? bench.link : "link");
  say("ledger", [bench?.contact && `Contact: ${bench.contact}.`, bench?.ledger && `Ledger: ${bench.ledger}.`].filter(Boolean).join(" "));
  say("rig-words", bench ? `${words.join(", ")}; the meter shows ${fixed(bench.power_W, 0, "W")}` : "");
}

// --- the question ----------------------------------------------------------------------------------------------

let token = null;

function showQuestion(bench) {
  const question = bench ? bench.question : null;
  element("question").hidden = !question;
  if (!question) { token = null; return; }
  if (question.token !== token) {
    token = question.token;
    element("remark").value = "";
    say("answered", "");
  }
  say("question-text", question.text);
  say("question-left", `${fixed(Math.max(0, question.until - bench.now), 0, "s")} are left for the answer.`);
}

element("answer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const document_ = { token, answer: event.submitter ? event.submitter.value : "", remark: element("remark").value, who: element("who").value };
  if (!document_.answer) return;
  try {
    const reply = await fetch("answer", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(document_) });
    say("answered", reply.ok ? `Your answer was taken: ${document_.answer}.` : `Your answer was not taken: ${await reply.text()}.`);
  } catch {
    say("answered", "Your answer was not taken: the page's server cannot be reached.");
  }
});
element("answer").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault(); // an answer is chosen, never by accident
});
element("only").addEventListener("change", (event) => element("rows").classList.toggle("only", event.target.checked));

// --- the plot --------------------------------------------------------------------------------------------------

let chart = null;
let drawing = null;

function makeChart() {
  if (chart) chart.destroy();
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule") } };
  const scaled = (unit, least) => ({ range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(least, (high ?? 0) * 1.05)] });
  chart = new uPlot({
    width: element("plot").clientWidth || 320,
    height: 190,
    cursor: { show: false },
    scales: { x: { time: false }, W: scaled("W", 10), Wh: scaled("Wh", 1) },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
      { ...axis, scale: "W", size: 64, values: (_, ticks) => ticks.map((tick) => `${tick} W`) },
      { ...axis, scale: "Wh", side: 1, size: 64, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => `${tick} Wh`) },
    ],
    series: [
      { label: "Time" },
      { label: "Power", scale: "W", stroke: colour("--power"), width: 2, points: { show: false } },
      { label: "Credit", scale: "Wh", stroke: colour("--credit"), width: 2, dash: [6, 3], points: { show: false } },
    ],
    legend: { live: false },
  }, [[], [], []], element("plot"));
}

function draw() {
  drawing = null;
  if (!chart) makeChart();
  const points = plots.get(chosen) || [];
  chart.setData([0, 1, 2].map((column) => points.map((point) => point[column])));
}

function drawSoon() {
  if (drawing === null) drawing = setTimeout(draw, DRAW_EVERY_MS);
}

new ResizeObserver(() => { if (chart) chart.setSize({ width: element("plot").clientWidth || 320, height: 190 }); }).observe(element("plot"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { makeChart(); draw(); });

// --- the connection --------------------------------------------------------------------------------------------

const source = new EventSource("events");
const isLost = () => { if (lostSince === null) lostSince = clockTime(); showHeadline(); };
source.addEventListener("open", () => { anew = true; });
source.addEventListener("message", (event) => {
  lastWord = Date.now();
  lostSince = null;
  take(JSON.parse(event.data));
});
source.addEventListener("error", isLost);
setInterval(() => { if (Date.now() - lastWord > SERVER_SILENT_MS) isLost(); }, 1000);
