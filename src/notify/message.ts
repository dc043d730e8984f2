import { hostname } from 'node:os';
import { safeJson } from '../text/escape.js';
import type { Notice } from './notice.js';

/** What one channel sends of a notice. */
export interface Message extends Omit<Notice, 'againAfterMs'> {
  /** Tells a message that is sent again from another one. */
  readonly id: string;
  /** UTC milliseconds. */
  readonly at: number;
  readonly host: string;
  /** Where this machine's page shows it; undefined while the page is closed. */
  readonly link: string | undefined;
}

/** Longest arguments that a message carries, in characters. */
const ARGUMENTS = 2000;

/** @param withArguments whether the person wants values of calls in this channel */
export function messageOf(
  notice: Notice,
  extra: { readonly id: string; readonly at: number; readonly link: string | undefined },
  withArguments: boolean,
): Message {
  const { againAfterMs: _, argumentsText, reason, ...told } = notice;
  const shown = argumentsText === undefined ? undefined : safeJson(argumentsText);
  return {
    ...told,
    ...extra,
    host: hostname(),
    reason: withArguments ? reason : undefined,
    argumentsText:
      !withArguments || shown === undefined
        ? undefined
        : shown.length > ARGUMENTS
          ? `${shown.slice(0, ARGUMENTS)}…`
          : shown,
  };
}

/** The text with what else a person should read, as lines. */
export function bodyOf({ text, reason, argumentsText, link }: Message): string {
  return [text, reason, argumentsText, link].filter((line) => line !== undefined).join('\n');
}

/** What a program is told: the body of a webhook. */
export function payloadOf(message: Message): object {
  const { id, event, at, host, server, tool, title, text, rule, approval, reason, argumentsText, link } =
    message;
  return {
    version: 1,
    id,
    event,
    at: new Date(at).toISOString(),
    host,
    server,
    tool,
    title,
    text,
    rule,
    approval: approval && { id: approval.id, expires_at: new Date(approval.expiresAt).toISOString() },
    reason,
    arguments: argumentsText,
    link,
  };
}
