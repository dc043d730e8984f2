import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { imageNames, linuxCommands, runningCommands } from '../../src/clients/running-apps.js';
import { Home } from './home.js';

test('image names are the first column of the listing', () => {
  const csv =
    '"System Idle Process","0","Services","0","8 K"\r\n"Claude.exe","4711","Console","1","120,000 K"\r\n\r\n';
  expect(imageNames(csv)).toEqual(['System Idle Process', 'Claude.exe']);
});

test('command lines are read from a folder laid out as /proc is', () => {
  using home = new Home();
  home.put('proc/1/cmdline', 'node\0/usr/bin/claude\0');
  home.put('proc/2/cmdline', '');
  home.put('proc/3/status', 'gone since');
  home.put('proc/self/cmdline', 'not a number');
  home.put(`proc/${process.pid}/cmdline`, 'this process, which names clients on its own command line');
  expect(linuxCommands(home.path('proc'))).toEqual(['node /usr/bin/claude']);
});

test.skipIf(process.platform === 'win32')('a process that we started is among the running ones', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log(1)', 'mark-5f1c'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    const commands = await runningCommands(process.platform);
    expect(commands?.some((command) => command.includes('mark-5f1c'))).toBe(true);
  } finally {
    child.stdin.end();
    await once(child, 'close');
  }
});

test('a listing that cannot be had is unknown, not empty', async () => {
  const path = process.env.PATH;
  process.env.PATH = '';
  try {
    expect(await runningCommands('win32')).toBeUndefined();
  } finally {
    process.env.PATH = path;
  }
});
