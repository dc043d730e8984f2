import { setTimeout as sleep } from 'node:timers/promises';
import { call, inScene, plan, warmUp } from './common.js';
import { POLICIES } from './contestants.js';
import { interleave, median, quantile, ratio, spread } from './measure.js';
import { request } from './peer.js';
import { remote } from './remote.js';
import { told } from './told.js';

const RAW = 'raw relay';
const RAW_AGAIN = 'raw relay again';
const SDK = 'SDK Client + Server';
const COUNTER = 'policy-wrap, counter + log';
const STATELESS = 'policy-wrap, no limits, log';
const FULL = 'policy-wrap, counter + log, synchronous=FULL';

const KB = 1000;
const MB = 1_000_000;

/** Calls of a burst with 64 in flight: 75 ms of the raw relay's. One of 25 ms differed from itself by up to 7 %. */
const UNDER_LOAD = 12_000;
const UNDER_LOAD_OTHERS = 600;

/**
 * @typedef {{ quick: boolean, bridges: boolean, report: import('./report.js').Report, say: (text: string) => void }} Run
 */

/** What there is to measure, by the name that `--only` takes. */
export const PARTS = { start, calls, sizes, memory, processes, rules, charges, log, lists, remote, told };

/** From the start of the process to the answer to `initialize`; each round starts everybody once, alone. */
async function start(run) {
  const { report } = run;
  await inScene(async (scene) => {
    const warm = await scene.filled({ policy: POLICIES.counter, args: [{}], calls: 1000, days: 0.0001 });
    const argv = {
      direct: () => scene.direct(),
      [RAW]: () => scene.relay(),
      [RAW_AGAIN]: () => scene.relay(),
      [STATELESS]: () => scene.wrap({ policy: POLICIES.stateless, db: warm }),
      [COUNTER]: () => scene.wrap({ policy: POLICIES.counter, db: warm }),
      'policy-wrap, new database': () => scene.wrap({ policy: POLICIES.counter }),
      'policy-wrap, 1,000 entries': () => scene.wrap({ policy: POLICIES.entries(1000), db: warm }),
      [SDK]: () => scene.sdk(),
    };
    const names = Object.keys(argv);
    const once = async (name) => {
      const peer = scene.launch(name, argv[name]());
      const ms = await peer.initialize();
      const cost = peer.processorTime() ?? Number.NaN;
      await scene.end();
      return { ms, cost };
    };
    for (const name of names) await once(name);
    const samples = await interleave(names, plan(run, 5, 31), once);
    const times = (name) => samples.get(name).map(({ ms }) => ms);
    const costs = (name) => samples.get(name).map(({ cost }) => cost);
    const added = (name) => times(name).map((ms, i) => ms - times('direct')[i]);
    // One median below all: what the relay adds in a single round may come near nothing.
    const base = median(added(RAW));
    const against = (name) => spread(added(name).map((ms) => ms / base));
    report.part(
      'start',
      'Start-up to the answer to `initialize`',
      'against the time that the raw relay adds',
    );
    for (const name of names) {
      report.cell(name, 'in all', { value: median(times(name)), unit: 'ms' });
      if (name !== 'direct')
        report.cell(name, 'added', {
          value: median(added(name)),
          unit: 'ms',
          ratio: against(name),
        });
      report.cell(name, 'processor time', {
        value: median(costs(name)),
        unit: 'ms',
        ratio: ratio(costs(name), costs(RAW)),
      });
    }
    report.control('added', against(RAW_AGAIN).value, 0.1);
    report.target('Start-up added', COUNTER, 'added', { most: 3.5, aim: 2.3 });
  });
}

