/** One peer's turn: these bytes, written when all earlier lines of the other have arrived. */
export interface Step {
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

/** A conversation that is odd but legal, and what is odd about it. */
export interface Scene {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** Lines are given as they stand on the wire; one without its end gets `\n`. */
function turn(from: Step['from'], lines: readonly (string | Buffer)[]): Step {
  const ended = lines.map((line) =>
    typeof line === 'string' && !line.endsWith('\n') ? Buffer.from(`${line}\n`) : Buffer.from(line),
  );
  return { from, bytes: Buffer.concat(ended) };
}
const c = (...lines: (string | Buffer)[]) => turn('client', lines);
const s = (...lines: (string | Buffer)[]) => turn('server', lines);

const MODERN =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}},"vendor":{"x":1}},"io.modelcontextprotocol/clientInfo":{"name":"odd","version":"1","icons":[]},"vendor/key":[1.0]}';

/** What wrappers are known to strip, reorder, renumber, answer themselves or lose (see the table of relays in the protocol notes). */
export const SCENES: readonly Scene[] = [
  {
    title: 'a handshake with unknown members everywhere, and instructions',
    steps: [
      c(
        '{"method":"initialize","x-extra":{"a":[]},"params":{"capabilities":{"experimental":{"x":{"deep":[1.0]}},"extensions":{"io.vendor/y":{}},"roots":{"listChanged":true,"odd":1},"unknown":true},"clientInfo":{"name":"odd","title":"Ö","version":"0","icons":[{"src":"data:,","sizes":["48x48"],"odd":1}],"websiteUrl":"x","odd":{}},"protocolVersion":"2025-11-25","_meta":{"a/b":null},"odd":[]},"id":0,"jsonrpc":"2.0"}',
      ),
      s(
        '{"odd":1,"id":0,"result":{"instructions":"do\\u0020not strip\\/","serverInfo":{"odd":{"z":1,"a":2},"version":"1","name":"odd","icons":[{"odd":1}]},"capabilities":{"zeta":{},"tools":{"listChanged":true,"odd":[]},"experimental":{"e":{}},"extensions":{"x":{}},"tasks":{"requests":{"tools":{"call":{}}}},"logging":{}},"protocolVersion":"2025-11-25","_meta":{"q":1},"odd":"kept"},"jsonrpc":"2.0"}',
      ),
      c('{"jsonrpc":"2.0","method":"notifications/initialized","params":{"odd":true},"odd":1}'),
    ],
  },
  {
    title: 'a revision that nobody knows, negotiated down, and a ping with a payload',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":"","method":"initialize","params":{"protocolVersion":"2031-01-01","capabilities":{},"clientInfo":{"name":"x","version":""}}}',
      ),
      s(
        '{"jsonrpc":"2.0","id":"","result":{"protocolVersion":"2024-10-07","capabilities":{},"serverInfo":{"name":"y","version":""}}}',
      ),
      c('{"jsonrpc":"2.0","id":-7,"method":"ping","params":{"payload":[{"x":1}]}}'),
      s('{"jsonrpc":"2.0","id":-7,"result":{"payload":"custom","n":1.0}}'),
      s('{"jsonrpc":"2.0","id":"srv","method":"ping","params":{"from":"server"}}'),
      c('{"jsonrpc":"2.0","id":"srv","result":{"payload":2}}'),
    ],
  },
  {
    title: 'lists with vendor members, array schemas and cursors',
    steps: [
      c('{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"\\u0000odd","odd":1}}'),
      s(
        '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","x-vendor":{"b":[1.0,-0]},"inputSchema":{"type":"object","$schema":"x","properties":{"__proto__":{"type":"string"}}},"outputSchema":{"type":"array","items":{}},"annotations":{"readOnlyHint":true,"odd":1},"execution":{"taskSupport":"required","odd":1},"_meta":{"z":1,"a":1}},{"odd":"no name"},7,null],"nextCursor":"","odd":{},"_meta":{"n":9007199254740993}}}',
      ),
      c(
        '{"jsonrpc":"2.0","id":2,"method":"resources/templates/list"}',
        '{"jsonrpc":"2.0","id":3,"method":"prompts/list","params":{}}',
      ),
      s(
        '{"jsonrpc":"2.0","id":3,"result":{"prompts":[{"name":"p","odd":1}],"odd":2}}',
        '{"jsonrpc":"2.0","id":2,"result":{"resourceTemplates":[],"odd":null}}',
      ),
    ],
  },
  {
    title: 'calls with extra params, unknown content, results that fit no schema',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{"name":"a","arguments":{"b":1,"a":{"__proto__":{"x":1},"constructor":null}},"_meta":{"progressToken":"t"},"odd":[1],"inputResponses":{},"requestState":"s"},"odd":{}}',
      ),
      s(
        '{"jsonrpc":"2.0","id":"c1","result":{"content":[{"type":"hologram","data":1.0},{"type":"text","text":"\\ud83d","annotations":{"odd":1},"odd":2}],"structuredContent":[1.0,{"z":0,"a":-0}],"isError":false,"odd":"kept","_meta":{"a":1}}}',
      ),
      c('{"jsonrpc":"2.0","id":"c2","method":"tools/call","params":{"name":"no arguments"}}'),
      s('{"jsonrpc":"2.0","id":"c2","result":{"toolResult":"an old shape"}}'),
      c('{"jsonrpc":"2.0","id":"c3","method":"tools/call","params":{"name":"ünïcode 🧾","arguments":{}}}'),
      s('{"jsonrpc":"2.0","id":"c3","result":null}'),
      c('{"jsonrpc":"2.0","id":"c4","method":"tools/call","params":{"name":"t","task":{"ttl":1.5,"odd":1}}}'),
      s(
        '{"jsonrpc":"2.0","id":"c4","result":{"task":{"taskId":"1","status":"working","odd":1},"resultType":"task"}}',
      ),
      c('{"jsonrpc":"2.0","id":"c5","method":"tasks/get","params":{"taskId":"1","odd":1}}'),
      s('{"jsonrpc":"2.0","id":"c5","result":{"status":"completed","odd":1}}'),
    ],
  },
  {
    title: 'errors: members, codes and data of every kind, and one that belongs to nothing',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":1,"method":"a"}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"b"}}',
        '{"jsonrpc":"2.0","id":3,"method":"tools/list"}',
      ),
      s(
        '{"jsonrpc":"2.0","id":2,"error":{"code":-32042,"message":"url","data":{"elicitations":[{"mode":"url","odd":1}]},"odd":1},"odd":2}',
        '{"jsonrpc":"2.0","id":1,"error":{"code":1.0,"message":"MCP error 1: MCP error 1: twice","data":[null]}}',
        '{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":""}}',
        '{"jsonrpc":"2.0","error":{"code":-32700,"message":"no id at all"}}',
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"null id"}}',
      ),
    ],
  },
  {
    title: 'requests from the server with ids that the client uses too, of both types',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{"name":"a"}}',
        '{"jsonrpc":"2.0","id":"0","method":"tools/call","params":{"name":"b"}}',
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"c"}}',
      ),
      s(
        '{"jsonrpc":"2.0","id":0,"method":"roots/list"}',
        '{"jsonrpc":"2.0","id":"0","method":"sampling/createMessage","params":{"messages":[],"maxTokens":1.0,"tools":[{"odd":1}],"odd":1}}',
        '{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","odd":1,"properties":{"a":{"type":"string","x-odd":1,"enumNames":["b"]}}},"odd":1}}',
        '{"jsonrpc":"2.0","id":2,"method":"vendor/unknown","params":{"x":1}}',
      ),
      c(
        '{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"a":"b","odd":[1.0]},"odd":1}}',
        '{"jsonrpc":"2.0","id":"0","error":{"code":-1,"message":"user said no","data":{}}}',
        '{"jsonrpc":"2.0","id":0,"result":{"roots":[{"uri":"file:///","odd":1}],"odd":1}}',
        '{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"unknown here too"}}',
      ),
      s(
        '{"jsonrpc":"2.0","id":"0","result":{"content":[]}}',
        '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}',
        '{"jsonrpc":"2.0","id":0,"result":{"content":[]}}',
      ),
    ],
  },
  {
    title: 'unknown methods and notifications both ways',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":1,"method":"vendor/do","params":{"a":[[[]]]}}',
        '{"jsonrpc":"2.0","method":"vendor/note","params":{"a":1}}',
        '{"jsonrpc":"2.0","method":"$/x"}',
        '{"jsonrpc":"2.0","id":2,"method":"","params":{}}',
      ),
      s(
        '{"jsonrpc":"2.0","method":"vendor/event","params":{"b":1},"odd":1}',
        '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
        '{"jsonrpc":"2.0","id":2,"result":{}}',
        '{"jsonrpc":"2.0","id":1,"result":[1.0]}',
        '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"odd","data":"\\u001b[31m"}}',
      ),
    ],
  },
  {
    title: 'progress tokens of both types around the answer, in one write and in order',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"a","_meta":{"progressToken":5}}}',
        '{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"a","_meta":{"progressToken":"5"}}}',
      ),
      s(
        '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"5","progress":1.0,"total":0,"odd":1}}',
        '{"jsonrpc":"2.0","id":6,"result":{"content":[]}}',
        '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":5,"progress":0.5}}',
        '{"jsonrpc":"2.0","id":5,"result":{"content":[]}}',
        '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":5,"progress":2}}',
      ),
    ],
  },
  {
    title: 'numbers, escapes, spaces, key order and line ends as they are written',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"n","arguments":{"z":[1.0,-0,-0.0,9007199254740993,1e2,1E+2,0.1e-7,123456789012345678901234567890],"a":1}}}',
        '  { "jsonrpc" : "2.0" ,\t"id":2, "method":"tools\\/call","params":{"name":"n\\u0061me","arguments":{"":"\\u2028\u2028\u0085 \\ud800 \\u0000 \\/"}} }  ',
        '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"arguments":{},"name":"crlf"}}\r\n',
      ),
      s(
        '{"result":{"content":[],"n":[1.0,-0,9007199254740993,1e400,1E5]},"id":1,"jsonrpc":"2.0"}\r\n',
        '\t{ "id" : 2.0 , "jsonrpc":"2\\u002e0","result" : { "content":[ ] , "x":"\\/\u2028\\ud800" } } \r\n',
        '{"jsonrpc":"2.0","id":3,"result":{}}',
      ),
    ],
  },
  {
    title: 'cancellations of id 0, of strings, with _meta, of nothing; late answers; the server cancels',
    steps: [
      c(
        '{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{"name":"slow"}}',
        '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"slow"}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0,"reason":"bored","_meta":{"x":1},"odd":1}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"never"}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
      ),
      s('{"jsonrpc":"2.0","id":0,"result":{"content":[],"late":true}}'),
      s(
        '{"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{}}',
        '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9,"reason":"never mind"}}',
      ),
      c('{"jsonrpc":"2.0","id":9,"result":{"late":true}}'),
      c('{"jsonrpc":"2.0","id":"next","method":"ping"}'),
      s('{"jsonrpc":"2.0","id":"next","result":{}}'),
    ],
  },
  {
    title: '2026-07-28: discovery, input_required, a retry, subscriptions, cache times',
    steps: [
      c(`{"jsonrpc":"2.0","id":"server-discover-probe-1","method":"server/discover","params":{${MODERN}}}`),
      s(
        '{"jsonrpc":"2.0","id":"server-discover-probe-1","result":{"resultType":"complete","supportedVersions":["2026-07-28","2031-01-01"],"capabilities":{"tools":{},"extensions":{"io.modelcontextprotocol/tasks":{}}},"serverInfo":{"name":"m","version":"1"},"ttlMs":60000,"cacheScope":"public","odd":1}}',
      ),
      c(
        `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{${MODERN}}}`,
        `{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"odd":1},${MODERN}}}`,
      ),
      s(
        '{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}',
        '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":"a","inputSchema":true,"outputSchema":{"type":"array"}}],"ttlMs":1.0,"cacheScope":"public"}}',
        '{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}',
      ),
      c(
        `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a","arguments":{"x":1.0},${MODERN}}}`,
      ),
      s(
        '{"jsonrpc":"2.0","id":3,"result":{"resultType":"input_required","inputRequests":{"ask":{"method":"elicitation/create","params":{"mode":"form","message":"?","requestedSchema":{}}}},"requestState":"opaque\\u003d","odd":1}}',
      ),
      c(
        `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"a","arguments":{"x":1.0},"inputResponses":{"ask":{"action":"accept","content":{"y":-0}}},"requestState":"opaque=",${MODERN}}}`,
      ),
      s('{"jsonrpc":"2.0","id":4,"result":{"resultType":"complete","content":[],"structuredContent":7}}'),
      c('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}'),
      s('{"jsonrpc":"2.0","id":2,"result":{"resultType":"complete"}}'),
    ],
  },
  {
    title: 'a server of an old era that is probed first: an error, then initialize in the same process',
    steps: [
      c(`{"jsonrpc":"2.0","id":"server-discover-probe-1","method":"server/discover","params":{${MODERN}}}`),
      s(
        '{"jsonrpc":"2.0","id":"server-discover-probe-1","error":{"code":-32601,"message":"Method not found"}}',
      ),
      c(
        '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}',
      ),
      s(
        '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"y","version":"1"}}}',
      ),
    ],
  },
  {
    title: 'the server speaks first',
    steps: [
      s('{"jsonrpc":"2.0","id":0,"method":"roots/list"}'),
      c('{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}', '{"jsonrpc":"2.0","id":0,"method":"ping"}'),
      s('{"jsonrpc":"2.0","id":0,"result":{}}'),
    ],
  },
  {
    title: 'answers in another order than their requests, hundreds in flight',
    steps: [
      c(
        ...Array.from(
          { length: 300 },
          (_, i) =>
            `{"jsonrpc":"2.0","id":${i % 2 ? i : `"${i}"`},"method":"tools/call","params":{"name":"t${i}","arguments":{"i":${i}.0}}}`,
        ),
      ),
      s(
        ...Array.from({ length: 300 }, (_, n) => {
          const i = 299 - n;
          return `{"jsonrpc":"2.0","id":${i % 2 ? i : `"${i}"`},"result":{"content":[],"i":${i}.0}}`;
        }),
      ),
    ],
  },
];

/** Messages longer than any pipe holds; kept apart because they make no sense in small chunks. */
export const LONG_SCENE: Scene = {
  title: 'messages of nine megabytes, and of many bytes a character',
  steps: [
    c(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"t":"${'ñ🧾'.repeat(1_500_000)}"}}}`,
    ),
    s(
      `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${'x'.repeat(9_000_000)}"}}`,
      `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${'漢'.repeat(5_000_000)}"}]}}`,
    ),
  ],
};
