import { existsSync } from 'node:fs';
import { isPrivatePlace, surroundings, triedPath } from '../../config/paths.js';
import { messageOf } from '../../errors.js';
import { unclearText } from '../open-state.js';
import { type Check, type Context, type Finding, fail, info, warn } from './runner.js';

/** Whether all wrappers of this machine share one database. */
export const DATABASE_CHECKS: readonly Check[] = [{ id: 'databases', run: databases }];

function databases(context: Context): Finding[] {
  const { databases, unclear } = context.others();
  const there = databases.filter(({ path }) => existsSync(path));
  return [
    ...placeOf(context.database, context),
    ...there.flatMap((other) => otherOf(other.path, other.namedBy, other.isNamed, context)),
    ...unclear.map((each) =>
      warn(`not looked at: ${unclearText(each)}`, 'policy-wrap install names the database in the entry'),
    ),
    ...settingsOf(context),
  ];
}

/** A database that is not the usual one; one that nothing uses any more is only named. */
function otherOf(path: string, namedBy: string, isNamed: boolean, context: Context): Finding[] {
  const says = `a second database, ${path} (${namedBy})`;
  try {
    const found = context.inspect(path);
    if (found === undefined || !found.ours)
      return [fail(`${says}, is the database of another program`, 'name another file with --db')];
    const running = found.sessions
      .filter(({ live }) => live)
      .map(({ server, pid }) => `${server}, process ${pid}`);
    if (running.length === 0 && !isNamed && !existsSync(context.database)) return [];
    if (running.length === 0 && !isNamed) return [info(`${says}: no wrapper runs with it`)];
    const used = running.length > 0 ? ` (now: ${running.join('; ')})` : '';
    return [
      warn(
        `${says}, is used as well as ${context.database}${used}: what is counted, approved or paused in one does not apply in the other`,
        'let all entries name one: policy-wrap install <client> <entry> --db <file>; then restart the clients',
      ),
    ];
  } catch (error) {
    return [fail(`${says}, cannot be used: ${messageOf(error)}`, 'mend it, or name another file with --db')];
  }
}

/** A place that only some launchers find again, or where locks do not hold. */
function placeOf(path: string, { env, machine: { platform } }: Context): Finding[] {
  const move =
    'stop all clients, move the file (and those beside it), and run policy-wrap install again with --db';
  if (isPrivatePlace(path, { ...surroundings(), env, platform }))
    return [warn(`${path} lies where packaged apps have folders of their own; others may not see it`, move)];
  const isElsewhere =
    platform === 'win32'
      ? /^[\\/]{2}wsl(?:\$|\.localhost)[\\/]/i.test(path)
      : env.WSL_DISTRO_NAME !== undefined && /^\/mnt\/[a-z]\//.test(path);
  return isElsewhere
    ? [fail(`${path} lies across the border between Windows and WSL, where file locks do not work`, move)]
    : [];
}

/** Variables that are not obeyed, or that wrappers refuse. */
function settingsOf({ env, machine: { platform, cwd } }: Context): Finding[] {
  const around = { ...surroundings(), env, platform };
  const refused = (['POLICY_WRAP_DB', 'POLICY_WRAP_POLICY'] as const).flatMap((name) => {
    const value = env[name];
    const problem = value ? triedPath(value, name, cwd, around).problem : undefined;
    return problem === undefined
      ? []
      : [warn(`${problem}; wrappers refuse to start`, `set ${name} to an absolute path`)];
  });
  const ignored = (['XDG_DATA_HOME', 'XDG_CONFIG_HOME'] as const).flatMap((name) => {
    const value = env[name];
    return value && platform === 'linux' && isPrivatePlace(value, around)
      ? [info(`${name} is a packaged app's own folder (${value}), and is not obeyed`)]
      : [];
  });
  return [...refused, ...ignored];
}
