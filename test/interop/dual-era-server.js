#!/usr/bin/env node
// A server for both eras, built on the second major version of the SDK, with the names and texts that the conformance
// suite asks for. argv[2] is the folder of the package @modelcontextprotocol/server.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const sdk = (file) => import(pathToFileURL(join(process.argv[2], 'dist', file)).href);
const {
  Server,
  ProtocolError,
  MissingRequiredClientCapabilityError,
  createMcpHandler,
  createRequestStateCodec,
  inputRequired,
} = await sdk('index.mjs');
const { serveStdio } = await sdk('stdio.mjs');

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const INVALID_PARAMS = -32602;

const pause = () => new Promise((done) => setTimeout(done, 50));
const text = (value) => ({ content: [{ type: 'text', text: value }] });
const said = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: PNG, mimeType: 'image/png' };
const form = (message, properties, required = Object.keys(properties)) => ({
  message,
  requestedSchema: { type: 'object', properties, required },
});
const STRING = { type: 'string' };
const NO_ARGUMENTS = { type: 'object', properties: {} };
const titled = (words) => words.map((word, i) => ({ const: `value${i + 1}`, title: `${word} Option` }));

const ask = {
  name: () => inputRequired.elicit(form('What is your name?', { name: STRING })),
  sampling: (question, maxTokens) =>
    inputRequired.createMessage({ messages: [{ role: 'user', content: said(question) }], maxTokens }),
  roots: () => inputRequired.listRoots(),
};

/** Asks a legacy client and tells what it answered. */
const elicited = (params, label) => async (_args, ctx) => {
  const { action, content } = await ctx.mcpReq.send({ method: 'elicitation/create', params });
  return text(`${label}: action=${action}, content=${JSON.stringify(content ?? {})}`);
};

const state = createRequestStateCodec({ key: Buffer.alloc(32, 7), ttlSeconds: 600 });
/** A tool that wants these inputs, with or without a state, before it is done. */
const wanting =
  (requests, { withState = false, done }) =>
  async (_args, ctx) => {
    const given = ctx.mcpReq.inputResponses ?? {};
    const wanted = requests();
    if (Object.keys(wanted).every((key) => given[key] !== undefined)) {
      if (!withState || ctx.mcpReq.requestState() !== undefined) return text(done(given));
    }
    return inputRequired({
      inputRequests: wanted,
      ...(withState && { requestState: await state.mint({ round: 1 }, ctx) }),
    });
  };

