import { describe, expect, test } from 'vitest';
import { addEntry, type NewEntry, snippet } from '../../../src/clients/change/add-entry.js';
import { type Format, SHAPES, type Shape } from '../../../src/clients/file-shapes.js';
import type { Place } from '../../../src/clients/places.js';
import { emptyDocument, parseDocument } from '../../../src/clients/text/document.js';

const ENTRY: NewEntry = {
  name: 'afip',
  words: ['node', 'x'],
  env: new Map([['AFIP_CUIT', '20']]),
};
const BARE: NewEntry = { name: 'two words', words: ['mcp'], env: new Map() };
const LOCAL = ['projects', { project: '/home/ana/shop' }, 'mcpServers'];

test.each<[title: string, before: string, after: string, entry?: NewEntry, at?: Place['at'], shape?: Shape]>([
  [
    'no servers yet',
    '{\n  "theme": "dark"\n}\n',
    '{\n  "theme": "dark",\n  "mcpServers": {\n    "two words": {\n      "command": "mcp",\n      "args": []\n    }\n  }\n}\n',
    BARE,
  ],
  [
    'an empty object',
    '{}',
    '{\n  "mcpServers": {\n    "two words": {\n      "command": "mcp",\n      "args": []\n    }\n  }\n}',
    BARE,
  ],
  [
    'an empty table, tabs, CRLF',
    '{\r\n\t"mcpServers": {}\r\n}\r\n',
    '{\r\n\t"mcpServers": {\r\n\t\t"two words": {\r\n\t\t\t"command": "mcp",\r\n\t\t\t"args": []\r\n\t\t}\r\n\t}\r\n}\r\n',
    BARE,
  ],
  [
    'behind others, with a trailing comma and a comment',
    '{\n    "mcpServers": {\n        "a": {"command": "b"}, // last\n    },\n}\n',
    '{\n    "mcpServers": {\n        "a": {"command": "b"},\n        "two words": {\n            "command": "mcp",\n            "args": []\n        }, // last\n    },\n}\n',
    BARE,
  ],
  [
    'on one line',
    '{"mcpServers": {"a": {"command": "b"}}}',
    '{"mcpServers": {"a": {"command": "b"}, "afip": { "command": "node", "args": ["x"], "env": { "AFIP_CUIT": "20" } }}}',
    ENTRY,
  ],
  [
    'a table of one comment',
    '{\n  "mcpServers": {\n    // none\n  }\n}\n',
    '{\n  "mcpServers": {\n    "two words": {\n      "command": "mcp",\n      "args": []\n    }\n    // none\n  }\n}\n',
    BARE,
  ],
  [
    'a local server in a project that is known',
    '{\n  "projects": {\n    "/home/ana/shop": {\n      "allowedTools": []\n    }\n  }\n}\n',
    '{\n  "projects": {\n    "/home/ana/shop": {\n      "allowedTools": [],\n      "mcpServers": {\n        "two words": {\n          "type": "stdio",\n          "command": "mcp",\n          "args": []\n        }\n      }\n    }\n  }\n}\n',
    BARE,
    LOCAL,
    SHAPES.servers,
  ],
  [
    'a local server in a project that is not',
    '{\n  "projects": {}\n}\n',
    '{\n  "projects": {\n    "/home/ana/shop": {\n      "mcpServers": {\n        "two words": {\n          "command": "mcp",\n          "args": []\n        }\n      }\n    }\n  }\n}\n',
    BARE,
    LOCAL,
  ],
  [
    'words in one list',
    '{\n  "mcp": {}\n}\n',
    '{\n  "mcp": {\n    "afip": {\n      "type": "local",\n      "enabled": true,\n      "command": ["node", "x"],\n      "environment": {\n        "AFIP_CUIT": "20"\n      }\n    }\n  }\n}\n',
    ENTRY,
    ['mcp'],
    SHAPES.mcp,
  ],
])('JSON: %s', (_title, before, after, entry = ENTRY, at = ['mcpServers'], shape = SHAPES.mcpServers) => {
  expect(addEntry(parseDocument('f', before, 'json'), at, shape, entry).after.text).toBe(after);
});

test.each<[title: string, before: string, after: string]>([
  [
    'nothing yet',
    '',
    '[mcp_servers.afip]\ncommand = "node"\nargs = ["x"]\n\n[mcp_servers.afip.env]\nAFIP_CUIT = "20"\n',
  ],
  [
    'behind others, without a last line end, CRLF',
    'a = 1\r\n[mcp_servers.b]\r\ncommand = "c"',
    'a = 1\r\n[mcp_servers.b]\r\ncommand = "c"\r\n\r\n[mcp_servers.afip]\r\ncommand = "node"\r\nargs = ["x"]\r\n\r\n[mcp_servers.afip.env]\r\nAFIP_CUIT = "20"\r\n',
  ],
])('TOML: %s', (_title, before, after) => {
  const document = parseDocument('f', before, 'toml');
  expect(addEntry(document, ['mcp_servers'], SHAPES.mcp_servers, ENTRY).after.text).toBe(after);
});

