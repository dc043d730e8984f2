import { chmodSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { processTerminal } from '../../src/cli/terminal.js';
import { clientsTerminal } from '../../src/cli/this-installation.js';
import { liveServer } from '../../src/upstream/list-tools.js';
import { command } from '../support/command.js';
import { RECORDER, Rig } from '../support/rig.js';

const node = (code: string) => [process.execPath, '-e', code];
const recorder = (options: object) => [process.execPath, RECORDER, JSON.stringify(options)];

describe('why a server did not start', () => {
  const BROKEN = node(`console.error('AFIP_CUIT is not set\\u001b[2J'); process.exit(7)`);
  const SAYS = ['exit code 7', '\n', '  | AFIP_CUIT is not set\\u{1b}[2J\n'];

  test.each(['tools', 'schema', 'doctor', 'init'])('%s says it', async (name) => {
    await using rig = new Rig();
    const more = name === 'init' ? ['--yes', '--no-preset'] : [];
    const { code, stdout, stderr } = await command(rig, [name, ...more, '--', ...BROKEN]);
    expect(code).toBe(1);
    for (const part of SAYS) expect(stdout + stderr).toContain(part);
  });

  test('check says it', async () => {
    await using rig = new Rig();
    rig.file('p.json', { version: '1', default: 'allow' });
    const { code, stderr } = await command(rig, ['check', 'p.json', '--', ...BROKEN]);
    expect(code).toBe(1);
    for (const part of SAYS) expect(stderr).toContain(part);
  });

  test('the test start of install says it', async () => {
    const [program = '', ...args] = BROKEN;
    const start = clientsTerminal(processTerminal()).probe(program, args, {}, undefined);
    await expect(start).rejects.toThrow(/exit code 7.*\n {2}\| AFIP_CUIT is not set/);
  });

  test('a line that is longer than clients take', async () => {
    const long = `process.stdin.once('data', () => process.stdout.write('x'.repeat(11 << 20) + '\\n'))`;
    await expect(liveServer(node(long))).rejects.toThrow('one of its lines is longer than 10485760 bytes');
  });

  test('of much that it says the last lines, and no secret of its command line', async () => {
    const code = `for (let i = 0; i < 5000; i++) console.error('line ' + i); process.exitCode = 3`;
    const start = liveServer([...node(code), '--', '--token', 'hunter2']);
    const error: Error = await start.then(
      () => new Error('it started'),
      (reason) => reason,
    );
    expect(error.message.split('\n').slice(1)).toEqual(
      Array.from({ length: 10 }, (_, i) => `  | line ${4990 + i}`),
    );
    expect(error.message).not.toContain('hunter2');
  });

  test('the time that it is given can be changed', async () => {
    vi.stubEnv('POLICY_WRAP_START_TIMEOUT', '0.5');
    await expect(liveServer(recorder({ silent: true }))).rejects.toThrow(
      /no answer within 0\.5 s.*POLICY_WRAP_START_TIMEOUT/,
    );
    vi.stubEnv('POLICY_WRAP_START_TIMEOUT', 'long');
    await expect(liveServer(recorder({}))).rejects.toThrow('POLICY_WRAP_START_TIMEOUT is long');
  });
});

/** A server whose answer to tools/list has these members after its id, a byte a character. */
const answering = (members: string) =>
  node(`
    const rest = Buffer.from(${JSON.stringify(Buffer.from(members, 'latin1').toString('base64'))}, 'base64');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      const { protocolVersion } = params ?? {};
      const result = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } };
      const answer = method === 'initialize' ? Buffer.from(JSON.stringify({ result }).slice(1, -1)) : rest;
      const begin = Buffer.from('{"jsonrpc":"2.0","id":' + id + ',');
      if (id !== undefined) process.stdout.write(Buffer.concat([begin, answer, Buffer.from('}\\n')]));
    });`);
const listing = (tools: string) => answering(`"result":{"tools":[${tools}]}`);

describe('the list of a server', () => {
  test('a next cursor of null is none', async () => {
    const { tools } = await liveServer(recorder({ tools: ['a', 'b'], listExtras: { nextCursor: null } }));
    expect(tools.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('pages are put together', async () => {
    const { tools } = await liveServer(recorder({ tools: ['a', 'b', 'c'], pages: 3 }));
    expect(tools.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  const fine = '{"name":"good","inputSchema":{"type":"object"}}';
  const ODD: readonly [string, string, string | undefined, RegExp][] = [
    ['with a byte that is no UTF-8', '{"name":"caf","description":"\xe9"}', 'caf', /UTF-8/],
    ['with a key twice', '{"name":"twice","a":1,"a":2}', 'twice', /duplicate key "a"/],
    ['with a number out of range', '{"name":"huge","max":1e999}', 'huge', /1e999|number/],
    ['with a name that is no text', '{"name":5}', undefined, /its name is not a string/],
    ['with a name and its twin', '{"name":"a","Name":"b"}', 'a', /Name/],
    ['without a name', '{"title":"x"}', undefined, /no name/],
    ['that is no object', '"good"', undefined, /not an object/],
    ['that is null', 'null', undefined, /no name/],
  ];
  test.each(ODD)('a tool %s is left out and named, the others stay', async (_, tool, name, reason) => {
    const { tools, leftOut } = await liveServer(listing(`${fine},${tool}`));
    expect(tools.map((each) => each.name)).toEqual(['good']);
    expect(leftOut).toEqual([{ name, reason: expect.stringMatching(reason) }]);
  });

  test('parts of a tool that are of another type than the protocol says do not count', async () => {
    const tool =
      '{"name":"loose","description":5,"inputSchema":[],"annotations":{"readOnlyHint":"no","title":1}}';
    const { tools, leftOut } = await liveServer(listing(tool));
    expect(leftOut).toEqual([]);
    expect(tools).toEqual([{ name: 'loose', annotations: {} }]);
  });

  test.each(['tools', 'check', 'init'])('%s says on stderr what is left out', async (name) => {
    await using rig = new Rig();
    rig.file('p.json', { version: '1', default: 'allow' });
    const more =
      { tools: ['--policy', 'p.json'], check: ['p.json'], init: ['--yes', '--no-preset'] }[name] ?? [];
    const server = listing(`${fine},{"name":"a\\u202eb","x":1,"x":2},{"name":null}`);
    const { code, stdout, stderr } = await command(rig, [name, ...more, '--', ...server]);
    expect(stderr).toMatch(/left out: a\\u\{202e\}b: .*duplicate key/);
    expect(stderr).toMatch(/left out: a tool without a name: its name is not a string/);
    expect(code).toBe(0);
    if (name === 'tools') expect(stdout).toMatch(/^good /m);
    expect(stdout).not.toContain('left out');
  });

  test.each([
    '"result":{"tools":5}',

    '"result":{"tools":[],"Tools":[]}',
    '"error":{"code":-1,"message":"no"}',
  ])('an answer that is no list is no list: %s', async (answer) => {
    await expect(liveServer(answering(answer))).rejects.toThrow(/did not list its tools/);
  });

  test.each<[string, string, RegExp]>([
    ['leads back to a page', `'again'`, /no end: page 2 leads back/],
    ['always names another page', 'String(++page)', /no end: 1000 tools on 1000 pages/],
  ])('a cursor that %s stops after a bound', async (_, cursor, says) => {
    const server = `let page = 0, text = '';
      process.stdin.on('data', (chunk) => {
        const lines = (text + chunk).split('\\n');
        text = lines.pop();
        for (const { id, method, params } of lines.map(JSON.parse)) {
          const tools = [{ name: 't' + page, inputSchema: { type: 'object' } }];
          const result = method === 'initialize'
            ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } }
            : { tools, nextCursor: ${cursor} };
          if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
        }
      });`;
    await expect(liveServer(node(server))).rejects.toThrow(says);
  });
});

describe("the test start of install uses the entry's folder", () => {
  test('a relative command leads from there', async () => {
    await using rig = new Rig();
    const script = `#!/bin/sh\n[ "$(pwd -P)" = "$(cd '${rig.folder}' && pwd -P)" ] || exit 9\nexec "${process.execPath}" "${resolve(RECORDER)}" '{"tools":["a"]}'\n`;
    chmodSync(rig.file('serve', script), 0o755);
    expect(await clientsTerminal(processTerminal()).probe('./serve', [], {}, rig.folder)).toBe(1);
  });

  test('one that is not there is named', async () => {
    const start = clientsTerminal(processTerminal()).probe(process.execPath, [], {}, '/no/such/folder');
    await expect(start).rejects.toThrow('/no/such/folder, where');
  });
});
