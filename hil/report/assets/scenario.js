"use strict";
// Draws one scenario from its data. All of it is foreign: it only ever becomes text. The blocks are those of
// scenario/detail.py, and templates/scenario.html.j2 draws the same ones for paper.
const scenarios = (() => {
  const SIGNS = JSON.parse(document.getElementById("signs").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const SHAPES = {
    accepted: "M6 1l5 9h-10z", refused: "M2 2l8 8m0 -8l-8 8", ledger: "M2.5 2.5h7v7h-7z", link: "M5.4 1h1.2v10h-1.2z",
    load: "M2.5 6a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", fault: "M6 .5l5.5 5.5l-5.5 5.5l-5.5 -5.5z", off: "M6 11l5 -9h-10z",
  };

  // Makes an element with a class and children: elements, or texts.
  const make = (tag, css, ...children) => {
    const element = document.createElement(tag);
    if (css) element.className = css;
    element.append(...children.filter((each) => each !== "" && each != null));
    return element;
  };

  const badge = (verdict) => {
    const sign = make("span", "sign", SIGNS[verdict] || "");
    sign.setAttribute("aria-hidden", "true");
    return make("span", "verdict " + verdict.replaceAll(" ", "-"), sign, " " + verdict);
  };

  const drawn = (tag, attributes, ...children) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  const key = (kind) => {
    if (kind === "closed") return drawn("svg", { class: "key", viewBox: "0 0 22 12", "aria-hidden": "true" }, drawn("rect", { class: "closed", x: 1, y: 2, width: 20, height: 8 }));
    if (kind in SHAPES) return drawn("svg", { class: "key mark-key", viewBox: "0 0 12 12", "aria-hidden": "true" }, drawn("g", { class: "mark " + kind }, drawn("path", { d: SHAPES[kind] })));
    return drawn("svg", { class: "key", viewBox: "0 0 22 12", "aria-hidden": "true" }, drawn("path", { class: "curve " + kind, d: "M0 6h22" }));
  };

  const cell = (value, [name, css]) => {
    const element = make("td", css);
    element.dataset.label = name;
    if (typeof value !== "object") {
      element.append(String(value));
      return element;
    }
    if (value.verdict) element.append(badge(value.verdict));
    if (value.bold) element.append(make("b", "", value.bold), " ");
    element.append(value.text || "");
    for (const note of value.notes || []) element.append(" ", make("span", "note", note));
    if (value.problem && value.problem.length) {
      element.append(make("span", "problem", ...value.problem.map(([label, text]) => make("span", "", label ? make("b", "", label) : "", label ? " " : "", text))));
    }
    return element;
  };

  const heading = (value, [, css]) => {
    const element = make("th", css, value);
    element.scope = "col";
    return element;
  };

  const table = (block) => {
    const head = make("thead", "", make("tr", "", ...block.columns.map((column) => heading(column[0], column))));
    const rows = block.rows.map((row) => make("tr", row.class, ...row.cells.map((value, index) => cell(value, block.columns[index]))));
    return [make("table", "stack " + block.class, head, make("tbody", "", ...rows)), block.note ? make("p", "note", block.note) : ""];
  };

  const button = (text, label, act) => {
    const element = make("button", "", text);
    element.type = "button";
    element.setAttribute("aria-label", label);
    element.addEventListener("click", act);
    return element;
  };

  // The plot needs a place in the page before it can be drawn: so the figure comes first, and a function that draws.
  const figure = (plot, focus, name) => {
    const target = make("div", "live-plot");
    target.setAttribute("role", "img");
    target.setAttribute("aria-label", "Timeline of " + name);
    const tools = make("div", "tools");
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "Zoom of the timeline");
    const caption = make("figcaption", "",
      make("ul", "legend", ...plot.legend.map(([kind, words]) => make("li", "", key(kind), words))),
      ...plot.curves.filter((curve) => curve.note).map((curve) => make("p", "note reduced", curve.note)),
      plot.words ? make("p", "marks-in-words", plot.words) : "");
    const draw = () => {
      const chart = timelines.show(target, plot, focus);
      if (focus !== null) {
        tools.append(button("Around the failure", "Show the time around the failed measurement", () => chart.around(focus)));
        chart.around(focus);
      }
      tools.append(
        button("Whole", "Show the whole scenario", chart.all),
        button("+", "Zoom in", () => chart.scale(0.5)),
        button("−", "Zoom out", () => chart.scale(2)),
        button("‹", "Earlier", () => chart.move(-0.5)),
        button("›", "Later", () => chart.move(0.5)));
      return chart;
    };
    return [make("figure", "plot live", tools, target, caption), draw];
  };

  const requirements = new Set([...document.querySelectorAll("#filter [name=requirement] option")].map((option) => option.value));

  const tag = (text) => {
    const value = text.slice(1), link = make("a", "tag", text);
    link.href = `#filter?${requirements.has(value) ? "requirement" : "tag"}=` + encodeURIComponent(value);
    return link;
  };

  // Returns the article of a scenario, and a function that draws its timeline once the article stands in the page.
  const article = (data) => {
    const { head, plot, focus } = data;
    let draw = () => null;
    const title = make("h1", "", make("span", "scenario-number", String(head.number)), " ", head.name);
    title.tabIndex = -1;
    const element = make("article", "scenario", make("div", "scenario-head", title, badge(head.verdict)),
      make("p", "where", make("code", "", head.place), ...head.tags.flatMap((text) => [" ", tag(text)]),
        ...head.facts.map(([label, text]) => make("span", "setup", `${label}: ${text}`))));
    for (const block of data.blocks) {
      if (block.title && !block.folded) element.append(make("h2", "block", block.title));
      if (block.kind === "text") {
        element.append(make("p", block.class, block.label ? make("b", "", block.label) : "", block.label ? " " : "", block.code ? make("code", "", block.text) : block.text));
      } else if (block.kind === "plot") {
        const [frame, later] = figure(plot, focus, head.name);
        element.append(make("h2", "block", "Timeline"), frame);
        draw = later;
      } else if (block.folded) {
        element.append(make("details", block.class, make("summary", "", block.title), ...table(block)));
      } else {
        element.append(...table(block).filter(Boolean));
      }
    }
    return { element, title, draw: () => draw() };
  };

  return { article, make };
})();
