import * as z from 'zod';
import { VERSION } from './json-output.js';

/** One shape of what a command prints. */
export const result = <S extends z.ZodRawShape>(shape: S) =>
  z.object({
    version: z.literal(VERSION).describe('of the shape: fields may be added, never changed'),
    ...shape,
  });

export const time = (what: string) =>
  z.string().meta({ format: 'date-time', description: `${what}, in UTC` });
export const text = (what: string) => z.string().describe(what);
export const count = (what: string) => z.number().int().min(0).describe(what);
/** Money adds up exactly, so it is no number of JavaScript's. */
export const decimal = (what: string) => z.string().describe(`${what}, as exact decimal text`);
export const members = z.record(z.string(), z.unknown());

export const server = text('the name under which counters, log and policy are kept');
export const grant = text('the identity that shares counters');
export const tool = text("the tool's name, as its server lists it");
export const code = text('why, as in the refusal that the model gets: LIMIT, NOT_LISTED, ...');
export const rule = text('JSON pointer of the rule in the policy, or "(default deny)" and the like');
export const toolClass = z.enum(['Other', 'Read', 'Write', 'Execute', 'Destructive', 'Financial']);
export const risk = z.enum(['low', 'medium', 'high', 'critical']);
export const decision = z.enum(['allow', 'deny', 'ask', 'hide']);

/** A call about which a person is asked. */
export const asked = { id: z.string(), server, grant, tool, rule, reason: text('why a person is asked') };
export const client = z.object({ name: z.string(), version: z.string().nullable() });
export const policy = z.object({
  source: text('the file, or the preset'),
  hash: text('SHA-256 of its text'),
});

/** In the store of a team: who, and on which machine. */
export const origin = {
  who: text('the login, in the store of a team').optional(),
  host: text('the machine, in the store of a team').optional(),
};
