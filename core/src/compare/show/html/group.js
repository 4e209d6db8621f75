// Charts over one x axis. Those of a group share zoom, cursor, and the strategies that are shown.

// Creates a group. `x` has the values of the axis, `labels` the names of the lines, `describe(at)` the words for a place,
// `log` whether the axis is logarithmic, and `onfocus(k)` is called when a line is pointed at.
function chartGroup({ x, labels, name, describe, log = false, onfocus = () => {} }) {
  const few = labels.length <= 12;
  const group = {
    x, labels, name, describe, log, onfocus, few,
    shown: labels.map(() => true), intervals: few, seeds: false, focus: null, at: null, range: null, charts: [],
  };
  let moving = false;
  let waiting = false;
  const map = log ? Math.log10 : Number;
  const back = log ? (it) => 10 ** it : Number;
  const ends = () => (x.length > 1 ? [x[0], x.at(-1)] : [x[0] - 0.5, x[0] + 0.5]);
  group.window = () => group.range || ends();

  group.drawn = () => group.charts.filter((chart) => chart.plot);
  group.redraw = () => group.drawn().forEach((chart) => chart.rescale());

  // Writes the values at the cursor, once per frame.
  group.write = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      group.drawn().forEach((chart) => chart.write());
    });
  };

  // Moves the cursor of every chart but `source` to the place with index `at`; `null` takes it away.
  group.moveTo = (at, source) => {
    if (moving || (at === group.at && source)) return;
    moving = true;
    group.at = at;
    for (const chart of group.drawn()) {
      if (chart === source) continue;
      const left = at === null ? -10 : chart.plot.valToPos(x[at], 'x');
      chart.plot.setCursor({ left, top: at === null ? -10 : 0 }, false);
    }
    moving = false;
    group.write();
  };

  // Emphasizes strategy `k`; `null` emphasizes none.
  group.setFocus = (wanted) => {
    const k = wanted !== null && group.shown[wanted] ? wanted : null;
    if (k === group.focus) return;
    group.focus = k;
    group.drawn().forEach((chart) => chart.emphasize());
    group.onfocus(k);
    group.write();
  };

  // Shows the part of the x axis from `low` to `high`; everything without them.
  group.zoomTo = (low, high) => {
    const [first, last] = ends();
    const range = [Math.max(first, low), Math.min(last, high)];
    const isAll = low === undefined || (range[0] <= first && range[1] >= last);
    if (!isAll && !(range[1] > range[0])) return;
    group.range = isAll ? null : range;
    group.redraw();
    group.charts.forEach((chart) => chart.onzoom());
  };
  group.reset = () => {
    group.charts.forEach((chart) => (chart.y = null));
    group.zoomTo();
  };
  // Zooms by `factor` around the cursor, or around the middle.
  group.zoom = (factor) => {
    const [low, high] = group.window().map(map);
    const middle = group.at === null ? (low + high) / 2 : Math.min(high, Math.max(low, map(x[group.at])));
    // No closer than to two values.
    if (factor < 1 && x.filter((it) => it >= back(low) && it <= back(high)).length <= 3) return;
    group.zoomTo(back(middle - (middle - low) * factor), back(middle + (high - middle) * factor));
  };
  // Zooms so that the two values under two fingers stay under them.
  group.pinch = (from, to, width) => {
    const [a, b] = from.map(map);
    if (Math.abs(to[1] - to[0]) < 20) return;
    const perPixel = (b - a) / (to[1] - to[0]);
    const low = a - to[0] * perPixel;
    if (perPixel > 0) group.zoomTo(back(low), back(low + width * perPixel));
  };
  group.keydown = (event) => {
    const last = x.length - 1;
    const by = event.shiftKey ? 10 : 1;
    const at = group.at === null ? last : group.at;
    const clamp = (to) => Math.min(last, Math.max(0, to));
    const actions = {
      ArrowLeft: () => group.moveTo(clamp(group.at === null ? last : at - by)),
      ArrowRight: () => group.moveTo(clamp(group.at === null ? 0 : at + by)),
      Home: () => group.moveTo(0),
      End: () => group.moveTo(last),
      '+': () => group.zoom(0.5),
      '=': () => group.zoom(0.5),
      '-': () => group.zoom(2),
      Escape: () => (group.setFocus(null), group.moveTo(null), group.reset()),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  };
  return group;
}
