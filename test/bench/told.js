import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inScene, plan, warmUp } from './common.js';
import { interleave, median, quantile, ratio } from './measure.js';
import { request } from './peer.js';

/** Each call fills its limit as far as `warn_at`, so that there is something to tell with every one. */
const POLICY = {
  version: '1',
  default: 'allow',
  tools: {
    echo: { limits: [{ counter: 'calls', window: 'minute', max: 1e9, warn_at: 1e-9, per: 'args.k' }] },
  },
};

/** Whether calls wait for those who are told of them: nobody, a receiver and a collector that take and never answer. */
export async function told(run) {
  const { report } = run;
  const dead = createServer((socket) => void socket.on('error', () => {}).resume());
  await new Promise((resolve) => dead.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${dead.address().port}`;
  try {
    await inScene(async (scene) => {
      const wrapped = (name, settings) => {
        const home = join(scene.folder, name.replaceAll(/\W/g, '-'));
        if (settings) {
          mkdirSync(join(home, 'policy-wrap'), { recursive: true });
          const text = JSON.stringify({ version: '1', channels: {}, ...settings });
          writeFileSync(join(home, 'policy-wrap', 'notify.json'), text, { mode: 0o600 });
        }
        return scene.start(name, scene.wrap({ policy: POLICY }), { XDG_CONFIG_HOME: home });
      };
      const hook = { type: 'webhook', url, secret: 'x' };
      const peers = [
        await wrapped('nobody is told'),
        await wrapped('nobody is told, again'),
        await wrapped('a dead webhook', { channels: { hook }, per_hour: 1000 }),
        await wrapped('a dead collector', { telemetry: { endpoint: url } }),
      ];
      const calls = Array.from({ length: 300 }, (_, k) =>
        request('tools/call', { name: 'echo', arguments: { k } }),
      );
      for (const peer of peers) await warmUp(peer, calls, 2000);
      const samples = await interleave(peers, plan(run, 9, 31), (peer) => peer.drive(calls, 300, 1));
      await scene.end(peers);
      const of = (peer) => samples.get(peer).map(({ latencies }) => quantile(latencies, 0.5));
      const [base, again] = peers;
      report.part('told', 'Calls of which somebody is to be told', 'against a wrapper that tells nobody');
      for (const peer of peers)
        report.cell(peer.name, 'p50', {
          value: median(of(peer)),
          unit: 'ms',
          ratio: ratio(of(peer), of(base)),
        });
      report.control('p50', ratio(of(again), of(base)).value, 0.05);
      report.target('p50 with a dead webhook', 'a dead webhook', 'p50', { most: 1.1, aim: 1.05 });
    });
  } finally {
    dead.close();
  }
}
