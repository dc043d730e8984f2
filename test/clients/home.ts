import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import type { Question } from '../../src/cli/terminal.js';
import type { ClientsTerminal } from '../../src/cli/this-installation.js';
import type { KnownVariable } from '../../src/clients/io.js';
import type { Machine } from '../../src/clients/machine.js';
import type { ServerSource } from '../../src/upstream/upstream.js';

/** A policy. */
export const ALLOW = '{ "version": "1", "default": "allow" }';

interface Started {
  readonly words: ServerSource;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

/** A home folder of its own, with everything that the commands are given; removed at the end of the block. */
export class Home implements Disposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'policy-wrap-clients-')));
  readonly wrapper = { node: process.execPath, script: join(this.root, 'pw/bin/policy-wrap.js') };
  readonly backups = join(this.root, 'data/backups');
  readonly database = join(this.root, 'data/policy-wrap.db');
  /** By the name of the server. */
  readonly policies = new Map<string, string>();
  /** Names of servers that the database knows. */
  known: string[] = [];
  readonly env: Record<string, string | undefined> = {};
  out = '';
  err = '';
  interactive = false;
  /** Given to questions in turn. */
  answers: string[] = [];
  readonly asked: { question: string; secret: boolean }[] = [];
  readonly started: Started[] = [];
  running: string[] | undefined = [];
  variables: KnownVariable[] = [];
  tools: () => number = () => 20;
  /** Servers that were started to see their tools, and what they list. */
  readonly listed: Started[] = [];
  definitions: () => readonly ToolDefinition[] = () => [{ name: 'get_x' }, { name: 'delete_x' }];
  /** What was said while something was waited for. */
  readonly waits: string[] = [];
  now = new Date('2026-11-22T11:05:12.345Z');

  constructor() {
    this.put('pw/bin/policy-wrap.js', '');
    mkdirSync(join(this.root, 'project'));
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  put(name: string, content: string | Buffer): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  get(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** The names in a folder; none when it is absent. */
  list(folder: string): string[] {
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  get machine(): Machine {
    return {
      platform: 'linux',
      home: this.root,
      cwd: this.path('project'),
      env: this.env,
      list: (folder) => this.list(folder),
      exists: existsSync,
    };
  }

  get io(): ClientsTerminal {
    const output = (write: (text: string) => void) => ({
      isTerminal: false,
      hasColor: false,
      columns: Number.POSITIVE_INFINITY,
      write: async (text: string) => {
        write(text);
        return true;
      },
    });
    return {
      out: output((text) => {
        this.out += text;
      }),
      err: output((text) => {
        this.err += text;
      }),
      streams: { input: new PassThrough(), output: new PassThrough(), error: new PassThrough() },
      env: this.env,
      cwd: process.cwd(),
      onSignals: () => {},
      pause: async () => false,
      canAsk: this.interactive,
      ask: async (question: string, options?: Question) => {
        this.asked.push({ question, secret: options?.secret === true });
        const answer = this.answers.shift();
        if (answer === undefined) throw new Error(`unexpected question: ${question}`);
        return answer;
      },
      busy: (what, work) => {
        this.waits.push(what);
        return work();
      },
      policyFolder: this.path('config/policy-wrap'),
      toolsOf: async (words, env, cwd) => {
        this.listed.push({ words, env, cwd });
        return { name: 'x', version: '1', tools: this.definitions(), leftOut: [], answeredIn: 1 };
      },
      machine: this.machine,
      wrapper: this.wrapper,
      backups: this.backups,
      now: () => this.now.getTime(),
      processes: async () => this.running,
      probe: async (command, args, env, cwd) => {
        this.started.push({ words: [command, ...args], env, cwd });
        return this.tools();
      },
      variablesOf: () => this.variables,
      database: () => this.database,
      policyOf: (names) => names.map((name) => this.policies.get(name)).find(Boolean),
      namesIn: () => new Set(this.known),
    };
  }
}
