import { describe, expect, test } from 'vitest';
import { anchorOf, blocksOf, DOCUMENTS, headingsOf, proseOf, textOf } from '../support/documents.js';

const ENGLISH = 'README.md';
const TRANSLATIONS = DOCUMENTS.filter((name) => /^README\..+\.md$/.test(name));

/** A comment of a shell line is said in the page's language. */
const withoutComments = (text: string): string => text.replace(/\s+# .*$/gm, '');

/** Where its links lead, in order; the languages, on top, name each other. */
const linksOf = (document: string): string[] =>
  [...proseOf(document).matchAll(/\]\((\S+?)\)|(?:src|srcset)="([^"]+)"/g)]
    .map(([, link, source]) => link ?? source ?? '')
    .filter((link) => !/README(?:\.[\w-]+)?\.md$/.test(link) || link.includes('/docs/'));

/** The tables: how many cells each row has, and what stands there as code. */
const tablesOf = (document: string): string[] =>
  [...proseOf(document).matchAll(/^\|.*\|$/gm)].map(([row]) => `${row.split(' | ').length}`);

const codeOf = (document: string): string[] =>
  [...proseOf(document).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

test('there are two translations', () => {
  expect(TRANSLATIONS).toEqual(['README.es.md', 'README.pt-BR.md']);
});

describe.each(TRANSLATIONS)('%s is in step with README.md', (document) => {
  test('the same headings, at the same levels', () => {
    expect(headingsOf(document).map(({ level }) => level)).toEqual(
      headingsOf(ENGLISH).map(({ level }) => level),
    );
  });

  test('the same anchors', () => {
    const anchors = [...textOf(document).matchAll(/^<a id="([^"]+)"><\/a>\n\n## /gm)].map(([, id]) => id);
    const [, ...english] = headingsOf(ENGLISH).map(({ text }) => anchorOf(text));
    expect(anchors).toEqual(english);
  });

  test('the same blocks of code, but for comments', () => {
    const blocks = (of: string) => blocksOf(of).map(({ info, text }) => [info, withoutComments(text)]);
    expect(blocks(document)).toEqual(blocks(ENGLISH));
  });

  test('the same links, tables, commands and options', () => {
    expect(linksOf(document)).toEqual(linksOf(ENGLISH));
    expect(tablesOf(document)).toEqual(tablesOf(ENGLISH));
    expect(codeOf(document)).toEqual(codeOf(ENGLISH));
  });

  test('as many paragraphs', () => {
    const paragraphs = (of: string) =>
      proseOf(of)
        .replace(/^<a id=.*$/gm, '')
        .split(/\n{2,}/)
        .filter((part) => part.trim() !== '').length;
    expect(paragraphs(document)).toBe(paragraphs(ENGLISH));
  });
});
