import { importIntercept } from '../advice/intercept/import.js';
import { readJsonc } from '../json/relaxed.js';
import { isRecord } from '../json/value.js';
import { setIn } from '../policy/edit/jsonc-text.js';
import { RULE_FIELDS } from '../policy/read/format.js';
import type { PasteNote } from './told.js';

export type Pasted =
  | {
      readonly kind: 'policy' | 'rules' | 'yaml';
      readonly text: string;
      readonly notes: readonly PasteNote[];
      /** False where rules refuse because they could not be carried over. */
      readonly isComplete: boolean;
    }
  /** The rules of a tool whose name is missing. */
  | { readonly kind: 'nameless' }
  | { readonly kind: 'unknown'; readonly fault: string };

/** Members that a policy has and a tool's rules have not. */
const OF_A_POLICY = ['version', 'default', 'tools', 'hide', 'all_tools', 'extends', 'description'];
const OF_AN_ENTRY = [...RULE_FIELDS, 'action', 'reason'];

/**
 * Makes a policy of what a person found elsewhere: a hosted policy as it is, rules as catalogues show them (an entry by
 * its tool's name, or its inside alone), or the predecessor's YAML. The text may still have errors: they are the
 * checker's to tell.
 *
 * @param tool whose rules they are, where the text does not say
 */
export function readPasted(pasted: string, tool?: string): Pasted {
  const inside = insideOfFence(pasted);
  const notes: PasteNote[] = inside === undefined ? [] : [{ kind: 'fence' }];
  const text = inside ?? pasted;
  if (text.trim() === '') return { kind: 'unknown', fault: 'there is nothing in it' };
  // JSON begins with a bracket, a comment, or the name of a member that was cut out.
  if (!/^\uFEFF?\s*(?:[{"]|\/[/*])/.test(text)) return ofYaml(text, notes);
  const isCutOut = /^\s*"/.test(text);
  const whole = isCutOut ? `{\n${text.trim().replace(/,$/, '')}\n}\n` : text;
  const value = readJsonc(whole.replace(/^\uFEFF/, ' '))?.doubles;
  // What is no JSON goes on to the checker, which says where.
  if (!isRecord(value)) return { kind: 'policy', text, notes, isComplete: true };
  const keys = Object.keys(value);
  if (keys.some((key) => OF_A_POLICY.includes(key))) return ofPolicy(whole, value, notes);
  const isEntry = keys.length > 0 && keys.every((key) => OF_AN_ENTRY.includes(key));
  if (isEntry && tool === undefined) return { kind: 'nameless' };
  if (!isEntry && !(keys.length > 0 && keys.every((key) => isRecord(value[key]))))
    return { kind: 'policy', text: whole, notes, isComplete: true };
  const rules = isEntry ? `{\n  ${JSON.stringify(tool)}: ${indented(whole.trim())}\n}` : whole.trim();
  return {
    kind: 'rules',
    text: `{\n  "version": "1",\n  "default": "deny",\n  "tools": ${indented(rules)}\n}\n`,
    notes: [...notes, { kind: 'tools' }, { kind: 'added', key: 'default', value: 'deny' }],
    isComplete: true,
  };
}

/** What stands in a code block of Markdown. By positions: a pattern for it takes the square of the length of blanks. */
function insideOfFence(pasted: string): string | undefined {
  const text = pasted.trim();
  const begins = text.indexOf('\n') + 1;
  if (!text.startsWith(FENCE) || !text.endsWith(FENCE) || begins === 0) return undefined;
  return text.slice(begins, -FENCE.length).trimEnd();
}

const FENCE = '```';

function ofPolicy(whole: string, value: Record<string, unknown>, notes: PasteNote[]): Pasted {
  let text = whole;
  for (const [key, usual] of [
    ['version', '1'],
    ['default', 'deny'],
  ] as const) {
    if (Object.hasOwn(value, key)) continue;
    text = setIn(text, [key], usual);
    notes.push({ kind: 'added', key, value: usual });
  }
  return { kind: 'policy', text, notes, isComplete: true };
}

function ofYaml(text: string, notes: readonly PasteNote[]): Pasted {
  const imported = importIntercept(text);
  if ('fault' in imported) return { kind: 'unknown', fault: imported.fault };
  return {
    kind: 'yaml',
    text: imported.text,
    notes: [...notes, ...imported.notes.map((note) => ({ kind: 'import', text: note }) as const)],
    isComplete: imported.isComplete,
  };
}

const indented = (text: string): string => text.replaceAll('\n', '\n  ');
