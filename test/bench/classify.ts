/**
 * Measures the classifier against a labelled list: `npm run bench:classify -- <file.json> [--wrong]`. The file is an
 * array of `{tool, description, category}` rows, with `server` where known, and stays where it is. `--half=a` or
 * `--half=b` takes the servers of one half, divided by a hash of the server's name.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { classify } from '../../src/catalog/classify.js';
import { SEVERITY } from '../../src/catalog/evidence.js';

interface Row {
  readonly server?: string;
  readonly tool: string;
  readonly description?: string;
  readonly category: string;
}

const options = process.argv.slice(2);
const file = options.find((option) => !option.startsWith('--')) ?? process.env.CLASSIFY_DATA;
const half = options.find((option) => option.startsWith('--half='))?.slice(-1);
if (file === undefined) {
  process.stderr.write('usage: npm run bench:classify -- <file.json> [--half=a|b] [--wrong]\n');
  process.exit(2);
}

const halfOf = ({ server = '' }: Row): string =>
  ((createHash('sha256').update(server).digest()[0] ?? 0) & 1) === 0 ? 'a' : 'b';
const all = JSON.parse(readFileSync(file, 'utf8')) as Row[];
const rows = all.filter((row) => half === undefined || halfOf(row) === half);
const judged = rows.map((row) => ({ ...row, ...classify({ name: row.tool, description: row.description }) }));

const print = (text: string): boolean => process.stdout.write(`${text}\n`);
const percent = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const agreed = judged.filter((row) => row.class === row.category).length;
print(`${judged.length} tools, ${agreed} alike (${percent(agreed, judged.length)})`);

print(`\n${'label \\ class'.padEnd(14)}${SEVERITY.map((name) => name.padStart(12)).join('')}`);
for (const label of SEVERITY) {
  const counts = SEVERITY.map(
    (name) => judged.filter((row) => row.category === label && row.class === name).length,
  );
  print(label.padEnd(14) + counts.map((count) => String(count).padStart(12)).join(''));
}

const critical = judged.filter((row) => ['Destructive', 'Financial'].includes(row.category));
const missed = critical.filter((row) => ['Read', 'Other'].includes(row.class));
print(`\ncritical labels: ${critical.length}, called Read or Other: ${missed.length}`);
const shown = options.includes('--wrong') ? judged.filter((row) => row.class !== row.category) : missed;
for (const row of shown)
  print(`  ${row.category} -> ${row.class}  ${row.tool} | ${row.description ?? ''} | ${row.reason}`);
