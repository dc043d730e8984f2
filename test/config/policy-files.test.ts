import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { configDirs, databaseFile, surroundings } from '../../src/config/paths.js';
import {
  findPolicyFile,
  policyFileName,
  policyFilesIn,
  policyPlaces,
  problemsError,
  readPolicy,
  refuseMovingPlaces,
  stateFile,
} from '../../src/config/policy-files.js';
import { findPolicy, readPreset } from '../../src/config/shipped-policies.js';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'policy-wrap-places-')));
  for (const name of ['HOME', 'USERPROFILE', 'APPDATA', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'LOCALAPPDATA'])
    vi.stubEnv(name, folder);
  vi.stubEnv('POLICY_WRAP_POLICY', undefined);
  vi.stubEnv('POLICY_WRAP_DB', undefined);
  return () => rmSync(folder, { recursive: true, force: true });
});

/** A policy that says by its description where it lay. */
function put(path: string, more: object = {}): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ version: '1', default: 'deny', description: path, ...more }));
  return path;
}
const inConfig = (server: string) => join(configDirs(surroundings())[0], `${server}.json`);

function sourceOf(found: ReturnType<typeof findPolicy>): string {
  if (found.kind !== 'policy') return found.kind;
  return found.files[0] ?? found.policy.source;
}

describe('which policy holds', () => {
  test('--policy, then POLICY_WRAP_POLICY, then the config folder, then the preset of a known server', () => {
    const named = put(join(folder, 'named.json'));
    const own = put(inConfig('mcp-afip'));
    vi.stubEnv('POLICY_WRAP_POLICY', put(join(folder, 'variable.json')));
    const find = (options = {}) => sourceOf(findPolicy(options, ['mcp-afip'], []));
    expect(find({ policy: named })).toBe(named);
    expect(find({ preset: 'legiti' })).toBe('preset legiti');
    expect(find()).toBe(join(folder, 'variable.json'));
    vi.stubEnv('POLICY_WRAP_POLICY', '');
    expect(find()).toBe(own);
    rmSync(own);
    expect(find()).toMatch(/^preset afip/);
    expect(sourceOf(findPolicy({}, ['unknown'], ['some-server']))).toBe('none');
  });

  test('a file that was named is read without a name for the server, and no preset stands among the files', () => {
    const server = {
      get names(): [string] {
        throw new Error('nobody needs a name');
      },
      words: [],
    };
    const policy = put(join(folder, 'named.json'));
    expect(sourceOf(findPolicyFile({ policy }, server))).toBe(policy);
    expect(findPolicyFile({}, { names: ['mcp-afip'], words: [] }).kind).toBe('none');
    expect(findPolicyFile({ preset: 'legiti' }, { names: ['mcp-afip'], words: [] }).kind).toBe('none');
  });

  test('the policy of the name that the entry has, then that of its program, then its preset', () => {
    const program = put(inConfig('mcp-afip'));
    const find = () => sourceOf(findPolicy({}, ['facturas', 'mcp-afip'], []));
    expect(find()).toBe(program);
    const own = put(inConfig('facturas'));
    expect(find()).toBe(own);
    rmSync(own);
    rmSync(program);
    expect(find()).toMatch(/^preset afip/);
  });

  test('--policy and --preset together, and a preset that there is none of, are wrong usage', () => {
    const policy = put(join(folder, 'a.json'));
    expect(() => findPolicy({ policy, preset: 'legiti' }, ['s'], [])).toThrow('exclude each other');
    expect(() => findPolicy({ preset: 'legit' }, ['s'], [])).toThrow('there is no preset legit');
  });

  test('a file that was named must be there; the folder of an unknown server need hold none', () => {
    expect(() => findPolicy({ policy: join(folder, 'gone.json') }, ['s'], [])).toThrow('no such policy file');
    vi.stubEnv('POLICY_WRAP_POLICY', join(folder, 'gone.json'));
    expect(() => findPolicy({}, ['s'], [])).toThrow('no such policy file');
  });

  test('the places are those that findPolicy looks at', () => {
    expect(policyPlaces({ preset: 'legiti' }, ['s'])).toEqual([]);
    expect(policyPlaces({}, ['s'])).toEqual(configDirs(surroundings()).map((dir) => join(dir, 's.json')));
    expect(policyPlaces({ policy: join(folder, 'a.json') }, ['s'])).toEqual([join(folder, 'a.json')]);
  });
});

