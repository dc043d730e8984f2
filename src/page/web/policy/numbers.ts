import { readJsonc } from '../../../json/relaxed.js';
import { isRecord } from '../../../json/value.js';
import { setIn } from '../../../policy/edit/jsonc-text.js';
import { readRate } from '../../../policy/read/rate.js';

/** A number in a policy that can be moved. */
export interface MovableNumber {
  readonly path: readonly (string | number)[];
  readonly value: number;
  readonly kind: 'limit' | 'rate' | 'condition';
  /** The tool or pattern; undefined for all tools. */
  readonly tool: string | undefined;
  /** `minute`, `args.amount_total gt`: reads on from the number. */
  readonly of: string;
  /** The rule as decisions name it, where that can be told from the text. */
  readonly rule: string | undefined;
}

const LISTS = ['require', 'deny_if', 'approve_if'];

/** What a policy's text says as values; undefined where it is no sound JSON. */
export function documentOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = readJsonc(text.replace(/^\uFEFF/, ' '))?.doubles;
  return isRecord(value) ? value : undefined;
}

/** The numbers of limits, rates and conditions, in the order of the file. */
export function numbersOf(text: string): readonly MovableNumber[] {
  const document = documentOf(text);
  if (!document) return [];
  const found = isRecord(document.all_tools) ? inEntry(document.all_tools, ['all_tools'], undefined) : [];
  const tools = isRecord(document.tools) ? document.tools : {};
  for (const [name, entry] of Object.entries(tools))
    if (isRecord(entry)) found.push(...inEntry(entry, ['tools', name], name));
  return found;
}

type Path = MovableNumber['path'];

function inEntry(entry: Record<string, unknown>, at: Path, tool: string | undefined): MovableNumber[] {
  const found: MovableNumber[] = [];
  const { rate_limit: rate, limits } = entry;
  const rateAt = [...at, 'rate_limit'];
  const written = typeof rate === 'string' ? readRate(rate) : undefined;
  if (written)
    found.push({
      ...{ path: rateAt, kind: 'rate', tool, rule: pointerOf(rateAt) },
      value: Number(written.max),
      of: String(written.window),
    });
  if (isRecord(rate) && typeof rate.max === 'number')
    found.push({
      ...{ path: [...rateAt, 'max'], kind: 'limit', tool, rule: pointerOf(rateAt) },
      value: rate.max,
      of: windowOf(rate),
    });
  for (const [index, limit] of (Array.isArray(limits) ? limits : []).entries()) {
    if (!isRecord(limit) || typeof limit.max !== 'number') continue;
    const path = [...at, 'limits', index, 'max'];
    const rule = typeof limit.counter === 'string' ? pointerOf([...at, 'limits', limit.counter]) : undefined;
    found.push({ ...{ path, kind: 'limit', tool, rule }, value: limit.max, of: windowOf(limit) });
  }
  for (const list of LISTS)
    for (const [index, predicate] of asList(entry[list]).entries())
      for (const [place, condition] of asList(isRecord(predicate) ? predicate.conditions : []).entries()) {
        if (!isRecord(condition) || typeof condition.value !== 'number') continue;
        const path = [...at, list, index, 'conditions', place, 'value'];
        const of = `${String(condition.path)} ${String(condition.op)}`;
        found.push({
          ...{ path, kind: 'condition', tool, rule: pointerOf([...at, list, index]) },
          value: condition.value,
          of,
        });
      }
  return found;
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function windowOf({ window }: Record<string, unknown>): string {
  return typeof window === 'number' ? `${window} s` : String(window);
}

function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The text with a number in the place of the one that stands there; all else stays as it is. */
export function withNumber(text: string, { path, kind, of }: MovableNumber, value: number): string {
  return setIn(text, path, kind === 'rate' ? `${value}/${of}` : value);
}

/** How far a number can be moved: from nothing to well above what it is and what was seen. */
export function rangeOf({ value, kind }: MovableNumber): { readonly max: number; readonly step: number } {
  const top = Math.max(10, value * 3);
  if (kind !== 'condition' || Number.isInteger(value))
    return { max: Math.ceil(top), step: top > 1000 ? 10 ** (Math.floor(Math.log10(top)) - 2) : 1 };
  return { max: top, step: top / 300 };
}
