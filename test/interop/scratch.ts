import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The suites that others wrote, at the versions that the figures in the documentation were taken with. */
const PACKAGES = {
  '@modelcontextprotocol/inspector-cli': '1.0.3',
  '@modelcontextprotocol/server-everything': '2026.8.31',
  '@modelcontextprotocol/server-filesystem': '2026.8.31',
  '@modelcontextprotocol/server-memory': '2026.8.31',
  '@modelcontextprotocol/server': '2.4.0',
  '@modelcontextprotocol/client': '2.4.0',
  'mcp-proxy': '6.7.19',
  supergateway: '4.0.0',
  '@modelcontextprotocol/conformance': '0.2.0-alpha.12',
  // The conformance suite needs 22 (`fs.globSync`).
  node: '22.23.3',
};

export interface Scratch {
  /** `node_modules/@modelcontextprotocol` of the installed packages. */
  readonly packages: string;
  /** A Node that runs the conformance suite. */
  readonly node22: string;
}

/** Installs the packages once into a folder of the machine's temporary folder, never into the project. */
export async function scratch(): Promise<Scratch> {
  const manifest = JSON.stringify({ private: true, dependencies: PACKAGES }, null, 2);
  const hash = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), `policy-wrap-interop-${hash}`);
  const packages = join(folder, 'node_modules', '@modelcontextprotocol');
  const done = join(folder, '.done');
  if (!existsSync(done)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), manifest);
    const { code, output } = await runToEnd(
      'npm',
      ['install', '--no-audit', '--no-fund', '--no-progress'],
      folder,
    );
    if (code !== 0) throw new Error(`the packages could not be installed: ${output}`);
    // The Inspector's command line reads the version of the package that it was split off from, two folders up.
    const inspector = { name: '@modelcontextprotocol/inspector', version: '1.0.3' };
    writeFileSync(join(packages, 'package.json'), JSON.stringify(inspector));
    writeFileSync(done, '');
  }
  const own = Number(process.versions.node.split('.')[0]) >= 22;
  return {
    packages,
    node22: own ? process.execPath : join(folder, 'node_modules', 'node', 'bin', 'node'),
  };
}

/** Runs a program to its end; gives its exit code, standard output and both together. */
export async function runToEnd(
  file: string,
  args: readonly string[],
  cwd?: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number | null; stdout: string; output: string }> {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let output = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  return { code, stdout, output };
}