const YAML =
  '  afip:\n    type: "stdio"\n    enabled: true\n    name: "afip"\n    cmd: "node"\n    args: ["x"]\n    envs:\n      AFIP_CUIT: "20"\n';

test.each<[title: string, before: string, after: string]>([
  ['nothing yet', '', `extensions:\n${YAML}`],
  ['no last line end', 'GOOSE_MODE: auto', `GOOSE_MODE: auto\nextensions:\n${YAML}`],
  [
    'behind others, with comments, and before other keys',
    'extensions:\n  b:\n    cmd: c # last\n  # end\nGOOSE_MODE: auto\n',
    `extensions:\n  b:\n    cmd: c # last\n${YAML}  # end\nGOOSE_MODE: auto\n`,
  ],
  [
    'behind a text of several lines, indented by four, CRLF',
    'extensions:\r\n    b:\r\n        note: |\r\n            two\r\n            lines\r\n',
    `extensions:\r\n    b:\r\n        note: |\r\n            two\r\n            lines\r\n${YAML.replace(/^/gm, '  ').trimEnd().replaceAll('\n', '\r\n')}\r\n`,
  ],
  [
    'behind a text of several lines, before other keys',
    'extensions:\n  b:\n    note: |\n      two\n      lines\nGOOSE_MODE: auto\n',
    `extensions:\n  b:\n    note: |\n      two\n      lines\n${YAML}GOOSE_MODE: auto\n`,
  ],
  [
    'a text that ends the file without a line end',
    'extensions:\n  b:\n    note: |\n      two',
    `extensions:\n  b:\n    note: |\n      two\n${YAML}`,
  ],
])('YAML: %s', (_title, before, after) => {
  const document = parseDocument('f', before, 'yaml');
  expect(addEntry(document, ['extensions'], SHAPES.extensions, ENTRY).after.text).toBe(after);
});

describe('refused', () => {
  test.each<[title: string, format: Format, text: string, code: string]>([
    ['a name that is there', 'json', '{"mcpServers": {"afip": {}}}', 'CONFIG_CONFLICT'],
    [
      'a table written in braces, which TOML closes for good',
      'toml',
      'mcp_servers = { b = { command = "c" } }\n',
      'CONFIG_CONFLICT',
    ],
    ['something else in the place of the servers', 'json', '{"mcpServers": 1}', 'CONFIG_INVALID'],
    ['extensions in braces', 'yaml', 'extensions: {b: {cmd: c}}\n', 'CONFIG_INVALID'],
  ])('%s', (_title, format, text, code) => {
    const shape = { json: SHAPES.mcpServers, toml: SHAPES.mcp_servers, yaml: SHAPES.extensions }[format];
    const document = parseDocument('f', text, format);
    expect(() => addEntry(document, shape.at, shape, ENTRY)).toThrow(expect.objectContaining({ code }));
  });
});

test.each([
  ['C:\\srv\\shop', 'C:/srv/shop'],
  ['/odd\\name', '/odd\\name'],
])('the project %s is written as Claude Code writes it', (project, key) => {
  const document = emptyDocument('f', 'json');
  const edited = addEntry(document, ['projects', { project }, 'mcpServers'], SHAPES.mcpServers, BARE);
  expect(Object.keys(JSON.parse(edited.after.text).projects)).toEqual([key]);
});

test('a name such as __proto__ is an entry like any other', () => {
  const edited = addEntry(emptyDocument('f', 'json'), ['mcpServers'], SHAPES.mcpServers, {
    ...BARE,
    name: '__proto__',
  });
  expect(Object.keys(JSON.parse(edited.after.text).mcpServers)).toEqual(['__proto__']);
});

test.each<[format: Format, shape: Shape, expected: string]>([
  [
    'json',
    SHAPES.context_servers,
    '{\n  "context_servers": {\n    "afip": {\n      "source": "custom",\n      "command": "node",\n      "args": ["x"],\n      "env": {\n        "AFIP_CUIT": "20"\n      }\n    }\n  }\n}\n',
  ],
  [
    'toml',
    SHAPES.mcp_servers,
    '[mcp_servers.afip]\ncommand = "node"\nargs = ["x"]\n\n[mcp_servers.afip.env]\nAFIP_CUIT = "20"\n',
  ],
  [
    'yaml',
    SHAPES.extensions,
    'extensions:\n  afip:\n    type: "stdio"\n    enabled: true\n    name: "afip"\n    cmd: "node"\n    args: ["x"]\n    envs:\n      AFIP_CUIT: "20"\n',
  ],
])('a snippet in %s', (format, shape, expected) => {
  expect(snippet(format, shape, ENTRY)).toBe(expected);
});
