import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { READING_MS } from '../../src/approval/prompt-form.js';
import { PromptQueue } from '../../src/approval/prompt-queue.js';
import type { Message } from '../support/rig.js';

const ALLOW = { action: 'accept', content: { decision: 'allow_once' } };
const DENY = { action: 'decline' };

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A queue, what it sent to the client, and what became of each held call. */
class Scene {
  readonly sent: Message[] = [];
  readonly resumed: string[] = [];
  /** Calls that somebody decided elsewhere. */
  readonly decided = new Set<string>();
  readonly queue = new PromptQueue(
    (message) => void this.sent.push(message),
    () => undefined,
  );

  hold(callId: string, waitMs = 10_000, progressToken?: string | number): boolean {
    return this.queue.hold({
      callId,
      prompt: { message: callId, requestedSchema: {} },
      challenge: undefined,
      progressToken,
      waitMs,
      isDecided: () => this.decided.has(callId),
      resume: (answer) => void this.resumed.push(`${callId} ${answer}`),
    });
  }

  get questions(): Message[] {
    return this.sent.filter(({ method }) => method === 'elicitation/create');
  }

  get asked(): string[] {
    return this.questions.map(({ params }) => params.message);
  }

  get withdrawn(): string[] {
    return this.sent
      .filter(({ method }) => method === 'notifications/cancelled')
      .map(({ params }) => this.questions.find(({ id }) => id === params.requestId)?.params.message);
  }

  answer(question: Message, result: unknown = ALLOW, afterMs = READING_MS): void {
    vi.advanceTimersByTime(afterMs);
    this.queue.answer(question.id, { jsonrpc: '2.0', id: question.id, result });
  }
}

