/** Options of `strata run` that cannot be had: a mode of --volumes-from was passed over, and a file as -w ended with status 1. */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('what cannot be had is refused', needs(...containerNeeds), (t) => {
  const { get, run } = makeStrata(t);
  get('create', '--name', 'holder', '-v', 'held:/held', 'base', 'true');
  t.match(run('run', '--rm', '--volumes-from', 'holder:r0', 'base', 'touch', '/held/x'), {
    status: 125,
    stderr: /invalid mode: r0/,
  });
  t.equal(run('run', '--rm', '--volumes-from', 'holder:rw', 'base', 'touch', '/held/x').status, 0);
  const refused = { status: 125, stderr: /the working directory \S+ is no directory in the container/ };
  t.match(run('run', '--rm', '-w', '/etc/passwd', 'base', 'true'), refused);
  t.match(run('run', '--rm', '-w', '/etc/passwd/x', 'base', 'true'), refused);
  t.end();
});
