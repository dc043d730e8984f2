// Prints what CHANGELOG.md says of a version, for the notes of its release: node packaging/release/notes.js 0.2.0
// Ends with 1 where it says nothing, where something is still unreleased, or where package.json has another version.
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const fail = (text) => {
  process.stderr.write(`notes.js: ${text}\n`);
  process.exit(1);
};
const [version = ''] = process.argv.slice(2);
const packed = JSON.parse(read('package.json')).version;
if (packed !== version) fail(`package.json has version ${packed}, and not ${version}`);
/** By heading, what stands below it. */
const parts = new Map(
  read('CHANGELOG.md')
    .split(/^## /m)
    .slice(1)
    .map((part) => [part.split('\n', 1)[0].trim(), part.slice(part.indexOf('\n')).trim()]),
);
if (parts.get('Unreleased')) fail('CHANGELOG.md still has an unreleased part: it belongs to a version');
const [, notes] = [...parts].find(([head]) => head.split(' ')[0] === version) ?? [];
if (!notes) fail(`CHANGELOG.md says nothing of ${version}`);
process.stdout.write(`${notes}\n`);
