import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where a Chrome is found on the systems that people have. */
const PLACES = [
  process.env.CHROME_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Nothing of these reaches out of the machine: a browser that waits for its maker's hosts is slow to start. */
const ARGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Grey letters make smaller pictures.
  '--disable-lcd-text',
  // Names that a hostile page may be reached by.
  '--host-resolver-rules=MAP *.test 127.0.0.1',
];

let started: Promise<Browser> | undefined;

/**
 * The one browser of this process, started when it is first needed and ended with the process: a start costs more than
 * most tests. Each test has a context of its own.
 */
export function browser(): Promise<Browser> {
  started ??= chromium.launch({
    executablePath: PLACES.find((path) => existsSync(path)) ?? 'chromium',
    // Root has no sandbox there.
    args: [...ARGS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  return started;
}
