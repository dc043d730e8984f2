import { RECIPIENTS } from '../flow-words.js';
import type { ToolDefinition } from '../tool-definition.js';
import { searchForm, setOf } from '../words.js';
import { argumentsWith, lastWord, type Place, textPlaces } from './places.js';
import type { Attack, Disguise, ToolAt } from './threat.js';
import { attack, when } from './tools-of.js';

const RECIPIENT = setOf(RECIPIENTS);
const CHANNEL = setOf(
  'remote channel channelid channelname chat chatid room roomid conversation conversationid group groupid',
);
const PHONE = setOf('phone phonenumber tonumber msisdn');
/** What names somebody, in an object that stands for them. */
const WHO = setOf('email mail address emailaddress to phone id userid');

type Kind = 'mail' | 'phone' | 'channel';

const plain = (name: string): string => searchForm(name.slice(0, 100)).replace(/[^\p{L}\d]/gu, '');
const isRecipient = (name: string): boolean => RECIPIENT.has(plain(name)) || CHANNEL.has(plain(name));

/** The places in which a tool is told who gets what it sends. */
export function recipientPlaces({ inputSchema }: ToolDefinition): Place[] {
  return textPlaces(inputSchema).filter((place) => {
    const own = place.names.at(-1) ?? '';
    // A `to` below something else is an end of anything.
    if (place.names.length === 1)
      return isRecipient(own) || (RECIPIENT.has(lastWord(place)) && !/^reply/i.test(own));
    const holders = place.names.slice(0, -1);
    return (holders.some(isRecipient) && WHO.has(plain(own))) || (isRecipient(own) && plain(own) !== 'to');
  });
}

const kindOf = ({ names }: Place): Kind =>
  names.some((name) => CHANNEL.has(plain(name)))
    ? 'channel'
    : names.some((name) => PHONE.has(plain(name)))
      ? 'phone'
      : 'mail';

export const isUnseen = ({ names }: Place): boolean => names.some((name) => plain(name) === 'bcc');

const STRANGERS: Readonly<Record<Kind, string>> = {
  mail: 'someone@attacker.example',
  phone: '+15550100199',
  channel: 'C0ATTACKER',
};

/** Behind, before and around an address of one's own. */
const beside =
  (stranger: string): Disguise =>
  (own) => [`${own},${stranger}`, `${stranger},${own}`, `${own}.attacker.example`, `${stranger} (${own})`];

/** Ways to have a stranger among those who get something. */
export function toStrangers(at: ToolAt, place: Place, given: ToolArguments = {}): Attack[] {
  const stranger = STRANGERS[kindOf(place)];
  const name = place.path.slice('args.'.length);
  const to = (value: string, disguise: Disguise) => ({
    ...at,
    args: argumentsWith(at.tool.inputSchema, place, value, given),
    disguises: { [place.key]: disguise },
  });
  return [
    attack(
      `"${name}" is a stranger`,
      to(stranger, (own) => beside(stranger)(own).slice(2)),
    ),
    ...(kindOf(place) === 'mail'
      ? [
          attack(
            `"${name}" has a stranger beside one of ours`,
            to(`colleague@example.com,${stranger}`, beside(stranger)),
          ),
        ]
      : []),
  ];
}

type ToolArguments = Readonly<Record<string, unknown>>;

/** Somebody of one's own: values to be put in by a person. */
export const onlyOwn = (place: Place) =>
  kindOf(place) === 'mail'
    ? when(place.path, 'regex', '^[A-Za-z0-9._+-]+@example[.]com$', 'Only to recipients of our own domain.')
    : when(
        place.path,
        'in',
        [kindOf(place) === 'phone' ? '+15550100100' : 'our-channel'],
        'Only to those on our list.',
      );
