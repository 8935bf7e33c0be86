"use strict";
// The page as a whole: the filter of the index, a scenario on demand (#scenario-12), the theme. The address says what is
// shown, so links and the browser's own back button work.
(() => {
  const { article, make } = scenarios;
  const byId = (id) => document.getElementById(id);
  const pages = byId("pages"), viewer = byId("viewer"), form = byId("filter");
  const rows = [...document.querySelectorAll("table.index tbody tr")];
  const name = document.title;
  let chart = null, texts = null, place = 0, filtered = "#scenarios";

  const unpack = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  // ---- the index

  const wanted = () => {
    const data = new FormData(form);
    return { text: data.get("text").trim().toLowerCase(), feature: data.get("feature"), requirement: data.get("requirement"), tag: data.get("tag"), verdicts: data.getAll("verdict") };
  };

  const facts = rows.map((row) => ({ tags: new Set(row.dataset.tags.split("\n")), verdict: row.dataset.verdict, feature: row.dataset.feature }));

  const apply = async () => {
    const { text, feature, requirement, tag, verdicts } = wanted();
    if (text && texts === null) texts = await unpack("search");
    const words = text.split(/\s+/).filter(Boolean);
    let found = 0;
    rows.forEach((row, index) => {
      const { tags, verdict, feature: place } = facts[index];
      const fits = (!verdicts.length || verdicts.includes(verdict)) && (!feature || place === feature) && (!requirement || tags.has(requirement)) && (!tag || tags.has(tag))
        && words.every((word) => texts[index].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) found += 1;
    });
    byId("found").textContent = `${found} of ${rows.length} scenarios`;
  };

  const address = () => {
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    return pairs.length ? "#filter?" + new URLSearchParams(pairs) : "#scenarios";
  };

  const fill = (parameters) => {
    form.elements.text.value = parameters.get("text") || "";
    for (const field of ["feature", "requirement", "tag"]) {
      form.elements[field].value = parameters.get(field) || "";
      if (form.elements[field].selectedIndex < 0) form.elements[field].value = "";
    }
    const chosen = parameters.getAll("verdict");
    for (const box of form.querySelectorAll("[name=verdict]")) box.checked = chosen.includes(box.value);
  };

  const changed = () => {
    filtered = address();
    history.replaceState(null, "", filtered);
    return apply();
  };

  // ---- one scenario

  const link = (text, href) => {
    const element = make("a", "", text);
    element.href = href;
    return element;
  };

  const neighbours = (number) => {
    const shown = rows.filter((row) => !row.hidden || row.dataset.number === number);
    const at = shown.findIndex((row) => row.dataset.number === number);
    return [shown[at - 1], shown[at + 1]];
  };

  const path = (number) => {
    const [before, after] = neighbours(number);
    const bar = make("nav", "path", link("All scenarios", filtered),
      before ? link("Previous: " + before.dataset.number, "#scenario-" + before.dataset.number) : "",
      after ? link("Next: " + after.dataset.number, "#scenario-" + after.dataset.number) : "");
    bar.setAttribute("aria-label", "Scenarios");
    return bar;
  };

  const close = () => {
    if (chart) chart.end();
    chart = null;
    viewer.replaceChildren();
  };

  const open = async (number) => {
    let drawn = null;
    try {
      drawn = article(await unpack("data-" + number));
    } catch (error) {
      drawn = { element: make("p", "damage", `The data of scenario ${number} cannot be read: ${error.message}`), title: null, draw: () => null };
    }
    if (location.hash !== "#scenario-" + number) return; // the reader has gone on meanwhile
    close();
    pages.hidden = true;
    viewer.hidden = false;
    viewer.append(path(number), drawn.element);
    chart = drawn.draw();
    document.title = `Scenario ${number} – ${name}`;
    scrollTo(0, 0);
    if (drawn.title) drawn.title.focus({ preventScroll: true });
  };

  const back = () => {
    const was = !viewer.hidden;
    close();
    viewer.hidden = true;
    pages.hidden = false;
    document.title = name;
    return was;
  };

  const follow = () => {
    const hash = location.hash;
    const scenario = /^#scenario-(\d+)$/.exec(hash);
    if (scenario && byId("data-" + scenario[1])) return open(scenario[1]);
    const returned = back();
    if (form && hash.startsWith("#filter?")) {
      fill(new URLSearchParams(hash.slice("#filter?".length)));
      filtered = hash;
      apply();
      if (!returned) byId("scenarios").scrollIntoView();
    }
    if (returned && (hash === filtered || hash === "")) scrollTo(0, place);
    else if (returned && hash) byId(hash.slice(1))?.scrollIntoView();
    return null;
  };

  // ---- theme and paper

  const THEMES = ["automatic", "light", "dark"];
  const theme = byId("theme");
  const choose = (value) => {
    document.documentElement.dataset.theme = value;
    theme.textContent = "Theme: " + value;
    if (chart) chart.redraw();
  };
  theme.hidden = false;
  theme.addEventListener("click", () => choose(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "automatic") + 1) % 3]));

  let before = "automatic";
  addEventListener("beforeprint", () => {
    before = document.documentElement.dataset.theme || "automatic";
    choose("light");
    // on paper nothing can be unfolded
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => choose(before));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (chart) chart.redraw(); });

  if (form) {
    form.hidden = false;
    byId("no-script").hidden = true;
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(changed));
    apply();
  }
  // the browser scrolls to the target of a link before it tells that the address changed
  document.addEventListener("click", (event) => {
    if (!pages.hidden && event.target.closest("a[href^='#scenario-']")) place = scrollY;
  }, true);
  addEventListener("hashchange", follow);
  follow();
})();
