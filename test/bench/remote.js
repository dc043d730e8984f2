import { call, inScene, plan, warmUp } from './common.js';
import { POLICIES } from './contestants.js';
import { interleave, median, quantile, ratio } from './measure.js';

const OURS = 'policy-wrap';
const AGAIN = 'policy-wrap again';
const OTHERS = ['mcp-remote', 'supergateway'];
const MB = 1_000_000;
/** The others are about twice as far away or more, so that a restless machine need not hide it. */
const DRIFT = 0.3;

/** A server at an address, behind policy-wrap and behind bridges that decide and remember nothing. */
export async function remote(run) {
  const { quick, bridges, report, say } = run;
  await inScene(async (scene) => {
    const url = await scene.httpServer();
    const wrap = () => scene.wrapRemote({ policy: POLICIES.counter, url });
    const argv = { [OURS]: wrap, [AGAIN]: wrap };
    for (const name of OTHERS) if (bridges) argv[name] = () => scene.bridgeTo(name, url);
    const names = Object.keys(argv);

    say('start');
    const once = async (name) => {
      const peer = scene.launch(name, argv[name]());
      const ms = await peer.initialize();
      await scene.endOf([peer]);
      return ms;
    };
    for (const name of names) await once(name);
    const starts = await interleave(names, plan(run, 3, 9), once);

    const peers = [];
    for (const name of names) peers.push(await scene.start(name, argv[name]()));
    const template = [call(200)];
    for (const peer of peers) await warmUp(peer, template, quick ? 500 : 2000);
    say('one in flight');
    const single = await interleave(peers, plan(run, 5, 25), (peer) => peer.drive(template, 150, 1));
    say('32 in flight');
    const count = 600;
    const many = await interleave(peers, plan(run, 5, 25), (peer) => peer.drive(template, count, 32));
    const memory = new Map(peers.map((peer) => [peer, [(peer.memory() ?? Number.NaN) / MB]]));
    await scene.end(peers);

    report.part('remote', 'A remote server, calls of 200 bytes', 'against policy-wrap');
    const byName = (samples, values) => new Map(peers.map((peer) => [peer.name, values(samples.get(peer))]));
    const measures = [
      ['start', 'ms', starts, DRIFT],
      ['p50', 'ms', byName(single, (all) => all.map(({ latencies }) => quantile(latencies, 0.5))), DRIFT],
      ['calls/s, 32 in flight', '/s', byName(many, (all) => all.map(({ ms }) => (count / ms) * 1000)), DRIFT],
      ['processor time, one in flight', 'us', byName(single, (all) => all.map(({ cost }) => cost)), DRIFT],
      ['processor time, 32 in flight', 'us', byName(many, (all) => all.map(({ cost }) => cost)), DRIFT],
      ['memory', 'MB', byName(memory, (all) => all), DRIFT],
    ];
    for (const [title, unit, samples, bound] of measures) {
      const base = samples.get(OURS);
      for (const name of names) {
        const values = samples.get(name);
        report.cell(name, title, { value: median(values), unit, ratio: ratio(values, base) });
      }
      report.control(title, ratio(samples.get(AGAIN), base).value, bound);
    }
    for (const other of OTHERS.filter((name) => names.includes(name))) {
      for (const measure of ['start', 'p50', 'memory'])
        report.below(`remote: ${measure}, below ${other}`, OURS, other, measure);
      report.above(`remote: calls/s, above ${other}`, OURS, other, 'calls/s, 32 in flight', 1);
    }
  });
}
