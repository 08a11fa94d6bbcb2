import t from 'tap';
import { explainMiss } from '../../../src/build/cache/explain.ts';
import type { SiteRecord } from '../../../src/build/cache/step-cache.ts';
import { stepKey, type StepIdentity } from '../../../src/build/cache/step-key.ts';

const identity = (inputs: Readonly<Record<string, string>>, previous = 'p'): StepIdentity => ({
  ...{ previous, parent: 'layer', keyword: 'COPY' },
  inputs: new Map(Object.entries(inputs)),
});

function explain(before: StepIdentity, after: StepIdentity, text = 'COPY a /'): string {
  const record: SiteRecord = {
    ...{ key: stepKey(before), previous: before.previous, text: 'COPY a /' },
    inputs: [...before.inputs],
  };
  return explainMiss(record, { ...after, key: stepKey(after), text });
}

t.test('the input that has changed is named', async (t) => {
  const digest = 'a'.repeat(64);
  const other = 'b'.repeat(64);
  t.equal(explainMiss(undefined, { ...identity({}), key: '', text: '' }), 'it was not built before');
  t.equal(explain(identity({ 'file a': digest }), identity({ 'file a': other })), 'file a has changed');
  t.equal(explain(identity({ 'file a': digest }), identity({})), 'file a is gone');
  t.equal(explain(identity({}), identity({ 'file a': digest })), 'file a is new');
  t.equal(explain(identity({ 'env A': '1' }), identity({ 'env A': '2' })), 'env A was "1" and is "2"');
  t.equal(explain(identity({ x: '1' }), identity({ x: '1' }, 'q')), 'a step before it has changed');
  t.equal(
    explain(identity({ x: '1' }), { ...identity({ x: '1' }), parent: 'other' }),
    'the files that it begins with have changed',
  );
  t.equal(explain(identity({ x: '1' }), identity({ x: '1' })), 'its layer is gone');
  t.equal(
    explain(identity({ x: '1' }), identity({ x: '2' }), 'RUN b'),
    'the instruction was "COPY a /", x was "1" and is "2"',
  );
  const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`file ${String(i)}`, digest]));
  t.match(explain(identity(many), identity({})), /file 4 is gone, 3 more$/);
});

t.test('a key depends on everything and on no order', async (t) => {
  const key = stepKey(identity({ a: '1', b: '2' }));
  t.equal(stepKey(identity({ b: '2', a: '1' })), key);
  t.not(stepKey(identity({ a: '1', b: '3' })), key);
  t.not(stepKey(identity({ a: '1', b: '2' }, 'q')), key);
  t.not(stepKey({ ...identity({ a: '1', b: '2' }), parent: undefined }), key);
  t.not(stepKey({ ...identity({ a: '1', b: '2' }), keyword: 'ADD' }), key);
  t.not(stepKey(identity({ a1: '', b: '2' })), key);
});
