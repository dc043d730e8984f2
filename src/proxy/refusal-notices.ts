import { PACKED_HINT } from '../config/bundle.js';
import type { Evaluation } from '../policy/call.js';
import { HIDDEN_RULE, type RefusalCode } from '../policy/codes.js';
import { remedyFor, type TeamStanding } from '../policy/remedy.js';
import type { Standing } from '../policy/standing.js';
import { type Admitted, DEMAND_CODES } from '../store/store.js';
import { printable } from '../text/escape.js';

/** Most refusals that are told in a session: invented names must fill neither stderr nor memory. */
const MOST = 200;

/** Begins the command in a line for the person. */
export const LET_THROUGH = 'to let it through: ';

/** Tells the person, on stderr and once for each tool and reason, which command would let a refused call through. */
export class RefusalNotices {
  readonly #server: string;
  readonly #warn: (text: string) => void;
  readonly #team: () => TeamStanding | undefined;
  readonly #isPacked: () => boolean;
  readonly #told = new Set<string>();

  /**
   * @param parts `warn` takes one line for the person, without line end; `team`: how this login stands in it; `isPacked`:
   *   whether the policy came in a bundle
   */
  constructor(parts: {
    readonly server: string;
    readonly warn: (text: string) => void;
    readonly team: () => TeamStanding | undefined;
    readonly isPacked: () => boolean;
  }) {
    this.#server = parts.server;
    this.#warn = parts.warn;
    this.#team = parts.team;
    this.#isPacked = parts.isPacked;
  }

  /** @param standing how the policy takes the tool; undefined where that is not known */
  tell(
    tool: string,
    evaluation: Evaluation,
    admitted: Exclude<Admitted, { kind: 'allowed' }>,
    standing: () => Standing | undefined,
  ): void {
    const isHidden = evaluation.kind === 'hidden';
    const code = isHidden ? undefined : codeOf(admitted);
    // Each approval has an id of its own.
    const approval = admitted.kind === 'asked' ? admitted.approval.id : undefined;
    const isPausedHere = admitted.kind === 'refused' && admitted.isPausedHere;
    const key = `${code}${isPausedHere ? ' here' : ''} ${approval ?? tool}`;
    if (this.#told.size >= MOST || this.#told.has(key)) return;
    this.#told.add(key);
    const limit = admitted.kind === 'exceeded' ? admitted.exceeded.charge.limit.pointer : undefined;
    const rule = isHidden ? HIDDEN_RULE : limit;
    const clock = admitted.kind === 'exceeded' ? admitted.exceeded.clockWas : undefined;
    const team = this.#team();
    const refused = {
      ...{ code, rule, server: this.#server, tool, approval, standing: standing(), isPausedHere, team },
    };
    const isPacked = this.#isPacked();
    const command =
      clock === undefined
        ? remedyFor({ ...refused, isPacked })
        : team
          ? undefined
          : 'policy-wrap reset --clock (once the clock is right)';
    const what = isHidden
      ? 'is hidden'
      : approval === undefined
        ? `was refused (${code})`
        : 'waits for a person';
    if (command === undefined) {
      if (approval !== undefined)
        this.#warn(
          `${printable(tool, 200)} waits for somebody with the role approver (approval ${approval})`,
        );
      else if (isPacked && remedyFor(refused) !== undefined)
        this.#warn(`${printable(tool, 200)} ${what}; its policy came in a bundle: ${PACKED_HINT}`);
      return;
    }
    this.#warn(`${printable(tool, 200)} ${what}; ${LET_THROUGH}${command}`);
  }
}

function codeOf(admitted: Exclude<Admitted, { kind: 'allowed' }>): RefusalCode {
  switch (admitted.kind) {
    case 'refused':
      return admitted.code;
    case 'exceeded':
      return 'LIMIT';
    case 'asked':
      return 'APPROVAL_REQUIRED';
    case 'unmet':
      return DEMAND_CODES[admitted.unmet.demand.kind];
  }
}
