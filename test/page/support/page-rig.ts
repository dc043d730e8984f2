import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { PYTHON, QUICK } from '../../support/asking.js';
import { BIN, Rig } from '../../support/rig.js';
import { browser } from './browser.js';

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly language?: 'en' | 'es';
  readonly dark?: boolean;
}

/** Copies what a pseudo terminal shows, as it comes, and ends with the command. */
const HOLD = 'import os,pty,sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])) & 255)';

/** A scratch home with `policy-wrap ui` running in a terminal, and browsers that have it open. */
export class PageRig extends Rig {
  readonly #args: readonly string[];
  readonly #contexts: BrowserContext[] = [];
  #ui: ChildProcess | undefined;
  /** What the terminal has shown. */
  shown = '';
  /** What browsers have complained about. */
  readonly problems: string[] = [];
  #first: Page | undefined;
  /** Of `ui`; undefined while it runs. */
  code: number | undefined;

  private constructor(args: readonly string[]) {
    super();
    this.#args = args;
  }

  /** @param args further options of `ui` */
  static start(...args: readonly string[]): Promise<PageRig> {
    return PageRig.startIn(() => {}, ...args);
  }

  /** @param prepare the home before `ui` runs in it */
  static async startIn(prepare: (rig: PageRig) => void, ...args: readonly string[]): Promise<PageRig> {
    const rig = new PageRig(args);
    try {
      prepare(rig);
      rig.startUi();
      await rig.token();
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts `ui`, again where it has ended. */
  startUi(): void {
    const words = [process.execPath, BIN, 'ui', '--no-open', '--db', this.db, ...this.#args];
    const child = spawn(String(PYTHON), [...QUICK, '-c', HOLD, ...words], {
      env: { ...this.env(), TERM: 'xterm' },
      cwd: this.folder,
    });
    this.shown = '';
    this.code = undefined;
    this.#ui = child;
    child.stdout.on('data', (chunk) => {
      this.shown += chunk;
    });
    child.stderr.on('data', (chunk) => {
      this.shown += chunk;
    });
    child.once('close', (code) => {
      this.code = code ?? -1;
    });
    this.endsToo(() => (child.pid === undefined ? [] : [child.pid]));
  }

  /**
   * How much processor time `ui` has had so far, in milliseconds; undefined where the system does not tell. It is the
   * child of the program that holds its terminal.
   */
  spentMs(): number | undefined {
    const holder = this.#ui?.pid;
    if (process.platform !== 'linux' || holder === undefined) return undefined;
    const [child = ''] = readFileSync(`/proc/${holder}/task/${holder}/children`, 'utf8').split(' ');
    // After the name, which may hold anything, in ticks of 10 ms: of the program itself, and of the system for it.
    const fields = readFileSync(`/proc/${child}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Types in the terminal of `ui`. */
  type(text: string): void {
    this.#ui?.stdin?.write(text);
  }

  /** The address that was printed, with its token. */
  async address(): Promise<string> {
    await expect.poll(() => ADDRESS.exec(this.shown)?.[0] ?? this.#ended()).toMatch(/^http/);
    return ADDRESS.exec(this.shown)?.[0] ?? '';
  }

  async token(): Promise<string> {
    return (await this.address()).replace(/.*token=/, '');
  }

  /** `http://127.0.0.1:port`. */
  async origin(): Promise<string> {
    return new URL(await this.address()).origin;
  }

  #ended(): string {
    if (this.code === undefined) return '';
    throw new Error(`ui ended with ${this.code}: ${this.shown}`);
  }

  /** Where the policy of a server is found by itself. */
  policyFile(server: string): string {
    return join(this.folder, 'config', 'policy-wrap', `${server}.json`);
  }

  /** Writes it. @returns its path */
  policy(server: string, content: string | object): string {
    const path = this.policyFile(server);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
    return path;
  }

  /** A client whose configuration has wrapped entries: known servers by the names of their entries. */
  client(servers: Readonly<Record<string, string>>): void {
    const mcpServers = Object.fromEntries(
      Object.entries(servers).map(([name, kind]) => {
        const words = [BIN, '--db', this.db, '--server', name, '--', `mcp-${kind}`];
        return [name, { command: process.execPath, args: words }];
      }),
    );
    mkdirSync(join(this.folder, '.cursor'), { recursive: true });
    writeFileSync(join(this.folder, '.cursor', 'mcp.json'), JSON.stringify({ mcpServers }, null, 2));
  }

  /** Starts a bundled stand-in server behind a wrapper that decides by the policy in its usual place. */
  standIn(kind: string, server: string, args: readonly string[] = []) {
    const words = ['--db', this.db, '--server', server, ...args];
    return this.spawn([...words, '--', process.execPath, BIN, 'stand-in', kind]);
  }

  /**
   * Opens a screen in a browser of its own, signed in: with the address that was printed at first, then with the one
   * that a signed-in browser was given.
   *
   * @param path of the screen: `/tools`
   */
  async open(path: string, options: OpenOptions = {}): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(await this.#nextAddress());
    await page.locator('main h1').waitFor();
    this.#first ??= page;
    await page.evaluate(`location.hash = ${JSON.stringify(`#${path}`)}`);
    await page.locator('main h1').waitFor();
    return page;
  }

  /** A browser that has not opened the page yet. */
  async blank({
    width = 1280,
    height = 900,
    language = 'en',
    dark = false,
  }: OpenOptions = {}): Promise<Page> {
    const context = await (await browser()).newContext({
      viewport: { width, height },
      locale: language,
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    // A console error is a fault, above all one that the content security policy names.
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    page.on('pageerror', (error) => this.problems.push(String(error)));
    return page;
  }

  async #nextAddress(): Promise<string> {
    if (this.#first === undefined) return this.address();
    return this.#first.evaluate(ANOTHER);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
    const ui = this.#ui;
    if (ui?.exitCode === null && ui.signalCode === null) {
      const ended = new Promise((resolve) => ui.once('close', resolve));
      // Its terminal goes, and with it the command.
      ui.kill('SIGKILL');
      await ended;
    }
    await super[Symbol.asyncDispose]();
  }
}

/** What the button "Open in another browser" does. */
const ANOTHER = `fetch('/api/address', {
  method: 'POST',
  body: '{}',
  headers: { 'content-type': 'application/json', 'x-policy-wrap-key': localStorage.getItem('policy-wrap-key') },
}).then((response) => response.json()).then(({ address }) => address)`;

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails for what axe finds on the page as it stands. */
export async function accessible(page: Page): Promise<void> {
  // Anew each time: what axe remembers of a page that has changed since makes it fall over.
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as { violations: Violation[] };
  expect(
    violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => html).join('\n')}`),
  ).toEqual([]);
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Fails where the page itself is wider than its window. */
export async function fitsWidth(page: Page): Promise<void> {
  const root = 'document.documentElement';
  const wide = await page.evaluate(`${root}.scrollWidth - ${root}.clientWidth`);
  expect(wide).toBeLessThanOrEqual(0);
}
