import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SHELLS, type ShellName } from '../../src/cli/completion/shells.js';
import { Store } from '../../src/store/store.js';
import { inShell, PYTHON } from '../support/asking.js';
import { BIN, Rig } from '../support/rig.js';

/** Names as a hostile server or entry could have them, by what is typed of each before the tab. */
const HOSTILE = {
  a1: 'a1 two  words',
  a2: `a2'single"double`,
  a3: 'a3$(touch pwned)`touch pwned`',
  a4: 'a4;touch pwned&|<>\\back\\ slash',
  a5: 'a5:colon=equals@at',
  a6: 'a6!bang*?[x]{a,b}~#$HOME',
  a7: `a7\u00e9\u4f60 \u2019; touch pwned; \u2019`,
} as const;
/** Names with something in them that nobody sees, or that ends a line: they are not offered. */
const HIDDEN = { c1: 'c1\ntouch pwned', c2: 'c2\u202etxt', c3: 'c3\ttab' } as const;

/** Alone in their databases, for nothing is typed of them before the tab. */
const LEADING =
  `~root ~ =ls $HOME $(touch+pwned) \`touch+pwned\` #x * !! !x %1 @x :x ? [a-z]* {a,b} ^x ' " (x) <x >pwned |x &x ;x \\x +x x+ ,x 1>x`
    .split(' ')
    .map((name) => name.replace('+', ' '));

function database(path: string, servers: readonly string[]): void {
  const store = Store.open(path);
  const info = { grant: 'default', pid: 1, policyHash: undefined, policySource: undefined, observe: false };
  for (const server of servers) store.startSession({ ...info, server });
  store.close();
}

/** A folder with `policy-wrap` on its PATH: completions are the real ones, what else is run is written down. */
function scene(rig: Rig) {
  const bin = join(rig.folder, 'bin');
  const db = join(rig.folder, 'known.db');
  mkdirSync(bin);
  rig.file('count', '0');
  const stub = join(bin, 'policy-wrap');
  writeFileSync(
    stub,
    `#!/bin/sh
case $1 in __complete|completions) exec '${process.execPath}' '${BIN}' "$@" ;; esac
n=$(($(cat "$HOME/count") + 1))
printf '%s\\0' "$@" > "$HOME/argv-$n"
printf '%s' "$n" > "$HOME/count"
`,
  );
  chmodSync(stub, 0o755);
  database(db, [...Object.values(HOSTILE), ...Object.values(HIDDEN)]);
  const env = { ...rig.env(), PATH: `${bin}:${process.env.PATH}`, POLICY_WRAP_DB: db, LC_ALL: 'C.UTF-8' };
  return {
    env,
    argv: (n: number) =>
      readFileSync(join(rig.folder, `argv-${n}`), 'utf8')
        .split('\0')
        .slice(0, -1),
  };
}

/** How each shell is started without anything of the person's, with a prompt that counts the commands. */
const START: Readonly<Record<Exclude<ShellName, 'powershell'>, (rig: Rig) => string[]>> = {
  bash: (rig) => {
    const rc = rig.file(
      'bashrc',
      `PS1='ready-$(cat ~/count)> '\nbind 'set bell-style none'\nset +o history\nsource <(policy-wrap completions bash)\n`,
    );
    return ['bash', '--noprofile', '--rcfile', rc, '-i'];
  },
  zsh: (rig) => {
    rig.file(
      '.zshrc',
      `setopt prompt_subst; PROMPT='ready-$(cat ~/count)> '; unsetopt beep\nautoload -Uz compinit && compinit -D -u\nsource <(policy-wrap completions zsh)\n`,
    );
    return ['zsh', '-d', '-i'];
  },
  fish: (rig) => {
    const folder = join(rig.folder, 'config', 'fish');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'config.fish'),
      `function fish_prompt; printf 'ready-%s> ' (cat ~/count); end\nset -g fish_greeting\nset -g fish_autosuggestion_enabled 0\npolicy-wrap completions fish | source\n`,
    );
    return ['fish', '-i'];
  },
};

const isHere = (shell: string) => spawnSync(shell, ['--version']).status === 0;

async function typedInto(shell: keyof typeof START, rig: Rig, lines: readonly string[]) {
  const there = scene(rig);
  const [name = '', ...args] = START[shell](rig);
  const path = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  const answers = [...lines, 'exit'].map((line, n) => [`ready-${n}> `, `${line}\r`] as const);
  const { stdout } = await inShell([path, ...args], answers, {
    ...there.env,
    TERM: 'xterm',
    TERMINAL_SECONDS: '120',
  });
  return { shown: stdout, argv: lines.map((_, n) => there.argv(n + 1)) };
}

