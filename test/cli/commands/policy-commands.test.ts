import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../../support/cli.js';
import { PASTED } from '../../support/policies.js';
import { BIN, Rig } from '../../support/rig.js';

const AFIP = ['--', process.execPath, BIN, 'stand-in', 'afip'];
const run = (rig: Rig, args: string[], env: NodeJS.ProcessEnv = {}) =>
  cli(args, { env: { ...rig.env(), ...env }, cwd: rig.folder });

describe('check', () => {
  test('a good policy is 0, and says so', async () => {
    await using rig = new Rig();
    const { code, stdout } = run(rig, ['check', rig.file('p.json', PASTED)]);
    expect([code, stdout.trim().split('\n').at(-1)]).toEqual([
      0,
      `${join(rig.folder, 'p.json')}: no errors, no warnings`,
    ]);
  });

  test('what passes because the policy says nothing of it is told, and is no warning', async () => {
    await using rig = new Rig();
    const told = (policy: object) => {
      const file = rig.file('p.json', policy);
      const { passes } = JSON.parse(run(rig, ['check', '--json', file]).stdout);
      return { passes, ...run(rig, ['check', '--strict', file]) };
    };
    const nothing = told(PASTED);
    expect([nothing.code, nothing.passes]).toEqual([0, ['server_requests', 'resources', 'prompts']]);
    expect(nothing.stdout).toMatch(
      /note: these pass: requests of the server .*; resources; prompts; "server_requests", "resources", "prompts" say otherwise/,
    );
    const some = told({ ...PASTED, resources: {}, server_requests: {} });
    expect(some.stdout).toContain('note: these pass: prompts; "prompts" says otherwise');
    expect(told({ ...PASTED, resources: {}, server_requests: {}, prompts: {} }).stdout).not.toContain(
      'note:',
    );
  });

  test('all problems at once, with file, line, column and the likely word; exit 3', async () => {
    await using rig = new Rig();
    const file = rig.file(
      'p.json',
      '{\n  "version": "1",\n  "defualt": "deny",\n  "tools": { "t": { "limit": [] } }\n}',
    );
    const { code, stdout } = run(rig, ['check', file]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/p\.json:3:3 error UNKNOWN_KEY.*Did you mean "default"\?/);
    expect(stdout).toMatch(/p\.json:4:21 error UNKNOWN_KEY.*Did you mean "limits"\?/);
  });

  test('against a live server: the pasted policy names a tool that mcp-afip lacks, and nothing would be callable', async () => {
    await using rig = new Rig();
    const file = rig.file('p.json', PASTED);
    const { code, stdout } = run(rig, ['check', file, ...AFIP]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/NOTHING_CALLABLE: None of the 20 tools/);
    expect(stdout).toMatch(/TOOL_ABSENT: The server has no tool called "track_logout"/);
    expect(run(rig, ['check', '--strict', file, ...AFIP]).code).toBe(3);
    const { problems } = JSON.parse(run(rig, ['check', '--json', file, ...AFIP]).stdout);
    expect(problems.map(({ code: problem }: { code: string }) => problem)).toContain('TOOL_UNPLACED');
  });

  test.each(['afip', 'legiti', 'afip-monotributo', 'afip-responsable-inscripto'])(
    'the preset %s places every tool of its server and names no other',
    async (preset) => {
      await using rig = new Rig();
      const kind = preset === 'legiti' ? 'legiti' : 'afip';
      const { problems } = JSON.parse(
        run(rig, ['check', '--json', '--preset', preset, '--', process.execPath, BIN, 'stand-in', kind])
          .stdout,
      );
      const codes = problems.map(({ code }: { code: string }) => code);
      expect(codes.filter((code: string) => !['ARGUMENT_OPTIONAL', 'SHADOWED'].includes(code))).toEqual([]);
    },
  );

  test("the predecessor's YAML is told, and how it becomes a policy", async () => {
    await using rig = new Rig();
    const file = rig.file('intercept.yaml', 'version: "1"\ndefault: deny\ntools:\n  pay: { rules: [] }\n');
    const checked = run(rig, ['check', file]);
    expect([checked.code, checked.stdout]).toEqual([
      3,
      expect.stringContaining(`policy-wrap import ${file} > policy.json`),
    ]);
    const wrapped = run(rig, ['--policy', file, '--', process.execPath, BIN, 'stand-in', 'afip']);
    expect(wrapped.stderr).toContain(`policy-wrap import ${file}`);
    expect(wrapped.code).toBe(3);
  });

  test('names as clients show them: by the catalogue, by what wrappers have seen, by the live server', async () => {
    await using rig = new Rig();
    const policy = { version: '1', default: 'allow', hide: ['recorder.delete_repo'] };
    const file = rig.file('p.json', {
      ...policy,
      tools: { mcp__afip__create_invoice: { action: 'deny' }, 'afip/get_invoice': { action: 'deny' } },
    });
    const env = { POLICY_WRAP_DB: rig.db };
    const offline = run(rig, ['check', file], env).stdout;
    expect(offline).toMatch(/TOOL_ABSENT: "mcp__afip__create_invoice" .* Did you mean "create_invoice"\?/);
    expect(offline).toMatch(/TOOL_ABSENT: "afip\/get_invoice" .* Did you mean "get_invoice"\?/);
    expect(offline).not.toContain('delete_repo');
    const wrapper = rig.wrap({ policy });
    await wrapper.initialize();
    await wrapper.request('tools/list');
    expect(await wrapper.end()).toBe(0);
    expect(run(rig, ['check', file], env).stdout).toMatch(/Did you mean "delete_repo"\?/);
    expect(run(rig, ['check', file, ...AFIP]).stdout).toMatch(
      /no tool called "mcp__afip__create_invoice".* Did you mean "create_invoice"\?/,
    );
  });

  test('a missing file and two sources are told apart', async () => {
    await using rig = new Rig();
    expect(run(rig, ['check', 'nowhere.json']).code).toBe(3);
    expect(run(rig, ['check', 'x.json', '--preset', 'afip']).code).toBe(2);
    expect(run(rig, ['check']).stderr).toContain('there is no policy to check');
  });
});

