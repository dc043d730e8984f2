import { expect, test } from 'vitest';
import {
  holdsSecret,
  isMasked,
  maskComment,
  maskText,
  maskWords,
  quotedCommand,
  shownCommand,
} from '../../src/text/masking.js';

// biome-ignore lint/suspicious/noTemplateCurlyInString: as a person writes it
const PLACEHOLDER = '${file:/k}';

test.each<[words: string[], expected: string[]]>([
  [
    ['npx', '-y', '@codespar/mcp-afip@alpha'],
    ['npx', '-y', '@codespar/mcp-afip@alpha'],
  ],
  [
    ['x', '--token', 'abc'],
    ['x', '--token', '***'],
  ],
  [
    ['x', '--token=abc', '--password:abc'],
    ['x', '--token=***', '--password:***'],
  ],
  [
    ['x', '--token', '--port'],
    ['x', '--token', '--port'],
  ],
  [
    ['docker', 'run', '-e', 'GITHUB_PAT=abc', 'img'],
    ['docker', 'run', '-e', 'GITHUB_PAT=***', 'img'],
  ],
  [
    ['x', '--header', 'Authorization: Bearer abc'],
    ['x', '--header', 'Authorization: ***'],
  ],
  [
    ['x', 'postgres://ana:abc@db/x'],
    ['x', 'postgres://ana:***@db/x'],
  ],
  [
    ['x', 'ghp_0123456789abcdef'],
    ['x', '***'],
  ],
  [
    ['x', 'sk-ant-0123456789'],
    ['x', '***'],
  ],
  [
    ['x', 'eyJhbGciOiJI.eyJzdWIiOiIx.sig'],
    ['x', '***'],
  ],
  [
    ['x', '--password', '-s3cret', '--', 'mcp'],
    ['x', '--password', '***', '--', 'mcp'],
  ],
  [
    ['x', '--passphrase', 's3cret', '--db-pass=s3cret', '--signingKey', 's3cret'],
    ['x', '--passphrase', '***', '--db-pass=***', '--signingKey', '***'],
  ],
  [
    ['mysql', '-ps3cret', '-p', 's3cret', '-port', '1', '-profile=x'],
    ['mysql', '-p***', '-p', '***', '-port', '1', '-profile=x'],
  ],
  [
    ['npx', 'policy-wrap', '-p', '/home/ana/p.json', '--', 'mcp'],
    ['npx', 'policy-wrap', '-p', '/home/ana/p.json', '--', 'mcp'],
  ],
  [
    ['curl', '-u', 'ana:s3cret', '--user=ana:s3cret', '-uana:s3cret'],
    ['curl', '-u', 'ana:***', '--user=ana:***', '-uana:***'],
  ],
  [
    ['x', '-H', 'X-Tenant: s3cret', '--header=X-Id: s3cret', '-HX-Id: s3cret'],
    ['x', '-H', 'X-Tenant: ***', '--header=X-Id: ***', '-HX-Id: ***'],
  ],
  [
    ['docker', '-e', 'foo=s3cret', '--env=BAR=s3cret', '-eBAZ=s3cret', '-e', 'PLAIN'],
    ['docker', '-e', 'foo=***', '--env=BAR=***', '-eBAZ=***', '-e', 'PLAIN'],
  ],
  [
    ['sh', '-c', 'FOO=bar exec mcp --api-key s3cret --port 80'],
    ['sh', '-c', 'FOO=***'],
  ],
  [
    ['sh', '-c', 'exec env FOO=s3cret mcp --api-key s3cret --port 80'],
    ['sh', '-c', 'exec env FOO=*** mcp --api-key *** --port 80'],
  ],
  [
    ['x', 'postgres://ana:p@s3cret@db/x', 'postgres://ana:pa/s3cret@db/x', 'http://h:4873/@a/b'],
    ['x', 'postgres://ana:***@db/x', 'postgres://ana:***@db/x', 'http://h:4873/@a/b'],
  ],
  [
    [
      'x',
      'https://0123456789abcdefs3cret@host/x',
      'https://h/cb#access_token=s3cret',
      'https://h/?code=s3cret',
    ],
    ['x', 'https://***@host/x', 'https://h/cb#access_token=***', 'https://h/?code=***'],
  ],
  [
    ['x', '/password:s3cret', '--args=--token=s3cret'],
    ['x', '/password:***', '--args=--token=***'],
  ],
  [
    ['x', '{"url": "h", "apiKey": "s3cret"}'],
    ['x', '{"url": "h", "apiKey": "***"}'],
  ],
  [
    ['C:\\keys\\index.js', '--keyboard', 'us'],
    ['C:\\keys\\index.js', '--keyboard', 'us'],
  ],
  [
    ['x', '--port', '8080', '/home/ana'],
    ['x', '--port', '8080', '/home/ana'],
  ],
  [
    ['x', 'signingKey=s3cret', 'monkey=us', 'token', 'of', 'FOO:bar', 'FOO = s3cret'],
    ['x', 'signingKey=***', 'monkey=us', 'token', 'of', 'FOO:bar', 'FOO = ***'],
  ],
  [
    ['x', '--no-auth', 'mcp', '--skip-token', 'mcp', '--auth', 's3cret'],
    ['x', '--no-auth', 'mcp', '--skip-token', 'mcp', '--auth', '***'],
  ],
  [
    ['x', '-H', `X-Key: ${PLACEHOLDER}`, '-H', `X-Key: Bearer ${PLACEHOLDER}`, '-H', 's3cret'],
    ['x', '-H', `X-Key: ${PLACEHOLDER}`, '-H', `X-Key: Bearer ${PLACEHOLDER}`, '-H', '***'],
  ],
  [
    ['x', '--token', `X-Key: ${PLACEHOLDER}`],
    ['x', '--token', '***'],
  ],
  [
    [
      'x',
      '--header-env',
      'X-Api-Key=KEY_OF',
      '--header-env',
      'X-Api-Key=s3 cret',
      '--env-of',
      'X-Key=s3cret',
    ],
    ['x', '--header-env', 'X-Api-Key=KEY_OF', '--header-env', 'X-Api-Key=***', '--env-of', 'X-Key=***'],
  ],
  [
    ['curl', '-u', 'ana', '-Uana', '-e', 'TOKEN_OF'],
    ['curl', '-u', 'ana', '-Uana', '-e', 'TOKEN_OF'],
  ],
  // Blanks in front and at the end are no values.
  [
    ['sh', '-c', ' mysql -p '],
    ['sh', '-c', ' mysql -p '],
  ],
  // Three flags within flags are read, and no more.
  [
    ['--a=--b=--c=--token=s3cret', '--a=--b=--c=--d=--token=x'],
    ['--a=--b=--c=--token=***', '--a=--b=--c=--d=--token=x'],
  ],
])('maskWords %j', (words, expected) => {
  expect(maskWords(words)).toEqual(expected);
});

