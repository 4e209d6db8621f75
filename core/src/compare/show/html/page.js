// The page: a view of one problem at a time, and what concerns all of them.

const data = JSON.parse(document.getElementById('overview-data').textContent);
const main = document.getElementById('page');
let groups = [];

// The charts of the three kinds of quantities: their heights, and the words about their values.
const KINDS = {
  compared: { height: 240, note: 'compared' },
  metric: { height: 150 },
  rate: { height: 118, isZeroed: true },
};

// Returns whether a rate needs a logarithmic axis: more than a fifth of a line is below a hundredth of the highest value.
function isLow(lines) {
  const highest = Math.max(...lines.flatMap(([mean]) => mean));
  return lines.some(([mean]) => 5 * mean.filter((it) => it > 0 && it < highest / 100).length > mean.length);
}

function view(index) {
  const problem = data.problems[index];
  const { strategies, quantities, epochs } = problem;
  const group = chartGroup({
    x: epochs, labels: strategies.map((it) => it.label), name: 'epoch', describe: (at) => `epoch ${epochs[at]}`,
    onfocus: (k) => table.emphasize(k),
  });
  group.update = () => { group.setFocus(group.focus); table.draw(); group.redraw(); };
  group.show = (k, isShown) => { group.shown[k] = isShown; group.update(); };
  group.showAll = (isShown) => { group.shown.fill(isShown); group.update(); };
  // Shows one strategy alone; if it is alone already, all of them.
  group.isolate = (k) => {
    const isAlone = group.shown.every((it, at) => it === (at === k));
    group.shown = group.shown.map((_, at) => isAlone || at === k);
    group.update();
  };
  const table = strategyTable(problem, group, (k) => openDetails(problem, index, k));
  const runs = strategies.reduce((sum, it) => sum + it.runs.length, 0);
  const parts = [
    el('h1', {}, el('bdi', {}, problem.title)),
    el('p', { class: 'note' }, `compared by ${problem.measure} · ${strategies.length} ${strategies.length === 1 ? 'strategy' : 'strategies'} · ${plural(runs, 'run')}`),
    el('div', { class: 'conclusions' }, ...problem.conclusions.map((it) => el('p', {}, it))),
    list('warnings', problem.warnings),
    section('Strategies', [
      button('All', () => group.showAll(true)), button('None', () => group.showAll(false)),
      el('span', { class: 'key' }, svg('svg', { viewBox: '0 0 12 12' }, svg('circle', { cx: 6, cy: 6, r: 2.75 })), 'a seed',
        svg('svg', { viewBox: '0 0 12 12' }, svg('path', { d: 'M6 1V11' })), 'mean',
        svg('svg', { viewBox: '0 0 24 12', class: 'wide' }, svg('path', { d: 'M1 6H23M1 2V10M23 2V10' })), '95 % interval of the mean'),
    ], table.node),
  ];
  if (quantities.length) parts.push(curves(problem, index, group));
  if (problem.sensitivity) parts.push(sensitivity(problem));
  if (problem.pairs) {
    const pairs = el('details', { ontoggle: () => {
      if (pairs.open && pairs.children.length === 1) {
        const own = details().problems[index];
        pairs.append(pairTable(problem, own.pairs, own.pair_head));
      }
    } }, el('summary', {}, `${plural(problem.pairs, 'pair')} of strategies`));
    parts.push(pairs);
  }
  main.replaceChildren(...parts.filter((it) => it));
  queue = [() => table.fill()];
  return [group, ...parts.filter((it) => it?.group).map((it) => it.group)];
}

// What is drawn when the browser has shown what is in the window: the rest of the table, and the other charts.
let queue = [];
function drawAll() {
  const charts = groups.flatMap((group) => group.charts);
  const isSeen = (chart) => chart.node.getBoundingClientRect().top < innerHeight;
  const seen = charts.filter(isSeen);
  seen.forEach((chart) => chart.draw());
  queue.push(...charts.filter((chart) => !seen.includes(chart)).map((chart) => () => chart.draw()));
  afterPaint(() => {
    performance.measure('drawn', 'start');
    drawNext();
  });
}
function drawNext() {
  const draw = queue.shift();
  if (!draw) return performance.measure('complete', 'start');
  draw();
  afterPaint(drawNext);
}
function afterPaint(then) {
  requestAnimationFrame(() => setTimeout(then));
}
addEventListener('beforeprint', () => queue.splice(0).forEach((draw) => draw()));