describe('explain', () => {
  const policy = {
    version: '1',
    default: 'deny',
    tools: {
      read: {},
      pay: {
        deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 100 }], on_deny: 'too much' }],
      },
      once: { limits: [{ counter: 'once', window: 'day', max: 1 }] },
      wire: { action: 'approve' },
    },
  };

  test.each([
    ['read', '{}', 0, /^read: allowed/],
    ['pay', '{"amount":101}', 4, /^pay: denied {2}DENY_IF {2}\/tools\/pay\/deny_if\/0\n {2}too much \(/],
    ['other', '{}', 4, /^other: denied {2}NOT_LISTED/],
    ['wire', '{}', 5, /^wire: needs a person {2}APPROVAL_REQUIRED/],
  ])('%s %s is exit code %i', async (tool, args, code, text) => {
    await using rig = new Rig();
    const result = run(rig, ['explain', tool, '--args', args, '--policy', rig.file('p.json', policy)]);
    expect(result.code).toBe(code);
    expect(result.stdout).toMatch(text);
  });

  test.each([
    ['resource:file:///work/a', '{}', 0, /^resource:file:\/\/\/work\/a: allowed/],
    ['resource:file:///work/../a', '{}', 4, /denied {2}NOT_LISTED {2}\(default deny\)/],
    ['resource:file:///work/a%2Fb', '{}', 4, /denied {2}NOT_LISTED {2}\/resources\n.*encodes a slash/],
    ['resource:FILE:///work/x/key', '{}', 4, /hidden/],
    ['prompt:greet', '{"tone":"rude"}', 4, /denied {2}REQUIRE {2}\/prompts\/greet\/require\/0/],
    ['sampling/createMessage', '{}', 0, /allowed/],
  ])('what is no tool: %s %s', async (name, args, code, text) => {
    await using rig = new Rig();
    const file = rig.file('p.json', {
      ...policy,
      resources: { 'file:///work/**': {}, 'file:///work/x/*': { action: 'hide' } },
      prompts: { greet: { require: [{ conditions: [{ path: 'args.tone', op: 'eq', value: 'kind' }] }] } },
    });
    const result = run(rig, ['explain', name, '--args', args, '--policy', file]);
    expect([result.code, result.stdout]).toEqual([code, expect.stringMatching(text)]);
    expect(result.stdout).not.toContain('did you mean');
  });

  test('a name as a client shows it is told, in the call and in the policy', async () => {
    await using rig = new Rig();
    const file = rig.file('p.json', { ...policy, default: 'allow', tools: { mcp__bank__pay: {}, wire: {} } });
    const hint = (tool: string) =>
      JSON.parse(run(rig, ['explain', tool, '--policy', file, '--json']).stdout).hint;
    expect(hint('mcp__afip__create_invoice')).toContain('did you mean "create_invoice"?');
    expect(hint('bank.wire')).toContain('did you mean "wire"?');
    expect(hint('pay')).toContain('the policy has "mcp__bank__pay"');
    expect(hint('wire')).toBeUndefined();
    expect(run(rig, ['explain', 'pay', '--policy', file]).stdout).toContain('write "pay" there');
  });

  test('G5: looks at the counters and charges nothing', async () => {
    await using rig = new Rig();
    const file = rig.file('p.json', policy);
    const explain = () =>
      run(rig, ['explain', 'once', '--policy', file, '--server', 'recorder', '--db', rig.db, '--json']);
    for (let i = 0; i < 3; i++) expect(explain().code).toBe(0);
    const wrapper = rig.wrap({ args: ['--policy', file] });
    await wrapper.call('once');
    const refused = explain();
    expect(refused.code).toBe(4);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      version: 1,
      decision: 'deny',
      code: 'LIMIT',
      counter: 'once',
      used: '1',
      max: '1',
    });
    const { result } = await wrapper.call('once');
    expect(JSON.parse(refused.stdout).retryAt).toBe(result._meta['policy-wrap/decision'].retryAt);
  });

  test.each([
    ['{"x":1}', 5, 'ask'],
    ['{"x":1.00000000000000000001}', 4, 'deny'],
  ])('G10: a limit that would ask about %s: exit code %i', async (args, code, decision) => {
    await using rig = new Rig();
    const limits = [{ counter: 'c', window: 'day', max: 0, on_exceed: 'approve' }];
    const file = rig.file('p.json', { version: '1', default: 'deny', tools: { t: { limits } } });
    const ran = run(rig, ['explain', 't', '--args', args, '--policy', file, '--db', rig.db, '--json']);
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([code, { decision }]);
  });

  test('arguments that are no object are a wrong usage', async () => {
    await using rig = new Rig();
    for (const args of ['[1]', '{', '"x"']) {
      expect(run(rig, ['explain', 'read', '--args', args, '--policy', rig.file('p.json', policy)]).code).toBe(
        2,
      );
    }
  });
});