/** Small calls, the common case. */
async function calls(run) {
  const { bridges, report, say } = run;
  await inScene(async (scene) => {
    const peers = [
      await scene.start('direct', scene.direct()),
      await scene.start(RAW, scene.relay()),
      await scene.start(RAW_AGAIN, scene.relay()),
      await scene.start(STATELESS, scene.wrap({ policy: POLICIES.stateless })),
      await scene.start(COUNTER, scene.wrap({ policy: POLICIES.counter })),
      await scene.start(FULL, scene.wrap({ policy: POLICIES.counter, more: ['--synchronous', 'full'] })),
      await scene.start(SDK, scene.sdk()),
    ];
    const others = bridges ? await scene.startBridges() : undefined;
    if (others) peers.push(others);
    const template = [call(200)];
    for (const peer of peers) await warmUp(peer, template, run.quick ? 2000 : 5000);

    say('one in flight');
    const single = await interleave(peers, plan(run, 9, 41), (peer) => peer.drive(template, 300, 1));
    say('64 in flight');
    const underLoad = (peer) => (peer === others ? UNDER_LOAD_OTHERS : UNDER_LOAD);
    const many = await interleave(peers, plan(run, 5, 21), (peer) =>
      peer.drive(template, underLoad(peer), 64),
    );
    await scene.end(peers);

    report.part('calls', 'Calls of 200 bytes', 'against the raw relay');
    const [, raw, again] = peers;
    const measures = [
      ['p50', 'ms', (peer) => single.get(peer).map(({ latencies }) => quantile(latencies, 0.5)), 0.05],
      ['p99', 'ms', (peer) => single.get(peer).map(({ latencies }) => quantile(latencies, 0.99)), 0.25],
      [
        'calls/s, 64 in flight',
        '/s',
        (peer) => many.get(peer).map(({ ms }) => (underLoad(peer) / ms) * 1000),
        0.05,
      ],
      ['processor time, one in flight', 'us', (peer) => single.get(peer).map(({ cost }) => cost), 0.1],
      ['processor time, 64 in flight', 'us', (peer) => many.get(peer).map(({ cost }) => cost), 0.1],
    ];
    compare(report, peers, raw, again, measures);
    report.target('p50, 200 B, no limits, log on', STATELESS, 'p50', { most: 2.4, aim: 2 });
    report.target('p50, 200 B, one counter and log', COUNTER, 'p50', { most: 2.4, aim: 2 });
    report.below('p50, 200 B, one counter and log, below the SDK proxy', COUNTER, SDK, 'p50');
    report.target('calls/s, 64 in flight, one counter and log', COUNTER, 'calls/s, 64 in flight', {
      least: 0.3,
      aim: 0.4,
    });
    report.above("calls/s, 64 in flight, twice the SDK proxy's", COUNTER, SDK, 'calls/s, 64 in flight', 2);
  });
}

/**
 * Large messages in both directions. The targets are for a long text, which is what large arguments are (a file, a
 * page); an argument of thousands of small records shows the worst.
 */
async function sizes(run) {
  const { quick, report, say } = run;
  const kinds = [
    { title: '10 KB', size: 10 * KB, inFlight: 64, count: 1500, least: 0.35, aim: 0.35 },
    { title: '1 MB', size: MB, inFlight: 8, count: 48, least: 0.2, aim: 0.2 },
  ];
  for (const { title, size, inFlight, count, least, aim } of kinds) {
    await inScene(async (scene) => {
      const peers = [
        await scene.start(RAW, scene.relay()),
        await scene.start(RAW_AGAIN, scene.relay()),
        await scene.start(STATELESS, scene.wrap({ policy: POLICIES.stateless })),
        await scene.start(COUNTER, scene.wrap({ policy: POLICIES.counter })),
        await scene.start(SDK, scene.sdk()),
      ];
      const bodies = { text: [call(size)], ...(!quick && { records: [call(size, records)] }) };
      report.part(`sizes-${title}`, `Calls of ${title}, answers of ${title}`, 'against the raw relay');
      const [raw, again] = peers;
      for (const [body, template] of Object.entries(bodies)) {
        say(`${title} of ${body}`);
        for (const peer of peers) await warmUp(peer, template, Math.ceil(count / 2));
        const many = await interleave(peers, plan(run, 3, 15), (peer) =>
          peer.drive(template, count, inFlight),
        );
        const single = await interleave(peers, plan(run, 3, 11), (peer) =>
          peer.drive(template, Math.ceil(count / 4), 1),
        );
        const rate = `${body}: calls/s, ${inFlight} in flight`;
        compare(report, peers, raw, again, [
          [rate, '/s', (peer) => many.get(peer).map(({ ms }) => (count / ms) * 1000), 0.08],
          [
            `${body}: p50`,
            'ms',
            (peer) => single.get(peer).map(({ latencies }) => quantile(latencies, 0.5)),
            0.08,
          ],
        ]);
        if (body === 'text') report.target(`${title}, calls/s`, COUNTER, rate, { least, aim });
      }
      await scene.end(peers);
    });
  }
}