function curves(problem, index, group) {
  const reset = button('Reset zoom', () => group.reset());
  // The schedule is under the curve that is compared, unless there are so many that losses would be far away.
  const of = (kind) => problem.quantities.filter((it) => it.kind === kind);
  const isShort = of('rate').length <= 3;
  const order = [...of('compared'), ...(isShort ? of('rate') : []), ...of('metric'), ...(isShort ? [] : of('rate'))];
  const charts = order.map((quantity) => {
    const q = problem.quantities.indexOf(quantity);
    const kind = KINDS[quantity.kind];
    const isRate = quantity.kind === 'rate';
    const chart = addChart(group, {
      name: quantity.name, note: kind.note, format: quantity.format, lines: quantity.lines,
      height: Math.max(kind.height, 30 + 20 * Math.min(group.labels.length, ROWS)),
      log: isRate && isLow(quantity.lines), isZeroed: kind.isZeroed, isLate: !isRate,
      runs: (k) => details().problems[index].runs[q][k],
    });
    chart.onzoom = () => { reset.disabled = !group.range && group.charts.every((it) => !it.y); };
    return chart;
  });
  reset.disabled = true;
  const toggle = (name, key, title) => {
    const box = el('input', { type: 'checkbox', onchange: () => { group[key] = box.checked; group.redraw(); } });
    box.checked = group[key];
    return el('label', { class: 'check', title }, box, name);
  };
  const choice = charts.map((chart) => {
    const box = el('input', { type: 'checkbox', checked: true, onchange: () => { chart.node.hidden = !box.checked; } });
    return el('label', { class: 'check' }, box, chart.name);
  });
  const bar = [
    toggle('intervals', 'intervals', '95 % intervals of the means, from 3 seeds on'),
    toggle('seeds', 'seeds', 'every run as a line'),
    button('+', () => group.zoom(0.5), 'zoom in'), button('−', () => group.zoom(2), 'zoom out'), reset,
    choice.length > 1 ? el('details', { class: 'choice' }, el('summary', {}, 'charts'), el('div', {}, ...choice)) : null,
  ];
  const node = section('Curves', bar, ...charts.map((chart) => chart.node),
    el('p', { class: 'note' }, 'Lines are means over the seeds. Drag over a chart to zoom; a double click or Escape shows everything. ' +
      'In a chart that has the focus, the arrow keys move the cursor, and + and − zoom.'));
  node.classList.add('curves');
  return node;
}

// The measure over a number of the spec, one line for each strategy without it.
function sensitivity(problem) {
  const { key, curves: lines, text } = problem.sensitivity;
  const x = [...new Set(lines.flatMap((line) => line.points.map((it) => it.value)))].sort((a, b) => a - b);
  const at = (line, value) => line.points.find((it) => it.value === value);
  const values = (line, get) => x.map((value) => get(at(line, value)) ?? null);
  const strategy = (point) => problem.strategies[point.strategy];
  const group = chartGroup({
    x, labels: lines.map((it) => it.label), name: key, describe: (index) => `${key} ${rate(x[index])}`, log: x[0] > 0,
  });
  const chart = addChart(group, {
    name: problem.measure, format: problem.format, height: Math.max(200, 40 + 20 * Math.min(lines.length, ROWS)),
    lines: lines.map((line) => [values(line, (it) => it?.mean), values(line, (it) => it && strategy(it).half)]),
  });
  const node = section(`Sensitivity to ${key}`, [], chart.node, ...text.map((it) => el('p', { class: 'lines' }, it)));
  node.group = group;
  return node;
}

// The strategies over all problems.
function profile() {
  const { strategies, problems, r_max: most, head, rows } = data.profile;
  const x = [...new Set([1, most, ...strategies.flatMap((it) => it.corners.map(([ratio]) => ratio)).filter((it) => it <= most)])].sort((a, b) => a - b);
  const share = (it, ratio) => it.corners.findLast(([corner]) => corner <= ratio)?.[1] ?? 0;
  const group = chartGroup({
    x, labels: strategies.map((it) => it.label), name: 'ratio', describe: (at) => `within ${rate(x[at])} times the fastest`, log: true,
  });
  const chart = addChart(group, {
    name: `share of the ${plural(problems.length, 'problem')} solved`, format: 'percent', height: 200, isStepped: true, isZeroed: true,
    lines: strategies.map((it) => [x.map((ratio) => share(it, ratio)), []]),
  });
  const node = section('All problems, by the median epochs to the target', [], plainTable(head, rows), chart.node);
  return { node, group };
}

function section(title, bar, ...children) {
  return el('section', {}, el('div', { class: 'bar' }, el('h2', {}, title), ...bar), ...children);
}

function button(name, onclick, label) {
  return el('button', { type: 'button', 'aria-label': label, title: label, onclick }, name);
}

function list(name, lines) {
  return lines.length ? el('ul', { class: name }, ...lines.map((it) => el('li', {}, el('bdi', {}, it)))) : null;
}

// Light and dark: as the system has it, until somebody chooses.
const darkness = matchMedia('(prefers-color-scheme: dark)');
let theme = null;
function setTheme() {
  document.documentElement.dataset.theme = theme || (darkness.matches ? 'dark' : 'light');
  const css = getComputedStyle(document.documentElement);
  palette = Array.from({ length: COLOURS }, (_, k) => css.getPropertyValue(`--c${k}`));
  groups.forEach((group) => group.drawn().forEach((chart) => chart.plot.redraw(false, true)));
}
darkness.addEventListener('change', setTheme);

function start() {
  setTheme();
  const several = data.problems.length > 1;
  const choose = el('select', { onchange: () => show(Number(choose.value)) },
    ...data.problems.map((it, index) => el('option', { value: index }, it.title)));
  const switchTheme = () => {
    theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    setTheme();
  };
  document.getElementById('top').append(
    el('span', { class: 'brand' }, 'lr-run compare'),
    ...(several ? [el('label', {}, 'Problem ', choose)] : []),
    button('◐', switchTheme, 'light or dark'));
  const all = data.profile ? profile() : null;
  const show = (index) => {
    groups = [...view(index), ...(all ? [all.group] : [])];
    drawAll();
    document.title = `${data.problems[index].title} · lr-run compare`;
  };
  const end = document.getElementById('end');
  const messages = [['Left out', data.left_out], ['Notes', data.notes]].filter(([, lines]) => lines.length);
  end.append(...(all ? [all.node] : []), ...messages.map(([title, lines]) => section(title, [], list('messages', lines))),
    el('p', { class: 'note' }, `Written by lr-run ${data.version}. Charts by uPlot (MIT license, in the source of this page).`));
  if (data.problems.length) show(0);
  else main.append(el('p', {}, 'There is nothing to compare.'));
}

start();