describe('test', () => {
  test('a case that comes out otherwise is shown, exit 4', async () => {
    await using rig = new Rig();
    const cases = JSON.parse(readFileSync('test/cases/pasted-policy.json', 'utf8'));
    cases.cases[0].expect = { decision: 'deny', code: 'LIMIT' };
    cases.policy = 'policy.json';
    writeFileSync(join(rig.folder, 'policy.json'), JSON.stringify(PASTED));
    const { code, stdout } = run(rig, ['test', rig.file('cases.json', cases)]);
    expect(code).toBe(4);
    expect(stdout).toMatch(
      /FAIL .*the first call passes\n.*expected \{"decision":"deny","code":"LIMIT"\}\n.*got +\{"decision":"allow"\}/,
    );
    expect(stdout).toContain('4 passed, 1 failed');
  });

  test.each([
    ['a misspelt key', { policy: PASTED, casess: [] }, 2],
    ['a bad policy', { policy: { version: '2' }, cases: [] }, 3],
    [
      'a bad time',
      {
        policy: PASTED,
        cases: [{ name: 'x', at: 'noon', call: { tool: 't' }, expect: { decision: 'deny' } }],
      },
      2,
    ],
  ])('%s in a case file is an error, not a pass', async (_, content, code) => {
    await using rig = new Rig();
    expect(run(rig, ['test', rig.file('cases.json', content)]).code).toBe(code);
  });
});

describe('schema', () => {
  test('has a description on every field, and ships in the package', () => {
    const schema = JSON.parse(cli(['schema'], { env: process.env }).stdout);
    expect(JSON.parse(readFileSync('dist/policy.schema.json', 'utf8'))).toEqual(schema);
    const undescribed: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties } = node as { properties?: Record<string, { description?: string; $ref?: string }> };
      for (const [name, field] of Object.entries(properties ?? {})) {
        if (!field.description && !field.$ref) undescribed.push(`${path}/${name}`);
      }
      for (const [key, value] of Object.entries(node)) walk(value, `${path}/${key}`);
    };
    walk(schema, '');
    expect(undescribed).toEqual([]);
  });

  test("with a server it completes that server's tools and arguments", () => {
    const { stdout } = cli(['schema', ...AFIP], { env: process.env });
    expect(Object.keys(JSON.parse(stdout).properties.tools.properties)).toContain('create_invoice');
    expect(stdout).toContain('args.amount_total');
  });
});

describe('import', () => {
  const yaml = (rule: string) =>
    `version: "1"\ndefault: allow\ntools:\n  pay:\n    rules:\n      - ${rule}\n`;

  test('0 when all was carried over, and the result is a policy', async () => {
    await using rig = new Rig();
    const file = rig.file('a.yaml', yaml('{ action: require_approval, approval_timeout: 30m }'));
    const { code, stdout, stderr } = run(rig, ['import', file]);
    expect([code, stderr]).toEqual([0, '']);
    const policy = rig.file('p.json', stdout);
    expect(run(rig, ['check', policy]).code).toBe(0);
    expect(run(rig, ['explain', 'pay', '--policy', policy]).code).toBe(5);
  });

  test('1 when something refuses because it could not be carried over: a comment, and a line on stderr', async () => {
    await using rig = new Rig();
    const file = rig.file('a.yaml', yaml('spend: { per_call: 0.5 }'));
    const { code, stdout, stderr } = run(rig, ['import', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/a\.yaml: line 6: "spend" asks the server for the price.*: refused\n$/);
    expect(stdout).toMatch(/\/\/ line 6: "spend"/);
    expect(run(rig, ['explain', 'pay', '--policy', rig.file('p.json', stdout)]).code).toBe(4);
  });

  test.each([
    ['no YAML', 'a: [1'],
    ['what has no end', undefined],
    ['what is not UTF-8', Buffer.from('description: C\u00f3rdoba\ntools: {}\n', 'latin1')],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}\ntools: {}`],
  ])('3 and nothing on stdout for %s', async (_, content) => {
    await using rig = new Rig();
    const file = join(rig.folder, 'a.yaml');
    if (content !== undefined) writeFileSync(file, content);
    const { code, stdout } = run(rig, ['import', content === undefined ? '/dev/zero' : file]);
    expect([code, stdout]).toEqual([3, '']);
  });
});
