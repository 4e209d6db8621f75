// Elements, numbers and colours. Data become text nodes and attributes, never markup.

function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

// Sets attributes, of which `onclick` and its like are listeners. `true` sets one without a value, `false` none.
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

// Returns `up`, the rounding of the number `long` to `digits` decimals. Half-way, returns the even neighbour, as the
// terminal shows it. JavaScript rounds up.
function even(long, up, digits) {
  const end = long.indexOf('.') + 1 + digits;
  if (!/^50*$/.test(long.slice(end)) || '02468'.includes(up.at(-1))) return up;
  return long.slice(0, digits ? end : end - 1);
}

const fixed = (value, digits) => even(value.toFixed(20), value.toFixed(digits), digits);

function exponent(value, digits) {
  const [up, power] = value.toExponential(digits).split('e');
  const [long] = value.toExponential(20).split('e');
  return `${digits === undefined ? up : even(long, up, digits)}e${Number(power)}`;
}

// Writes a loss or an RMSE, as the terminal does.
function figure(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 0.01 && size < 100) return fixed(value, 4);
  return size >= 100 && size < 1e5 ? fixed(value, 2) : exponent(value, 3);
}

// Writes the half-width of the interval of a loss, with the decimals of the loss.
function spread(half, value) {
  const size = Math.abs(value);
  if (size >= 0.01 && size < 100) return fixed(half, 4);
  return size >= 100 && size < 1e5 ? fixed(half, 2) : exponent(half, 1);
}

// Writes a learning rate with four digits.
function rate(value) {
  const short = Number(exponent(value, 3));
  const size = Math.abs(short);
  return size === 0 || (size >= 1e-4 && size < 1e16) ? String(short) : exponent(short);
}

// Writes a number on an axis with the decimals that its steps need.
function steps(value, step) {
  let digits = 0;
  while (digits < 8 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 * step * 10 ** digits) digits++;
  return fixed(value, digits);
}

// The forms of numbers: a value, the half-width of its interval, and a number on an axis with steps of `step`.
const plain = (value, step) => {
  const size = Math.abs(value);
  return size > 0 && (size < 1e-3 || size >= 1e5) ? rate(value) : step ? steps(value, step) : rate(value);
};
const FORMATS = {
  percent: {
    value: (it) => `${fixed(100 * it, 2)} %`,
    half: (half) => fixed(100 * half, 2),
    axis: (it, step) => `${step ? steps(100 * it, 100 * step) : rate(100 * it)} %`,
  },
  number: { value: figure, half: spread, axis: plain },
  rate: { value: rate, half: (half) => rate(Number(half.toPrecision(2))), axis: plain },
  count: { value: (it) => fixed(it, 1), half: (it) => fixed(it, 1), axis: plain },
  seconds: { value: (it) => `${fixed(it, 1)} s`, half: (it) => fixed(it, 1), axis: (it, step) => `${plain(it, step)} s` },
};

// Returns about `count` round numbers from `low` to `high`, and the step between them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough * 0.999) || rough;
  const all = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) all.push(at * step);
  return { all, step };
}

// The look of strategy `k`: seven colours that colour-blind people tell apart (Okabe and Ito), then dashes.
const COLOURS = 7;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 3]];
const dash = (k) => DASHES[Math.floor(k / COLOURS) % DASHES.length];
let palette = [];
const colour = (k) => palette[k % COLOURS];

function swatch(k) {
  const line = svg('line', { x1: 0, x2: 24, y1: 5, y2: 5 });
  const node = svg('svg', { class: 'swatch', viewBox: '0 0 24 10', 'aria-hidden': 'true' }, line);
  paint(node, k);
  return node;
}

function paint(node, k) {
  node.setAttribute('class', `swatch c${k % COLOURS}`);
  node.firstChild.setAttribute('stroke-dasharray', dash(k).join(' '));
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;
