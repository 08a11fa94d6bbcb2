/** `history -H IMAGE` took the image for the value of the switch. */
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('sizes in words and in bytes', needs('root', 'build'), async (t) => {
  const { get, run } = makeStrata(t);
  const sizes = (...options: string[]): string => get('history', '--format', '{{.Size}}', ...options, 'base');
  for (const option of ['-H', '--human', '--human=true', '-H=1']) t.match(sizes(option), /^[0-9.]+[kM]?B$/);
  for (const option of ['--human=false', '--no-human', '-H=false']) t.match(sizes(option), /^\d+$/);
  t.match(run('history', '--human=bad', 'base'), { status: 1 });
});