/** Resident memory of the process in the middle, after 500 calls and a moment of rest. */
async function memory(run) {
  const { bridges, report } = run;
  await inScene(async (scene) => {
    const argv = {
      [RAW]: () => scene.relay(),
      [RAW_AGAIN]: () => scene.relay(),
      [STATELESS]: () => scene.wrap({ policy: POLICIES.stateless }),
      [COUNTER]: () => scene.wrap({ policy: POLICIES.counter }),
      [SDK]: () => scene.sdk(),
      ...(bridges && { 'mcp-proxy + supergateway': undefined }),
    };
    const names = Object.keys(argv);
    const samples = await interleave(names, plan(run, 3, 9), async (name) => {
      const peer = argv[name] ? await scene.start(name, argv[name]()) : await scene.startBridges();
      await peer.drive([call(200)], 500, 1);
      await sleep(300);
      const bytes = peer.memory() ?? Number.NaN;
      await scene.end([peer]);
      return bytes / MB;
    });
    report.part('memory', 'Resident memory after 500 calls of 200 bytes', 'above the raw relay');
    const above = (name) => samples.get(name).map((mb, i) => mb - samples.get(RAW)[i]);
    for (const name of names) {
      report.cell(name, 'in all', { value: median(samples.get(name)), unit: 'MB' });
      if (name === RAW) continue;
      const more = spread(above(name));
      report.cell(name, 'above the raw relay', {
        value: more.value,
        unit: 'MB',
        low: more.low,
        high: more.high,
      });
    }
    report.control('above the raw relay', median(above(RAW_AGAIN)), 1.5, 0);
    report.target('Memory above the raw relay, MB', COUNTER, 'above the raw relay', { most: 20, aim: 12 });
  });
}

/** Several wrappers that share a database, and a counter in it, against as many raw relays. */
async function processes(run) {
  const { report, say } = run;
  await inScene(async (scene) => {
    const most = 8;
    const db = scene.database();
    const group = async (name, argv) => {
      const peers = [];
      for (let i = 0; i < most; i++) peers.push(await scene.start(name, argv()));
      return { name, peers };
    };
    const groups = [
      await group(RAW, () => scene.relay()),
      await group(RAW_AGAIN, () => scene.relay()),
      await group(COUNTER, () => scene.wrap({ policy: POLICIES.counter, db })),
    ];
    const template = [call(200)];
    for (const { peers } of groups) for (const peer of peers) await warmUp(peer, template, 500);
    const [raw, again] = groups;
    report.part('processes', 'Wrappers that share a database', 'against as many raw relays');
    for (const size of [1, 4, most]) {
      say(`${size} at once`);
      const count = Math.ceil(1200 / size);
      const samples = await interleave(groups, plan(run, 3, 15), async ({ peers }) => {
        const begin = performance.now();
        const bursts = await Promise.all(peers.slice(0, size).map((peer) => peer.drive(template, count, 1)));
        const ms = performance.now() - begin;
        return { ms, latencies: bursts.flatMap(({ latencies }) => [...latencies]) };
      });
      const title = `${size} at once`;
      compare(report, groups, raw, again, [
        [
          `${title}: calls/s`,
          '/s',
          (one) => samples.get(one).map(({ ms }) => ((count * size) / ms) * 1000),
          0.06,
        ],
        [
          `${title}: p99`,
          'ms',
          (one) => samples.get(one).map(({ latencies }) => quantile(latencies, 0.99)),
          0.25,
        ],
      ]);
    }
    await scene.end(groups.flatMap(({ peers }) => peers));
  });
}

async function rules(run) {
  const sizes_ = [
    ['1 entry', POLICIES.counter],
    ['1 entry again', POLICIES.counter],
    ['100 entries', POLICIES.entries(100)],
    ['1,000 entries', POLICIES.entries(1000)],
    ['100 patterns', POLICIES.patterns(100)],
    ['1,000 patterns', POLICIES.patterns(1000)],
  ];
  await growth(run, {
    id: 'rules',
    title: 'Growth with the policy',
    contestants: (scene) => sizes_.map(([name, policy]) => [name, scene.wrap({ policy })]),
    templates: () => [call(200)],
    targets: ['1,000 entries', '1,000 patterns'],
  });
}

/** Many counts, so that the calls of the benchmark itself hardly change how many charges one of them holds. */
async function charges(run) {
  const { quick } = run;
  const sizes_ = [
    ['10 live charges', 10, 1000],
    ['10 live charges again', 10, 1000],
    ...(quick ? [] : [['100 live charges', 100, 500]]),
    ...(quick ? [] : [['1,000 live charges', 1000, 100]]),
    ['10,000 live charges', 10_000, quick ? 5 : 30],
  ];
  const keys = (counts) => Array.from({ length: counts }, (_, i) => ({ k: `k${i}` }));
  const countsOf = new Map(sizes_.map(([name, , counts]) => [name, counts]));
  await growth(run, {
    id: 'charges',
    title: 'Growth with live charges in the counter that is charged',
    contestants: async (scene) => {
      const made = [];
      for (const [name, each, counts] of sizes_) {
        const args = keys(counts);
        // Each at an instant of its own, or many would be one row.
        const filling = { policy: POLICIES.split, args, calls: each * counts, together: counts, days: 0.5 };
        const db = await scene.filled(filling);
        made.push([name, scene.wrap({ policy: POLICIES.split, db })]);
      }
      return made;
    },
    templates: (name) => keys(countsOf.get(name)).map((args) => call(200, undefined, args)),
    targets: ['10,000 live charges'],
  });
}

