import { isRecord } from '../json/value.js';
import { runTextArgument } from './argument-evidence.js';
import { isCode, type Properties, propertiesOf, takesAddress } from './arguments.js';
import { classify } from './classify.js';
import { ACTION_ARGUMENTS, type ToolClass } from './evidence.js';
import {
  BODIES,
  BROWSERS,
  FOREIGN_IN_NAMES,
  FOREIGN_TEXT,
  GIVES,
  GOES_OUT,
  OWN_DATA,
  OWN_IN_NAMES,
  PAGE_PARTS,
  PUBLIC_DATA,
  RECIPIENTS,
  SEEN_BY_OTHERS,
} from './flow-words.js';
import { secretsAmong } from './secrets.js';
import type { ToolDefinition } from './tool-definition.js';
import { formsOf, searchForm, setOf, shown, singular, wordsOf } from './words.js';

/**
 * What passes through a tool, which its class does not say: text that strangers write comes in, data of one's own is
 * read, what opens other doors is read, something leaves for others. Who can do the first, the second and the last in
 * one session can be talked into giving the data away.
 */
export type Flow = 'untrusted' | 'private' | 'secrets' | 'sends';

/** The evidence for each flow that a tool has, in a line. */
export type Flows = Readonly<Partial<Record<Flow, string>>>;

const IS = {
  foreign: setOf(FOREIGN_TEXT),
  foreignName: setOf(FOREIGN_IN_NAMES),
  pagePart: setOf(PAGE_PARTS),
  browser: setOf(BROWSERS),
  goesOut: setOf(GOES_OUT),
  own: setOf(OWN_DATA),
  ownName: setOf(OWN_IN_NAMES),
  public: setOf(PUBLIC_DATA),
  gives: setOf(GIVES),
  seen: setOf(SEEN_BY_OTHERS),
  recipient: setOf(RECIPIENTS),
  body: setOf(BODIES),
  action: setOf(ACTION_ARGUMENTS),
  /** With these, an address is a record, or one that already exists. */
  keeps: setOf('create update add edit save define list find search expect assert wait count connection'),
};

const LOOKS = setOf('get list read fetch search query find show view export');

/** An argument that says what is done may say that something is read. */
const hasLookingAction = (schema: Properties): boolean =>
  schema.some(
    ([name, { enum: values }]) =>
      IS.action.has(plain(name)) &&
      Array.isArray(values) &&
      values.some(
        (value) => typeof value === 'string' && wordsOf(value.slice(0, 50)).some((word) => LOOKS.has(word)),
      ),
  );

const requiredOf = (inputSchema: unknown): readonly unknown[] =>
  isRecord(inputSchema) && Array.isArray(inputSchema.required) ? inputSchema.required : [];

const MAX_NAME = 200;
const MAX_SENTENCE = 200;

/**
 * The one place that says what comes in through a tool and what goes out. It goes by words, as `classify` does, and
 * rather says too much: a tool that runs what it is told has every flow.
 *
 * @param tool a definition as it came from the server; whatever it holds, this does not throw
 * @returns a line of evidence for each flow; empty where nothing is known
 */
export function flowsOf(tool: ToolDefinition): Flows {
  const about = read(tool);
  const found: [Flow, string | undefined][] = [
    ['untrusted', about.runs ?? untrusted(about)],
    ['private', about.runs ?? about.queries ?? ownData(about)],
    ['secrets', about.secret],
    ['sends', about.runs ?? sends(about)],
  ];
  return Object.fromEntries(found.filter(([, reason]) => reason !== undefined));
}

/** A definition, as far as flows go by it. */
interface About {
  readonly class: ToolClass;
  /** Words of the name, in the singular. */
  readonly words: readonly string[];
  /** Words of the name, in both forms. */
  readonly all: readonly string[];
  /** Words of the description's first sentence, in the singular. */
  readonly sentence: readonly string[];
  readonly schema: Properties;
  readonly address: string | undefined;
  /** Every call has it: it is no filter. */
  readonly isAddressRequired: boolean;
  /** It reads, or one of the actions that it can be told to do does. */
  readonly looks: boolean;
  /** Its schema says that it is one. */
  readonly isFormed: boolean;
  /** It runs a program or a command. */
  readonly runs: string | undefined;
  /** It runs a query. */
  readonly queries: string | undefined;
  readonly secret: string | undefined;
}

