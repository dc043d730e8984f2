import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Flow, flowsOf } from '../../src/catalog/flows.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';

/** A name with `!` is that of an address by its form, which each call has; so is each `url`. One with `#` is a number. */
const withArguments = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(
    names.map((name) => [
      name.replace(/^[!#]/, ''),
      { type: name.startsWith('#') ? 'number' : 'string', ...(name.startsWith('!') && { format: 'uri' }) },
    ]),
  ),
  required: names
    .filter((name) => name.startsWith('!') || name === 'url')
    .map((name) => name.replace('!', '')),
});

describe('what comes in and what goes out', () => {
  test.each<[string, string, readonly string[], readonly Flow[]]>([
    ['web_search', 'Searches the web', ['query'], ['untrusted']],
    ['fetch', 'Gets a page', ['url'], ['untrusted', 'sends']],
    ['fetch_page', 'Gets a page', ['url', 'method', 'body'], ['untrusted', 'sends']],
    ['get_issue', 'One issue', ['number'], ['untrusted', 'private']],
    ['search_emails', 'Searches the mailbox', ['query'], ['untrusted', 'private']],
    ['browser_snapshot', 'Capture what the page shows', [], ['untrusted']],
    ['browser_navigate', 'Go to a page', ['url'], ['untrusted', 'sends']],
    ['read_file', 'Reads a file', ['path'], ['private']],
    ['list_customers', '', [], ['private']],
    ['d1_query', 'Execute a SQL query', ['query'], ['private']],
    ['get_env', 'Prints the environment', [], ['private', 'secrets']],
    ['send_email', 'Sends a mail', ['to', 'body'], ['sends']],
    ['post_message', '', ['channel', 'text'], ['sends']],
    ['create_issue', '', ['title', 'body'], ['sends']],
    ['add_comment', '', ['body'], ['sends']],
    ['upload_file', '', ['path'], ['sends']],
    ['create_event', '', ['attendees'], ['sends']],
    ['git_push', '', ['remote'], ['sends']],
    ['run_command', 'Runs a command', ['command'], ['untrusted', 'private', 'sends']],
    ['evaluate_script', 'Runs JavaScript in the page', ['function'], ['untrusted', 'private', 'sends']],
    ['evaluate', 'Evaluates an expression in the page', [], ['untrusted', 'private', 'sends']],
    ['browser_evaluate', '', ['function'], ['untrusted', 'private', 'sends']],
    ['eval', 'Runs Python code', [], ['untrusted', 'private', 'sends']],
    ['exec', '', [], ['untrusted', 'private', 'sends']],
    // As browsers and others have them.
    ['new_page', 'Open a new tab and load a URL.', ['url', 'background'], ['untrusted', 'sends']],
    ['take_snapshot', 'Take a text snapshot', ['#pageId', 'filePath'], ['untrusted']],
    ['fill', 'Type text into an input', ['#pageId', 'uid', 'value'], ['sends']],
    ['type_text', 'Type text using keyboard', ['#pageId', 'text'], ['sends']],
    ['get_network_request', 'Gets a request', ['#pageId', 'responseFilePath'], ['untrusted']],
    ['browser_type', 'Type text into editable element', ['element', 'text'], ['sends']],
    ['click', 'Clicks an element', ['#pageId', 'includeSnapshot'], ['untrusted']],
    ['list-events', 'Lists events', ['calendarId'], ['untrusted', 'private']],
    ['git_clone', 'Clone a repository', ['url', 'path'], ['untrusted', 'sends']],
    ['gzip_file', 'Compresses a file', ['!data'], ['sends']],
    ['import_feed', 'Reads a feed', ['!feed'], ['untrusted', 'sends']],
    ['slack_post_message', 'Post to a channel', ['channel_id', 'text'], ['sends']],
    ['docker_run', 'Run a container', ['image', 'args'], ['untrusted', 'private', 'sends']],
    ['kubectl', '', ['args'], ['untrusted', 'private', 'sends']],
    ['kubectl_get', 'Gets resources', ['resource'], ['private']],
    ['get_connections', 'Gets connections', ['repositoryUrl'], []],
    ['enviar_correo', 'Envía un correo', ['destinatario'], ['sends']],
  ])('%s', (name, description, names, expected) => {
    expect(Object.keys(flowsOf({ name, description, inputSchema: withArguments(...names) }))).toEqual(
      expected,
    );
  });

  test.each<[string, string, readonly string[]]>([
    ['get_weather', 'Weather of a city', ['city']],
    ['get_time', 'The time', []],
    ['maps_place_details', 'Details of one place', ['place_id']],
    ['create_record', '', ['fields']],
    ['write_file', '', ['path', 'content']],
    ['create_request', 'Keeps a request in a collection', ['url', 'method', 'body']],
    ['delete_issue', '', ['number']],
    ['create_relations', '', ['from', 'to2']],
    ['query_docs', 'Looks into a manual', ['query']],
    ['evaluate_order', 'Send an order for scoring and receive approve or reject', ['sale_id']],
    ['run_eval', 'Runs an evaluation of a model', ['dataset']],
    ['xyzzy', '', []],
  ])('nothing is known to pass through %s', (name, description, names) => {
    expect(flowsOf({ name, description, inputSchema: withArguments(...names) })).toEqual({});
  });

  test('an action that reads', () => {
    const inputSchema = { properties: { action: { enum: ['get', 'delete'] } } };
    expect(Object.keys(flowsOf({ name: 'manage_credentials', inputSchema }))).toEqual(['private', 'secrets']);
    expect(
      flowsOf({ name: 'manage_credentials', inputSchema: { properties: { action: { enum: ['delete'] } } } }),
    ).toEqual({});
  });

  test('an attendee in the elements of a list', () => {
    const inputSchema = { properties: { events: { items: { properties: { attendees: {} } } } } };
    expect(flowsOf({ name: 'create_events', inputSchema })).toEqual({ sends: 'argument "attendees"' });
  });
});

test('definitions of any form never throw', () => {
  const any = fc.anything({ maxDepth: 4 });
  const definition = fc.record({
    name: any,
    description: any,
    inputSchema: fc.oneof(any, fc.record({ properties: any })),
  });
  fc.assert(
    fc.property(definition, (tool) => {
      for (const reason of Object.values(flowsOf(tool as ToolDefinition)))
        expect(reason).toMatch(/^\P{Cc}+$/u);
    }),
    { numRuns: 500 },
  );
});
