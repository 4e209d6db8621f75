// The table of the strategies. One column draws every seed, the mean and its interval on one axis.

// `group` has the strategies that are shown; `open(k)` opens the details of one.
function strategyTable(problem, group, open) {
  const { strategies, head } = problem;
  const form = FORMATS[problem.format];
  const axis = svg('svg', { class: 'axis', 'aria-hidden': 'true' });
  const body = el('tbody');
  const order = { column: null, isDown: false };
  // A longer table scrolls by itself, so that the charts are near.
  const isShort = strategies.length <= 20;

  function row(strategy, k) {
    const box = el('input', {
      type: 'checkbox', 'aria-label': `show ${strategy.label}`, onchange: () => group.show(k, box.checked),
    });
    const picture = svg('svg', { class: 'seeds', role: 'img', 'aria-label': describe(strategy) });
    const node = el('tr', { onmouseenter: () => group.setFocus(k), onmouseleave: () => group.setFocus(null) },
      el('th', { scope: 'row' }, el('div', { class: 'name' },
        box, swatch(k),
        el('button', { type: 'button', class: 'open', title: 'Its spec, its runs and its comparisons', onclick: () => open(k) },
          el('bdi', {}, strategy.label)),
        el('button', { type: 'button', class: 'only', 'aria-label': `show only ${strategy.label}`, onclick: () => group.isolate(k) }, 'only'))),
      el('td', { class: 'picture' }, el('div', {}, picture)),
      ...strategy.cells.slice(1).map((cell) => el('td', cell.length > 24 ? { class: 'cut', title: cell } : {}, cell)));
    return { node, box, picture };
  }

  // Adds the rows up to the one with index `end`.
  const rows = [];
  function fill(end) {
    const from = rows.length;
    strategies.slice(from, end).forEach((strategy, at) => rows.push(row(strategy, from + at)));
    body.append(...rows.slice(from).map((it) => it.node));
    draw(from);
  }

  function describe(strategy) {
    const failed = strategy.runs.filter((run) => run.value === null).length;
    const seeds = strategy.runs.map((run) => run.text).join(', ');
    return `${plural(strategy.runs.length, 'run')}${failed ? `, ${failed} failed` : ''}: ${seeds}`;
  }

  // Sorts by a column of `head`; again by the same one, in the other direction. What has no value stays last.
  function sort(column, header) {
    fill();
    const isNumber = strategies.some((it) => it.keys[column] !== null);
    const isFirst = order.column !== column;
    order.isDown = isFirst ? isNumber && problem.is_max : !order.isDown;
    order.column = column;
    const sign = order.isDown ? -1 : 1;
    const compare = (a, b) => {
      if (!isNumber) return sign * strategies[a].cells[column].localeCompare(strategies[b].cells[column]);
      const [x, y] = [strategies[a].keys[column], strategies[b].keys[column]];
      return x === null || y === null ? (x === null) - (y === null) : sign * (x - y);
    };
    const sorted = strategies.map((_, k) => k).sort((a, b) => compare(a, b) || a - b);
    body.append(...sorted.map((k) => rows[k].node));
    headers.forEach((it) => it.removeAttribute('aria-sort'));
    header.setAttribute('aria-sort', order.isDown ? 'descending' : 'ascending');
  }

  const headers = head.map((name, column) => {
    const header = el('th', { scope: 'col' },
      el('button', { type: 'button', onclick: () => sort(column, header) }, name));
    return header;
  });
  const [first, ...others] = headers;
  const table = el('table', { class: 'strategies' },
    el('thead', {}, el('tr', {}, first, el('th', { scope: 'col', class: 'picture' }, axis), ...others)), body);

  // Returns the ends of the axis: all seeds that are shown, and intervals as far as they leave room for the seeds.
  function range() {
    const shown = strategies.filter((_, k) => group.shown[k]);
    const seeds = shown.flatMap((it) => it.runs.map((run) => run.value)).filter((it) => it !== null);
    if (!seeds.length) return null;
    let [low, high] = [Math.min(...seeds), Math.max(...seeds)];
    const span = high - low;
    for (const { mean, half } of shown) {
      if (mean === null || half === null) continue;
      low = Math.min(low, Math.max(mean - half, low - span / 4));
      high = Math.max(high, Math.min(mean + half, high + span / 4));
    }
    const pad = (high - low) * 0.04 || Math.abs(high) * 0.05 || 0.5;
    return [low - pad, high + pad];
  }

  // Draws the column of pictures again, from row `from` on.
  function draw(from = 0) {
    const ends = range();
    const place = (value) => (100 * (value - ends[0])) / (ends[1] - ends[0]);
    const percent = (value) => `${Math.min(100, Math.max(0, place(value))).toFixed(2)}%`;
    const marks = ends ? ticks(ends[0], ends[1], innerWidth < 760 ? 2 : 4) : { all: [] };
    const anchor = (at) => (at < 6 ? 'start' : at > 94 ? 'end' : 'middle');
    axis.replaceChildren(...marks.all.map((it) =>
      svg('text', { x: percent(it), y: 11, 'text-anchor': anchor(place(it)) }, form.axis(it, marks.step))));
    rows.slice(from).forEach(({ node, box, picture }, at) => {
      const k = from + at;
      const { mean, half, runs } = strategies[k];
      box.checked = group.shown[k];
      node.classList.toggle('off', !group.shown[k]);
      picture.setAttribute('class', `seeds c${k % COLOURS}`);
      picture.replaceChildren();
      if (!ends || !group.shown[k]) return;
      const bar = (x, from, to, name) => svg('line', { class: name, x1: x, x2: x, y1: from, y2: to });
      if (isShort) picture.append(...marks.all.map((it) => bar(percent(it), 0, 24, 'grid')));
      if (mean !== null && half !== null) {
        const [low, high] = [mean - half, mean + half];
        picture.append(svg('line', { class: 'interval', x1: percent(low), x2: percent(high), y1: 12, y2: 12 }));
        // An end beyond the axis has no cap.
        if (low >= ends[0]) picture.append(bar(percent(low), 7, 17, 'interval'));
        if (high <= ends[1]) picture.append(bar(percent(high), 7, 17, 'interval'));
      }
      picture.append(...runs.filter((run) => run.value !== null).map((run) =>
        svg('circle', { cx: percent(run.value), cy: 12, r: 2.75 })));
      if (mean !== null) picture.append(bar(percent(mean), 4, 20, 'mean'));
      const failed = runs.filter((run) => run.value === null).length;
      if (failed) picture.append(svg('text', { class: 'failed', x: '100%', y: 15, 'text-anchor': 'end' }, `${failed} failed`));
    });
  }
  // Those that a window shows; the others follow with `fill()`.
  fill(24);

  const emphasize = (focus) => rows.forEach(({ node }, k) => node.classList.toggle('on', k === focus));
  const node = el('div', { class: isShort ? 'scroll' : 'scroll long', tabindex: isShort ? null : 0, role: 'region', 'aria-label': 'strategies' }, table);
  return { node, draw, fill, emphasize };
}

// Returns a table of text. The first `names` columns are text, the others are aligned on the right.
function plainTable(head, rows, names = 1) {
  const cell = (tag) => (text, at) => el(tag, { class: at < names ? 'text' : null, scope: tag === 'th' ? 'col' : null }, el('bdi', {}, text));
  return el('div', { class: 'scroll' }, el('table', {},
    el('thead', {}, el('tr', {}, ...head.map(cell('th')))),
    el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map(cell('td')))))));
}
