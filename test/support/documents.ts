import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of code of a document. */
export interface Block {
  readonly document: string;
  /** Line of its first line, from 1. */
  readonly line: number;
  /** What stands behind the fence: a language, and what the tests do with it. */
  readonly info: string;
  readonly text: string;
}

/** What people read: the README in its languages, and docs/. */
export const DOCUMENTS: readonly string[] = [
  ...readdirSync('.').filter((name) => /^(?:README.*|CONTRIBUTING|SECURITY)\.md$/.test(name)),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].sort();

export const textOf = (document: string): string => readFileSync(document, 'utf8');

/** @returns every block of a document, in order */
export function blocksOf(document: string): Block[] {
  const text = textOf(document);
  return [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^\1```$/gm)].map(
    ({ index, 2: info = '', 3: body = '' }) => ({
      document,
      line: text.slice(0, index).split('\n').length + 1,
      info,
      text: body,
    }),
  );
}

/** Of every document but translations, whose blocks are those of the original (test/docs/translations.test.ts). */
export const BLOCKS: readonly Block[] = DOCUMENTS.filter((path) => !/^README\..+\.md$/.test(path)).flatMap(
  blocksOf,
);

/** Blocks that are to be treated alike, each with where it stands. */
export function blocksWith(info: string): [where: string, text: string][] {
  return BLOCKS.filter((block) => block.info === info).map(({ document, line, text }) => [
    `${document}:${line}`,
    text,
  ]);
}

/** What a document says, without its blocks. */
export const proseOf = (document: string): string =>
  textOf(document).replace(/^( *)```.*\n[\s\S]*?^\1```$/gm, '');

/** The link of a heading, as GitHub makes it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

/** The headings of a document, with their levels. */
export const headingsOf = (document: string): { readonly level: number; readonly text: string }[] =>
  [...proseOf(document).matchAll(/^(#+) (.+)$/gm)].map(([, marks = '', text = '']) => ({
    level: marks.length,
    text: text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', ''),
  }));
