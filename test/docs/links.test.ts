import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorOf, DOCUMENTS, headingsOf, proseOf } from '../support/documents.js';

/** The repository's own pages by their address: in the README they are read on npm too, which has no other files. */
const HERE =
  /^https:\/\/(?:github\.com\/policy-wrap\/policy-wrap\/(?:blob|tree)|raw\.githubusercontent\.com\/policy-wrap\/policy-wrap)\/main\//;

const linksOf = (document: string): string[] => {
  const text = proseOf(document).replace(/`[^`\n]*`/g, '');
  return [
    ...[...text.matchAll(/\]\(([^()\s]+(?:\([^()\s]*\))?)\)/g)].map(([, link = '']) => link),
    ...[...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, link = '']) => link),
  ];
};

const anchors = new Map<string, ReadonlySet<string>>();
function hasAnchor(path: string, anchor: string): boolean {
  let all = anchors.get(path);
  if (all === undefined) {
    all = new Set(headingsOf(path).map(({ text }) => anchorOf(text)));
    anchors.set(path, all);
  }
  return all.has(anchor);
}

test.each(DOCUMENTS)('every link of %s into the repository leads somewhere', (document) => {
  const broken = linksOf(document).filter((link) => {
    const own = link.replace(HERE, '');
    if (own === link && /^[a-z]+:/.test(link)) return false;
    const [target = '', anchor] = decodeURI(own).split('#');
    const from = own === link ? dirname(document) : '.';
    const path = target === '' ? document : join(from, target);
    if (!existsSync(path)) return true;
    return anchor !== undefined && statSync(path).isFile() && !hasAnchor(path, anchor);
  });
  expect(broken).toEqual([]);
});

test('the README has no link that only works in the repository', () => {
  for (const document of DOCUMENTS.filter((name) => name.startsWith('README')))
    expect(linksOf(document).filter((link) => !/^https:/.test(link))).toEqual([]);
});

test('every page of docs/ can be reached from its index', () => {
  const reached = new Set(['docs/README.md']);
  for (const page of reached)
    for (const link of linksOf(page)) {
      const [target = ''] = link.split('#');
      if (/^[a-z]+:/.test(link) || !target.endsWith('.md')) continue;
      const path = join(dirname(page), target);
      if (existsSync(path)) reached.add(path);
    }
  expect(DOCUMENTS.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
});
