"use strict";
// Whatever comes from the history is put on the page by textContent, or drawn: it is never markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const OK = 0, FAIL = 1, INFO = 2, OPEN = 3;
  const OUTCOMES = ["ok", "fail", "info", "open"];

  // ---- what there is to show

  const base = BigInt(data.base);
  /** The index of an event as the history has it. */
  const index = (relative) => String(base + BigInt(relative));
  const text = (number) => (number === null || number === undefined ? null : data.texts[number]);
  const { violation, checked } = data;
  // What is told is what was asked.
  const sequential = checked?.consistency === "sequentially consistent";
  const holds = checked && checked.verdict === checked.consistency;
  const words = sequential ? {
    holds: "Sequentially consistent",
    order: "Order",
    why: "There is an order of all operations that explains all results, and in which those of each process keep theirs. When they happened does not matter to it. It is numbered in the timeline, and is in the table ",
    point: "its place in the order",
    dot: "The dot numbers it in the order found, which need not be that of time.",
    stopped: (event) => `The order ends before event ${event}`,
    well: "There is no order of all operations in which those of each process keep theirs. The longest that was found does not go on with this one.",
    nowhere: "nowhere: the longest order ends before it",
    longest: "A longest order that was found, in which operations of each process keep theirs",
  } : {
    holds: "Linearizable",
    order: "Linearization",
    why: "Each operation can have taken effect at one moment between its two events. One order that explains all results is numbered in the timeline, and is in the table ",
    point: "takes effect",
    dot: "It takes effect at one moment in between: the dot, numbered in the order found; hollow, where that is after an info.",
    stopped: (event) => `Event ${event} cannot be placed`,
    well: violation?.first ? "Up to the event before all is well; nothing explains this one."
      : "Nothing explains all up to some event near this one: there was no budget to find out which is the first.",
    nowhere: "nowhere: nothing explains it",
    longest: "A longest order in which operations may have taken effect before the violation",
  };

  const operations = data.operations.map(([process, from, to, outcome, op, ret, error, invoked, completed], place) => ({
    place, process, from, to, outcome, invoked, completed,
    op: text(op), ret: text(ret), error: text(error),
    step: null, number: null, state: null, row: 0, bad: false, hit: false,
    // Where it is drawn, along the axis: the bar, and how far the line of an unknown outcome goes on.
    start: 0, end: 0, reach: 0,
  }));
  const byInvocation = new Map(operations.map((operation) => [operation.from, operation]));
  const called = (operation) => {
    if (operation.outcome === OK) return `${operation.op} → ${operation.ret}`;
    return operation.outcome === FAIL ? `${operation.op}, failed` : `${operation.op} → ?`;
  };
  const steps = data.steps.map(([number, from, state], place) => {
    const operation = byInvocation.get(from);
    operation.step = place;
    operation.number = number;
    operation.state = text(state);
    return { number, operation, state: text(state), moment: 0, at: 0 };
  });
  const marks = data.marks.map(([at, process, what, time]) => ({ at, process, text: text(what), time, place: 0 }));
  const culprit = violation ? byInvocation.get(violation.invocation) : undefined;
  if (culprit) culprit.bad = true;

  // An operation takes effect as early as the order allows: when the last of those up to it has been invoked. Those of
  // one moment share the time up to the next event. An order that is not that of time says nothing of when.
  if (!sequential) {
    let latest = -Infinity;
    for (const step of steps) step.moment = latest = Math.max(latest, step.operation.from);
    for (let first = 0; first < steps.length;) {
      let next = first;
      while (next < steps.length && steps[next].moment === steps[first].moment) next++;
      for (let i = first; i < next; i++) steps[i].moment += (i - first + 1) / (next - first + 1);
      first = next;
    }
  }

  // A row for each process; where there are many, those that follow one another share one.
  const MANY = 10;
  const rows = [];
  {
    const lanes = data.processes.map((name) => ({ name, operations: [] }));
    for (const operation of operations) lanes[operation.process].operations.push(operation);
    const last = (lane) => lane.operations[lane.operations.length - 1];
    const ended = (lane) => (last(lane).to === null ? Infinity : last(lane).to);
    const share = lanes.length > MANY;
    if (share) lanes.sort((a, b) => a.operations[0].from - b.operations[0].from);
    for (const lane of lanes) {
      const from = lane.operations[0].from;
      let row = share ? rows.find((row) => row.until < from) : undefined;
      if (!row) {
        row = { names: [], operations: [] };
        rows.push(row);
      }
      row.names.push(lane.name);
      row.until = ended(lane);
      for (const operation of lane.operations) {
        // The first of a process that is not the first of its row.
        operation.succeeds = row.names.length > 1 && operation === lane.operations[0];
        row.operations.push(operation);
      }
    }
    rows.sort((a, b) => a.names[0] - b.names[0]);
    rows.forEach((row, number) => row.operations.forEach((operation) => (operation.row = number)));
  }

  // ---- the axis: event indices, or recorded times

  const times = new Map();
  for (const operation of operations) {
    if (operation.invoked !== null) times.set(operation.from, operation.invoked);
    if (operation.to !== null && operation.completed !== null) times.set(operation.to, operation.completed);
  }
  for (const mark of marks) if (mark.time !== null) times.set(mark.at, mark.time);
  const timed = times.size > 1;
  // Times need not ascend with the index, and some events may have none: these get that of the one before.
  const knownIndices = [...times.keys()].sort((a, b) => a - b);
  const timeAt = (moment) => {
    let low = 0, high = knownIndices.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (knownIndices[middle] <= moment) low = middle; else high = middle - 1;
    }
    const before = knownIndices[low], after = knownIndices[Math.min(low + 1, knownIndices.length - 1)];
    if (moment <= before || after === before) return times.get(before);
    const share = Math.min(1, (moment - before) / (after - before));
    return times.get(before) + share * (times.get(after) - times.get(before));
  };

  let byTime = false;
  /** The steps from left to right: in their order, but for clocks that disagree a little, or an order that is not that of time. */
  let alongAxis = [];
  const domain = { from: 0, to: 1 };
  /** Where a moment, told in event indices, is along the axis. */
  const along = (moment) => (byTime ? timeAt(moment) : moment);
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  function layAlongAxis() {
    if (byTime) {
      domain.from = Infinity;
      domain.to = -Infinity;
      for (const [at, time] of times) {
        if (at < 0) continue; // began before what is shown
        domain.from = Math.min(domain.from, time);
        domain.to = Math.max(domain.to, time);
      }
      if (!(domain.to > domain.from)) domain.to = domain.from + 1;
    } else {
      domain.from = 0;
      domain.to = Math.max(data.shown - 1, 1);
    }
    for (const operation of operations) {
      operation.start = along(operation.from);
      operation.end = operation.to === null ? operation.start : Math.max(along(operation.to), operation.start);
    }
    const beyond = domain.to + (domain.to - domain.from);
    for (const row of rows) {
      let next = beyond;
      for (let i = row.operations.length - 1; i >= 0; i--) {
        const operation = row.operations[i];
        operation.reach = operation.outcome >= INFO ? Math.max(next, operation.end) : operation.end;
        next = operation.start;
      }
    }
    for (const step of steps) {
      const { start, end, reach } = step.operation;
      step.at = sequential ? (start + end) / 2 : clamp(along(step.moment), start, Math.max(end, reach));
    }
    alongAxis = [...steps].sort((a, b) => a.at - b.at);
    for (const mark of marks) mark.place = along(mark.at);
  }

  // ---- the view

  const GUTTER = 76, AXIS = 30;
  // Few lanes are higher.
  let LANE = 42, BAR = 22;
  const lanes = $("lanes"), canvas = $("canvas"), overview = $("overview");
  const context = canvas.getContext("2d"), overviewContext = overview.getContext("2d");
  const view = { from: 0, to: 1 };
  let width = 0, height = 0, ratio = 1, colours = {}, overviewImage = null;
  let selected = null, hovered = null, hits = [], hitAt = -1;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
  const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

  const span = () => view.to - view.from;
  const room = () => Math.max(width - GUTTER, 50);
  const x = (at) => GUTTER + ((at - view.from) / span()) * room();
  const at = (px) => view.from + ((px - GUTTER) / room()) * span();
  const shortest = () => (byTime ? Math.max((domain.to - domain.from) / 1e8, 20) : 4);
  const margin = () => (domain.to - domain.from) * 0.04 + (byTime ? 0 : 1);

  function bound(target) {
    const all = domain.to - domain.from + 2 * margin();
    const length = clamp(target.to - target.from, Math.min(shortest(), all), all);
    const middle = (target.from + target.to) / 2;
    const from = clamp(middle - length / 2, domain.from - margin(), domain.to + margin() - length);
    return { from, to: from + length };
  }

  let flight = null;
  /** Shows this much of the axis, at once or in a short flight. */
  function show(target, fly = false) {
    target = bound(target);
    if (!fly || calm.matches) {
      flight = null;
      Object.assign(view, target);
    } else {
      flight = { began: performance.now(), start: { ...view }, target };
    }
    redraw();
  }
  function zoom(factor, around = at(GUTTER + room() / 2), fly = false) {
    const now = flight ? flight.target : view;
    show({ from: around - (around - now.from) * factor, to: around + (now.to - around) * factor }, fly);
  }
  const pan = (by, fly = false) => show({ from: view.from + by, to: view.to + by }, fly);
  const showAll = (fly) => show({ from: domain.from - margin(), to: domain.to + margin() }, fly);

  /** About so many events around this one, with most room before it. */
  function showAround(moment, events, fly) {
    const from = along(Math.max(moment - events * 0.62, 0)), to = along(Math.min(moment + events * 0.38, data.shown - 1));
    const length = Math.max(to - from, shortest());
    show({ from: from - length * 0.02, to: from + length * 1.02 }, fly);
  }
  function showBeginning() {
    if (domain.to - domain.from === 0) return showAll();
    if (data.shown <= 160) showAll(); else show({ from: along(0) - margin() * 0.02, to: along(90) });
  }
  function bringIntoView(operation) {
    const now = flight ? flight.target : view;
    const length = now.to - now.from;
    const anchor = operation.bad ? operation.end : clamp(now.from + length / 2, operation.start, operation.end);
    if (operation.end < now.from + length * 0.03 || operation.start > now.to - length * 0.03 || anchor !== clamp(anchor, now.from, now.to)) {
      const middle = operation.end - operation.start < length ? (operation.start + operation.end) / 2 : anchor;
      show({ from: middle - length / 2, to: middle + length / 2 }, true);
    }
    scrollToRow(operation.row);
  }
  function scrollToRow(row) {
    const top = row * LANE, seen = height - AXIS;
    if (top < lanes.scrollTop) lanes.scrollTop = top;
    else if (top + LANE + 8 > lanes.scrollTop + seen) lanes.scrollTop = top + LANE + 8 - seen;
  }

  // ---- drawing

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["ground", "sheet", "ink", "soft", "rule", "edge", "accent", "ok", "ok-edge", "ok-ink", "fail", "fail-edge",
      "fail-ink", "info", "info-edge", "info-ink", "bad", "bad-ink", "pale", "pale-edge", "pale-ink", "hit", "mark", "mark-soft", "point", "point-ink", "order", "veil"];
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  let asked = false;
  /** Of the last frames, how long they took to draw, in milliseconds, and how many operations were looked at for that. */
  const frames = [];
  let looked = 0;
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame((now) => {
      asked = false;
      const began = performance.now();
      looked = 0;
      if (flight) {
        const t = clamp((now - flight.began) / 260, 0, 1), ease = 1 - (1 - t) ** 3;
        view.from = flight.start.from + (flight.target.from - flight.start.from) * ease;
        view.to = flight.start.to + (flight.target.to - flight.start.to) * ease;
        if (t === 1) flight = null; else redraw();
      }
      draw();
      drawOverview();
      frames.push({ took: performance.now() - began, looked });
      if (frames.length > 1000) frames.shift();
    });
  }

  function resize() {
    ratio = devicePixelRatio || 1;
    width = lanes.clientWidth;
    height = lanes.clientHeight;
    LANE = clamp(Math.floor((height - AXIS - (marks.length ? 30 : 14)) / rows.length), 42, 64);
    BAR = Math.round(LANE * 0.5) + 1;
    const fit = (canvas, width, height) => {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    };
    fit(canvas, width, height);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    $("height").style.height = `${Math.max(rows.length * LANE + AXIS + 10, 1)}px`;
    fit(overview, overview.clientWidth, overview.clientHeight);
    overviewImage = null;
    redraw();
  }

  /** The first operation of the row that reaches as far as there. */
  function firstReaching(row, place) {
    let low = 0, high = row.operations.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (row.operations[middle].reach < place) low = middle + 1; else high = middle;
    }
    return low;
  }

  const kindOf = (operation) => {
    if (operation.bad) return "bad";
    if (violation && !sequential && operation.from > violation.event) return "pale";
    return operation.outcome === OK ? "ok" : operation.outcome === FAIL ? "fail" : "info";
  };
  const top = (row) => AXIS + 12 + row * LANE - lanes.scrollTop;

  function draw() {
    const c = context;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = colours.sheet;
    c.fillRect(0, 0, width, height);
    const firstRow = Math.max(0, Math.floor(lanes.scrollTop / LANE) - 1);
    const lastRow = Math.min(rows.length - 1, Math.ceil((lanes.scrollTop + height) / LANE));
    c.save();
    c.beginPath();
    c.rect(GUTTER, 0, width - GUTTER, height);
    c.clip();

    // Beyond the ends of what is shown.
    const [begin, end] = [x(domain.from) - 6, x(domain.to) + 6];
    c.fillStyle = colours.ground;
    if (begin > GUTTER) c.fillRect(GUTTER, 0, begin - GUTTER, height);
    if (end < width) c.fillRect(end, 0, width - end, height);

    const flag = violation ? flagOfViolation(c) : null;
    if (flag && !sequential && flag.line < width) {
      // What comes behind the violation was not judged.
      c.fillStyle = colours.ground;
      c.fillRect(Math.max(flag.line, GUTTER), AXIS, width, height);
    }
    drawGrid(c, flag);
    for (const mark of marks) {
      const left = x(mark.place), right = byTime ? left + 3 : Math.max(x(mark.place + 1), left + 3);
      if (right < GUTTER || left > width) continue;
      c.fillStyle = colours["mark-soft"];
      c.fillRect(left, AXIS, Math.min(right - left, 60), height);
      c.fillStyle = colours.mark;
      c.fillRect(left, AXIS, 1, height);
    }
    c.fillStyle = colours.rule;
    for (let row = firstRow; row <= lastRow; row++) c.fillRect(GUTTER, Math.round(top(row) + LANE - 9), width, 1);

    const visible = visibleSteps();
    const orderShown = visible.length <= 300 && visible.length * 4 < room();
    if (orderShown) {
      c.strokeStyle = colours.order;
      c.globalAlpha = 0.55;
      c.lineWidth = 1;
      c.beginPath();
      visible.forEach((step, i) => c[step.number === visible[i - 1]?.number + 1 ? "lineTo" : "moveTo"](x(step.at), top(step.operation.row) + BAR));
      c.stroke();
      c.globalAlpha = 1;
    }
    for (let row = firstRow; row <= lastRow; row++) drawRow(c, row);
    if (violation) {
      if (culprit && culprit.row >= firstRow && culprit.row <= lastRow) drawBar(c, culprit);
      c.fillStyle = colours.bad;
      c.fillRect(flag.line, 0, 2, height);
      c.font = flag.font;
      c.fillRect(flag.left, 5, flag.right - flag.left, 19);
      c.fillStyle = colours["bad-ink"];
      c.fillText(flag.label, flag.left + 6, 18);
    }
    for (const operation of [hovered, selected]) {
      if (!operation || operation.row < firstRow || operation.row > lastRow) continue;
      const { left, right } = extent(operation);
      c.strokeStyle = operation === selected ? colours.accent : colours.ink;
      c.lineWidth = operation === selected ? 2.5 : 1.25;
      c.beginPath();
      c.roundRect(left - 2.5, top(operation.row) - 2.5, right - left + 5, BAR + 5, 6);
      c.stroke();
    }
    if (orderShown) drawPoints(c, visible);
    drawNamesOfMarks(c);
    c.restore();
    drawGutter(c, firstRow, lastRow);
  }

  function drawNamesOfMarks(c) {
    c.font = `11px ${SANS}`;
    let to = -Infinity;
    for (const mark of marks) {
      const left = x(mark.place);
      if (left < Math.max(to, GUTTER - 120) || left > width) continue;
      const shown = fitted(c, mark.text, 120), long = c.measureText(shown).width;
      c.fillStyle = colours.sheet;
      c.fillRect(left + 2, height - 19, long + 7, 17);
      c.fillStyle = colours.mark;
      c.fillText(shown, left + 5, height - 7);
      to = left + long + 12;
    }
  }

  function flagOfViolation(c) {
    const line = x(along(violation.event)), label = `✗ event ${index(violation.event)}`;
    const font = c.font = `600 11px ${SANS}`;
    const long = c.measureText(label).width + 12, left = line + 2 + long > width ? line - long : line + 2;
    return { line, label, font, left, right: left + long };
  }

  function drawRow(c, number) {
    const row = rows[number];
    const wide = [];
    const strips = { ok: [], fail: [], info: [], pale: [], hit: [] };
    // Many to a pixel: of each kind one is drawn.
    const strip = (list, left, right) => {
      if (right >= (list[list.length - 1] ?? -Infinity) + 1) list.push(left, right);
    };
    const limit = at(width);
    for (let i = firstReaching(row, at(GUTTER)); i < row.operations.length; i++) {
      const operation = row.operations[i];
      looked++;
      if (operation.start > limit) break;
      const { left, right } = extent(operation);
      if (right - left > 5 || operation.bad || operation === selected) {
        wide.push(operation);
        continue;
      }
      if (operation.hit) strip(strips.hit, left, right);
      strip(strips[kindOf(operation)], left, right);
    }
    const y = top(number);
    for (const kind of ["ok", "fail", "info", "pale", "hit"]) {
      c.fillStyle = colours[kind === "hit" ? "hit" : `${kind}-edge`];
      const list = strips[kind];
      c.beginPath();
      for (let i = 0; i < list.length; i += 2) c.rect(list[i], y, Math.max(list[i + 1] - list[i] - 0.5, 1), BAR);
      c.fill();
    }
    for (const operation of wide) {
      drawBar(c, operation);
      if (operation.succeeds) {
        c.font = `10.5px ${MONO}`;
        c.fillStyle = colours.soft;
        c.fillText(`p${processNames[operation.process]}`, Math.max(x(operation.start), GUTTER) + 1, y - 3);
      }
    }
  }

  /** From where to where the bar goes, in pixels, and no further than can be seen. */
  function extent(operation) {
    const left = clamp(x(operation.start), GUTTER - 20, width + 20);
    const end = operation.outcome === OPEN ? operation.reach : operation.end;
    return { left, right: Math.max(clamp(x(end), GUTTER - 20, width + 20), left + 2) };
  }

  function drawBar(c, operation) {
    const { left, right } = extent(operation), y = top(operation.row), kind = kindOf(operation);
    if (operation.outcome === INFO) {
      const to = Math.min(x(operation.reach), width + 20);
      if (to > right + 2) {
        c.strokeStyle = colours[`${kind}-edge`];
        c.lineWidth = 1.25;
        c.setLineDash([3, 4]);
        c.beginPath();
        c.moveTo(right, Math.round(y + BAR / 2) + 0.5);
        c.lineTo(to - 3, Math.round(y + BAR / 2) + 0.5);
        c.stroke();
        c.setLineDash([]);
      }
    }
    c.fillStyle = colours[kind];
    c.beginPath();
    c.roundRect(left + 0.5, y + 0.5, Math.max(right - left - 1, 1), BAR - 1, right - left > 8 ? 4 : 1);
    c.fill();
    c.strokeStyle = operation.hit ? colours.hit : kind === "bad" ? colours.bad : colours[`${kind}-edge`];
    c.lineWidth = operation.hit ? 2.5 : 1;
    if (kind === "fail" || operation.outcome === OPEN) c.setLineDash([4, 3]);
    c.stroke();
    c.setLineDash([]);
    const from = Math.max(left, GUTTER) + 6, free = Math.min(right, width) - from - 4;
    if (free < 16) return;
    c.font = `${kind === "bad" ? "600 " : ""}11.5px ${MONO}`;
    c.fillStyle = colours[`${kind}-ink`];
    const label = (kind === "bad" ? "✗ " : operation.outcome === FAIL ? "✕ " : "") + (operation.outcome === FAIL ? operation.op : called(operation));
    const shown = fitted(c, label, free);
    if (shown !== "…") c.fillText(shown, from, y + BAR / 2 + 4);
  }

  let letter = {};
  /** As much of the text as fits; one that runs from right to left keeps to itself. */
  function fitted(c, text, room) {
    letter[c.font] ??= c.measureText("0").width;
    const most = Math.floor(room / letter[c.font]);
    const plain = /^[\x20-\x7e→…✗✕?]*$/.test(text) && c.font.includes("mono");
    if (plain) return text.length <= most ? text : most < 2 ? "…" : `${text.slice(0, most - 1)}…`;
    const letters = [...text];
    const isolated = (text) => `\u2068${text}\u2069`;
    if (c.measureText(text).width <= room) return isolated(text);
    let low = 0, high = Math.min(letters.length, 80);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (c.measureText(`${letters.slice(0, middle).join("")}…`).width <= room) low = middle; else high = middle - 1;
    }
    return low === 0 ? "…" : isolated(`${letters.slice(0, low).join("")}…`);
  }

  /** Those on the screen and one beyond each end, in their order; if they are many, not all. */
  function visibleSteps() {
    const from = at(GUTTER), to = at(width);
    let low = 0, high = alongAxis.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (alongAxis[middle].at < from) low = middle + 1; else high = middle;
    }
    const first = Math.max(0, low - 1), visible = [];
    for (let i = first; i < alongAxis.length && visible.length <= 1000; i++) {
      visible.push(alongAxis[i]);
      if (alongAxis[i].at > to) break;
    }
    return visible.sort((a, b) => a.number - b.number);
  }

  function drawPoints(c, visible) {
    const numbered = visible.length * 24 < room();
    c.textAlign = "center";
    c.font = `600 9.5px ${SANS}`;
    for (const step of visible) {
      const px = x(step.at), y = top(step.operation.row) + BAR;
      const label = String(step.number);
      // Hollow, where it takes effect after its `info`.
      const late = step.at > step.operation.end && step.operation.outcome === INFO;
      c.fillStyle = late ? colours.sheet : colours.point;
      c.beginPath();
      if (numbered) {
        const half = Math.max(7, label.length * 3 + 4);
        c.roundRect(px - half, y - 6, 2 * half, 13, 6.5);
      } else c.arc(px, y, 2.75, 0, 7);
      c.fill();
      c.strokeStyle = late ? colours.point : colours.sheet;
      c.lineWidth = late ? 1.5 : 1;
      c.stroke();
      if (!numbered) continue;
      c.fillStyle = late ? colours.point : colours["point-ink"];
      c.fillText(label, px, y + 4);
    }
    c.textAlign = "left";
  }

  const UNITS = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]];
  const duration = (nanos) => {
    const [unit, size] = UNITS.find(([, size]) => Math.abs(nanos) >= size) ?? UNITS[3];
    return `${Number((nanos / size).toPrecision(4))} ${unit}`;
  };
  /** A moment of the recording, to the nanosecond. */
  const clock = (nanos) => {
    const [unit, size] = UNITS.find(([, size]) => nanos >= size) ?? UNITS[3];
    return `${Number((nanos / size).toFixed(Math.log10(size)))} ${unit}`;
  };

  function drawGrid(c, flag) {
    const rough = (span() / room()) * 95, power = 10 ** Math.floor(Math.log10(rough));
    let step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    if (!byTime) step = Math.max(1, Math.round(step));
    c.font = `11px ${SANS}`;
    c.textAlign = "center";
    // Ticks at round indices of the history, not of the part that is shown.
    const shift = byTime ? 0 : Number(base % BigInt(step));
    const [unit, size] = UNITS.find(([, size]) => step >= size) ?? UNITS[3];
    for (let tick = Math.ceil((view.from + shift) / step) * step - shift; tick <= view.to; tick += step) {
      if (tick < domain.from - step || tick > domain.to + step * 0.01 || (!byTime && tick < 0)) continue;
      const px = Math.round(x(tick)) + 0.5;
      c.fillStyle = colours.rule;
      c.fillRect(px - 0.5, AXIS - 6, 1, height);
      c.fillStyle = colours.soft;
      const digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
      const label = byTime ? `${(tick / size).toFixed(digits)} ${unit}` : index(Math.round(tick));
      const half = c.measureText(label).width / 2 + 4;
      if (px - half < GUTTER - 2 || px + half > width || (flag && px + half > flag.left && px - half < flag.right)) continue;
      c.fillText(label, px, 18);
    }
    c.textAlign = "left";
    c.fillStyle = colours.rule;
    c.fillRect(GUTTER, AXIS - 0.5, width, 1);
  }

  function drawGutter(c, firstRow, lastRow) {
    c.fillStyle = colours.sheet;
    c.fillRect(0, 0, GUTTER, height);
    c.fillStyle = colours.rule;
    c.fillRect(GUTTER - 1, 0, 1, height);
    c.fillRect(0, AXIS - 0.5, GUTTER, 1);
    c.save();
    c.beginPath();
    c.rect(0, AXIS, GUTTER, height);
    c.clip();
    c.textAlign = "right";
    for (let number = firstRow; number <= lastRow; number++) {
      const row = rows[number];
      // Of the processes that share the row, the one on the screen.
      let name = row.names[0];
      if (row.names.length > 1) {
        const seen = row.operations[Math.min(firstReaching(row, at(GUTTER)), row.operations.length - 1)];
        name = processNames[seen.process];
      }
      const own = selected && selected.row === number;
      if (own) name = processNames[selected.process];
      c.font = `${own ? "600 " : ""}12px ${MONO}`;
      c.fillStyle = own ? colours.ink : colours.soft;
      c.fillText(fitted(c, `p${name}`, GUTTER - 20), GUTTER - 10, top(number) + BAR / 2 + 4);
    }
    c.restore();
    c.font = `11px ${SANS}`;
    c.fillStyle = colours.soft;
    c.fillText(byTime ? "time" : "index", 12, 18);
  }
  const processNames = data.processes;

  function drawOverview() {
    const c = overviewContext, w = overview.clientWidth, h = overview.clientHeight;
    if (!w || !h) return;
    const all = { from: domain.from - margin(), to: domain.to + margin() };
    const place = (at) => ((at - all.from) / (all.to - all.from)) * w;
    if (!overviewImage) {
      overviewImage = document.createElement("canvas");
      overviewImage.width = overview.width;
      overviewImage.height = overview.height;
      const i = overviewImage.getContext("2d");
      i.scale(ratio, ratio);
      i.fillStyle = colours.sheet;
      i.fillRect(0, 0, w, h);
      // How many operations were open, pixel by pixel.
      const open = new Float64Array(Math.ceil(w) + 2);
      for (const operation of operations) {
        const from = clamp(Math.floor(place(operation.start)), 0, open.length - 2);
        const to = clamp(Math.floor(place(operation.end)), from, open.length - 2);
        open[from]++;
        open[to + 1]--;
      }
      let now = 0, most = 1;
      for (let px = 0; px < open.length; px++) most = Math.max(most, (open[px] = now += open[px]));
      i.fillStyle = colours["ok-edge"];
      i.globalAlpha = 0.55;
      for (let px = 0; px < w; px++) {
        const high = (open[px] / most) * (h - 14);
        if (high > 0) i.fillRect(px, h - 4 - high, 1, high);
      }
      i.globalAlpha = 1;
      i.fillStyle = colours.mark;
      for (const mark of marks) i.fillRect(place(mark.place), 0, 1.5, h);
      i.fillStyle = colours.hit;
      for (const hit of hits) i.fillRect(place(hit.start), h - 6, 1.5, 6);
      if (violation) {
        i.fillStyle = colours.bad;
        i.fillRect(place(along(violation.event)) - 1, 0, 2, h);
      }
    }
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.drawImage(overviewImage, 0, 0);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const left = place(view.from), right = Math.max(place(view.to), left + 3);
    c.fillStyle = colours.veil;
    c.fillRect(0, 0, left, h);
    c.fillRect(right, 0, w - right, h);
    c.strokeStyle = colours.accent;
    c.lineWidth = 1.5;
    c.strokeRect(left + 0.75, 0.75, right - left - 1.5, h - 1.5);
  }

  // ---- elements

  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }
  const code = (text) => element("code", {}, text);
  const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

  function facts(operation) {
    const list = [];
    const moment = (at, time) => `event ${index(at)}${time === null ? "" : `, ${clock(time)}`}`;
    list.push(["Process", processNames[operation.process]]);
    list.push(["Invoked", moment(operation.from, operation.invoked)]);
    list.push([
      operation.outcome === OK ? "Completed" : "Outcome",
      operation.outcome === OPEN ? "open when the history ended"
        : (operation.outcome === OK ? "" : `${OUTCOMES[operation.outcome]}, `) + moment(operation.to, operation.completed),
    ]);
    if (operation.invoked !== null && operation.completed !== null) list.push(["Took", duration(operation.completed - operation.invoked)]);
    if (operation.error) list.push(["Reason", code(operation.error)]);
    if (operation.step !== null) {
      list.push(["Takes effect", `step ${operation.number} of ${data.order}`]);
      if (operation.state !== null) list.push(["State then", code(operation.state)]);
    } else if (operation.bad) {
      list.push(["Takes effect", element("span", { class: "reason" }, words.nowhere)]);
    } else if (data.order && operation.outcome !== FAIL) {
      list.push(["Takes effect", "not in the order found"]);
    }
    return list;
  }
  const definitions = (list) => element("dl", {}, ...list.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));

  function describe() {
    const title = element("h2", { id: "detail-title" }, selected ? (selected.bad ? "Cannot be placed" : "Selected operation") : "Selected operation");
    const body = selected
      ? [element("span", { class: "call code" }, called(selected)), definitions(facts(selected))]
      : [element("p", {}, "Select a bar of the timeline, or a row of a table.")];
    $("detail").replaceChildren(title, ...body);
  }
  function say(words) {
    $("said").textContent = words;
  }
  function spoken(operation) {
    const place = operation.bad ? "cannot be placed" : operation.step !== null ? `step ${operation.number}${operation.state === null ? "" : `, then the state is ${operation.state}`}` : "";
    const end = operation.to === null ? "still open" : `${OUTCOMES[operation.outcome]} at ${index(operation.to)}`;
    return `${called(operation)}; process ${processNames[operation.process]}; invoked at ${index(operation.from)}, ${end}${place && `; ${place}`}`;
  }

  function select(operation, look = true) {
    selected = operation ?? null;
    describe();
    for (const table of tables) table.follow(selected);
    if (selected) {
      say(spoken(selected));
      if (look) bringIntoView(selected);
    }
    redraw();
  }

  // ---- tables, a page of rows at a time: the same as the timeline, to be read

  const PAGE = 100;
  const tables = [];
  function table(panel, caption, heads, items, cells, operationOf, act) {
    let page = 0, body, label, back, on;
    const pages = Math.max(1, Math.ceil(items.length / PAGE));
    const place = new Map(items.map((item, i) => [operationOf(item), i]));
    const row = (item, i) => {
      const operation = operationOf(item);
      const [first, ...rest] = cells(item);
      const go = () => act(item);
      const made = element("tr", { onclick: go, "aria-rowindex": i + 2 },
        element("td", { class: "number" }, element("button", { type: "button" }, first)),
        ...rest.map((cell) => (typeof cell === "string" ? element("td", { class: "number" }, cell) : element("td", {}, cell))));
      if (operation?.bad) made.classList.add("bad");
      if (operation && operation === selected) made.setAttribute("aria-current", "true");
      return made;
    };
    const fill = (number) => {
      page = clamp(number, 0, pages - 1);
      const from = page * PAGE, shown = items.slice(from, from + PAGE);
      body.replaceChildren(...shown.map((item, i) => row(item, from + i)));
      label.textContent = `${from + 1}–${from + shown.length} of ${items.length}`;
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
    };
    const turn = (by) => {
      fill(page + by);
      panel.scrollTop = 0;
    };
    body = element("tbody");
    label = element("span", { role: "status" });
    back = element("button", { type: "button", onclick: () => turn(-1) }, "Back");
    on = element("button", { type: "button", onclick: () => turn(1) }, "On");
    panel.append(element("table", { "aria-rowcount": items.length + 1 },
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))), body));
    if (pages > 1) panel.append(element("div", { class: "pager" }, back, label, on));
    fill(0);
    tables.push({
      panel,
      follow(operation) {
        const i = operation ? place.get(operation) : undefined;
        if (i !== undefined && Math.floor(i / PAGE) !== page) fill(Math.floor(i / PAGE));
        for (const row of body.children) row.removeAttribute("aria-current");
        if (i === undefined) return;
        const row = body.children[i % PAGE];
        row.setAttribute("aria-current", "true");
        if (!panel.hidden && !row.contains(document.activeElement)) this.reveal();
      },
      reveal() {
        const row = body.querySelector('[aria-current="true"]');
        if (!row) return;
        const seen = panel.getBoundingClientRect(), own = row.getBoundingClientRect();
        if (own.top < seen.top + 30 || own.bottom > seen.bottom - 50) panel.scrollTop += own.top - seen.top - seen.height / 2;
      },
    });
  }

  function fillTables() {
    const linked = (operation) => select(operation);
    if (steps.length) {
      const whole = steps.length === data.order ? "" : ` ${steps.length} of its ${data.order} steps are here.`;
      const found = violation
        ? words.longest
        : "An order in which all operations may have taken effect";
      const items = culprit ? [...steps, { number: "✗", operation: culprit, state: null }] : steps;
      table($("view-order"), `${found}, and the state${data.parts ? " of its part of the object" : ""} after each. At first it is ${data.initial}.${whole}${data.late ? " Not all states are here: it would take too long." : ""}`,
        ["Step", "Operation", "Process", "State then"], items,
        (step) => [String(step.number), code(called(step.operation)), processNames[step.operation.process],
          step.operation.bad ? element("span", {}, "cannot be placed") : step.state === null ? "–" : code(step.state)],
        (step) => step.operation, (step) => linked(step.operation));
    } else {
      $("view-order").append(element("p", { class: "paragraph note" }, holds
        ? "No operation had to take effect." : violation ? "Of what came before the violation, no order was kept." : "There is none: the history was not decided."));
    }
    table($("view-operations"), "The operations, in the order of their invocations.", ["Events", "Operation", "Process", "Outcome"], operations,
      (operation) => [`${index(operation.from)}–${operation.to === null ? "" : index(operation.to)}`, code(called(operation)), processNames[operation.process],
        operation.bad ? "✗ ok" : OUTCOMES[operation.outcome]],
      (operation) => operation, linked);
    if (marks.length) {
      table($("view-marks"), "The marks.", ["Event", "Mark", "Process"], marks, (mark) => [index(mark.at), code(mark.text), mark.process], () => null,
        (mark) => { showAround(mark.at, 60, true); say(`mark ${mark.text} at ${index(mark.at)}`); });
    }
  }

  // ---- the verdict in words

  function explain() {
    const panel = $("view-verdict");
    const p = (...children) => element("p", {}, ...children);
    if (violation) {
      panel.append(element("h2", {}, words.stopped(index(violation.event))));
      panel.append(p("It completes ", code(violation.operation),
        `, invoked at ${index(violation.invocation)}${culprit ? ` by process ${processNames[culprit.process]}` : ""}. ${words.well}`));
      for (const { state, blocked } of violation.explained) {
        panel.append(element("h3", {}, "The state may be ", code(state)));
        panel.append(element("ul", { class: "blocked" }, ...blocked.map(([from, operation, why]) => element("li", { class: from === violation.invocation ? "first" : "" },
          element("button", { type: "button", onclick: () => select(byInvocation.get(from)) },
            element("span", { class: "number" }, index(from)), code(operation), element("span", { class: "why" }, why))))));
      }
      const more = violation.configurations - violation.explained.length;
      if (more > 0) panel.append(element("p", { class: "note" }, `And ${more} more such states.`));
      if (!sequential) panel.append(element("p", { class: "note" }, "What comes behind it was not judged, and is pale."));
    } else if (holds) {
      panel.append(element("h2", {}, words.holds));
      panel.append(p(words.why, element("button", { type: "button", class: "link", onclick: () => open("order") }, words.order), "."));
    } else if (checked) {
      panel.append(element("h2", {}, "Not decided"));
      panel.append(p(`${checked.reason}. This is neither a pass nor a failure.`));
    } else {
      panel.append(element("h2", {}, "Not checked"), p("The history was held against no model."));
    }
    if (data.cut) panel.append(element("p", { class: "note" }, data.cut));
  }

  function head() {
    $("title").textContent = document.title = data.title;
    const parts = [count(data.events, "event", "events")];
    if (checked) {
      parts.push(count(checked.operations, "operation checked", "operations checked"));
      parts.push(count(checked.configurations, "configuration", "configurations"), duration(checked.seconds * 1e9));
    }
    $("summary").textContent = parts.join("  ·  ");
    const name = holds ? "holds" : checked?.verdict ?? "unchecked";
    $("verdict").textContent = { violation: "✗ Violation", holds: `✓ ${words.holds}`, unknown: "? Unknown", unchecked: "Not checked" }[name];
    $("verdict").classList.add(name);
    $("tab-order").textContent = words.order;
    $("word-point").textContent = words.point;
    $("word-dot").textContent = words.dot;
    if (data.shown < data.events) {
      $("notice").hidden = false;
      $("notice").textContent = `Only a part is shown: events ${index(0)} to ${index(data.shown - 1)} of ${data.first} to ${BigInt(data.end) - 1n}, ${
        violation ? "about the violation" : "the beginning"}, and operations that were open then.`;
    }
    $("jump").hidden = !violation;
    $("axis").hidden = !timed;
    $("tab-marks").hidden = !marks.length;
    document.querySelector(".for-violation").hidden = !violation;
    document.querySelector(".for-order").hidden = !steps.length;
    document.querySelector(".for-marks").hidden = !marks.length;
  }

  // ---- what one can do

  function jump() {
    if (!violation) return;
    showAround(violation.event, 44, true);
    if (culprit) {
      scrollToRow(culprit.row);
      select(culprit, false);
    }
    open("verdict");
  }

  const names = ["verdict", "order", "operations", "marks"];
  function open(name) {
    for (const each of names) {
      const own = each === name;
      $(`tab-${each}`).setAttribute("aria-selected", own);
      $(`tab-${each}`).tabIndex = own ? 0 : -1;
      $(`view-${each}`).hidden = !own;
    }
    for (const table of tables) if (!table.panel.hidden) table.reveal();
  }

  function search() {
    const query = $("query").value.trim().toLowerCase();
    for (const hit of hits) hit.hit = false;
    const process = /^p\s?(\d+)$/.exec(query), event = /^#\s?(\d+)$/.exec(query);
    const matches = (operation) => {
      if (process) return processNames[operation.process] === process[1];
      if (event) return index(operation.from) === event[1] || (operation.to !== null && index(operation.to) === event[1]);
      return called(operation).toLowerCase().includes(query) || (operation.error ?? "").toLowerCase().includes(query);
    };
    hits = query ? operations.filter(matches) : [];
    for (const hit of hits) hit.hit = true;
    hitAt = -1;
    overviewImage = null;
    tellHits();
    redraw();
  }
  function tellHits() {
    const none = $("query").value.trim() ? "no match" : "";
    $("hits").textContent = hits.length ? `${hitAt < 0 ? "" : `${hitAt + 1} / `}${hitAt < 0 ? count(hits.length, "match", "matches") : hits.length}` : none;
    $("previous-hit").disabled = $("next-hit").disabled = !hits.length;
  }
  function goToHit(by) {
    if (!hits.length) return;
    if (hitAt < 0) {
      // From where one is looking.
      const next = hits.findIndex((hit) => hit.end >= view.from);
      hitAt = next < 0 ? 0 : by > 0 ? next : next - 1;
    } else hitAt += by;
    hitAt = (hitAt + hits.length) % hits.length;
    tellHits();
    select(hits[hitAt]);
  }

  function setAxis(toTime) {
    if (!timed || toTime === byTime) return;
    // The same events stay in sight.
    const seen = operations.filter((operation) => operation.end >= view.from && operation.start <= view.to && operation.from >= 0);
    const from = seen.length ? Math.min(...seen.slice(0, 200).map((operation) => operation.from)) : 0;
    const to = seen.length ? Math.max(...seen.slice(-200).map((operation) => operation.to ?? operation.from)) : data.shown;
    byTime = toTime;
    $("by-time").setAttribute("aria-pressed", byTime);
    $("by-index").setAttribute("aria-pressed", !byTime);
    layAlongAxis();
    overviewImage = null;
    const edge = (along(to) - along(from)) * 0.03;
    show({ from: along(from) - edge, to: along(to) + edge });
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  function setTheme(isDark) {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    $("theme").setAttribute("aria-pressed", isDark);
    readColours();
    overviewImage = null;
    redraw();
  }
  const isDark = () => document.documentElement.dataset.theme === "dark";
  let chosen = false;
  function toggleTheme() {
    chosen = true;
    setTheme(!isDark());
  }

  function neighbour(by) {
    const row = rows[selected.row].operations;
    return row[clamp(row.indexOf(selected) + by, 0, row.length - 1)];
  }
  function otherRow(by) {
    const middle = (Math.max(selected.start, view.from) + Math.min(selected.end, view.to)) / 2;
    for (let number = selected.row + by; rows[number]; number += by) {
      const row = rows[number], i = Math.min(firstReaching(row, middle), row.operations.length - 1);
      return row.operations[i];
    }
    return selected;
  }
  function nearest() {
    const middle = (view.from + view.to) / 2;
    return operations.find((operation) => operation.end >= middle) ?? operations[operations.length - 1];
  }
  const step = (by) => {
    const next = selected?.bad && by < 0 ? steps.length - 1 : selected?.step === null || !selected ? 0 : selected.step + by;
    select(next >= steps.length && culprit ? culprit : steps[clamp(next, 0, steps.length - 1)]?.operation ?? selected);
  };
  const move = (go) => select(selected ? go() : nearest());
  const KEYS = {
    ArrowLeft: () => move(() => neighbour(-1)),
    ArrowRight: () => move(() => neighbour(1)),
    ArrowUp: () => move(() => otherRow(-1)),
    ArrowDown: () => move(() => otherRow(1)),
    Home: () => select(operations[0]),
    End: () => select(operations[operations.length - 1]),
    "[": () => step(-1),
    "]": () => step(1),
    "+": () => zoom(0.6, undefined, true),
    "=": () => zoom(0.6, undefined, true),
    "-": () => zoom(1 / 0.6, undefined, true),
    0: () => showAll(true),
    v: jump,
    "/": () => $("query").focus(),
    n: () => goToHit(1),
    N: () => goToHit(-1),
    t: () => setAxis(!byTime),
    d: toggleTheme,
    "?": () => $("keys").showModal(),
    Escape: () => select(null),
  };
  lanes.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    let act = KEYS[event.key];
    if (event.shiftKey && event.key === "ArrowLeft") act = () => pan(-span() / 4, true);
    if (event.shiftKey && event.key === "ArrowRight") act = () => pan(span() / 4, true);
    if (!act) return;
    event.preventDefault();
    act();
  });

  function hit(event) {
    const box = canvas.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    if (px < GUTTER || py < AXIS) return null;
    const number = Math.floor((py - AXIS - 4 + lanes.scrollTop) / LANE), row = rows[number];
    if (!row || py - top(number) > BAR + 8) return null;
    const slack = (4 / room()) * span(), place = at(px);
    let best = null, distance = Infinity;
    for (let i = firstReaching(row, place - slack); i < row.operations.length; i++) {
      const operation = row.operations[i];
      if (operation.start > place + slack) break;
      const away = Math.max(operation.start - place, place - operation.reach, 0);
      if (away < distance) [best, distance] = [operation, away];
      if (away === 0) break;
    }
    return best;
  }

  function hover(event) {
    const operation = event ? hit(event) : null;
    const tip = $("tip");
    if (operation !== hovered) {
      hovered = operation;
      if (operation) tip.replaceChildren(element("span", { class: "call code" }, called(operation)), definitions(facts(operation)));
      redraw();
    }
    tip.hidden = !operation;
    lanes.style.cursor = operation ? "pointer" : "";
    if (!operation) return;
    const { offsetWidth, offsetHeight } = tip;
    tip.style.left = `${clamp(event.clientX + 14, 4, innerWidth - offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY + 18 + offsetHeight > innerHeight ? Math.max(event.clientY - offsetHeight - 12, 4) : event.clientY + 18}px`;
  }

  const fingers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    moved = 0;
    lanes.focus({ preventScroll: true });
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return event.pointerType === "mouse" ? hover(event) : undefined;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    moved += Math.abs(dx) + Math.abs(dy);
    if (fingers.size === 2) {
      const [other] = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
      const spread = (finger) => Math.max(Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY), 1);
      zoom(spread(before) / spread(event), at((event.clientX + other.clientX) / 2 - canvas.getBoundingClientRect().left));
    } else if (moved > 3) {
      lanes.classList.add("drag");
      hover(null);
      lanes.scrollTop -= dy;
      pan((-dx / room()) * span());
    }
    fingers.set(event.pointerId, event);
  });
  const release = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    lanes.classList.remove("drag");
    if (event.type === "pointerup" && moved <= 3) select(hit(event), false);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("dblclick", (event) => zoom(0.4, at(event.clientX - canvas.getBoundingClientRect().left), true));
  canvas.addEventListener("wheel", (event) => {
    const px = event.clientX - canvas.getBoundingClientRect().left;
    if (px < GUTTER) return; // scrolls
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1;
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(((sideways * unit) / room()) * span());
    else zoom(1.0018 ** clamp(event.deltaY * unit, -600, 600), at(px));
  }, { passive: false });
  lanes.addEventListener("scroll", redraw);

  const toOverview = (event) => {
    const box = overview.getBoundingClientRect(), all = domain.to - domain.from + 2 * margin();
    const middle = domain.from - margin() + ((event.clientX - box.left) / box.width) * all;
    show({ from: middle - span() / 2, to: middle + span() / 2 });
  };
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    toOverview(event);
  });
  overview.addEventListener("pointermove", (event) => event.buttons && toOverview(event));

  const click = (id, act) => $(id).addEventListener("click", act);
  click("jump", jump);
  click("previous-hit", () => goToHit(-1));
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    goToHit(1);
  });
  $("query").addEventListener("input", search);
  $("query").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      goToHit(-1);
    } else if (event.key === "Escape") {
      $("query").value = "";
      search();
      lanes.focus({ preventScroll: true });
    }
  });
  click("by-index", () => setAxis(false));
  click("by-time", () => setAxis(true));
  click("in", () => zoom(0.6, undefined, true));
  click("out", () => zoom(1 / 0.6, undefined, true));
  click("fit", () => showAll(true));
  click("theme", toggleTheme);
  click("help", () => $("keys").showModal());
  for (const name of names) click(`tab-${name}`, () => open(name));
  $("tabs").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const shown = names.filter((name) => !$(`tab-${name}`).hidden);
    const now = shown.findIndex((name) => $(`tab-${name}`).getAttribute("aria-selected") === "true");
    const next = shown[(now + by + shown.length) % shown.length];
    open(next);
    $(`tab-${next}`).focus();
  });
  dark.addEventListener("change", () => chosen || setTheme(dark.matches));

  // ---- begin

  head();
  explain();
  layAlongAxis();
  fillTables();
  describe();
  tellHits();
  setTheme(dark.matches);
  resize();
  if (violation) {
    showAround(violation.event, 44, false);
    if (culprit) {
      scrollToRow(culprit.row);
      select(culprit, false);
    }
  } else {
    showBeginning();
  }
  lanes.focus({ preventScroll: true });
  new ResizeObserver(resize).observe(lanes);

  // For those who try the page from outside.
  window.page = {
    view, frames, selected: () => selected, hits: () => hits, resting: () => !flight && !asked,
    show, zoom, pan, showAll,
    box(invocation) {
      const operation = operations.find((operation) => index(operation.from) === String(invocation));
      const frame = canvas.getBoundingClientRect(), { left, right } = extent(operation), y = top(operation.row);
      return { left: frame.left + left, right: frame.left + right, top: frame.top + y, bottom: frame.top + y + BAR };
    },
  };
})();
