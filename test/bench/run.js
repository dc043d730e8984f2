// Measures the built wrapper against others, all in one run; see README.md beside this file.
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { abandonAll, bridgesAreInstalled, installBridges } from './contestants.js';
import { PARTS } from './parts.js';
import { Report } from './report.js';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    'no-bridges': { type: 'boolean', default: false },
  },
});

const say = (text) => process.stderr.write(`  ${text}\n`);
const unknown = options.only.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  process.stderr.write(`no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}
if (!existsSync('dist/main.js')) {
  process.stderr.write('nothing is built: npm run build\n');
  process.exit(2);
}

const report = new Report();
const parts = Object.entries(PARTS).filter(
  ([name]) => options.only.length === 0 || options.only.includes(name),
);
let bridges = !options['no-bridges'] && parts.some(([name]) => ['calls', 'memory', 'remote'].includes(name));
if (bridges && options.quick) bridges = bridgesAreInstalled();
else if (bridges) {
  const problem = installBridges();
  if (problem) report.notes.push(`${problem}.`);
  bridges = problem === undefined;
}

const words = [
  ...(options.quick ? ['--quick'] : []),
  ...options.only.flatMap((name) => ['--only', name]),
  ...(options['no-bridges'] ? ['--no-bridges'] : []),
];
const command = ['npm run bench', ...(words.length > 0 ? ['--', ...words] : [])].join(' ');

function finish() {
  process.stdout.write(`${report.markdown(command)}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report.json(command), null, 2)}\n`);
}

let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    stopped = true;
    report.notes.push(`Stopped by ${signal}: what was measured until then.`);
    await abandonAll();
    finish();
    process.exit(1);
  });
}

for (const [name, part] of parts) {
  const begin = performance.now();
  process.stderr.write(`${name}\n`);
  try {
    await part({ quick: options.quick, bridges, report, say });
  } catch (error) {
    // What was measuring fails when its processes are ended; the signal's own ending has the last word.
    if (!stopped) throw error;
    await new Promise(() => {});
  }
  say(`${((performance.now() - begin) / 1000).toFixed(0)} s`);
}
finish();
process.exitCode = report.failed ? 1 : 0;
