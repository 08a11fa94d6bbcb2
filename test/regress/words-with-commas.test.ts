/**
 * `strata run -e LIST=a,b, IMAGE` failed: any word of the command line with `=` in it and a comma at its end was taken for
 * the beginning of a `--mount` that was written with spaces.
 */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('words that end in a comma', needs(...containerNeeds), async (t) => {
  const { run } = makeStrata(t);
  const show = ['sh', '-c', 'echo "$LIST $0"', 'x=y,'];
  t.match(run('run', '--rm', '-e', 'LIST=a,b,', 'base', ...show), { status: 0, stdout: 'a,b, x=y,\n' });
  const mount = ['--mount', 'type=tmpfs,target=/t'];
  t.match(run('run', '--rm', ...mount, '-l', 'a=b,', 'base', ...show), { status: 0, stdout: ' x=y,\n' });
  t.match(run('run', '--rm', '-e', 'LIST=a,', '--mount', 'type=tmpfs,', 'target=/t', 'base', 'true'), {
    status: 125,
    stderr: /write: strata run --rm -e LIST=a, --mount type=tmpfs,target=\/t base true$/m,
  });
});