async function log(run) {
  const { quick, say } = run;
  const many = quick ? 100_000 : 1_000_000;
  const title = `${many.toLocaleString('en')} log rows`;
  await growth(run, {
    id: 'log',
    title: 'Growth with the decision log',
    contestants: async (scene) => {
      say(`${title} are written`);
      const policy = ({ limits, ...rest }) => rest;
      const filling = { policy: policy(POLICIES.stateless), args: [{ k: 'k' }], calls: many, days: 60 };
      const db = await scene.filled(filling);
      return [
        ['0 log rows', scene.wrap({ policy: POLICIES.counter })],
        ['0 log rows again', scene.wrap({ policy: POLICIES.counter })],
        [title, scene.wrap({ policy: POLICIES.counter, db })],
      ];
    },
    templates: () => [call(200)],
    targets: quick ? [] : [title],
  });
}

/** p50 of one contestant after another against the first; the second is the first again. */
async function growth(run, { id, title, contestants, templates, targets }) {
  const { quick, report, say } = run;
  await inScene(async (scene) => {
    const peers = [];
    for (const [name, argv] of await contestants(scene)) peers.push(await scene.start(name, argv));
    for (const peer of peers) await warmUp(peer, templates(peer.name), quick ? 1000 : 2000);
    say('p50');
    const samples = await interleave(peers, plan(run, 7, 41), (peer) =>
      peer.drive(templates(peer.name), 300, 1),
    );
    await scene.end(peers);
    const [base, again] = peers;
    report.part(id, title, `against ${base.name}`);
    compare(report, peers, base, again, [
      ['p50', 'ms', (peer) => samples.get(peer).map(({ latencies }) => quantile(latencies, 0.5)), 0.05],
      ['p99', 'ms', (peer) => samples.get(peer).map(({ latencies }) => quantile(latencies, 0.99)), 0.25],
    ]);
    for (const name of targets)
      report.target(`p50 at ${name} against ${base.name}`, name, 'p50', { most: 1.2, aim: 1.05 });
  });
}

/** Lists pass through the filter; one policy hides nothing, the other one tool. */
async function lists(run) {
  const { report, say } = run;
  for (const tools of [20, 2000]) {
    await inScene(async (scene) => {
      const peers = [
        await scene.start(RAW, scene.relay({ tools })),
        await scene.start(RAW_AGAIN, scene.relay({ tools })),
        await scene.start('policy-wrap, hides nothing', scene.wrap({ policy: POLICIES.stateless, tools })),
        await scene.start('policy-wrap, hides one tool', scene.wrap({ policy: POLICIES.hiding, tools })),
        await scene.start(SDK, scene.sdk({ tools })),
      ];
      const template = [request('tools/list', {})];
      for (const peer of peers) await peer.burst(template, 30, 1);
      say(`${tools} tools`);
      const count = tools > 1000 ? 10 : 150;
      const samples = await interleave(peers, plan(run, 3, 25), (peer) => peer.burst(template, count, 1));
      await scene.end(peers);
      const [raw, again] = peers;
      report.part(`lists-${tools}`, `Lists of ${tools.toLocaleString('en')} tools`, 'against the raw relay');
      compare(report, peers, raw, again, [
        ['p50', 'ms', (peer) => samples.get(peer).map(({ latencies }) => quantile(latencies, 0.5)), 0.08],
      ]);
    });
  }
}

/** Writes absolute medians and paired ratios of every contestant, and the control. */
function compare(report, contestants, base, again, measures) {
  for (const [title, unit, valuesOf, bound] of measures) {
    const baseValues = valuesOf(base);
    for (const one of contestants) {
      const values = valuesOf(one);
      report.cell(one.name, title, { value: median(values), unit, ratio: ratio(values, baseValues) });
    }
    report.control(title, ratio(valuesOf(again), baseValues).value, bound);
  }
}

function records(size) {
  const record = (i) => ({
    sku: `A-${10_000 + i}`,
    text: 'One of many lines',
    quantity: 3,
    price: 1250.5,
    tax: null,
  });
  const each = JSON.stringify(record(0)).length + 1;
  return Array.from({ length: Math.max(1, Math.floor(size / each)) }, (_, i) => record(i));
}
