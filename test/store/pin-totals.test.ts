import { afterAll, expect, test } from 'vitest';
import type { PinKind, SeenTool } from '../../src/store/pin-entry.js';
import type { PinTerms } from '../../src/store/pins.js';
import { Store } from '../../src/store/store.js';
import { sha256 } from '../../src/text/hash.js';
import { clock, done, eachDriver, tempDir } from './support.js';
import { admission, INFO, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const SERVER = INFO.server;
const FIRST_LIST = 60_000;
const NEW = 'the server did not have it when it was first seen; a person must look at it and trust it';
const text = (description: string) => JSON.stringify({ description });
const seen = (name: string, description = 'x', kind?: PinKind): SeenTool => ({
  name,
  kind,
  definition: text(description),
});

eachDriver('what came when a server was known already', () => {
  function start() {
    const time = clock();
    const path = temp.path();
    const store = Store.open(path, time);
    const session = store.startSession(INFO);
    const terms = { face: undefined, refusesNew: true, held: undefined };
    const by = (who: string, tools: readonly SeenTool[], ended: readonly PinKind[] = []) =>
      done(store.seeTools(SERVER, tools, { by: who, ended: new Set(ended) })).map(({ tool }) => tool);
    return {
      time,
      path,
      store,
      session,
      by,
      /** @param ended the kinds of which this list is whole */
      see: (tools: readonly SeenTool[], ended: readonly PinKind[] = []) => by(session, tools, ended),
      verdict: (tool: string, pinned: Partial<PinTerms> = {}) => {
        const one = admission(open(), { tool, pinned: { ...terms, ...pinned } });
        const [admitted] = done(store.admit(session, [one]));
        return admitted?.kind === 'refused' ? [admitted.code, admitted.why] : admitted?.kind;
      },
      open: () => store.openPins(SERVER).map(({ tool }) => tool),
      [Symbol.dispose]: () => store.close(),
    };
  }

  test('G3: a tool that comes a minute after the first is new: refused where the policy says so, until it is trusted', () => {
    using pins = start();
    pins.see([seen('pay')]);
    pins.time.at += FIRST_LIST;
    expect(pins.see([seen('send')])).toEqual([]);
    pins.time.at += 1;
    // Also before it is written down.
    expect(pins.verdict('late')).toEqual(['CHANGED', NEW]);
    expect(pins.verdict('late', { refusesNew: false })).toBe('allowed');
    expect(pins.see([seen('late')])).toEqual(['late']);
    expect(pins.see([seen('late')])).toEqual([]);
    expect(pins.verdict('late')).toEqual(['CHANGED', NEW]);
    expect(pins.verdict('late', { refusesNew: false })).toBe('allowed');
    expect(['pay', 'send'].map((tool) => pins.verdict(tool))).toEqual(['allowed', 'allowed']);
    expect(pins.store.changedTools(SERVER)).toEqual([]);
    expect(pins.open()).toEqual(['late']);
    const shown = pins.store.openPins(SERVER);
    expect(shown).toMatchObject([{ late: true, changed: undefined, definition: text('x') }]);
    expect(done(pins.store.trustTools(shown, 'cli'))).toHaveLength(1);
    expect(pins.verdict('late')).toBe('allowed');
    expect(pins.open()).toEqual([]);
    expect(done(pins.store.trustTools(shown, 'cli'))).toBeUndefined();
    expect(pins.store.events().map(({ kind }) => kind)).toEqual(['pin.new', 'pin.trusted']);
  });

  test('a whole list ends it at once, one without tools does not, and each kind has its own', () => {
    using pins = start();
    const note = (kind: PinKind) =>
      expect(done(pins.store.noteTools(SERVER, [], { by: pins.session, ended: new Set([kind]) }))).toEqual(
        [],
      );
    note('tool');
    pins.time.at += FIRST_LIST + 1;
    // Nor does one of which nobody says that it is whole.
    expect(done(pins.store.seeTools(SERVER, [seen('first')]))).toEqual([]);
    expect(pins.see([seen('pay'), seen('ask', 'x', 'prompt')], ['tool'])).toEqual([]);
    expect(pins.see([seen('send')])).toEqual(['send']);
    expect(pins.see([seen('tell', 'x', 'prompt')])).toEqual([]);
    // A whole list of prompts may be empty.
    note('resource');
    expect(pins.see([seen('file', 'x', 'resource')])).toEqual(['file']);
  });

  test('a new tool that changes before it was trusted is shown as it is now', () => {
    using pins = start();
    pins.see([seen('pay')], ['tool']);
    pins.see([seen('late', 'a')]);
    const shown = pins.store.openPins(SERVER);
    expect(pins.see([seen('late', 'b')])).toEqual(['late']);
    expect(done(pins.store.trustTools(shown, 'cli'))).toBeUndefined();
    expect(pins.verdict('late')).toEqual(['CHANGED', NEW]);
    expect(done(pins.store.trustTools(pins.store.openPins(SERVER), 'cli'))).toHaveLength(1);
    expect(pins.verdict('late')).toBe('allowed');
    expect(pins.store.pin(SERVER, 'tool', 'late')).toMatchObject({
      hash: sha256(text('b')),
      definition: text('b'),
      late: false,
      changed: undefined,
    });
  });

  test('G3: a late definition that cannot be pinned is changed, and trusting passes it over', () => {
    using pins = start();
    pins.see([seen('pay')], ['tool']);
    expect(pins.see([{ ...seen('late'), unpinnable: true }])).toEqual(['late']);
    expect(done(pins.store.trustTools(pins.store.openPins(), 'cli'))).toEqual([]);
    expect(pins.verdict('late', { refusesNew: false })).toEqual(['CHANGED', undefined]);
  });

  test('how a listed definition stands to what is trusted', () => {
    using pins = start();
    const stands = (name: string, description: string) =>
      pins.store.standing(SERVER, 'tool', name, sha256(text(description)));
    const unseen = { kind: 'same', trusted: undefined, hash: '', isUnseen: true };
    expect(stands('pay', 'x')).toEqual({ ...unseen, isLate: false });
    const long = 'y'.repeat(70_000);
    pins.see([seen('pay'), seen('long', long), { ...seen('twin'), unpinnable: true }], ['tool']);
    const hash = sha256(text('x'));
    const same = { kind: 'same', trusted: undefined, isLate: false, isUnseen: false };
    const changed = { ...same, kind: 'changed' };
    expect(stands('pay', 'x')).toEqual({ ...same, hash });
    expect(stands('pay', 'z')).toEqual({ ...changed, trusted: text('x'), hash });
    // Nothing to go by: it was too long to be kept, or could not be pinned.
    expect(stands('long', long)).toEqual({ ...same, hash: sha256(text(long)) });
    expect(stands('long', 'z')).toEqual({ ...changed, hash: sha256(text(long)) });
    expect(stands('twin', 'x')).toEqual({ ...changed, hash: '' });
    expect(stands('late', 'x')).toEqual({ ...unseen, isLate: true });
    pins.see([seen('late')]);
    expect(stands('late', 'x')).toEqual({ ...same, hash, isLate: true });
  });

  test('G3: a call goes by what its own session was shown, and goes on with what is trusted where the policy holds it', () => {
    using pins = start();
    pins.see([seen('pay'), seen('send')], ['tool']);
    const [old, evil, other] = ['x', 'evil', 'other'].map((one) => sha256(text(one))) as [
      string,
      string,
      string,
    ];
    expect(pins.verdict('pay', { face: old })).toBe('allowed');
    // Another face than what is trusted, though no list has been written down.
    expect(pins.verdict('pay', { face: evil })).toEqual(['CHANGED', undefined]);
    pins.see([seen('pay', 'evil')]);
    expect(pins.verdict('pay')).toEqual(['CHANGED', undefined]);
    expect(pins.verdict('pay', { face: old })).toBe('allowed');
    const held = { trusted: old, face: evil, fault: undefined };
    expect(pins.verdict('pay', { face: evil, held })).toBe('allowed');
    expect(pins.verdict('pay', { held })).toBe('allowed');
    expect(pins.verdict('pay', { face: evil, held: { ...held, fault: 'no "to" there' } })).toEqual([
      'CHANGED',
      'no "to" there',
    ]);
    // Held against something else than what is trusted, or shown, by now.
    for (const wrong of [
      { ...held, trusted: other },
      { ...held, face: other },
    ])
      expect(pins.verdict('pay', { face: evil, held: wrong })?.[0]).toBe('CHANGED');
    // What never could be pinned has nothing to be held against.
    pins.see([{ ...seen('twin'), unpinnable: true }]);
    expect(pins.verdict('twin', { refusesNew: false, face: evil, held: { ...held, trusted: '' } })?.[0]).toBe(
      'CHANGED',
    );
  });

  test('G3: a mark is taken back by the session that made it, or when that is over, and by no other', () => {
    using pins = start();
    const other = pins.store.startSession(INFO);
    const isMarked = () => pins.store.changedTools(SERVER).length === 1;
    pins.see([seen('pay')], ['tool']);
    expect(pins.by(other, [seen('pay', 'evil')])).toEqual(['pay']);
    pins.see([seen('pay')]);
    expect(isMarked()).toBe(true);
    // Nor does seeing the same mark make it one's own.
    pins.see([seen('pay', 'evil')]);
    pins.see([seen('pay')]);
    expect(isMarked()).toBe(true);
    pins.by(other, [seen('pay')]);
    expect(isMarked()).toBe(false);

    pins.by(other, [seen('pay', 'evil')]);
    pins.store.endSession(other);
    pins.see([seen('pay')]);
    expect(isMarked()).toBe(false);

    // A mark whose session is over gets a new owner.
    const third = pins.store.startSession(INFO);
    pins.by(third, [seen('pay', 'evil')]);
    pins.store.endSession(third);
    const fourth = pins.store.startSession(INFO);
    expect(pins.by(fourth, [seen('pay', 'evil')])).toEqual([]);
    pins.see([seen('pay')]);
    expect(isMarked()).toBe(true);
    pins.by(fourth, [seen('pay')]);
    expect(isMarked()).toBe(false);
  });

  test('what is written down was compared before: what another wrapper wrote meanwhile is not news again', () => {
    using pins = start();
    const { store, session } = pins;
    pins.see([seen('pay'), seen('send')], ['tool']);
    const observer = { by: session, ended: new Set<PinKind>() };
    const updates = store.compareTools(SERVER, [seen('pay', 'new')], session);
    pins.see([seen('pay', 'new')]);
    expect(done(store.noteTools(SERVER, updates, observer))).toEqual([]);
    done(store.trustTools(store.openPins(SERVER), 'cli'));
    expect(done(store.noteTools(SERVER, updates, observer))).toEqual([]);
    expect(pins.open()).toEqual([]);
  });

  test('names and definitions that are too long are told apart by their digests', () => {
    using pins = start();
    const long = (end: string) => `${'n'.repeat(600)}${end}`;
    pins.see([seen(long('a')), seen('n'.repeat(512)), seen('pay', 'y'.repeat(70_000))], ['tool']);
    const names = pins.store.pins(SERVER).map(({ tool }) => tool);
    expect(names.map((name) => name.length).sort((a, b) => a - b)).toEqual([3, 166, 512]);
    expect(pins.verdict(long('a'))).toBe('allowed');
    expect(pins.verdict(long('b'))).toEqual(['CHANGED', NEW]);
    expect(pins.store.pin(SERVER, 'tool', long('a'))).toMatchObject({ definition: text('x') });
    expect(pins.store.pin(SERVER, 'tool', long('b'))).toBeUndefined();
    expect(pins.store.pin(SERVER, 'prompt', 'pay')).toBeUndefined();
    expect(pins.store.pin(SERVER, 'tool', 'pay')?.definition).toMatch(/^\{"tooLong":"70018 characters/);
    // At the bound a definition is kept whole.
    const whole = seen('whole', 'y'.repeat(65_536 - text('').length));
    expect(whole.definition).toHaveLength(65_536);
    pins.see([whole]);
    expect(pins.store.pin(SERVER, 'tool', 'whole')?.definition).toBe(whole.definition);
  });

  test('tools of other servers are told by name, those that this one has too are not', () => {
    using pins = start();
    pins.see([seen('pay'), seen('ask', 'x', 'prompt')]);
    done(
      pins.store.seeTools('other', [seen('pay'), seen('look'), seen('find'), seen('tell', 'x', 'prompt')]),
    );
    expect([...pins.store.toolsOfOthers(SERVER, 9)].sort()).toEqual(['find', 'look']);
    expect(pins.store.toolsOfOthers(SERVER, 1).size).toBe(1);
    expect([...pins.store.toolsOfOthers('other', 9)]).toEqual([]);
    expect(pins.store.pins().map(({ server, kind, tool }) => `${server} ${kind} ${tool}`)).toEqual([
      `${SERVER} prompt ask`,
      `${SERVER} tool pay`,
      'other prompt tell',
      'other tool find',
      'other tool look',
      'other tool pay',
    ]);
    expect(pins.store.pins(SERVER)).toHaveLength(2);
  });

  test('what stops calls here is told one by one, and a hidden call is not told of', () => {
    using pins = start();
    pins.see([seen('pay'), seen('send')], ['tool']);
    pins.see([seen('pay', 'evil')]);
    const pinned = { face: undefined, refusesNew: true };
    const call = (tool: string, evaluation: ReturnType<typeof open> = open()) => ({
      tool,
      evaluation,
      pinned,
    });
    const stops = (...calls: ReturnType<typeof call>[]) =>
      pins.store.stops(SERVER, calls).map((stop) => stop && [stop.code, stop.why]);
    const hidden = { kind: 'hidden' } as const;
    expect(stops(call('pay'), call('send'), call('late'), call('pay', hidden))).toEqual([
      ['CHANGED', undefined],
      undefined,
      ['CHANGED', NEW],
      undefined,
    ]);
    expect(pins.store.stops(SERVER, [{ tool: 'pay', evaluation: open() }])).toEqual([undefined]);
    done(pins.store.pause(SERVER, 'odd', 'cli'));
    const refused = (code: 'MALFORMED' | 'DENY_IF') =>
      ({ kind: 'refused', refusal: { code, rule: '', authorText: undefined, explanation: '' } }) as const;
    const paused = ['PAUSED', 'a person has stopped every call ("odd"), and only a person can lift that'];
    expect(
      stops(
        call('pay'),
        call('send'),
        call('pay', hidden),
        call('pay', refused('DENY_IF')),
        call('pay', refused('MALFORMED')),
      ),
    ).toEqual([paused, paused, undefined, paused, undefined]);
  });
});
