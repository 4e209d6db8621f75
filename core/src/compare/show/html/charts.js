// One chart of a group, drawn by uPlot, and the readout with its values.

// The most rows of a readout.
const ROWS = 14;

// Adds a chart to a group. `lines` has for each strategy its values and the half-widths of their intervals, `runs(k)` the
// values of each run. `isZeroed` begins the axis at 0 if that is near; `isLate` scales it without the first tenth of the values.
function addChart(group, { name, note, lines, runs = () => [], format, log = false, height, isStepped, isZeroed, isLate }) {
  const chart = { y: null, plot: null, log, lines, name, onzoom() {} };
  const form = FORMATS[format];
  const { x } = group;

  const slider = el('div', {
    class: 'plot', tabindex: 0, role: 'slider', 'aria-label': name, 'aria-valuemin': 0, 'aria-valuemax': x.length - 1,
    onkeydown: group.keydown,
  });
  const isKnown = lines.map(([mean]) => mean.some((it) => it !== null));
  const hasHalves = lines.some(([, half]) => half.some((it) => it !== null));
  const when = el('span', { class: 'when' });
  const more = el('p', { class: 'more' });
  const rows = Array.from({ length: Math.min(ROWS, group.labels.length) }, () => {
    const row = { k: null, swatch: swatch(0), label: el('bdi'), value: el('span', { class: 'value' }), half: el('span', { class: 'half' }) };
    row.node = el('button', {
      type: 'button', tabindex: -1,
      onclick: () => group.isolate?.(row.k),
      onmouseenter: () => group.setFocus(row.k),
      onmouseleave: () => group.setFocus(null),
    }, row.swatch, row.label, row.value, row.half);
    return row;
  });
  const logBox = el('input', { type: 'checkbox', onchange: () => { chart.log = logBox.checked; chart.y = null; chart.draw(); } });
  logBox.checked = log;
  chart.node = el('figure', { class: 'chart' },
    el('figcaption', {}, el('b', {}, name), note && el('span', { class: 'note' }, note),
      el('label', { class: 'check' }, logBox, 'log')),
    el('div', { class: 'beside' }, slider, el('div', { class: 'readout' }, el('div', { class: 'head' }, when, el('span', { class: 'half' }, hasHalves ? 'mean ± 95 % interval' : '')), ...rows.map((row) => row.node), more)));

  // The first value that counts for the scale: later ones differ less, and would be hard to see.
  const late = Math.max(x.findIndex((it) => it > 0), Math.ceil(x.length / 10) - 1, 0);

  // Returns the indices of the first and the last place in view.
  const inView = () => {
    const [low, high] = group.window();
    const from = x.findIndex((it) => it >= low - 1e-12);
    const to = x.findLastIndex((it) => it <= high + 1e-12);
    return [isLate && !group.range ? Math.min(to, Math.max(from, late)) : from, to];
  };

  // Returns the range of the y axis: all means in view, and intervals and seeds as far as they leave room for the means.
  function yRange() {
    if (chart.y) return chart.y;
    const [from, to] = inView();
    let [low, high, least, most] = [Infinity, -Infinity, Infinity, -Infinity];
    const see = (value) => {
      if (value == null || (chart.log && value <= 0)) return;
      least = Math.min(least, value);
      most = Math.max(most, value);
    };
    lines.forEach(([mean, half], k) => {
      if (!group.shown[k]) return;
      for (let at = from; at <= to; at++) {
        const value = mean[at];
        if (value == null || (chart.log && value <= 0)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
        if (group.intervals && half[at]) [value - half[at], value + half[at]].forEach(see);
      }
      if (group.seeds) runs(k).forEach((run) => { for (let at = from; at <= to; at++) see(run[at]); });
    });
    if (low > high) [low, high] = least <= most ? [least, most] : chart.log ? [0.1, 1] : [0, 1];
    if (chart.log) {
      // A line that ends at nearly 0 leaves the chart.
      low = Math.max(Math.min(low, Math.max(least, low / 2)), high * 1e-5);
      return [low / 1.15, Math.max(high, Math.min(most, high * 2)) * 1.15];
    }
    const span = high - low;
    low = Math.min(low, Math.max(least, low - span / 2));
    high = Math.max(high, Math.min(most, high + span / 2));
    const pad = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.5;
    return [isZeroed && low >= 0 && low < high / 2 ? 0 : low - pad, high + pad];
  }

  // Draws intervals and seeds, below the lines.
  function underlay(plot) {
    const { ctx, bbox } = plot;
    const [from, to] = [Math.max(0, x.findLastIndex((it) => it <= group.window()[0])), inView()[1] + 1];
    const end = Math.min(x.length - 1, Math.max(to, from));
    const place = x.map((it) => plot.valToPos(it, 'x', true));
    const floor = plot.scales.y.min;
    const y = (value) => plot.valToPos(chart.log ? Math.max(value, floor / 10) : value, 'y', true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    lines.forEach(([mean, half], k) => {
      if (!group.shown[k]) return;
      const isFar = group.focus !== null && group.focus !== k;
      if (group.intervals && half.length) {
        ctx.fillStyle = colour(k);
        ctx.globalAlpha = isFar ? 0.04 : 0.16;
        for (let start = from; start <= end; start++) {
          if (mean[start] == null || half[start] == null) continue;
          let stop = start;
          while (stop < end && mean[stop + 1] != null && half[stop + 1] != null) stop++;
          ctx.beginPath();
          for (let at = start; at <= stop; at++) ctx.lineTo(place[at], y(mean[at] + half[at]));
          for (let at = stop; at >= start; at--) ctx.lineTo(place[at], y(mean[at] - half[at]));
          ctx.fill();
          start = stop;
        }
      }
      if (group.seeds) {
        ctx.strokeStyle = colour(k);
        ctx.lineWidth = uPlot.pxRatio;
        ctx.globalAlpha = isFar ? 0.08 : 0.4;
        for (const run of runs(k)) {
          ctx.beginPath();
          let isOpen = false;
          for (let at = from; at <= end; at++) {
            if (run[at] == null) isOpen = false;
            else if (isOpen) ctx.lineTo(place[at], y(run[at]));
            else (ctx.moveTo(place[at], y(run[at])), (isOpen = true));
          }
          ctx.stroke();
        }
      }
    });
    ctx.restore();
  }

  // A value without neighbours is a dot, because no line leads to it.
  const isolated = lines.map(([mean]) => {
    const alone = (at) => mean[at] != null && mean[at - 1] == null && mean[at + 1] == null;
    return mean.map((_, at) => at).filter(alone);
  });

  function options(width) {
    const css = getComputedStyle(document.documentElement);
    const [ink, rule] = ['--muted', '--rule'].map((it) => () => css.getPropertyValue(it));
    const axis = { stroke: ink, font: '11px system-ui, sans-serif', grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1, size: 4 } };
    // Of a logarithmic axis over many decades, only their ends are drawn.
    const isFar = (plot) => plot.scales.y.max / plot.scales.y.min > 300;
    const isPower = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
    const filter = (plot, all) => (chart.log && isFar(plot) ? all.map((it) => (isPower(it) ? it : null)) : all);
    const series = (k) => ({
      show: group.shown[k], stroke: () => colour(k), dash: dash(k), width: 1.75,
      paths: isStepped ? uPlot.paths.stepped({ align: 1 }) : null,
      points: { show: isolated[k].length > 0, filter: () => isolated[k], size: 6, fill: () => colour(k) },
    });
    return {
      width, height, legend: { show: false }, padding: [8, 12, 0, 0],
      cursor: {
        y: false,
        points: group.few ? { size: 7 } : { show: false },
        drag: { x: true, y: true, uni: 30, setScale: false },
        move: (plot, left, top) => [left < 0 ? left : plot.valToPos(x[plot.posToIdx(left)], 'x'), top],
        bind: { dblclick: () => () => { group.reset(); } },
      },
      scales: {
        x: { time: false, distr: group.log ? 3 : 1, range: () => group.window() },
        y: { distr: chart.log ? 3 : 1, range: yRange },
      },
      axes: [
        { ...axis, size: 26, gap: 3, space: 44, ...(group.log ? {} : { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] }),
          values: (_, all, __, ___, step) => all.map((it) => (it == null ? '' : plain(it, group.log ? 0 : step))) },
        { ...axis, size: 58, gap: 4, space: 26, grid: { ...axis.grid, filter }, ticks: { ...axis.ticks, filter },
          values: (_, all, __, ___, step) => all.map((it) => (it == null ? '' : form.axis(it, chart.log ? 0 : step))) },
      ],
      series: [{}, ...lines.map((_, k) => series(k))],
      hooks: {
        drawAxes: [underlay],
        setSelect: [select],
        setCursor: [(plot) => {
          const { left, top, idx } = plot.cursor;
          group.moveTo(left < 0 ? null : idx, chart);
          if (!(plot.select.width > 0)) group.setFocus(left < 0 ? null : nearest(plot, idx, top));
        }],
      },
    };
  }

  // Returns the line at most 14 pixels above or below the pointer.
  function nearest(plot, at, top) {
    let [best, distance] = [null, 14];
    lines.forEach(([mean], k) => {
      const away = group.shown[k] && mean[at] != null ? Math.abs(plot.valToPos(mean[at], 'y') - top) : Infinity;
      if (away < distance) [best, distance] = [k, away];
    });
    return best;
  }

  function select(plot) {
    const { left, top, width, height: tall } = plot.select;
    if (width < 5 && tall < 5) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    // uPlot selects the whole height or width if the drag went in one direction only.
    const isWide = width < plot.over.clientWidth - 1;
    if (tall < plot.over.clientHeight - 1) chart.y = [plot.posToVal(top + tall, 'y'), plot.posToVal(top, 'y')];
    if (isWide && width >= 5) group.zoomTo(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
    else group.redraw();
    group.charts.forEach((it) => it.onzoom());
  }

  // One finger moves the cursor, two zoom. The browser scrolls where a finger moves up or down.
  function touch(plot) {
    const fingers = new Map();
    let held = null;
    const left = (event) => event.clientX - plot.over.getBoundingClientRect().left;
    const places = () => [...fingers.values()].sort((a, b) => a - b);
    const down = (event) => {
      if (event.pointerType !== 'touch') return;
      fingers.set(event.pointerId, left(event));
      held = fingers.size === 2 ? places().map((it) => plot.posToVal(it, 'x')) : null;
    };
    const move = (event) => {
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, left(event));
      if (held) group.pinch(held, places(), plot.over.clientWidth);
      else group.moveTo(plot.posToIdx(Math.max(0, left(event))));
    };
    const up = (event) => { fingers.delete(event.pointerId); held = null; };
    Object.entries({ pointerdown: down, pointermove: move, pointerup: up, pointercancel: up })
      .forEach(([type, listener]) => plot.over.addEventListener(type, listener));
  }

  chart.draw = () => {
    chart.plot?.destroy();
    chart.plot = new uPlot(options(slider.clientWidth || 300), [x, ...lines.map(([mean]) => mean)], slider);
    touch(chart.plot);
    if (group.focus !== null) chart.emphasize();
    chart.write();
  };
  chart.rescale = () => {
    const { plot } = chart;
    plot.batch(() => {
      group.shown.forEach((isShown, k) => {
        if (plot.series[k + 1].show !== isShown) plot.setSeries(k + 1, { show: isShown }, false);
      });
      const [min, max] = group.window();
      plot.setScale('x', { min, max });
      const [low, high] = yRange();
      plot.setScale('y', { min: low, max: high });
    });
    plot.redraw();
    chart.write();
  };
  chart.emphasize = () => {
    lines.forEach((_, k) => {
      const series = chart.plot.series[k + 1];
      series.alpha = group.focus === null || group.focus === k ? 1 : 0.25;
      series.width = group.focus === k ? 2.75 : 1.75;
    });
    chart.plot.redraw(false, false);
  };

  // Writes the values at the cursor or, without one, at the end.
  chart.write = () => {
    const at = group.at === null ? x.length - 1 : group.at;
    const shown = group.labels.map((_, k) => k).filter((k) => group.shown[k] && isKnown[k]);
    let listed = shown;
    if (shown.length > rows.length) {
      listed = shown.slice(0, rows.length);
      if (group.focus !== null && !listed.includes(group.focus)) listed[rows.length - 1] = group.focus;
    }
    when.textContent = group.describe(at);
    rows.forEach((row, index) => {
      const k = listed[index];
      row.node.hidden = k === undefined;
      if (k === undefined) return;
      const [value, half] = [lines[k][0][at], lines[k][1][at]];
      if (row.k !== k) {
        row.k = k;
        paint(row.swatch, k);
        row.label.textContent = group.labels[k];
        row.node.title = `${group.labels[k]}: show it alone, or all again`;
      }
      row.value.textContent = value == null ? '–' : form.value(value);
      row.half.textContent = value != null && half ? `± ${form.half(half, value)}` : '';
      row.node.classList.toggle('on', k === group.focus);
    });
    more.textContent = shown.length > rows.length ? `and ${shown.length - rows.length} more: point at a line` : '';
    const words = listed.map((k) => `${group.labels[k]} ${lines[k][0][at] == null ? 'none' : form.value(lines[k][0][at])}`);
    slider.setAttribute('aria-valuenow', at);
    slider.setAttribute('aria-valuetext', `${group.describe(at)}: ${words.join(', ')}`);
  };

  let width = 0;
  new ResizeObserver(() => {
    const now = slider.clientWidth;
    if (chart.plot && now > 0 && now !== width) chart.plot.setSize({ width: now, height });
    width = now;
  }).observe(slider);
  group.charts.push(chart);
  return chart;
}