test('where there is no policy it is said how to make one, to the model without a command', () => {
  const missing = (words: readonly string[]) => {
    const found = findPolicyFile({}, { names: ['shop', 'x'], words });
    return found.kind === 'none' ? found : undefined;
  };
  expect(missing(['--', 'shop-server'])).toEqual({
    kind: 'none',
    missing: 'there is no policy for shop',
    make: 'policy-wrap init -- shop-server',
    advice:
      'there is no policy for shop, so every call is refused. Make one: policy-wrap init -- shop-server',
    told: `there is no policy for shop, so every call is refused. The user can write one, in ${inConfig('shop')}`,
  });
  expect(missing([])?.make).toBe('policy-wrap init --server shop -- <command> [args]');
});

test('our own files beside the policies are none, also where a server has such a name', () => {
  const own = dirname(inConfig('x'));
  for (const name of ['b.json', 'a.json', 'notify.json', 'policy.schema.json', 'a.txt']) put(join(own, name));
  expect(policyFilesIn()).toEqual(['a.json', 'b.json'].map((name) => join(own, name)));
  expect(policyFilesIn([join(folder, 'none'), own])).toHaveLength(2);
  expect(['notify', 'policy.schema', 'shop'].map(policyFileName)).toEqual([
    'notify.policy.json',
    'policy.schema.policy.json',
    'shop.json',
  ]);
});

test('G3: what is wrong with a policy, or with one that it extends, is said with the file that has it', () => {
  const below = put(join(folder, 'below.json'), { version: '0' });
  const above = put(join(folder, 'above.json'), { extends: 'below.json' });
  const found = readPolicy(above);
  if (found.kind !== 'problems') throw new Error(found.kind);
  expect(found.source).toBe(below);
  const error = problemsError(found);
  expect([error.code, error.message]).toEqual([
    'POLICY_INVALID',
    expect.stringMatching(/below\.json: 1 problem in the policy\n.*below\.json:/),
  ]);
  expect(readPolicy(put(join(folder, 'own.json'), { version: '0' })).kind).toBe('problems');
  expect(() => readPolicy(put(join(folder, 'lost.json'), { extends: 'gone.json' }))).toThrow(
    /lost\.json extends .*gone\.json, which does not exist/,
  );
  const preset = readPreset('legiti');
  expect(preset).toMatchObject({ kind: 'policy', files: [], extended: [] });
});

test('a policy is read with what it extends, from its own folder, and its files are told', () => {
  const files = [
    put(join(folder, 'a', 'own.json'), { extends: '../b/base.json' }),
    put(join(folder, 'b', 'base.json'), { extends: 'last.json' }),
    put(join(folder, 'b', 'last.json')),
  ];
  expect(readPolicy(String(files[0]))).toMatchObject({
    kind: 'policy',
    files,
    extended: [{ source: files[1] }, { source: files[2] }],
  });
});

test('a policy may extend eight others in a row, and no more', () => {
  const chain = (length: number): string => {
    const file = (n: number) => join(folder, `${length}-${n}.json`);
    for (let n = 0; n < length; n += 1) put(file(n), { extends: file(n + 1) });
    put(file(length));
    return file(0);
  };
  const found = readPolicy(chain(8));
  expect(found.kind === 'policy' && found.extended.length).toBe(8);
  expect(() => readPolicy(chain(9))).toThrow('leads in a circle');
});

describe('G4: the database', () => {
  test('--db, then POLICY_WRAP_DB, then the usual place', () => {
    vi.stubEnv('POLICY_WRAP_DB', join(folder, 'variable.db'));
    expect(stateFile(join(folder, 'named.db'))).toBe(join(folder, 'named.db'));
    expect(stateFile(undefined)).toBe(join(folder, 'variable.db'));
    vi.stubEnv('POLICY_WRAP_DB', '');
    expect(stateFile(undefined)).toBe(databaseFile(surroundings()));
  });

  test.each<[string, object, NodeJS.ProcessEnv, boolean]>([
    ['nothing named', {}, {}, false],
    ['a relative --db', { db: 'a.db' }, {}, true],
    ['a relative POLICY_WRAP_DB', {}, { POLICY_WRAP_DB: 'a.db' }, true],
    ['one that --db overrules', { db: '/a.db' }, { POLICY_WRAP_DB: 'a.db' }, false],
    ['a relative --policy', { policy: 'a.json' }, {}, true],
    ['a relative POLICY_WRAP_POLICY', {}, { POLICY_WRAP_POLICY: 'a.json' }, true],
    ['one that --policy overrules', { policy: '/a.json' }, { POLICY_WRAP_POLICY: 'a.json' }, false],
    ['one that --preset overrules', { preset: 'legiti' }, { POLICY_WRAP_POLICY: 'a.json' }, false],
  ])(
    'a wrapper may be given %s: refused where it means another file in each folder',
    (_, options, env, refused) => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      const check = () => refuseMovingPlaces(options);
      if (refused) expect(check).toThrow('a relative path');
      else expect(check).not.toThrow();
    },
  );
});
