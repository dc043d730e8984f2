import { exec } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { PolicyWrapError } from '../../errors.js';
import { isFixedPath } from '../../text/fixed-path.js';

const VALUE = 'POLICY_WRAP_STORE_PASSWORD';
const FILE = 'POLICY_WRAP_STORE_PASSWORD_FILE';
const COMMAND = 'POLICY_WRAP_STORE_PASSWORD_COMMAND';

/** How long a command may take, in milliseconds, and how much it may say, in bytes. */
const COMMAND_MS = 20_000;
const COMMAND_BYTES = 65_536;
/** What others than the owner may do with a file. */
const OTHERS = 0o077;

/**
 * Where the password of the store comes from: a variable, a file that nobody else can read, or a command that prints it
 * (a keychain, a cloud's short-lived token). It is asked for with each new connection, and never kept in a file of ours.
 *
 * @param env of this process; none of these variables reaches a wrapped server
 * @param usual a file that is read where no variable says otherwise and it is there
 * @returns reads it; undefined where there is none, and the engine needs none
 */
export function passwordOf(env: NodeJS.ProcessEnv, usual?: string): () => Promise<string | undefined> {
  return async () => {
    const { [VALUE]: value, [FILE]: file, [COMMAND]: command } = env;
    if (value) return value;
    if (file) return fromFile(file);
    if (command) return fromCommand(command, env);
    return usual !== undefined && existsSync(usual) ? fromFile(usual) : undefined;
  };
}

/** @throws PolicyWrapError USAGE when others can read it too */
function fromFile(file: string): string {
  if (!isFixedPath(file, process.platform))
    throw refused(
      `${FILE} ${file}: a relative path`,
      'Write an absolute one: clients start servers in any folder.',
    );
  let text: string;
  try {
    // Windows has no such modes; there the home folder is its owner's.
    if (process.platform !== 'win32' && (statSync(file).mode & OTHERS) !== 0)
      throw refused(`${file}: others can read the password of the store`, `Run: chmod 600 ${file}`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (PolicyWrapError.is(error)) throw error;
    throw refused(
      `${FILE}: ${(error as Error).message}`,
      'Name a file that has the password and nothing else.',
    );
  }
  return withoutLineEnd(text);
}

/** By the shell, as a person would type it. */
function fromCommand(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, encoding: 'utf8', timeout: COMMAND_MS, maxBuffer: COMMAND_BYTES } as const;
    const child = exec(command, { ...options, windowsHide: true }, (error, stdout) => {
      if (!error) return resolve(withoutLineEnd(stdout));
      // Not what it printed: that may be a part of a secret. Not its words either: they may hold one.
      const how = error.killed
        ? `did not end within ${COMMAND_MS / 1000} s`
        : `failed (exit code ${error.code})`;
      reject(refused(`${COMMAND} ${how}`, 'Run it in a terminal to see why.'));
    });
    child.stdin?.end();
  });
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function refused(what: string, hint: string): PolicyWrapError {
  return new PolicyWrapError('USAGE', what, { hint });
}
