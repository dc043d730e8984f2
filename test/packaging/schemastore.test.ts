import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { policyJsonSchema } from '../../src/policy/read/json-schema.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const FOLDER = 'packaging/schemastore';
const URL_THERE = 'https://www.schemastore.org/policy-wrap.json';
const schema = () => ({ $id: URL_THERE, ...policyJsonSchema() });
const filesIn = (folder: string) =>
  readdirSync(join(FOLDER, folder, 'policy-wrap')).map((name) => join(FOLDER, folder, 'policy-wrap', name));

test('the schema for the store is in step; -u writes it anew', async () => {
  await expect(`${JSON.stringify(schema(), undefined, 2)}\n`).toMatchFileSnapshot(
    `../../${FOLDER}/policy-wrap.json`,
  );
  const entry = JSON.parse(readFileSync(join(FOLDER, 'catalog-entry.json'), 'utf8'));
  expect(entry.url).toBe(URL_THERE);
  expect(Object.keys(entry)).toEqual(['name', 'description', 'fileMatch', 'url']);
});

// The store compiles with every strictness of ajv.
const fits = new Ajv({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(schema());

test.each(filesIn('test'))('%s fits, and loads', (file) => {
  const text = readFileSync(file, 'utf8');
  expect(fits(JSON.parse(text)), JSON.stringify(fits.errors)).toBe(true);
  expect(loadPolicy(text, file)).toMatchObject({ policy: { default: expect.any(String) } });
});

test.each(filesIn('negative_test'))('%s does not fit, and does not load', (file) => {
  const text = readFileSync(file, 'utf8');
  expect(fits(JSON.parse(text))).toBe(false);
  expect(loadPolicy(text, file)).not.toHaveProperty('policy');
});
