import { cpus, release } from 'node:os';
import { disturbances } from './measure.js';

/**
 * @typedef {{ value: number, unit: string, ratio?: Interval, low?: number, high?: number }} Cell
 * @typedef {{ value: number, low: number, high: number }} Interval
 * @typedef {{ part: string, what: string, measured: number, low: number, high: number, must: string, aim: string,
 *   result: 'aim' | 'pass' | 'fail' | 'inconclusive' }} Outcome
 */

/** Collects what was measured and says what it means. */
export class Report {
  parts = [];
  /** @type {Outcome[]} */
  outcomes = [];
  notes = [];
  startedAt = new Date();

  part(id, title, base) {
    this.parts.push({ id, title, base, columns: [], rows: new Map(), controls: [] });
  }

  get #part() {
    return this.parts.at(-1);
  }

  /** @param {string} contestant @param {string} measure @param {Cell} cell */
  cell(contestant, measure, cell) {
    const { columns, rows } = this.#part;
    if (!columns.includes(measure)) columns.push(measure);
    if (!rows.has(contestant)) rows.set(contestant, new Map());
    rows.get(contestant).set(measure, cell);
  }

  /**
   * What two of the same kind came to. Farther than `bound` from `expected` the machine was too restless for this
   * measure.
   */
  control(measure, value, bound, expected = 1) {
    const held = Math.abs(value - expected) <= bound;
    this.#part.controls.push({ measure, value, low: expected - bound, high: expected + bound, held });
  }

  /** A must and an aim of the contestant's ratio, or of its value where it has none; `most` or `least`. */
  target(what, contestant, measure, { most, least, aim }) {
    const cell = this.#part.rows.get(contestant).get(measure);
    const { value, low = value, high = value } = cell.ratio ?? cell;
    const meets = (limit) => (most === undefined ? value >= limit : value <= limit);
    const sign = most === undefined ? '>=' : '<=';
    const must = most ?? least;
    const result = meets(aim) ? 'aim' : meets(must) ? 'pass' : 'fail';
    this.#judge(
      { what, measured: value, low, high, must: `${sign} ${must}`, aim: `${sign} ${aim}`, result },
      measure,
    );
  }

  /** One contestant must be below another. */
  below(what, contestant, other, measure) {
    const ratioOf = (name) => this.#part.rows.get(name).get(measure).ratio.value;
    const value = ratioOf(contestant) / ratioOf(other);
    const result = value < 1 ? 'aim' : 'fail';
    this.#judge({ what, measured: value, low: value, high: value, must: '< 1', aim: '< 1', result }, measure);
  }

  /** One contestant must reach at least `times` times another. */
  above(what, contestant, other, measure, times) {
    const ratioOf = (name) => this.#part.rows.get(name).get(measure).ratio.value;
    const value = ratioOf(contestant) / ratioOf(other);
    const must = `>= ${times}`;
    const result = value >= times ? 'aim' : 'fail';
    this.#judge({ what, measured: value, low: value, high: value, must, aim: must, result }, measure);
  }

  #judge(outcome, measure) {
    const control = this.#part.controls.find((one) => one.measure === measure);
    const result = control && !control.held ? 'inconclusive' : outcome.result;
    this.outcomes.push({ part: this.#part.id, ...outcome, result });
  }

  get failed() {
    return this.outcomes.some(({ result }) => result === 'fail');
  }

  header() {
    const [cpu] = cpus();
    const day = this.startedAt.toISOString().slice(0, 10);
    return `${day}, Node ${process.version.slice(1)}, ${process.platform} ${release()}, ${cpus().length} x ${cpu?.model.trim()}`;
  }

  markdown(command) {
    return [
      `Measured with \`${command}\`: ${this.header()}.`,
      ...(this.outcomes.length > 0 ? [this.#outcomeTable()] : []),
      ...this.parts.map(partTable),
      ...this.notes,
      `Rounds disturbed by something else on the machine: ${disturbances.repeated} measured again, ${disturbances.counted} counted all the same.`,
    ].join('\n\n');
  }

  #outcomeTable() {
    const words = { aim: 'pass, aim met', pass: 'pass', fail: 'FAIL', inconclusive: 'inconclusive' };
    const rows = this.outcomes.map(({ what, measured, low, high, must, aim, result }) => [
      what,
      figure(measured),
      low === high ? '' : `${figure(low)} to ${figure(high)}`,
      must,
      aim,
      words[result],
    ]);
    return table(['target', 'measured', '95 %', 'must', 'aim', 'result'], rows);
  }

  json(command) {
    return {
      command,
      machine: this.header(),
      startedAt: this.startedAt.toISOString(),
      outcomes: this.outcomes,
      parts: this.parts.map(({ id, title, base, rows, controls }) => ({
        id,
        title,
        base,
        controls,
        rows: [...rows].map(([contestant, cells]) => ({ contestant, ...Object.fromEntries(cells) })),
      })),
      notes: this.notes,
      disturbances,
    };
  }
}

function partTable({ title, base, columns, rows, controls }) {
  const body = [...rows].map(([contestant, cells]) => [
    contestant,
    ...columns.map((column) => shown(cells.get(column))),
  ]);
  const drift = controls.map(
    ({ measure, value, low, high, held }) =>
      `${measure} ${figure(value)}${held ? '' : ' (INCONCLUSIVE)'}, bound ${figure(low)} to ${figure(high)}`,
  );
  return [
    `### ${title}`,
    `Medians; in brackets ${base}, with the interval of that.`,
    table(['', ...columns], body),
    `Control, the same against itself: ${drift.join('; ')}.`,
  ].join('\n\n');
}

function shown(cell) {
  if (!cell) return '';
  const value = `${figure(cell.value)} ${cell.unit}`.replace(' /s', '');
  if (cell.ratio) {
    const { value: middle, low, high } = cell.ratio;
    return `${value} (**${figure(middle)}**, ${figure(low)} to ${figure(high)})`;
  }
  return cell.low === undefined ? value : `${value} (${figure(cell.low)} to ${figure(cell.high)})`;
}

/** Three digits that mean something. */
function figure(value) {
  if (!Number.isFinite(value)) return 'n/a';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.995 ? 2 : 3);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
