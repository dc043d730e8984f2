import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { argumentPaths } from '../../advice/tool-schema.js';
import { readSnapshot } from '../../clients/files/read.js';
import { policyVersions, versionText } from '../../config/policy-history.js';
import { readTextFile } from '../../config/text-file.js';
import { casesOf, runCases } from '../../draft/cases.js';
import { differenceOf } from '../../draft/difference.js';
import { findingsOf, readDraft, unjudgedSections } from '../../draft/findings.js';
import { knownDefinitions } from '../../draft/known-tools.js';
import { saveDraft } from '../../draft/save.js';
import { tightenedBy } from '../../draft/tightened.js';
import { PolicyWrapError, reasonOf } from '../../errors.js';
import { stack } from '../../policy/evaluate/layers.js';
import { policyJsonSchema } from '../../policy/read/json-schema.js';
import type { Language } from '../api-types/names.js';
import {
  type CaseRow,
  CheckBody,
  type Checked,
  CompareBody,
  type Compared,
  type DecidingBy,
  type PolicyList,
  type PolicyText,
  RestoreBody,
  type SaveAnswer,
  type Version,
  VersionBody,
} from '../api-types/policy.js';
import type { Page } from '../page.js';
import { editablePolicy, policiesHere, policyHere, serversOfPolicy } from '../policies.js';
import { get, post, type Route } from '../route.js';
import { problemTold } from '../words/lint-spanish.js';

/** The policy files of this machine: read, checked, compared, saved, and taken back. */
export const POLICY: readonly Route[] = [
  get('/api/policies', (_asked, page): PolicyList => {
    const { policies, unclear } = policiesHere(page);
    const rows = policies.map(({ file, servers, state, extends: layers, extendedBy }) => ({
      ...{ file, servers, state, extends: layers, extendedBy },
    }));
    return { policies: rows, unclear };
  }),
  get('/api/policy', ({ query }, page) => policyText(page, query.get('file') ?? '')),
  get('/api/policy/schema', ({ query }, page) => {
    const { servers } = policyHere(page, query.get('file') ?? '');
    const tools = servers.flatMap((server) => knownDefinitions(server, page.options.db));
    return policyJsonSchema(
      tools.map(({ name, inputSchema }) => ({ name, paths: argumentPaths(inputSchema) })),
    );
  }),
  post('/api/policy/check', CheckBody, ({ body, language }, page) => checked(page, body, language)),
  post('/api/policy/compare', CompareBody, ({ body, language }, page) => compared(page, body, language)),
  post('/api/policy/save', CompareBody, ({ body: { file, base, text } }, page) =>
    save(page, file, base, text),
  ),
  get('/api/policy/versions', ({ query }, page): readonly Version[] => {
    const real = realOf(policyHere(page, query.get('file') ?? '').file);
    return policyVersions(real).map(({ path, replacedAt }) => ({
      name: basename(path),
      replacedAt,
      lines: (versionText(real, basename(path)) ?? '').split('\n').length,
    }));
  }),
  post('/api/policy/version', VersionBody, ({ body: { file, name } }, page) => ({
    text: versionOf(policyHere(page, file).file, name),
  })),
  post('/api/policy/restore', RestoreBody, ({ body: { file, name, base } }, page) =>
    save(page, file, base, versionOf(editablePolicy(page, file).file, name)),
  ),
  get('/api/policy/deciding', ({ query }, page) => deciding(page, query.get('file') ?? '')),
];

function policyText(page: Page, path: string): PolicyText {
  const { text, fresh, ...row } = policyHere(page, path);
  const layers = row.extends.map((file) => {
    try {
      return { file, text: readTextFile(file, 'the policy', 'POLICY_INVALID') };
    } catch (error) {
      return { file, text: undefined, problem: reasonOf(error) };
    }
  });
  // What is there and cannot be read as text must not look like an empty file.
  const there = row.state === 'file' ? (readSnapshot(path)?.text ?? '') : '';
  return {
    ...row,
    text: there,
    start: fresh?.text ?? there,
    from: fresh && { preset: fresh.preset },
    layers,
  };
}

function checked(page: Page, { file, text }: CheckBody, language: Language): Checked {
  const servers = serversOfPolicy(page, file);
  const found = readDraft(text, file);
  const tools = servers.flatMap((server) => knownDefinitions(server, page.options.db));
  return {
    problems: findingsOf(found, tools.length > 0 ? tools : undefined).map((problem) =>
      problemTold(problem, language),
    ),
    isUsable: found.kind === 'policy',
    unjudged: found.kind === 'policy' ? unjudgedSections(found).map(keyOf) : [],
    tightened:
      found.kind === 'policy'
        ? tightenedBy(
            found.policy,
            found.extended,
            tools.map(({ name }) => name),
          )
        : [],
  };
}

/** As the file writes it. */
const keyOf = (section: string): string => section.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function compared(page: Page, { file, base, text }: CompareBody, language: Language): Compared {
  const { problems, isUsable } = checked(page, { file, text }, language);
  const there = readSnapshot(file)?.text ?? '';
  return {
    hunks: differenceOf(there, text),
    conflict: there === base ? undefined : there,
    problems,
    cases: isUsable ? casesOf(file).flatMap((cases) => outcomesOf(cases, { file, text })) : [],
  };
}

/** A file that cannot be read is a case that fails, and says why. */
function outcomesOf(cases: string, draft: { file: string; text: string }): CaseRow[] {
  try {
    return runCases(cases, draft).map(({ file, name, passed, expected, actual }) => ({
      ...{ file, name, passed },
      expected: JSON.stringify(expected),
      actual: JSON.stringify(actual),
    }));
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return [{ file: cases, name: '', passed: false, expected: '', actual: reasonOf(error) }];
  }
}

function save(page: Page, file: string, base: string, text: string): SaveAnswer {
  editablePolicy(page, file);
  const saved = saveDraft(file, base, text, page.now());
  if (saved.kind === 'saved') page.changed('policies');
  return saved.kind === 'saved' ? { kind: 'saved' } : saved;
}

/** @throws PolicyWrapError NOT_FOUND */
function versionOf(file: string, name: string): string {
  const text = versionText(realOf(file), name);
  if (text !== undefined) return text;
  throw new PolicyWrapError('NOT_FOUND', `${file} has no version ${name}`, {
    hint: 'The last 50 versions are kept.',
  });
}

/** By which version of a policy each wrapper that runs under it decides. */
function deciding(page: Page, file: string): readonly DecidingBy[] {
  const { text } = policyHere(page, file);
  const real = realOf(file);
  const sessions = page
    .stores()
    .flatMap(({ store }) => store.sessions())
    .filter(({ live, policySource }) => live && policySource !== undefined && realOf(policySource) === real);
  const versions = policyVersions(real);
  return sessions.map(({ server, pid, clientName, startedAt, policyHash, policyProblem }) => ({
    ...{ server, pid, startedAt, client: clientName, problem: policyProblem },
    by:
      policyHash !== undefined && policyHash === hashOf(text, file)
        ? 'current'
        : (versions.find(({ path }) => hashOf(versionText(real, path) ?? '', file) === policyHash)
            ?.replacedAt ?? 'unknown'),
  }));
}

/** As the decision log names it, with what it extends now; undefined for what cannot be used. */
function hashOf(text: string, file: string): string | undefined {
  const found = readDraft(text, file);
  return found.kind === 'policy' ? stack(found.policy, found.extended).hash : undefined;
}

function realOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