describe('G10: questions to a person in the client', () => {
  test('one at a time, in their order; each answer belongs to its own question', () => {
    const scene = new Scene();
    for (const id of ['a', 'b', 'c']) expect(scene.hold(id)).toBe(true);
    expect(scene.asked).toEqual(['a']);
    scene.answer(scene.questions[0]);
    expect(scene.asked).toEqual(['a', 'b']);
    scene.answer(scene.questions[1], DENY);
    scene.answer(scene.questions[2]);
    expect(scene.resumed).toEqual(['a allow', 'b deny', 'c allow']);
    expect(new Set(scene.questions.map(({ id }) => id)).size).toBe(3);
    expect(scene.withdrawn).toEqual([]);
  });

  test('an answer to a question that is answered, or to none, changes nothing', () => {
    const scene = new Scene();
    scene.hold('a');
    scene.hold('b');
    const [first] = scene.questions;
    scene.answer(first, DENY);
    scene.answer(first);
    scene.queue.answer(`${first.id}0`, { result: ALLOW });
    expect(scene.resumed).toEqual(['a deny']);
    expect(scene.asked).toEqual(['a', 'b']);
  });

  test('the time of an answer counts from its question, not from the call', () => {
    const scene = new Scene();
    scene.hold('a');
    scene.hold('b');
    scene.answer(scene.questions[0]);
    scene.answer(scene.questions[1], ALLOW, READING_MS - 1);
    expect(scene.resumed).toEqual(['a allow', 'b dismissed']);
  });

  test('an id is ours when it begins as ours do, and none is before the first question', () => {
    const scene = new Scene();
    expect(scene.queue.owns('pw-1-0')).toBe(false);
    scene.hold('a');
    const { id } = scene.questions[0];
    expect(scene.queue.owns(id)).toBe(true);
    expect([0, '0', 'pw-', `x${id}`, id.toUpperCase()].map((other) => scene.queue.owns(other))).toEqual(
      Array(5).fill(false),
    );
    expect(new Scene().queue.owns(id)).toBe(false);
  });

  test('no more than eight are held', () => {
    const scene = new Scene();
    const held = Array.from({ length: 9 }, (_, n) => scene.hold(`${n}`));
    expect(held).toEqual([...Array(8).fill(true), false]);
    scene.answer(scene.questions[0]);
    expect(scene.hold('again')).toBe(true);
  });

  test('nobody answers: each is let go at the end of its own wait, and the question is withdrawn', () => {
    const scene = new Scene();
    scene.hold('a', 3000);
    scene.hold('b', 2000);
    vi.advanceTimersByTime(1999);
    expect(scene.resumed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(scene.resumed).toEqual(['b nobody']);
    expect(scene.withdrawn).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(scene.resumed).toEqual(['b nobody', 'a nobody']);
    expect(scene.withdrawn).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('with too little time left to read it a question is not put', () => {
    const scene = new Scene();
    scene.hold('a', 3000);
    scene.hold('b', 3000);
    scene.hold('quick', 2500);
    scene.answer(scene.questions[0], ALLOW, 2100);
    expect(scene.asked).toEqual(['a']);
    vi.advanceTimersByTime(900);
    expect(scene.resumed).toEqual(['a allow', 'quick nobody', 'b nobody']);
  });

  test('exactly enough time is enough', () => {
    const asked = (after: number) => {
      const scene = new Scene();
      scene.hold('a', 5000);
      scene.hold('b', 2000);
      scene.answer(scene.questions[0], ALLOW, after);
      return scene.asked;
    };
    expect(asked(1000)).toEqual(['a', 'b']);
    expect(asked(1001)).toEqual(['a']);
    // Half of its wait, where that is less than a second.
    const scene = new Scene();
    scene.hold('a', 5000);
    scene.hold('short', 1000);
    scene.answer(scene.questions[0], ALLOW, 500);
    expect(scene.asked).toEqual(['a', 'short']);
  });

  test('half of a short wait is enough to put a question', () => {
    const scene = new Scene();
    scene.hold('short', 600);
    expect(scene.asked).toEqual(['short']);
  });

  test('decided elsewhere: it goes on within half a second, whether it was asked about or waits its turn', () => {
    const scene = new Scene();
    for (const id of ['a', 'b', 'c']) scene.hold(id);
    scene.decided.add('a').add('c');
    vi.advanceTimersByTime(500);
    expect(scene.resumed).toEqual(['a elsewhere', 'c elsewhere']);
    expect(scene.withdrawn).toEqual(['a']);
    expect(scene.asked).toEqual(['a', 'b']);
  });

  test('given up by the client: its question is withdrawn and the next one put; nobody is told', () => {
    const scene = new Scene();
    for (const id of ['a', 'b', 'c']) scene.hold(id);
    scene.queue.cancel('b');
    expect(scene.withdrawn).toEqual([]);
    scene.queue.cancel('a');
    expect(scene.withdrawn).toEqual(['a']);
    expect(scene.asked).toEqual(['a', 'c']);
    expect(scene.resumed).toEqual([]);
  });

  test('abandoned: nothing is asked, told or waited for any more', () => {
    const scene = new Scene();
    scene.hold('a');
    scene.hold('b');
    const [question] = scene.questions;
    scene.queue.abandon();
    scene.answer(question);
    vi.advanceTimersByTime(20_000);
    expect(scene.resumed).toEqual([]);
    expect(scene.sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('while a call waits', () => {
  const told = ({ sent }: Scene) =>
    sent.filter(({ method }) => method === 'notifications/progress').map(({ params }) => params);

  test('the client hears of it at once and every five seconds, where it gave a token, until it is over', () => {
    const scene = new Scene();
    scene.hold('a', 30_000, 'tok');
    scene.hold('b', 30_000);
    expect(told(scene)).toMatchObject([{ progressToken: 'tok', message: 'waiting for a person to decide' }]);
    vi.advanceTimersByTime(4999);
    expect(told(scene)).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(told(scene)).toHaveLength(2);
    vi.advanceTimersByTime(6000);
    expect(told(scene)).toHaveLength(3);
    const values = told(scene).map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    // The server's own begins at 0 or 1, and has to be more.
    expect(Math.max(...values)).toBeLessThan(0.001);
    scene.answer(scene.questions[0]);
    vi.advanceTimersByTime(20_000);
    expect(told(scene).length).toBeLessThanOrEqual(4);
    expect(scene.resumed).toEqual(['a allow', 'b nobody']);
  });
});
