// What is read when it is first needed: the runs, the pairs and the specs.

let parsed = null;
function details() {
  parsed = parsed || JSON.parse(document.getElementById('details-data').textContent);
  return parsed;
}

// Returns the lines of the spec of a run; `null` if it has none.
function specLines(own, run) {
  const first = own.find((it) => it?.lines);
  const spec = own[run];
  if (!spec) return null;
  const lines = [...(spec.lines || first.lines)];
  for (const [at, line] of spec.changes || []) lines[at] = line;
  return lines.map((line) => details().lines[line]);
}

// Returns the keys of a strategy, first those in which the strategies differ.
function keyTable(problem, strategy) {
  const value = (it, key) => it.spec.find(([name]) => name === key)?.[1];
  const differs = ([key, own]) => problem.strategies.some((it) => value(it, key) !== own);
  const keys = [...strategy.spec.filter(differs), ...strategy.spec.filter((it) => !differs(it))];
  if (!keys.length) return el('p', { class: 'note' }, 'These are curves without a spec.');
  return el('table', { class: 'keys' }, el('tbody', {}, ...keys.map((it) =>
    el('tr', { class: differs(it) ? 'differs' : null }, el('th', { scope: 'row' }, it[0]), el('td', {}, it[1])))));
}

// Opens the details of strategy `k`: its keys, its runs with the spec of each, and its comparisons.
function openDetails(problem, index, k) {
  const dialog = document.getElementById('details');
  const strategy = problem.strategies[k];
  const { specs, pairs, pair_head: pairHead } = details().problems[index];
  const spec = el('pre', { tabindex: 0, 'aria-label': 'spec of the run' });
  const path = el('p', { class: 'path' });
  const buttons = strategy.runs.map((run, at) => el('button', { type: 'button', onclick: () => choose(at) },
    el('b', {}, run.seed === null ? `run ${at + 1}` : `seed ${run.seed}`), ` ${run.text}`, run.status === 'completed' ? null : el('small', {}, ` ${run.status}`)));
  function choose(at) {
    buttons.forEach((it, own) => it.setAttribute('aria-pressed', own === at));
    path.replaceChildren(el('bdi', {}, strategy.runs[at].path));
    const lines = specLines(specs[k], at);
    spec.textContent = lines ? lines.join('\n') : 'This curve has no spec.';
  }
  choose(0);
  const own = pairs.filter(([a, b]) => a === k || b === k);
  const title = el('h2', { id: 'details-title' }, swatch(k), el('bdi', {}, strategy.label));
  dialog.replaceChildren(
    el('div', { class: 'bar' }, title, el('button', { type: 'button', onclick: () => dialog.close() }, 'Close')),
    el('div', { class: 'columns' },
      el('section', {}, el('h3', {}, 'Strategy'), keyTable(problem, strategy)),
      el('section', {}, el('h3', {}, plural(strategy.runs.length, 'run')), el('div', { class: 'runs' }, ...buttons), path, spec)),
    own.length ? el('section', {}, el('h3', {}, 'Compared with'), pairTable(problem, own, pairHead)) : '');
  dialog.showModal();
}

function pairTable(problem, pairs, head) {
  const rows = pairs.map(([a, b, cells]) => [problem.strategies[a].label, problem.strategies[b].label, ...cells]);
  return plainTable(['a', 'b', ...head], rows, 2);
}
