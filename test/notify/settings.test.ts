import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseTime, QuietHours, type QuietSettings } from '../../src/notify/quiet.js';
import { readSettings, writeSettings } from '../../src/notify/settings.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-settings-'));
  file = join(folder, 'notify.json');
  return () => rmSync(folder, { recursive: true, force: true });
});

/** What is wrong with settings; undefined for nothing. */
function fault(content: object | string): string | undefined {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  try {
    readSettings(file);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(`${file}: `, '');
  }
}

describe('the file of a person', () => {
  test('is none, or as it was written, for them alone', () => {
    expect(readSettings(file)).toBeUndefined();
    const settings = {
      version: '1',
      channels: { phone: { type: 'ntfy', url: 'https://ntfy.sh/x', events: ['approval'], arguments: true } },
      per_hour: 5,
    } as const;
    writeSettings(file, settings as never);
    expect(readSettings(file)).toEqual(settings);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o602, 0o601, 0o610])(
    'that others may read or write (%o) is not taken',
    (mode) => {
      writeSettings(file, { version: '1', channels: {} });
      chmodSync(file, mode);
      expect(() => readSettings(file)).toThrow('others may read or write it');
    },
  );

  test.each([
    ['{', 'it is no JSON'],
    [{ version: '2', channels: {} }, /^version: /],
    [{ version: '1' }, /^channels: /],
    [[], /./],
    [{ version: '1', channels: {}, chanels: {} }, 'there is no setting "chanels"'],
    [{ version: '1', channels: { 'No name': { type: 'desktop' } } }, /channels/],
    [{ version: '1', channels: { a: { type: 'pigeon' } } }, /^channels\.a/],
    [
      { version: '1', channels: { a: { type: 'slack', url: 'ftp://x' } } },
      /^channels\.a\.url: an address that begins with https/,
    ],
    [{ version: '1', channels: { a: { type: 'slack', url: 'no address' } } }, /^channels\.a\.url/],
    [
      { version: '1', channels: {}, quiet: { from: '25:00', to: '08:00' } },
      /^quiet\.from: a time is written HH:MM/,
    ],
    [{ version: '1', channels: {}, per_hour: 0 }, /^per_hour/],
    [{ version: '1', channels: {}, per_hour: 1001 }, /^per_hour/],
    [{ version: '1', channels: {}, per_hour: 1.5 }, /^per_hour/],
  ])('%j is wrong', (content, message) => {
    const found = fault(content);
    if (typeof message === 'string') expect(found).toBe(message);
    else expect(found).toMatch(message);
  });

  test('may say all that there is', () => {
    expect(
      fault({
        version: '1',
        channels: {
          a: { type: 'desktop' },
          'a-b_9': { type: 'teams', url: 'http://127.0.0.1:8080/x' },
          w: { type: 'webhook', url: 'HTTPS://example.com', secret: 's' },
        },
        quiet: { from: '22:00', to: '24:00', days: ['mon'], timezone: 'UTC', except: ['store'] },
        telemetry: { endpoint: 'https://collector.example' },
        per_hour: 1000,
      }),
    ).toBeUndefined();
  });

  test('that is a folder is told', () => {
    mkdirSync(file);
    expect(() => readSettings(file)).toThrow(/notify\.json/);
  });
});

test.each([
  ['00:00', 0],
  ['08:30', 30_600_000],
  ['23:59', 86_340_000],
  ['24:00', 86_400_000],
  ['24:01', undefined],
  ['12:60', undefined],
  ['12:59', 46_740_000],
  ['8:30', undefined],
  ['08:30:00', undefined],
  ['', undefined],
])('the time %s', (text, time) => {
  expect(parseTime(text)).toBe(time);
});

describe('quiet hours', () => {
  // A Thursday.
  const at = (hours: number, minutes = 0, day = 26) => Date.UTC(2026, 10, day, hours, minutes);
  const quiet = (settings: Partial<QuietSettings>) =>
    new QuietHours({ from: '22:00', to: '08:00', timezone: 'UTC', ...settings });

  test('hold back from their beginning up to their end, over midnight too', () => {
    const night = quiet({});
    expect(night.holdBack('limit', at(21, 59))).toBe(false);
    expect(night.holdBack('limit', at(22))).toBe(true);
    expect(night.holdBack('limit', at(7, 59))).toBe(true);
    expect(night.holdBack('limit', at(8))).toBe(false);
  });

  test('are by the wall clock of a place, on the days on which they begin, but for what is told all the same', () => {
    const thursday = quiet({ days: ['thu'] });
    expect(thursday.holdBack('limit', at(23))).toBe(true);
    expect(thursday.holdBack('limit', at(7, 0, 27))).toBe(true);
    expect(thursday.holdBack('limit', at(7))).toBe(false);
    expect(quiet({ timezone: 'America/Argentina/Buenos_Aires' }).holdBack('limit', at(23))).toBe(false);
    expect(quiet({ timezone: 'America/Argentina/Buenos_Aires' }).holdBack('limit', at(1))).toBe(true);
    const except = quiet({ except: ['approval'] });
    expect([except.holdBack('approval', at(23)), except.holdBack('limit', at(23))]).toEqual([false, true]);
    expect(new QuietHours(undefined).holdBack('limit', at(23))).toBe(false);
  });
});
