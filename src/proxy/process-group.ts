import { existsSync, readFileSync } from 'node:fs';
import { EXIT } from '../errors.js';

/** What to start so that a program runs at the head of a process group of its own, under the pid that is started. */
export interface GroupLaunch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Node's word for a new session. */
  readonly detached: boolean;
}

const PERL = '/usr/bin/perl';
/** By absolute path only. Where it cannot become the program it says so as we would, and ends as we would. */
const BECOME = `
  delete $ENV{PERL_BADLANG};
  setpgrp(0, 0) or die "setpgrp: $!";
  exec {$ARGV[0]} @ARGV;
  my $why = $! == 2 ? ' (its first line names an interpreter that is not there)' : '';
  print STDERR "policy-wrap: $ARGV[0] could not be started: $!$why\\n";
  exit ${EXIT.notStarted};
`;

/**
 * How to start a program in a process group of its own, with exactly the environment `env`.
 *
 * Of itself Node can only begin a new session. Where Linux schedules by session (sched(7), autogroup), a message from
 * one to another then waits longer: of 200 bytes there and back a quarter. So there Perl, which git needs too, makes
 * the group and becomes the program, in two milliseconds. Not in a terminal: whoever is not in its foreground group is
 * stopped when it reads from it, and in a session of its own it has none.
 */
export function ownGroup(file: string, args: readonly string[], env: NodeJS.ProcessEnv): GroupLaunch {
  if (!isScheduledBySession() || hasTerminal() || !existsSync(PERL) || Object.keys(env).some(isPerls))
    return { file, args, env, detached: true };
  return {
    file: PERL,
    args: ['-e', BECOME, '--', file, ...args],
    // It would complain about a locale that is not installed.
    env: { ...env, PERL_BADLANG: '0' },
    detached: false,
  };
}

/** A variable that could make Perl do something else, or more. */
function isPerls(name: string): boolean {
  return name.startsWith('PERL');
}

function isScheduledBySession(): boolean {
  return read('/proc/sys/kernel/sched_autogroup_enabled')?.trim() === '1';
}

/** The second field of stat is the program's name in brackets and may hold spaces; the terminal is the 7th (proc(5)). */
function hasTerminal(): boolean {
  const stat = read('/proc/self/stat');
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[4] !== '0';
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
