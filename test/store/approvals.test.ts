import { afterAll, expect, test } from 'vitest';
import { Approvals } from '../../src/store/approvals.js';
import { Events } from '../../src/store/events.js';
import { StateFile } from '../../src/store/sqlite/file.js';
import { approvalsContract, asking, terms } from './contract/approvals.js';
import { localGround, wait } from './contract/ground.js';
import { eachDriver, rows, tempDir } from './support.js';
import { admission } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const EXPIRES = 600_000;

eachDriver('approvals', () => {
  const ground = localGround(temp);
  approvalsContract(ground);

  async function ask(argumentsHash = 'a'.repeat(64)): Promise<string> {
    const one = admission(asking(), { tool: 'crear_factura', approval: terms({ argumentsHash }) });
    const [admitted] = await ground.admit(ground.own, [one]);
    return admitted?.kind === 'asked' ? admitted.approval.id : '';
  }

  test.each(['pending', 'rejected', 'expired', 'consumed', 'over'] as const)(
    'G10: the row itself refuses to be used up from the state %s',
    async (state) => {
      const id = await ask();
      if (state === 'consumed' || state === 'over') await ground.decideApproval(id, 'approved', 'cli');
      else if (state !== 'pending') await ground.decideApproval(id, state, 'cli');
      if (state === 'over') await wait(ground, EXPIRES);
      const file = StateFile.open(ground.path);
      const approvals = new Approvals(file.db, new Events(file.db));
      if (state === 'consumed') approvals.consume(id, ground.at);
      expect(() => approvals.consume(id, ground.at)).toThrow('cannot be consumed');
      expect(approvals.get(id, ground.at)?.state).toBe(state === 'over' ? 'expired' : state);
      file.close();
    },
  );

  test('of budgets that are used up or over nothing is left in the file', async () => {
    const kept = () => rows(ground.path, 'SELECT calls_left FROM budgets').length;
    const id = await ask();
    await ground.decideApproval(id, 'approved', 'cli', { budget: { calls: 1, forMs: EXPIRES } });
    expect(await ask()).toBe('');
    // By the budget.
    expect(await ask('1')).toBe('');
    const other = await ask('2');
    await ground.decideApproval(other, 'approved', 'cli', { budget: { calls: 5, forMs: 1 } });
    expect(kept()).toBe(2);
    await wait(ground, 1);
    await ground.tidy();
    expect(kept()).toBe(0);
  });
});
