import type { ToolDefinition } from '../tool-definition.js';
import { number, object, oneOf, string } from '../tool-definition.js';

/** Tools of the kinds that many servers have, in our own words, for the examples of the patterns. */
export const READ_PAGE: ToolDefinition = {
  name: 'fetch_page',
  description: 'Fetches a page of the web and gives its text.',
  inputSchema: object({ 'url!': string('The address of the page') }),
};
export const READ_FILE: ToolDefinition = {
  name: 'read_file',
  description: 'Reads a file.',
  inputSchema: object({ 'path!': string('The path of the file') }),
};
export const SEND_EMAIL: ToolDefinition = {
  name: 'send_email',
  description: 'Sends an email.',
  inputSchema: object({
    'to!': string('The address of the recipient'),
    'subject!': string('The subject'),
    'body!': string('The text'),
    bcc: string('Who gets a copy unseen'),
  }),
};
export const RUN_COMMAND: ToolDefinition = {
  name: 'run_command',
  description: 'Runs a command in a shell.',
  inputSchema: object({ 'command!': string('The command line') }),
};
export const DELETE_VOLUME: ToolDefinition = {
  name: 'delete_volume',
  description: 'Deletes a volume with all that is on it.',
  inputSchema: object({ 'volume!': string('Its id') }),
};
export const CREATE_PAYMENT: ToolDefinition = {
  name: 'create_payment',
  description: 'Pays an amount to a payee.',
  inputSchema: object({
    'amount!': number('How much'),
    'currency!': oneOf('In which currency', 'EUR', 'USD'),
    'payee!': string('Who gets it'),
  }),
};
export const LIST_CUSTOMERS: ToolDefinition = {
  name: 'list_customers',
  description: 'Lists customers, page by page.',
  inputSchema: object({ 'limit!': number('How many on a page'), page: number('Which page') }),
};
