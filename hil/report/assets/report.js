"use strict";
// Replaces each static timeline by a live one (zoom by dragging, double click to go back). Without scripts, and on
// paper, the static drawing stays. Geometry and colours agree with templates/timeline.svg.j2 and report.css.
(() => {
  const LANE = 18, PLOT = 190, AXIS = 46, LEFT = 76, RIGHT = 60;
  const MARK_LANES = { accepted: "payments", refused: "payments", ledger: "ledger", link: "link", fault: "events", load: "events", off: "events" };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const INK = colour("ink"), SOFT = colour("soft");
  const MARK_COLOURS = { accepted: colour("pass"), refused: colour("fail"), ledger: SOFT, link: colour("rig-fault"), fault: colour("rig-fault"), load: SOFT, off: INK };

  const lanesOf = (data) => {
    const used = new Set(data.marks.map(([, kind]) => MARK_LANES[kind]));
    const own = ["payments", "ledger", "link", "events"].filter((name) => used.has(name));
    return [
      ...own.map((name) => ({ name, closed: [], edges: [], marks: data.marks.filter(([, kind]) => MARK_LANES[kind] === name) })),
      ...data.lanes.map((lane) => ({ ...lane, marks: [] })),
    ];
  };

  const shapes = {
    accepted: (path) => { path.moveTo(0, -5); path.lineTo(5, 4); path.lineTo(-5, 4); path.closePath(); },
    refused: (path) => { path.moveTo(-4, -4); path.lineTo(4, 4); path.moveTo(4, -4); path.lineTo(-4, 4); },
    ledger: (path) => path.rect(-3.5, -3.5, 7, 7),
    link: (path) => path.rect(-0.6, -5, 1.2, 10),
    load: (path) => path.arc(0, 0, 3.5, 0, 2 * Math.PI),
    fault: (path) => { path.moveTo(0, -5.5); path.lineTo(5.5, 0); path.lineTo(0, 5.5); path.lineTo(-5.5, 0); path.closePath(); },
    off: (path) => { path.moveTo(0, 5); path.lineTo(5, -4); path.lineTo(-5, -4); path.closePath(); },
  };

  const drawMark = (pen, kind, x, y) => {
    pen.save();
    pen.translate(x, y);
    pen.beginPath();
    shapes[kind](pen);
    pen.strokeStyle = pen.fillStyle = MARK_COLOURS[kind];
    pen.lineWidth = kind === "refused" ? 2 : 1.3;
    if (kind === "off") pen.fillStyle = "#fff";
    if (kind !== "refused") pen.fill();
    if (kind === "refused" || kind === "off") pen.stroke();
    pen.restore();
  };

  const drawLanes = (plot, data, lanes) => {
    const pen = plot.ctx, ratio = uPlot.pxRatio;
    const left = plot.bbox.left / ratio, width = plot.bbox.width / ratio;
    const top = plot.bbox.top / ratio, bottom = top + plot.bbox.height / ratio;
    const x = (t) => plot.valToPos(t, "x", true) / ratio;
    const seen = (at) => at >= left - 0.5 && at <= left + width + 0.5;
    pen.save();
    pen.scale(ratio, ratio);
    pen.setLineDash([]); // the last curve may have left its dashes behind
    lanes.forEach((lane, row) => {
      const y = 4 + LANE * row + 8;
      pen.fillStyle = SOFT;
      pen.font = "11px sans-serif";
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(lane.name.length > 10 ? lane.name.slice(0, 9) + "…" : lane.name, left - 8, y);
      pen.strokeStyle = "#e3e7ed";
      pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(left, y); pen.lineTo(left + width, y); pen.stroke();
      pen.fillStyle = "#aebbcc";
      for (const [from, to] of lane.closed) {
        const a = Math.max(x(from), left), b = Math.min(x(to), left + width);
        if (b > a) pen.fillRect(a, y - 4, b - a, 8);
      }
      pen.strokeStyle = INK;
      pen.lineWidth = 1.2;
      for (const at of lane.edges.map(x).filter(seen)) {
        pen.beginPath(); pen.moveTo(at, y - 6); pen.lineTo(at, y + 6); pen.stroke();
      }
      for (const [t, kind] of lane.marks) if (seen(x(t))) drawMark(pen, kind, x(t), y);
    });
    pen.setLineDash([2, 3]);
    pen.lineWidth = 1;
    for (const [t, kind] of data.marks) {
      if (kind === "accepted" || kind === "ledger" || kind === "link" || kind === "load" || !seen(x(t))) continue;
      pen.strokeStyle = MARK_COLOURS[kind];
      pen.beginPath(); pen.moveTo(x(t), top); pen.lineTo(x(t), bottom); pen.stroke();
    }
    pen.restore();
  };

  const seriesOf = (curve) => ({
    label: curve.label,
    scale: curve.axis,
    stroke: colour(curve.axis),
    width: 1.4,
    dash: curve.axis === "credit" ? [5, 3] : [],
    paths: curve.stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
    points: { show: false },
    value: (_, value) => (value == null ? "–" : `${value} ${curve.axis === "power" ? "W" : "Wh"}`),
  });

  const axisOf = (scale, side, label, size) => ({
    scale, side, label, size, labelSize: 18, gap: 4, labelGap: 0, stroke: SOFT, font: "11px sans-serif", labelFont: "11px sans-serif",
    values: (_, ticks) => ticks.map(String),
    grid: { show: side !== 1, stroke: "#edf0f4", width: 1 }, ticks: { show: side === 1, stroke: "#9aa5b5", size: 4 },
  });

  const show = (figure) => {
    const data = JSON.parse(document.getElementById(figure.dataset.plot).textContent);
    if (!data.curves.length) return;
    const table = uPlot.join(data.curves.map((curve) => [curve.x, curve.y]));
    const first = table[0][0], last = table[0][table[0].length - 1];
    const lanes = lanesOf(data);
    const target = figure.querySelector(".live-plot");
    const axes = new Set(data.curves.map((curve) => curve.axis));
    const height = 8 + LANE * lanes.length + PLOT + AXIS;
    const bare = { show: false, size: 0 };
    figure.classList.add("live");
    const plot = new uPlot({
      width: target.clientWidth,
      height,
      padding: [8 + LANE * lanes.length, axes.has("credit") ? 0 : RIGHT, 0, axes.has("power") ? 0 : LEFT],
      scales: {
        x: { time: false, range: (_, low, high) => (low === first && high === last ? [data.start, data.end] : [low, high]) },
        power: { auto: false, range: () => data.scales.power },
        credit: { auto: false, range: () => data.scales.credit },
      },
      series: [{ label: "time", value: (_, t) => (t == null ? "–" : `${t.toFixed(3)} s`) }, ...data.curves.map(seriesOf)],
      axes: [
        { ...axisOf("x", 2, "time since the scenario began (s)", 22) },
        axes.has("power") ? axisOf("power", 3, "power (W)", LEFT - 18) : bare,
        axes.has("credit") ? axisOf("credit", 1, "credit (Wh)", RIGHT - 18) : bare,
      ].filter((axis) => axis !== bare),
      cursor: { drag: { x: true, y: false } },
      hooks: { draw: [(self) => drawLanes(self, data, lanes)] },
    }, table, target);
    new ResizeObserver(() => {
      if (target.clientWidth && target.clientWidth !== plot.width) plot.setSize({ width: target.clientWidth, height });
    }).observe(target);
  };

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      try {
        show(entry.target);
      } catch (error) {
        entry.target.classList.remove("live");
        console.error(error);
      }
    }
  }, { rootMargin: "800px" });
  document.querySelectorAll("figure.plot").forEach((figure) => watcher.observe(figure));
})();
// On paper nothing can be unfolded.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
