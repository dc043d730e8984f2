import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EXIT } from '../errors.js';

const PERL = '/usr/bin/perl';
/** Where it cannot become the program it says so as we would, and ends as we would. */
const BECOME = `
  if (defined(my $locale = delete $ENV{PERL_LC_ALL})) { $ENV{LC_ALL} = $locale } else { delete $ENV{LC_ALL} }
  setpgrp(0, 0) or die "setpgrp: $!";
  sysread(STDIN, my $byte, 1) or exit;
  exec {$ARGV[0]} @ARGV;
  my $why = $! == 2 ? ' (its first line names an interpreter that is not there)' : '';
  print STDERR "policy-wrap: $ARGV[0] could not be started: $!$why\\n";
  exit ${EXIT.notStarted};
`;

/**
 * Where it is worth it, starts a process that waits at the head of a process group of its own, to become a program as
 * soon as it gets a byte of input, and ends when its input does.
 *
 * Of itself Node can only begin a new session. Where Linux schedules by session (sched(7), autogroup), a message from
 * one to another waits longer: a call of 200 bytes through a relay takes a quarter more. There Perl, which git needs
 * too, makes the group, in two milliseconds in which the policy is read. Not in a terminal: whoever is not in its
 * foreground group is stopped when it reads from it, and in a session of its own there is none.
 *
 * @param env exactly the program's environment
 * @returns undefined where a new session will do
 */
export function waitingLeader(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): (ChildProcessWithoutNullStreams & { readonly pid: number }) | undefined {
  if (!isScheduledBySession() || hasTerminal() || Object.keys(env).some(isPerls)) return undefined;
  const child = spawn(PERL, ['-f', '-e', BECOME, '--', file, ...args], {
    // It would read files for another locale, and complain about one that is not installed.
    env: { ...env, LC_ALL: 'C', ...(env.LC_ALL === undefined ? {} : { PERL_LC_ALL: env.LC_ALL }) },
    stdio: 'pipe',
  });
  // It was not there.
  child.on('error', () => {});
  return child.pid === undefined ? undefined : (child as typeof child & { readonly pid: number });
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
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
