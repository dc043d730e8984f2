import { expect, test } from 'vitest';
import { pathFolders, upstreamEnv } from '../../src/upstream/environment.js';

test.each<[NodeJS.Platform, path: string, expected: string[]]>([
  ['linux', '/a::bin:./bin:.:/b:../c', ['/a', '/b']],
  ['linux', '', []],
  ['win32', 'C:\\a;;bin;.\\bin;C:x;\\y;\\\\host\\z', ['C:\\a', '\\\\host\\z']],
])('of PATH on %s only absolute folders count: %s', (platform, path, expected) => {
  expect(pathFolders(path, platform)).toEqual(expected);
});

test('the server gets the environment as it is, without what is meant for us', () => {
  const env = { PATH: '/bin', POLICY_WRAP_DB: '/x', policy_wrap_policy: '/y', MY_POLICY_WRAP_: 'z' };
  expect(upstreamEnv(env)).toEqual({ PATH: '/bin', MY_POLICY_WRAP_: 'z' });
});