describe.skipIf(!PYTHON).each(Object.keys(START) as (keyof typeof START)[])('%s', (shell) => {
  test
    .skipIf(!isHere(shell))
    .concurrent('completes names that begin with what a shell reads as its own', async () => {
      await using rig = new Rig();
      for (const [at, name] of LEADING.entries()) database(join(rig.folder, `${at}.db`), [name]);
      const lines = LEADING.map((_, at) => `policy-wrap status --db ${rig.folder}/${at}.db --server \t`);
      const { argv, shown } = await typedInto(shell, rig, lines);
      expect(
        argv.map((words) => words.slice(3)),
        shown,
      ).toEqual(
        // fish would fill a tilde in, and does not offer such a name.
        LEADING.map((name) => ['--server', ...(shell === 'fish' && name.startsWith('~') ? [] : [name])]),
      );
      expect(readdirSync(rig.folder)).not.toContain('pwned');
    });

  test
    .skipIf(!isHere(shell))
    .concurrent(
      'completes every name as one word, whatever is in it, and runs none; what hides something is not offered',
      async () => {
        await using rig = new Rig();
        const lines = [...Object.keys(HOSTILE), ...Object.keys(HIDDEN)];
        const { argv, shown } = await typedInto(
          shell,
          rig,
          lines.map((start) => `policy-wrap status --server ${start}\t`),
        );
        const expected = [...Object.values(HOSTILE), ...Object.keys(HIDDEN)];
        expect(argv, shown).toEqual(expected.map((name) => ['status', '--server', name]));
        expect(readdirSync(rig.folder)).not.toContain('pwned');
      },
    );

  test
    .skipIf(!isHere(shell))
    .concurrent('completes commands, options, their values, files, and programs behind "--"', async () => {
      await using rig = new Rig();
      mkdirSync(join(rig.folder, 'policies'));
      rig.file('policies/my policy.json', '{}');
      const { argv, shown } = await typedInto(shell, rig, [
        'cd; policy-wrap recomm\t',
        'policy-wrap log --deni\t',
        'policy-wrap export --format=ocs\t',
        'policy-wrap --policy policies/my\t',
        'policy-wrap -- policy-wra\t',
      ]);
      expect(argv, shown).toEqual([
        ['recommend'],
        ['log', '--denied'],
        ['export', '--format=ocsf'],
        ['--policy', 'policies/my policy.json'],
        ['--', 'policy-wrap'],
      ]);
    });
});

test.skipIf(!PYTHON || !isHere('bash')).concurrent('bash completes where a quote is open', async () => {
  await using rig = new Rig();
  const starts = ["'a2", "'a6", '"a3', '"a2'];
  const { argv, shown } = await typedInto(
    'bash',
    rig,
    starts.map((start) => `policy-wrap status --server ${start}\t`),
  );
  const names = [HOSTILE.a2, HOSTILE.a6, HOSTILE.a3, HOSTILE.a2];
  expect(argv, shown).toEqual(names.map((name) => ['status', '--server', name]));
  expect(readdirSync(rig.folder)).not.toContain('pwned');
});

const PWSH = ['pwsh', 'powershell'].find(isHere);

test.skipIf(PWSH === undefined)(
  'PowerShell inserts names as one word each, and runs none of them',
  async () => {
    await using rig = new Rig();
    const { env } = scene(rig);
    const ask = `
policy-wrap completions powershell | Out-String | Invoke-Expression
foreach ($start in '${Object.keys(HOSTILE).join("','")}') {
  $line = "policy-wrap status --server $start"
  $found = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches
  Write-Output (ConvertTo-Json -Compress @(Invoke-Expression "Write-Output $($found[0].CompletionText)"))
}`;
    const shown = execFileSync(String(PWSH), ['-NoProfile', '-Command', ask], { env, encoding: 'utf8' });
    expect(
      shown
        .trim()
        .split(/\r?\n/)
        .map((line) => [JSON.parse(line)].flat()[0]),
    ).toEqual(Object.values(HOSTILE));
    expect(readdirSync(rig.folder)).not.toContain('pwned');
  },
);

test('every shell has its script, which runs nothing of an answer', () => {
  for (const { script } of Object.values(SHELLS)) {
    expect(script).toContain('policy-wrap __complete ');
    expect(script).not.toMatch(/\beval\b|source \$|iex\b/);
  }
});
