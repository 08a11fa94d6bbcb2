/**
 * Names that every object of JavaScript has: a .dockerignore never left out such files, an image that was named so lost its name
 * at once, `commit` dropped such labels, a filter found them on everything, and `-e` took such variables from the program.
 */
import t from 'tap';
import { findVariable } from '../../src/base/environment.ts';
import { nameFromText } from '../../src/base/name.ts';
import { ignoreRules } from '../../src/build/context/ignore-rules.ts';
import { mergeEnv } from '../../src/run/parse-env.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('files of such names are left out', async (t) => {
  const names = ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'];
  const rules = ignoreRules([...names, '!valueOf'], '.dockerignore');
  for (const name of names) t.equal(rules.ignores(nameFromText(name)), name !== 'valueOf', name);
  const others = ignoreRules(['x'], '.dockerignore');
  for (const name of names) t.equal(others.ignores(nameFromText(name)), false, name);
});

t.test('variables of such names are not set', async (t) => {
  for (const name of ['constructor', 'toString', '__proto__'])
    t.strictSame(mergeEnv(['A=1'], [name, `${name}=own`, name], findVariable), ['A=1'], name);
});

t.test('images keep such names', needs(...containerNeeds), (t) => {
  const { get } = makeStrata(t);
  const names = ['constructor:latest', 'constructor:__proto__', 'prototype:x'];
  for (const name of names) get('tag', 'base', name);
  const named = (): string[] => get('images', '--format', '{{.Repository}}:{{.Tag}}').split('\n').sort();
  t.strictSame(named(), ['base:latest', ...names].sort());
  t.equal(get('rmi', 'prototype:x'), 'Untagged: prototype:x');
  t.strictSame(named(), ['base:latest', ...names].sort().slice(0, -1), 'also when another one goes');
  get('system', 'check');
  t.end();
});

t.test('labels keep such names, and a filter knows who has them', needs(...containerNeeds), (t) => {
  const strata = makeStrata(t);
  const { get } = strata;
  const file = 'FROM base\nLABEL constructor=a prototype=b __proto__=c\n';
  t.equal(strata.feed(file, 'build', '-t', 'labelled', '-').status, 0);
  get('create', '--name', 'one', 'labelled', 'true');
  get('commit', 'one', 'committed');
  for (const image of ['labelled', 'committed']) {
    t.equal(
      get('inspect', '-f', '{{json .Config.Labels}}', image),
      '{"constructor":"a","prototype":"b","__proto__":"c"}',
    );
  }
  const filtered = get('images', '--filter', 'label=constructor', '--format', '{{.Repository}}');
  t.strictSame(filtered.split('\n').sort(), ['committed', 'labelled']);
  t.equal(get('images', '-q', '--filter', 'label=toString'), '');
  t.end();
});