function read(tool: ToolDefinition): About {
  const name = typeof tool.name === 'string' ? tool.name.slice(0, MAX_NAME) : '';
  const described = typeof tool.description === 'string' ? searchForm(tool.description.slice(0, 2000)) : '';
  const first = /^[^.;\n]*/.exec(described)?.[0].slice(0, MAX_SENTENCE) ?? '';
  const schema = propertiesOf(tool.inputSchema);
  const { class: toolClass, reason } = classify(tool);
  const words = wordsOf(name);
  const run =
    toolClass === 'Execute'
      ? (runTextArgument(described, schema, words) ??
        schema.find(([each]) => isCode(wordsOf(each.slice(0, MAX_NAME)).at(-1) ?? ''))?.[0])
      : undefined;
  const looks = toolClass === 'Read' || hasLookingAction(schema);
  const secret = looks ? secretsAmong(words, first) : undefined;
  const isQuery = run !== undefined && /sql|quer|cypher|statement/i.test(run);
  const address = schema.find(([each, about]) => takesAddress(each, about));
  const sentence = wordsOf(first).map(singular);
  const shell =
    toolClass === 'Execute'
      ? words.find((word) => RUNS.has(word) || (EVALUATES.has(word) && ofCode(words, sentence, schema)))
      : undefined;
  const runs =
    run !== undefined && !isQuery ? `argument "${shown(run)}" is run` : shell && `name: "${shell}"`;
  return {
    class: toolClass,
    words: words.map(singular),
    all: words.flatMap((word) => [word, singular(word)]),
    sentence,
    schema,
    address: address?.[0],
    isAddressRequired: address !== undefined && requiredOf(tool.inputSchema).includes(address[0]),
    looks,
    isFormed: address !== undefined && takesAddress('', address[1]),
    runs: runs === undefined || runs === '' ? undefined : runs,
    queries: isQuery ? reason : undefined,
    secret: secret === undefined ? undefined : `"${secret}"`,
  };
}

/** Names of tools that run what they are told. */
const RUNS = setOf('shell bash powershell terminal ssh repl cmd exec');
/** Only of code: an order, a model or an answer is evaluated too. */
const EVALUATES = setOf('eval evaluate');
const CODE = setOf('script javascript js typescript python expression code');

const ofCode = (words: readonly string[], sentence: readonly string[], schema: Properties): boolean =>
  inBrowser({ words, sentence, schema }) || [...words, ...sentence].some((word) => CODE.has(word));

const named = (word: string): string => `name: "${word}"`;
const looksOrActs = ({ class: toolClass }: About): boolean => toolClass === 'Read' || toolClass === 'Execute';

/** Text of strangers comes in. */
function untrusted(about: About): string | undefined {
  const { words, sentence, address } = about;
  const goes = words.find((word) => IS.goesOut.has(word));
  if (goes !== undefined && address !== undefined && about.class !== 'Destructive') return named(goes);
  const browses = inBrowser(about);
  if (browses && address !== undefined) return `argument "${shown(address)}"`;
  // What acts on a page may answer with what it shows then.
  if (browses && about.schema.some(([name]) => plain(name) === 'includesnapshot'))
    return 'argument "includeSnapshot"';
  // What writes a file of it may show it too.
  const part = words.some((word) => ENTERS.has(word))
    ? undefined
    : words.find((word) => IS.pagePart.has(word));
  if (browses && part !== undefined && (looksOrActs(about) || words.some((word) => SHOWS.has(word))))
    return named(part);
  if (!looksOrActs(about) && about.class !== 'Other') return undefined;
  if (goes !== undefined && goes !== 'fetch') return named(goes);
  if (address !== undefined && about.class === 'Read' && about.isAddressRequired)
    return `argument "${shown(address)}"`;
  if (about.class !== 'Read') return undefined;
  // Whoever invites somebody writes into their calendar.
  if (words.includes('event') && inCalendar(about)) return named('event');
  return (
    firstOf(about, IS.foreign, IS.foreignName) ??
    (isWebSearch(words, sentence) ? 'searches the web' : undefined)
  );
}

