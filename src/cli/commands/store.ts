import * as z from 'zod';
import { EXIT, PolicyWrapError } from '../../errors.js';
import type { CounterCharges } from '../../store/counters/live-charges.js';
import { lossText } from '../../store/postgres/history.js';
import type { Role, SharedStore, StoreAddress, StoreFinding } from '../../store/shared-store.js';
import { count } from '../../text/count.js';
import { NAME_CAP, printable } from '../../text/escape.js';
import { ROLES } from '../actions.js';
import { printJson } from '../json-output.js';
import { openState, type StateOptions } from '../open-state.js';
import * as parts from '../output-parts.js';
import { assertPerson, confirm } from '../person.js';
import { paint, table } from '../table.js';
import { openStore, passwordFile, type StoreOptions, storeAddress } from '../team-store.js';
import type { Terminal } from '../terminal.js';

export interface StoreCommandOptions extends StoreOptions, StateOptions {
  /** With `import`: counts of this machine become those of the team. */
  readonly asTeam?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** What `store --json` prints. */
export const OUTPUT = z.union([
  parts.result({
    store: parts.text('its address'),
    findings: z.array(
      z.object({
        about: z.string(),
        level: z.enum(['ok', 'warning', 'error']),
        text: z.string(),
        hint: parts.text('what to do').optional(),
      }),
    ),
  }),
  parts.result({
    team: z.string(),
    members: z.array(
      z.object({ login: z.string(), roles: z.array(z.enum(['wrapper', 'approver', 'auditor', 'owner'])) }),
    ),
  }),
]);

/**
 * Sets up the store of a team and looks after it.
 *
 * @param action as the table of commands lists them
 * @throws PolicyWrapError USAGE, REFUSED, STATE_UNAVAILABLE
 */
export async function store(
  action: string,
  login: string | undefined,
  role: string | undefined,
  options: StoreCommandOptions,
  io: Terminal,
): Promise<number> {
  const address = await storeAddress(options, io.env);
  if (!address) {
    throw new PolicyWrapError('USAGE', `policy-wrap store ${action}: which store?`, {
      hint: 'Name it with --store postgres://alice@db.example/app?team=billing, or in POLICY_WRAP_STORE.',
    });
  }
  if (action === 'init') return init(address, io);
  const opened = await openStore(address, io.env);
  try {
    switch (action) {
      case 'check':
        return await check(opened, options, io);
      case 'members':
        return await members(opened, options, io);
      case 'grant':
      case 'revoke':
        return await changeRole(action, opened, login, role, io);
      case 'import':
        return await take(opened, options, io);
      default:
        return await accept(opened, options, io);
    }
  } finally {
    await opened.close();
  }
}

async function init(address: StoreAddress, io: Terminal): Promise<number> {
  const [{ initStore }, { passwordOf }] = await Promise.all([
    import('../../store/postgres/init.js'),
    import('../../store/postgres/password.js'),
  ]);
  const { before, after } = await initStore({ address, password: passwordOf(io.env, passwordFile()) });
  const what =
    before === after ? `is up to date (version ${after})` : `is ready (version ${after}, was ${before})`;
  const team = printable(address.team);
  await io.out.write(
    `The store of the team ${team} ${what}.\n` +
      `Let somebody wrap servers with it: policy-wrap store grant <login> wrapper\n` +
      `and somebody approve calls: policy-wrap store grant <login> approver\n`,
  );
  return EXIT.done;
}

const LEVEL = { ok: 'green', warning: 'yellow', error: 'red' } as const;

/** @returns 0, or 1 with an error among the findings */
async function check(opened: SharedStore, { json }: StoreCommandOptions, io: Terminal): Promise<number> {
  const findings = await opened.check();
  if (json) await printJson(io, OUTPUT, { store: opened.shown, findings });
  else await io.out.write(findingsText(opened.shown, findings, io));
  return findings.some(({ level }) => level === 'error') ? EXIT.failed : EXIT.done;
}

function findingsText(shown: string, findings: readonly StoreFinding[], { out }: Terminal): string {
  const rows = findings.flatMap(({ about, level, text, hint }) => [
    [{ text: level, style: LEVEL[level] }, about, printable(text)],
    ...(hint === undefined ? [] : [['', '', printable(hint)]]),
  ]);
  return `${paint(out, 'bold', printable(shown))}\n${table(out, rows, { indent: '  ', columns: ['whole', 'whole', 'prose'] })}`;
}

async function members(opened: SharedStore, { json }: StoreCommandOptions, io: Terminal): Promise<number> {
  const all = await opened.members();
  if (json) await printJson(io, OUTPUT, { team: opened.team, members: all });
  else {
    const rows = all.map(({ login, roles }) => [printable(login, NAME_CAP), roles.join(', ')]);
    await io.out.write(rows.length === 0 ? 'Nobody has a role yet.\n' : table(io.out, rows));
  }
  return EXIT.done;
}

async function changeRole(
  action: 'grant' | 'revoke',
  opened: SharedStore,
  login: string | undefined,
  role: string | undefined,
  io: Terminal,
): Promise<number> {
  if (login === undefined || role === undefined || !(ROLES as readonly string[]).includes(role)) {
    throw new PolicyWrapError('USAGE', `policy-wrap store ${action} needs a login and a role`, {
      hint: `policy-wrap store ${action} alice wrapper; roles are ${ROLES.join(', ')}.`,
    });
  }
  // Whoever may approve can let calls through: that is a person's to give.
  if (action === 'grant') assertPerson('store grant', io);
  await opened[action](login, role as Role);
  const who = printable(login, NAME_CAP);
  await io.out.write(
    action === 'grant'
      ? `${who} is ${role} in ${opened.team}\n`
      : `${who} is no longer ${role} in ${opened.team}\n`,
  );
  return EXIT.done;
}

/** What this machine has counted goes on counting in the team's store, with its times. */
async function take(opened: SharedStore, options: StoreCommandOptions, io: Terminal): Promise<number> {
  await opened.needRole('owner');
  const own = openState(options, io);
  let counters: CounterCharges[];
  try {
    counters = own.liveCharges().map((one) => (options.asTeam ? asTeam(one) : one));
  } finally {
    own.close();
  }
  const charges = counters.reduce((sum, one) => sum + one.charges.length, 0);
  if (charges === 0) {
    await io.out.write('Nothing on this machine counts any more.\n');
    return EXIT.done;
  }
  const what = `${count(charges, 'charge')} of ${count(counters.length, 'counter')}`;
  await io.err.write(
    `This copies ${what} into ${printable(opened.shown)}; what it has already is not copied twice.\n`,
  );
  assertPerson('store import', io);
  if (!(await confirm('Copy them?', options, io))) return EXIT.failed;
  const taken = await opened.importCharges(counters, 'cli');
  await io.out.write(`Copied ${count(taken, 'charge')}.\n`);
  return EXIT.done;
}

/** The key of a count of a machine, as that of the same count over a team. */
function asTeam(one: CounterCharges): CounterCharges {
  const [scope, ...rest] = JSON.parse(one.key) as unknown[];
  if (scope !== 'machine') return one;
  return { ...one, key: JSON.stringify(['team', ...rest]), entry: { ...one.entry, scope: 'team' } };
}

/** After a restored backup, or a standby that had not everything: what was charged since then is lost, and a person says so. */
async function accept(opened: SharedStore, options: StoreCommandOptions, io: Terminal): Promise<number> {
  await opened.needRole('owner');
  const shown = printable(opened.shown);
  const nothing = `Nothing is to be accepted: ${shown} has all that its machines were told of. Nothing was changed.\n`;
  const loss = lossText(await opened.history());
  if (loss === undefined) {
    await io.out.write(nothing);
    return EXIT.done;
  }
  assertPerson('store accept', io);
  await io.err.write(
    `${shown}: ${printable(loss)}.\nIs there a newer copy, restore that instead. Going on with this one, limits may let calls through a second time.\n`,
  );
  if (!(await confirm('Go on with it as it is?', options, io))) return EXIT.failed;
  const isAccepted = await opened.acceptHistory('cli');
  await io.out.write(
    isAccepted ? `Accepted: every machine of the team ${opened.team} goes on with it.\n` : nothing,
  );
  return EXIT.done;
}
