import { expect, test } from 'vitest';
import { fuzz } from './fuzz.js';

test('G2 G6 G8 G9: hostile lines from both sides leave the wrapper serving, its output pure and its memory as it was', async () => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const lines = Number(process.env.FUZZ_LINES ?? 100_000);
  const { impure, leaked, received, listed, exit, memory, stderr } = await fuzz(lines, seed);
  expect({ impure, leaked, exit }, `FUZZ_SEED=${seed} ${stderr}`).toEqual({
    impure: [],
    leaked: [],
    exit: 0,
  });
  expect([...listed], `FUZZ_SEED=${seed}`).not.toContain('delete_repo');
  expect(received).toBeGreaterThan(lines / 20);
  // What stays open is kept, up to 65,536 requests a side; it comes to 0.7 MB from one checkpoint to the other.
  expect((memory.at(-1) ?? 0) - (memory[4] ?? 0), `MB at checkpoints: ${memory}`).toBeLessThan(2);
});