const TOOLS = {
  test_simple_text: { run: () => text('This is a simple text response for testing.') },
  test_image_content: { run: () => ({ content: [image] }) },
  test_audio_content: { run: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }) },
  test_embedded_resource: {
    run: () => ({
      content: [
        {
          type: 'resource',
          resource: {
            uri: 'test://embedded-resource',
            mimeType: 'text/plain',
            text: 'This is an embedded resource content.',
          },
        },
      ],
    }),
  },
  test_multiple_content_types: {
    run: () => ({
      content: [
        said('Multiple content types test:'),
        image,
        {
          type: 'resource',
          resource: {
            uri: 'test://mixed-content-resource',
            mimeType: 'application/json',
            text: '{"test":"data","value":123}',
          },
        },
      ],
    }),
  },
  test_tool_with_logging: {
    run: async (_args, ctx) => {
      for (const step of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await ctx.mcpReq.log('info', step);
        await pause();
      }
      return text('logged');
    },
  },
  test_logging_tool: {
    run: async (_args, ctx) => {
      await ctx.mcpReq.log('info', 'only for who asked');
      return text('logged');
    },
  },
  test_error_handling: {
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_progress: {
    run: async (_args, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: 100 };
          await ctx.mcpReq.notify({ method: 'notifications/progress', params });
        }
        await pause();
      }
      return text('done');
    },
  },
  test_sampling: {
    inputSchema: { type: 'object', properties: { prompt: STRING }, required: ['prompt'] },
    run: async ({ prompt }, ctx) => {
      const messages = [{ role: 'user', content: said(prompt) }];
      const params = { messages, maxTokens: 100 };
      const { content } = await ctx.mcpReq.send({ method: 'sampling/createMessage', params });
      return text(`LLM response: ${content?.text}`);
    },
  },
  test_elicitation: {
    inputSchema: { type: 'object', properties: { message: STRING }, required: ['message'] },
    run: ({ message }, ctx) => {
      const properties = {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      };
      return elicited(form(message, properties), 'User response')({}, ctx);
    },
  },
  test_elicitation_sep1034_defaults: {
    run: elicited(
      form(
        'Check the defaults',
        {
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        },
        [],
      ),
      'Elicitation completed',
    ),
  },
  test_elicitation_sep1330_enums: {
    run: elicited(
      form(
        'Choose',
        {
          untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
          titledSingle: { type: 'string', oneOf: titled(['First', 'Second', 'Third']) },
          legacyEnum: {
            type: 'string',
            enum: ['opt1', 'opt2', 'opt3'],
            enumNames: ['Option One', 'Option Two', 'Option Three'],
          },
          untitledMulti: {
            type: 'array',
            items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
          },
          titledMulti: { type: 'array', items: { anyOf: titled(['First', 'Second', 'Third']) } },
        },
        [],
      ),
      'Elicitation completed',
    ),
  },
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: STRING, city: STRING },
        },
      },
      properties: {
        name: STRING,
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: STRING,
        email: STRING,
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: () => text('ok'),
  },
  test_missing_capability: {
    run: (_args, ctx) => {
      const declared = ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
      if (declared.sampling) return text('sampling is there');
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    },
  },
  test_streaming_elicitation: {
    run: wanting(() => ({ user_name: ask.name() }), { done: () => 'ok' }),
  },
  test_trigger_tool_change: {
    run: async (_args, _ctx, server) => {
      await server.sendToolListChanged();
      return text('changed');
    },
  },
  test_trigger_prompt_change: {
    run: async (_args, _ctx, server) => {
      await server.sendPromptListChanged();
      return text('changed');
    },
  },
  test_input_required_result_elicitation: {
    run: wanting(() => ({ user_name: ask.name() }), {
      done: ({ user_name }) => `Hello, ${user_name.content?.name}!`,
    }),
  },
  test_input_required_result_sampling: {
    run: wanting(() => ({ capital_question: ask.sampling('What is the capital of France?', 100) }), {
      done: ({ capital_question }) => capital_question.content?.text ?? '',
    }),
  },
  test_input_required_result_list_roots: {
    run: wanting(() => ({ client_roots: ask.roots() }), {
      done: ({ client_roots }) => client_roots.roots.map(({ uri }) => uri).join(),
    }),
  },
  test_input_required_result_request_state: {
    run: wanting(
      () => ({ confirm: inputRequired.elicit(form('Please confirm', { ok: { type: 'boolean' } })) }),
      { withState: true, done: () => 'state-ok' },
    ),
  },
  test_input_required_result_tampered_state: {
    run: wanting(
      () => ({ confirm: inputRequired.elicit(form('Please confirm', { ok: { type: 'boolean' } })) }),
      { withState: true, done: () => 'state-ok' },
    ),
  },
  test_input_required_result_multiple_inputs: {
    run: wanting(
      () => ({
        user_name: ask.name(),
        greeting: ask.sampling('Generate a greeting', 50),
        client_roots: ask.roots(),
      }),
      { withState: true, done: () => 'all there' },
    ),
  },
  test_input_required_result_multi_round: {
    run: async (_args, ctx) => {
      const given = ctx.mcpReq.inputResponses ?? {};
      const round = ctx.mcpReq.requestState()?.round ?? 0;
      const next = async (key, message, property) =>
        inputRequired({
          inputRequests: { [key]: inputRequired.elicit(form(message, { [property]: STRING })) },
          requestState: await state.mint({ round: round + 1 }, ctx),
        });
      if (round === 1 && given.step1) return next('step2', 'Step 2: What is your favorite color?', 'color');
      if (round === 2 && given.step2) return text('done');
      return next('step1', 'Step 1: What is your name?', 'name');
    },
  },
  test_input_required_result_capabilities: {
    run: async (_args, ctx) => {
      const declared = ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};
      const inputRequests = {
        ...(declared.elicitation && { user_name: ask.name() }),
        ...(declared.sampling && { greeting: ask.sampling('Generate a greeting', 50) }),
      };
      return Object.keys(inputRequests).length > 0 && !ctx.mcpReq.inputResponses
        ? inputRequired({ inputRequests })
        : text('nothing to ask');
    },
  },
};

