/**
 * Measures the classifier against a labelled list: `npm run bench:classify -- <file.json> [--wrong]`. The file is an
 * array of `{tool, description, category}` rows, with `server` where known, and stays where it is. `--half=a` or
 * `--half=b` takes the servers of one half, divided by a hash of the server's name. `--tools=<folder>` has whole
 * definitions: files `{server, tools}`, in which a row's tool is looked up.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classify } from '../../src/catalog/classify.js';
import { SEVERITY, type ToolClass } from '../../src/catalog/evidence.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';

interface Row {
  readonly server?: string;
  readonly tool: string;
  readonly description?: string;
  readonly category?: string;
  readonly label?: string;
}

const options = process.argv.slice(2);
const file = options.find((option) => !option.startsWith('--')) ?? process.env.CLASSIFY_DATA;
const folder = options.find((option) => option.startsWith('--tools='))?.slice('--tools='.length);
const half = options.find((option) => option.startsWith('--half='))?.slice(-1);
if (file === undefined) {
  process.stderr.write(
    'usage: npm run bench:classify -- <file.json> [--tools=<folder>] [--half=a|b] [--wrong]\n',
  );
  process.exit(2);
}

const halfOf = ({ server = '' }: Row): string =>
  ((createHash('sha256').update(server).digest()[0] ?? 0) & 1) === 0 ? 'a' : 'b';
const all = JSON.parse(readFileSync(file, 'utf8')) as Row[];
const rows = all.filter((row) => half === undefined || halfOf(row) === half);
const definitions = new Map<string, ToolDefinition>();
for (const name of folder === undefined ? [] : readdirSync(folder)) {
  const { server, tools } = JSON.parse(readFileSync(join(folder ?? '', name), 'utf8'));
  for (const tool of tools) definitions.set(`${server}/${tool.name}`, tool);
}
const judged = rows.map((row) => {
  const tool = definitions.get(`${row.server}/${row.tool}`) ?? {
    name: row.tool,
    description: row.description,
  };
  return {
    ...row,
    description: tool.description,
    category: (row.category ?? row.label) as ToolClass,
    ...classify(tool),
  };
});

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

const DANGEROUS: readonly ToolClass[] = ['Execute', 'Destructive', 'Financial'];
const dangerous = judged.filter((row) => DANGEROUS.includes(row.category));
const missed = dangerous.filter((row) => ['Read', 'Other'].includes(row.class));
const reads = judged.filter((row) => row.category === 'Read');
const feared = reads.filter((row) => DANGEROUS.includes(row.class));
print(`\nlabelled dangerous: ${dangerous.length}, called Read or Other: ${missed.length}`);
print(
  `labelled Read: ${reads.length}, called dangerous: ${feared.length} (${percent(feared.length, reads.length)})`,
);
const shown = options.includes('--wrong') ? judged.filter((row) => row.class !== row.category) : missed;
for (const row of shown)
  print(
    `  ${row.category} -> ${row.class}  ${row.tool} | ${(row.description ?? '').slice(0, 100).replaceAll('\n', ' ')} | ${row.reason}`,
  );