test.each<[words: string[], masked: boolean, secret: boolean]>([
  [['x', '--port', '8080'], false, false],
  [['x', '--token', 's3cret'], true, true],
  // What is masked in case it is a password may be a port.
  [['x', '-p', '8080'], true, false],
  [['x', '-p8080'], true, false],
  [['x', '-p', '8080', '--token', 's3cret'], true, true],
  [['x', '-p', '8080', 'API_KEY=s3cret'], true, true],
])('of %j something is masked: %s, and it holds a secret: %s', (words, masked, secret) => {
  expect(isMasked(words)).toBe(masked);
  expect(holdsSecret(words)).toBe(secret);
});

test.each([
  [['npx', '-y', '@a/b@1.0'], 'npx -y @a/b@1.0'],
  [['two words', ''], '"two words" ""'],
  // What a shell would fill in between double quotes stands between single ones.
  [['$HOME', "it's $5", 'a!b', '`x`'], "'$HOME' 'it'\\''s $5' 'a!b' '`x`'"],
  [['$\u0007'], '"$\\u0007"'],
])('the command line of %j is %s', (words, line) => {
  expect(quotedCommand(words)).toBe(line);
});

test('a command line is shown with its secrets masked', () => {
  expect(shownCommand(['mcp', '--token', 's3cret', 'a b'])).toBe('mcp --token *** "a b"');
});

test.each([
  ['a: "signingKey": "s3cret", "monkey": "us"', 'a: "signingKey": "***", "monkey": "us"'],
  ['Authorization: Bearer s3cret-s3cret\nnext', 'Authorization: Bearer ***\nnext'],
  ['http://h/?session=s3cret&page=2', 'http://h/?session=***&page=2'],
])('the text %j is shown as %j', (text, shown) => {
  expect(maskText(text)).toBe(shown);
});

test.each([
  ['// nothing here\r\n// nor here', '// nothing here\r\n// nor here'],
  ['// token s3cret\n// port 80', '// token ***\n// port 80'],
  ['/* token: s3cret s3cret */', '/* token: *** */'],
  ['// FOO=s3cret and more', '// FOO=***'],
  ['# "--token", "s3cret", "--port", "80"', '# "--token", "***", "--port", "80"'],
  ["# name = 's3cret'", "# name = '***'"],
  ['// a token: "s3cret"', '// a token: "***"'],
  ['// the token', '// the token'],
  ['// the token: ', '// the token: '],
  ['// run mcp --port 80', '// run mcp --port 80'],
])('the comment %j is shown as %j', (text, shown) => {
  expect(maskComment(text)).toBe(shown);
});
