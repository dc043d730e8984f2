// Fills the formula for one release: node packaging/homebrew/fill.js policy-wrap-0.2.0.tgz > policy-wrap.rb
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const [tarball = ''] = process.argv.slice(2);
const [, version] = /^policy-wrap-(\d+\.\d+\.\d+(?:-[\w.]+)?)\.tgz$/.exec(basename(tarball)) ?? [];
if (version === undefined) {
  process.stderr.write('fill.js: name the packed files: policy-wrap-0.2.0.tgz, as npm pack writes them\n');
  process.exit(2);
}
const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
const template = readFileSync(new URL('policy-wrap.rb.template', import.meta.url), 'utf8');
process.stdout.write(template.replaceAll('{{version}}', version).replaceAll('{{sha256}}', sha256));
