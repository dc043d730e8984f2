import type { Preset } from './known-server.js';

/** What goes out for text that strangers write, by a word anywhere in its name. */
const GOES_OUT = ['fetch', 'scrape', 'crawl', 'browse', 'navigate', 'download', 'web_search', 'search_web'];
const LOOKS = ['get', 'list', 'read', 'search'];
/** What strangers write, read where one of those stands before it. */
const FOREIGN =
  'email mail inbox message comment issue pull_request thread ticket review page url news feed notification'.split(
    ' ',
  );
/** What gives something to others, by a word anywhere in its name. */
const GIVES = 'send reply forward publish upload share tweet notify invite submit webhook'.split(' ');
/** What others see once it is written. */
const SEEN = [
  'create_*issue*',
  'create_*pull*',
  'create_*comment*',
  'add_*comment*',
  'post_*',
  'push_*',
  'http_*',
];

const readers = [
  ...GOES_OUT.map((word) => `*${word}*`),
  ...LOOKS.flatMap((verb) => FOREIGN.map((what) => `${verb}_*${what}*`)),
];
const senders = [...GIVES.map((word) => `*${word}*`), ...SEEN];

const RULE = `{
        "tools": [
${rowsOf(readers)}
        ],
        "within": "1h",
        "then": "approve",
        "on_deny": "Text that strangers may have written was read within the last hour, so a person decides what leaves.",
      }`;

/** Names as JSON, some on a line. */
function rowsOf(names: readonly string[]): string {
  const rows: string[] = [];
  for (let i = 0; i < names.length; i += 5)
    rows.push(
      `          ${names
        .slice(i, i + 5)
        .map((name) => `${JSON.stringify(name)},`)
        .join(' ')}`,
    );
  return rows.join('\n');
}

const TITLE = 'any server: once text of strangers was read, what sends asks you for an hour';

/**
 * Against the three that together give data away: text of strangers that steers the model, private data it can read, and
 * a way out. Reading stays free; the way out asks while the first may be at work, on whatever servers the three are.
 */
export const TRIFECTA: Preset = {
  name: 'trifecta',
  title: TITLE,
  text: `// trifecta: ${TITLE.slice('any server: '.length)}.
// It goes by the names of tools, of every server on this machine that policy-wrap stands in front of: use it for each
// server that can send something. What reads strangers' text may be behind any policy. See what it asks about with
// policy-wrap explain <tool> --preset trifecta, and what was read with policy-wrap log.
{
  "version": "1",
  "default": "allow",
  "tools": {
${senders.map((name) => `    ${JSON.stringify(name)}: { "after": [${RULE}] },\n`).join('')}  },
}
`,
};
