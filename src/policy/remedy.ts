import { codeRow, HIDDEN_RULE, type RefusalCode } from './codes.js';
import { sectionOf } from './sections.js';
import type { Standing } from './standing.js';

/** A refusal as the log keeps it. */
export interface RefusedBy {
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly server: string;
  readonly tool: string;
  readonly approval?: string | undefined;
  /** How the tool stands under the policy that holds now; undefined where that is not known. */
  readonly standing?: Standing | undefined;
  /** No command edits the policy: a bundle brings it. */
  readonly isPacked?: boolean | undefined;
  /** What refuses is a pause of this machine alone, where a team decides. */
  readonly isPausedHere?: boolean | undefined;
  /** Whose store decides, if that is not this machine's: what is there only some may change. */
  readonly team?: TeamStanding | undefined;
}

/** How the login that reads of a refusal stands in the team that decides. */
export interface TeamStanding {
  /** To be named in a command; undefined where it need not be. */
  readonly store: string | undefined;
  readonly roles: readonly string[];
}

/**
 * The command with which a person would let a refused call through. It is for people alone: a model with a shell would
 * run it, so no answer to a call has it.
 *
 * @returns undefined where no command does: conditions of the policy are edited in its file
 */
export function remedyFor({
  code,
  rule,
  server,
  tool,
  approval,
  standing,
  isPacked,
  isPausedHere,
  team,
}: RefusedBy): string | undefined {
  const command = (...words: string[]): string | undefined => {
    const shown = words.map(word);
    return shown.includes(undefined) ? undefined : ['policy-wrap', ...shown].join(' ');
  };
  /** What a login without any of these roles may not do is not offered to it. */
  const inStore = (roles: readonly string[], ...words: string[]): string | undefined => {
    if (!team) return command(...words);
    if (!roles.some((role) => team.roles.includes(role))) return undefined;
    return command(...words, ...(team.store === undefined ? [] : ['--store', team.store]));
  };
  // That command edits what is said of tools; where the policy lets them pass already, or it is not the one that
  // refuses, it would do nothing.
  const isEdited =
    !isPacked && sectionOf(tool) === undefined && !NOT_BY_EDIT.some((kind) => kind === standing?.kind);
  const name = standing?.kind === 'hidden' ? (standing.by ?? tool) : tool;
  const allow = isEdited ? command('allow', server, name) : undefined;
  if (rule === HIDDEN_RULE) return allow;
  switch (code) {
    case 'NO_POLICY':
    case 'NOT_LISTED':
    case 'ACTION_DENY':
      return allow;
    case 'DENY_IF':
      // With conditions, other calls pass, and no command edits them.
      return standing === undefined ? undefined : allow;
    case 'PAUSED':
      return isPausedHere ? 'policy-wrap resume --here' : inStore(['approver', 'owner'], 'resume');
    case 'CHANGED':
      return command('trust', server, tool);
    case 'LIMIT': {
      const counter = counterOf(rule ?? '');
      return counter === undefined ? undefined : inStore(['owner'], 'reset', counter, '--server', server);
    }
    case 'APPROVAL_REQUIRED':
      return approval === undefined ? undefined : inStore(['approver'], 'approve', approval);
    default:
      return undefined;
  }
}

const NOT_BY_EDIT: readonly Standing['kind'][] = ['open', 'elsewhere', 'absent'];

/** What lies behind a refusal that no command lifts. */
export interface Unlifted extends Pick<RefusedBy, 'code' | 'rule' | 'standing'> {
  /** Safe to show; undefined where it is not known. */
  readonly file: string | undefined;
  /** Said in the place of an edit of the file, where that would hold for nothing. */
  readonly instead?: string | undefined;
}

/**
 * What a person can do about a refusal that no command lifts, in a few words.
 *
 * @returns undefined where the call passes by now
 */
export function mendOf({ code, rule = '', standing, file, instead }: Unlifted): string | undefined {
  const isOfTool = rule === HIDDEN_RULE || TOOL_CODES.some((each) => each === code);
  if (isOfTool && standing?.kind === 'open') return undefined;
  if (standing?.kind === 'absent') return 'the server has no such tool';
  const where = file ?? 'the policy file';
  const layer = /^[^/(]+#/.test(rule);
  const edit = isOfTool
    ? `edit ${layer ? rule : where}`
    : layer
      ? `edit ${rule}`
      : rule.startsWith('/')
        ? `edit ${rule} in ${where}`
        : undefined;
  return [codeRow(code)?.mend, edit && (instead ?? edit)].filter(Boolean).join(', or ') || undefined;
}

/** They refuse every call of a tool. */
const TOOL_CODES: readonly RefusalCode[] = ['NO_POLICY', 'NOT_LISTED', 'ACTION_DENY'];

/**
 * The counter of a limit's rule: `/tools/pay/limits/calls`, `org.json#/all_tools/limits/calls`, and that of
 * `/tools/pay/rate_limit`, which is called after its entry.
 */
export function counterOf(rule: string): string | undefined {
  const [, layer, rated, counted] =
    /^(?:(.*)#)?\/(?:tools\/([^/]+)\/rate_limit|.*\/limits\/([^/]+))$/s.exec(rule) ?? [];
  const counter = counted ?? (rated === undefined ? undefined : `${rated}_rate`);
  if (counter === undefined) return undefined;
  const name = counter.replaceAll('~1', '/').replaceAll('~0', '~');
  return layer === undefined ? name : `${layer}:${name}`;
}

/** The commands are ours; what else begins so would be read as one. */
const FLAGS = ['--server', '--store'];

/** A word as it is typed. Names are the server's to choose: what could end its quotes is not offered to be pasted. */
function word(text: string): string | undefined {
  if (/^[\w@.:/+-][\w@.:/+-]*$/.test(text))
    return text.startsWith('-') && !FLAGS.includes(text) ? undefined : text;
  return /^[\x20-\x7e]+$/.test(text) && !/['"\\!]/.test(text) && !text.startsWith('-')
    ? `'${text}'`
    : undefined;
}