const inCalendar = ({ sentence, schema }: About): boolean =>
  sentence.includes('calendar') || schema.some(([name]) => plain(name) === 'calendarid');

/** Before `page` they say that one is shown, and not that a list has many. */
const ONE = setOf('the current this active open web visible selected target');
const SHOWS = setOf('take capture get list find show read');

const isWebSearch = (words: readonly string[], sentence: readonly string[]): boolean =>
  [...words, ...sentence].includes('search') &&
  sentence.some((word) => word === 'web' || word === 'internet');

const inBrowser = ({ words, sentence, schema }: Pick<About, 'words' | 'sentence' | 'schema'>): boolean =>
  words.some((word) => IS.browser.has(word)) ||
  sentence.some((word, at) => IS.browser.has(word) || (word === 'page' && ONE.has(sentence[at - 1] ?? ''))) ||
  (sentence.includes('tab') && words.includes('page')) ||
  // A page by its number.
  schema.some(([name, { type }]) => plain(name) === 'pageid' && (type === 'number' || type === 'integer'));

/** Verbs that put something into a page, which then has it. */
const ENTERS = setOf('fill type press enter input drop upload');

/** Data of one's own is read. */
function ownData(about: About): string | undefined {
  if (!about.looks) return undefined;
  if (about.secret !== undefined) return about.secret;
  if (about.all.some((word) => IS.public.has(word)) || inBrowser(about)) return undefined;
  return firstOf(about, IS.own, IS.ownName);
}

/** Something leaves, for others to read. */
function sends(about: About): string | undefined {
  const { words, schema, address } = about;
  if (about.class === 'Write' || about.class === 'Execute' || about.class === 'Financial') {
    const verb = words.find((word) => formsOf(word).some((form) => IS.gives.has(form)));
    const known = verb ?? words.find((word) => IS.seen.has(word));
    if (known !== undefined) return named(known);
    const recipient = recipientAmong(schema);
    if (recipient !== undefined) return `argument "${shown(recipient)}"`;
    const enters = inBrowser(about) ? words.find((word) => ENTERS.has(word)) : undefined;
    if (enters !== undefined) return named(enters);
  }
  // An address says enough: what was read can stand in it.
  if (address === undefined || words.some((word) => IS.keeps.has(word))) return undefined;
  const body = schema.find(([name]) => name !== address && IS.body.has(plain(name)))?.[0];
  if (body !== undefined) return `arguments "${shown(address)}" and "${shown(body)}"`;
  const acts = about.class === 'Read' || about.class === 'Execute';
  // One that a call may leave out is a filter, unless its form says more.
  const goes =
    about.isFormed ||
    (acts && about.isAddressRequired) ||
    inBrowser(about) ||
    words.some((word) => IS.goesOut.has(word));
  return goes ? `argument "${shown(address)}"` : undefined;
}

/** At the top level, or in the elements of a list. */
const recipientAmong = (schema: Properties): string | undefined =>
  schema.find(([name]) => IS.recipient.has(plain(name)))?.[0] ??
  // A `to` in there is an end of anything.
  schema
    .flatMap(([, { items }]) => propertiesOf(items).map(([inner]) => inner))
    .find((name) => IS.recipient.has(plain(name)) && plain(name) !== 'to');

const plain = (name: string): string => searchForm(name.slice(0, MAX_NAME)).replace(/[^\p{L}\d]/gu, '');

/** A word of the name; else one of the description's first words, if it means the same in a sentence. */
function firstOf(
  { words, sentence }: About,
  anywhere: ReadonlySet<string>,
  inNames: ReadonlySet<string>,
): string | undefined {
  const word = words.find((each) => anywhere.has(each) || inNames.has(each));
  if (word !== undefined) return named(word);
  const said = sentence.slice(0, 12).find((each) => anywhere.has(each));
  return said === undefined ? undefined : `description: "${said}"`;
}
