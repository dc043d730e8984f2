// Which packages are in the bundles, by the bundlers' own account, and THIRD-PARTY-NOTICES: their names, versions,
// copyright lines and licences.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the last build took in: for the SBOM and the tests. */
export const BUNDLED = 'node_modules/.cache/bundled.json';
const NOTICES = 'THIRD-PARTY-NOTICES';

/**
 * Writes THIRD-PARTY-NOTICES, and the list of packages to `BUNDLED`.
 *
 * @param files what the bundles hold something of
 * @throws Error on a package whose licence is not there
 */
export function writeNotices(files) {
  const packages = packagesIn(files);
  writeFileSync(NOTICES, notices(packages));
  mkdirSync(dirname(BUNDLED), { recursive: true });
  writeFileSync(BUNDLED, JSON.stringify(packages.map(({ name, version }) => ({ name, version }))));
}

/** @returns each package of which a file is in an output, by name and version */
function packagesIn(files) {
  const folders = new Set(
    files
      .map((path) => /^(?:.*[\\/])?node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0])
      .filter(Boolean),
  );
  const byId = new Map();
  for (const folder of folders) {
    const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    byId.set(`${name}@${version}`, { name, version, license, author, folder });
  }
  return [...byId.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

/** Packages of one licence share its text; a copyright line stays with its package. */
function notices(packages) {
  const byText = new Map();
  for (const each of packages) {
    const { copyright, text, key } = licenceOf(each);
    const group = byText.get(key) ?? { text, licence: each.license, packages: [] };
    group.packages.push(`${each.name} ${each.version}${copyright.map((line) => `\n    ${line}`).join('')}`);
    byText.set(key, group);
  }
  const groups = [...byText.values()].map(
    ({ text, licence, packages }) => `${'-'.repeat(80)}\n${licence}\n\n${packages.join('\n')}\n\n${text}\n`,
  );
  return `policy-wrap contains parts of these packages, under the licences below them.\n\n${groups.join('\n')}`;
}

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;
const COPYRIGHT = /^\s*(?:copyright\b|\(c\)|©)/i;

function licenceOf({ name, license, author, folder }) {
  const files = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .toSorted();
  // Some packages name their licence and do not bring its text.
  const whole =
    files.length > 0
      ? files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n')
      : license === 'MIT'
        ? `Copyright (c) ${typeof author === 'string' ? author : (author?.name ?? `the authors of ${name}`)}\n${MIT}`
        : undefined;
  if (whole === undefined) throw new Error(`${name} (${license}) brings no text of its licence`);
  const lines = whole.replaceAll('\r', '').split('\n');
  // The text of the Apache licence has lines of that look in its midst.
  const isLong = lines.length > 60;
  const copyright = isLong ? [] : lines.filter((line) => COPYRIGHT.test(line)).map((line) => line.trim());
  const text = lines
    .filter((line) => isLong || !COPYRIGHT.test(line))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  const key = text
    .replace(/^(?:the )?mit license(?: \(mit\))?/i, '')
    .replace(/[\s"'*“”]+/g, ' ')
    .trim()
    .toLowerCase();
  return { copyright, text, key };
}

const MIT = `
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