const RESOURCES = {
  'test://static-text': {
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched.' },
};

const message = (content) => ({ role: 'user', content });
const argument = (name) => ({ name, description: name, required: true });
const PROMPTS = {
  test_simple_prompt: { run: () => [message(said('This is a simple prompt for testing.'))] },
  test_prompt_with_arguments: {
    arguments: [argument('arg1'), argument('arg2')],
    run: ({ arg1, arg2 }) => [message(said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  },
  test_prompt_with_embedded_resource: {
    arguments: [argument('resourceUri')],
    run: ({ resourceUri }) => [
      message({
        type: 'resource',
        resource: {
          uri: resourceUri,
          mimeType: 'text/plain',
          text: 'Embedded resource content for testing.',
        },
      }),
      message(said('Please process the embedded resource above.')),
    ],
  },
  test_prompt_with_image: { run: () => [message(image), message(said('Please analyze the image above.'))] },
  test_input_required_result_prompt: {
    run: (_args, ctx) =>
      ctx.mcpReq.inputResponses?.user_context
        ? [message(said('With context.'))]
        : inputRequired({
            inputRequests: {
              user_context: inputRequired.elicit(
                form('What context should the prompt use?', { context: STRING }),
              ),
            },
          }),
  },
};

function build() {
  const server = new Server(
    { name: 'dual-era-server', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      instructions: 'A fixture.',
      requestState: { verify: state.verify },
      cacheHints: { 'tools/list': { ttlMs: 1000, cacheScope: 'public' } },
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: Object.entries(TOOLS).map(([name, tool]) => ({
      name,
      description: tool.description ?? `The tool ${name}`,
      inputSchema: tool.inputSchema ?? NO_ARGUMENTS,
    })),
  }));
  server.setRequestHandler('tools/call', ({ params }, ctx) => {
    if (!Object.hasOwn(TOOLS, params.name)) {
      throw new ProtocolError(INVALID_PARAMS, `Unknown tool: ${params.name}`);
    }
    return TOOLS[params.name].run(params.arguments ?? {}, ctx, server);
  });
  server.setRequestHandler('resources/list', () => ({
    resources: Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({
      uri,
      name: uri,
      description: `The resource ${uri}`,
      mimeType,
    })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      { uriTemplate: 'test://template/{id}/data', name: 'template', description: 'A template' },
    ],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id !== undefined) {
      const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
      return { contents: [{ uri, mimeType: 'application/json', text: data }] };
    }
    if (Object.hasOwn(RESOURCES, uri)) return { contents: [{ uri, ...RESOURCES[uri] }] };
    throw new ProtocolError(INVALID_PARAMS, 'Resource not found', { uri });
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.entries(PROMPTS).map(([name, prompt]) => ({
      name,
      description: `The prompt ${name}`,
      arguments: prompt.arguments,
    })),
  }));
  server.setRequestHandler('prompts/get', ({ params }, ctx) => {
    if (!Object.hasOwn(PROMPTS, params.name)) throw new ProtocolError(INVALID_PARAMS, 'Unknown prompt');
    const made = PROMPTS[params.name].run(params.arguments ?? {}, ctx);
    return Array.isArray(made) ? { messages: made } : made;
  });
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
  return server;
}

const port = Number(process.argv[3]);
if (port > 0) await serveHttp(port);
else serveStdio(build);

/** The same server at an address, for both eras. */
async function serveHttp(port) {
  const handler = createMcpHandler(build);
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { status, headers, body } = await handler.fetch(
      new Request(`http://127.0.0.1:${port}${request.url}`, {
        method: request.method,
        headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
        signal: gone.signal,
      }),
    );
    response.writeHead(status, Object.fromEntries(headers)).flushHeaders();
    try {
      if (body) for await (const part of body) response.write(part);
    } catch {
      // The client has gone.
    }
    response.end();
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
}
