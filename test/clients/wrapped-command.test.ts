import { describe, expect, test } from 'vitest';
import {
  driftOf,
  nameOfWrapped,
  newPrefix,
  recognise,
  renewedPrefix,
} from '../../src/clients/wrapped-command.js';

const WRAPPER = { node: '/usr/bin/node', script: '/opt/pw/bin/policy-wrap.js' };

describe('recognise', () => {
  test.each<[words: string[], how: string, original: string[]]>([
    [['/usr/bin/node', '/opt/pw/bin/policy-wrap.js', '--', 'mcp-afip'], 'installed', ['mcp-afip']],
    [
      [
        'C:\\nodejs\\node.exe',
        'C:\\pw\\bin\\policy-wrap.js',
        '--server',
        'x',
        '--policy',
        'C:\\p.json',
        '--',
        'npx',
        '--',
        'y',
      ],
      'installed',
      ['npx', '--', 'y'],
    ],
    [
      ['node20', '--no-warnings', '/pw/bin/policy-wrap.js', 'run', '--observe', '--', 'a'],
      'installed',
      ['a'],
    ],
    [['node', '/pw/bin/policy-wrap.js', '--policy', '--', '--', 'a'], 'installed', ['a']],
    [['policy-wrap', '--', 'a', 'b'], 'path', ['a', 'b']],
    [['policy-wrap', '--synchronous', 'full', '--', 'a'], 'path', ['a']],
    [
      ['policy-wrap', '--max-client-line', '8', '--max-server-line', '8', '--observe', '--', 'a'],
      'path',
      ['a'],
    ],
    [['/usr/local/bin/policy-wrap', '-p', 'x', '--', 'a'], 'path', ['a']],
    [['policy-wrap.cmd', '--policy=x', '--', 'a'], 'path', ['a']],
    [['npx', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['npx.cmd', '-y', 'policy-wrap@1.2.3', '--server', 's', '--', 'a'], 'package', ['a']],
    [['npx', '--', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['npx', '-y', '-p', 'policy-wrap', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['npm', 'exec', '--', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['pnpm', 'dlx', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['cmd', '/c', 'npx', '-y', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['cmd.exe', '/C', 'node', '/pw/bin/policy-wrap.js', '--', 'a'], 'path', ['a']],
    [['node', '--import', 'tsx', '/pw/bin/policy-wrap.js', '--', 'a'], 'installed', ['a']],
    [['yarn', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['pnpm', 'exec', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['bun', 'policy-wrap', '--', 'a'], 'package', ['a']],
    [['npx', '--package=policy-wrap@1', 'policy-wrap', '--', 'a'], 'package', ['a']],
  ])('%j is wrapped', (words, how, original) => {
    const found = recognise(words);
    expect(found).toMatchObject({ kind: 'wrapped', wrapped: { how, original } });
    if (found.kind === 'wrapped') expect(words.slice(found.wrapped.separator + 1)).toEqual(original);
  });

  test.each<[words: string[]]>([
    [['npx', '-y', 'mcp-afip', '--', 'policy-wrap', '--', 'x']],
    [['node', 'server.js', '/opt/pw/bin/policy-wrap.js', '--', 'x']],
    [['node', '/opt/pw/src/policy-wrap.js', '--', 'x']],
    [['python', '/opt/pw/bin/policy-wrap.js', '--', 'x']],
    [['my-policy-wrap', '--', 'x']],
    [['npx', 'policy-wrap-extra', '--', 'x']],
    [['npm', 'run', 'policy-wrap', '--', 'x']],
    [['node', 'policy-wrap', '--', 'x']],
    // Unwrapping would lose the variable, or the user.
    [['env', 'A=1', 'policy-wrap', '--', 'x']],
    [['sudo', '-u', 'me', 'policy-wrap', '--', 'x']],
    [['sh', '-c', 'policy-wrap -- x']],
    [['node']],
    [['mcp-afip']],
  ])('%j is plain', (words) => {
    expect(recognise(words)).toEqual({ kind: 'plain' });
  });

  test.each<[words: string[]]>([
    [['policy-wrap']],
    [['policy-wrap', 'mcp-afip']],
    [['npx', 'policy-wrap', '--']],
    [['node', '/pw/bin/policy-wrap.js', '--server', '--']],
    [['node', '/pw/bin/policy-wrap.js', 'doctor', '--', 'x']],
    [['policy-wrap', '--url']],
    [['policy-wrap', '--observe']],
    [['policy-wrap', 'login', '--url', 'https://x.example/mcp']],
  ])('%j is broken, and not to be wrapped twice', (words) => {
    expect(recognise(words).kind).toBe('broken');
  });
});

describe('a remote server behind --url', () => {
  test.each<[words: string[]]>([
    [['npx', '-y', 'policy-wrap', '--header', `A: $\{B}`, '--url', 'https://x.example/mcp']],
    [['node', '/pw/bin/policy-wrap.js', 'run', '--url=https://x.example/mcp', '--db', '/d']],
    [['policy-wrap', '--url', 'https://x.example/mcp']],
  ])('%j is wrapped', (words) => {
    const found = recognise(words);
    expect(found).toMatchObject({
      kind: 'wrapped',
      wrapped: { url: 'https://x.example/mcp', original: [], separator: words.length },
    });
    if (found.kind === 'wrapped')
      expect(nameOfWrapped(found.wrapped.options, [], undefined)).toBe('x.example');
  });

  test("an option of the server of the same name is the server's", () => {
    expect(recognise(['policy-wrap', '--', 'mcp-remote', '--url', 'https://x.example/'])).toMatchObject({
      kind: 'wrapped',
      wrapped: { url: undefined, original: ['mcp-remote', '--url', 'https://x.example/'] },
    });
  });
});

describe('prefixes', () => {
  test.each(['--', '-p', 'run', ' '])('a server called %j is no option', (server) => {
    const words = [...newPrefix(WRAPPER, { server }, true), 'mcp'];
    expect(recognise(words)).toMatchObject({ kind: 'wrapped', wrapped: { original: ['mcp'] } });
    expect(words.slice(2).filter((word) => word === '--')).toHaveLength(1);
  });

  test.each<[hadArgs: boolean, expected: string[]]>([
    [true, ['/usr/bin/node', '/opt/pw/bin/policy-wrap.js', '--server', 'a', '--policy', '/p', '--']],
    [false, ['/usr/bin/node', '/opt/pw/bin/policy-wrap.js', 'run', '--server', 'a', '--policy', '/p', '--']],
  ])('new, with args before: %s', (hadArgs, expected) => {
    expect(newPrefix(WRAPPER, { server: 'a', policy: '/p' }, hadArgs)).toEqual(expected);
  });

  test.each<[before: string[], policy: string | undefined, expected: string[]]>([
    [
      ['/old/node', '/old/bin/policy-wrap.js', '--observe', '--grant', 'g', '--', 'a'],
      undefined,
      ['/usr/bin/node', '/opt/pw/bin/policy-wrap.js', '--observe', '--grant', 'g', '--'],
    ],
    [
      ['/old/node', '--no-warnings', '/old/bin/policy-wrap.js', '-p', '/q', '--db', '-p', '--', 'a'],
      '/p',
      ['/usr/bin/node', '--no-warnings', '/opt/pw/bin/policy-wrap.js', '--policy', '/p', '--db', '-p', '--'],
    ],
    [['policy-wrap', '--policy=/q', '--', 'a'], '/p', ['policy-wrap', '--policy', '/p', '--']],
    [['npx', '-y', 'policy-wrap@1', '--', 'a'], undefined, ['npx', '-y', 'policy-wrap@1', '--']],
    [['npx', '-y', 'policy-wrap@1', '--', 'a'], '/p', ['npx', '-y', 'policy-wrap@1', '--policy', '/p', '--']],
  ])('renewed: %j with policy %s', (before, policy, expected) => {
    const found = recognise(before);
    if (found.kind !== 'wrapped') throw new Error(found.kind);
    expect(renewedPrefix(found.wrapped, WRAPPER, { policy })).toEqual(expected);
  });
});

test.each<[words: string[], there: string[], expected: string[]]>([
  [
    ['/usr/bin/node', '/opt/pw/bin/policy-wrap.js', '--', 'a'],
    ['/usr/bin/node', '/opt/pw/bin/policy-wrap.js'],
    [],
  ],
  [['/usr/bin/node', '/opt/pw/bin/policy-wrap.js', '--', 'a'], ['/opt/pw/bin/policy-wrap.js'], ['node-gone']],
  [['/n/node', '/old/bin/policy-wrap.js', '--', 'a'], [], ['node-gone', 'script-gone']],
  [
    ['/n/node', '/old/bin/policy-wrap.js', '--', 'a'],
    ['/n/node', '/old/bin/policy-wrap.js'],
    ['other-script'],
  ],
  [['node', '/opt/pw/bin/policy-wrap.js', '--', 'a'], ['/opt/pw/bin/policy-wrap.js'], []],
  [['npx', 'policy-wrap', '--', 'a'], [], []],
])('drift of %j where %j is there', (words, there, expected) => {
  const found = recognise(words);
  if (found.kind !== 'wrapped') throw new Error(found.kind);
  expect(driftOf(found.wrapped, WRAPPER, (path) => there.includes(path))).toEqual(expected);
});
