"use strict";
// The live timeline of a scenario: zoom by dragging or with the buttons, double click for all of it. Geometry agrees with
// scenario/timeline_drawing.py, the form of the data with scenario/timeline_packing.py.
const timelines = (() => {
  const LANE = 18, PLOT = 210, AXIS = 46, LEFT = 76, RIGHT = 60, TICKS_PER_SECOND = 10000;
  const MARK_LANES = { accepted: "payments", refused: "payments", ledger: "ledger", link: "link", fault: "events", load: "events", off: "events" };
  const MARK_COLOURS = { accepted: "pass", refused: "fail", ledger: "soft", link: "rig-fault", fault: "rig-fault", load: "soft", off: "ink" };
  const THROUGH = new Set(["refused", "fault", "off"]);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  const sums = (differences) => {
    let total = 0;
    return differences.map((each) => (each === null ? null : (total += each)));
  };

  const curveOf = (packed) => ({
    ...packed,
    x: sums(packed.steps).map((tick) => tick / TICKS_PER_SECOND),
    y: sums(packed.changes).map((value) => (value === null ? null : Number((value / 10 ** packed.decimals).toPrecision(6)))),
  });

  const lanesOf = (plot) => {
    const used = new Set(plot.marks.map(([, kind]) => MARK_LANES[kind]));
    const own = ["payments", "ledger", "link", "events"].filter((name) => used.has(name));
    return [
      ...own.map((name) => ({ name, closed: [], edges: [], marks: plot.marks.filter(([, kind]) => MARK_LANES[kind] === name) })),
      ...plot.lanes.map((lane) => ({ ...lane, marks: [] })),
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
    pen.strokeStyle = pen.fillStyle = colour(MARK_COLOURS[kind]);
    pen.lineWidth = kind === "refused" ? 2 : 1.3;
    if (kind === "off") pen.fillStyle = colour("paper");
    if (kind !== "refused") pen.fill();
    if (kind === "refused" || kind === "off") pen.stroke();
    pen.restore();
  };

  const drawLanes = (chart, plot, lanes, focus) => {
    const pen = chart.ctx, ratio = uPlot.pxRatio;
    const left = chart.bbox.left / ratio, width = chart.bbox.width / ratio;
    const top = chart.bbox.top / ratio, bottom = top + chart.bbox.height / ratio;
    const x = (t) => chart.valToPos(t, "x", true) / ratio;
    const seen = (at) => at >= left - 0.5 && at <= left + width + 0.5;
    pen.save();
    pen.scale(ratio, ratio);
    pen.setLineDash([]); // the last curve may have left its dashes behind
    lanes.forEach((lane, row) => {
      const y = 4 + LANE * row + 8;
      pen.fillStyle = colour("soft");
      pen.font = "11px sans-serif";
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(lane.name.length > 10 ? lane.name.slice(0, 9) + "…" : lane.name, left - 8, y);
      pen.strokeStyle = colour("lane");
      pen.lineWidth = 1;
      pen.beginPath(); pen.moveTo(left, y); pen.lineTo(left + width, y); pen.stroke();
      pen.fillStyle = colour("closed");
      for (const [from, to] of lane.closed) {
        const a = Math.max(x(from), left), b = Math.min(x(to), left + width);
        if (b > a) pen.fillRect(a, y - 4, b - a, 8);
      }
      pen.strokeStyle = colour("ink");
      pen.lineWidth = 1.2;
      for (const at of lane.edges.map(x).filter(seen)) {
        pen.beginPath(); pen.moveTo(at, y - 6); pen.lineTo(at, y + 6); pen.stroke();
      }
      for (const [t, kind] of lane.marks) if (seen(x(t))) drawMark(pen, kind, x(t), y);
    });
    pen.lineWidth = 1;
    if (focus !== null && seen(x(focus))) {
      pen.strokeStyle = colour("fail");
      pen.beginPath(); pen.moveTo(x(focus), 0); pen.lineTo(x(focus), bottom); pen.stroke();
    }
    pen.setLineDash([2, 3]);
    for (const [t, kind] of plot.marks) {
      if (!THROUGH.has(kind) || !seen(x(t))) continue;
      pen.strokeStyle = colour(MARK_COLOURS[kind]);
      pen.beginPath(); pen.moveTo(x(t), top); pen.lineTo(x(t), bottom); pen.stroke();
    }
    pen.restore();
  };

  const seriesOf = (curve) => ({
    label: curve.label,
    scale: curve.axis,
    stroke: () => colour(curve.axis),
    width: 1.4,
    dash: curve.axis === "credit" ? [5, 3] : [],
    paths: curve.stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
    points: { show: false },
    value: (_, value) => (value == null ? "–" : `${value} ${curve.axis === "power" ? "W" : "Wh"}`),
  });

  const axisOf = (scale, side, label, size) => ({
    scale, side, label, size, labelSize: 18, gap: 4, labelGap: 0, font: "11px sans-serif", labelFont: "11px sans-serif",
    stroke: () => colour("soft"),
    values: (_, ticks) => ticks.map(String),
    grid: { show: side !== 1, stroke: () => colour("grid"), width: 1 }, ticks: { show: side === 1, stroke: () => colour("tick"), size: 4 },
  });

  // Returns what the buttons need: the span that is shown, and how to show another one.
  const show = (target, plot, focus) => {
    const curves = plot.curves.map(curveOf);
    if (!curves.length) curves.push({ label: "no readings", axis: "power", stepped: false, x: [plot.start, plot.end], y: [null, null] });
    const table = uPlot.join(curves.map((curve) => [curve.x, curve.y]));
    const lanes = lanesOf(plot);
    const axes = new Set(curves.map((curve) => curve.axis));
    const height = 8 + LANE * lanes.length + PLOT + AXIS;
    const all = { min: plot.start, max: plot.end };
    let span = all;
    const chart = new uPlot({
      width: Math.max(target.clientWidth, 240),
      height,
      padding: [8 + LANE * lanes.length, axes.has("credit") ? 0 : RIGHT / 3, 0, axes.has("power") ? 0 : LEFT],
      scales: {
        x: { time: false, range: (_, low, high) => (span === all ? [all.min, all.max] : [low, high]) },
        power: { auto: false, range: () => plot.scales.power },
        credit: { auto: false, range: () => plot.scales.credit },
      },
      series: [{ label: "time", value: (_, t) => (t == null ? "–" : `${t.toFixed(3)} s`) }, ...curves.map(seriesOf)],
      axes: [
        axisOf("x", 2, "time since the scenario began (s)", 22),
        ...(axes.has("power") ? [axisOf("power", 3, "power (W)", LEFT - 18)] : []),
        ...(axes.has("credit") ? [axisOf("credit", 1, "credit (Wh)", RIGHT - 18)] : []),
      ],
      cursor: { drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => set(all) } },
      hooks: {
        draw: [(self) => drawLanes(self, plot, lanes, focus)],
        setSelect: [(self) => {
          if (self.select.width < 4) return;
          const from = self.posToVal(self.select.left, "x"), to = self.posToVal(self.select.left + self.select.width, "x");
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          set({ min: from, max: to });
        }],
      },
    }, table, target);
    const set = (wanted) => {
      const width = Math.min(Math.max(wanted.max - wanted.min, 1e-3), all.max - all.min);
      const min = Math.min(Math.max(wanted.min, all.min), all.max - width);
      span = width >= all.max - all.min ? all : { min, max: min + width };
      chart.setScale("x", span);
      target.dataset.from = span.min.toFixed(3);
      target.dataset.to = span.max.toFixed(3);
    };
    const observer = new ResizeObserver(() => {
      if (target.clientWidth && target.clientWidth !== chart.width) chart.setSize({ width: target.clientWidth, height });
    });
    observer.observe(target);
    set(all);
    return {
      all: () => set(all),
      around: (t) => { const half = Math.max((all.max - all.min) / 12, 2); set({ min: t - half, max: t + half }); },
      scale: (factor) => {
        const middle = focus !== null && focus >= span.min && focus <= span.max ? focus : (span.min + span.max) / 2;
        set({ min: middle - (middle - span.min) * factor, max: middle + (span.max - middle) * factor });
      },
      move: (share) => { const by = (span.max - span.min) * share; set({ min: span.min + by, max: span.max + by }); },
      redraw: () => chart.redraw(false, true),
      end: () => { observer.disconnect(); chart.destroy(); },
    };
  };

  return { show };
})();
