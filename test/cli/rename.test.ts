import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('rename and restart', needs(...containerNeeds), async (t) => {
  const { run, get } = makeStrata(t);
  get('run', '-d', '--name', 'one', 'base', 'sh', '-c', 'echo again >> /starts; sleep 1000');
  get('create', '--name', 'two', 'base', 'true');
  t.match(run('rename', 'one', 'two'), { status: 1, stderr: /already in use/ });
  t.match(run('rename', 'one', 'x'), { status: 1, stderr: /Invalid container name/ });
  t.match(run('rename', 'none', 'other'), { status: 1, stderr: /no such container: none/ });
  get('rename', 'one', 'other');
  t.match(run('exec', 'one', 'true'), { status: 1, stderr: /no such container: one/ });
  t.equal(get('exec', 'other', 'cat', '/starts'), 'again', 'it runs on');
  get('create', '--name', 'one', 'base', 'true');

  t.equal(get('restart', '-t', '0', 'other', 'two'), 'other\ntwo');
  t.equal(
    get('exec', 'other', 'sh', '-c', 'while [ "$(cat /starts)" = again ]; do :; done; cat /starts'),
    'again\nagain',
  );
  get('run', '-d', '--rm', '--name', 'goes', 'base', 'sleep', '1000');
  t.match(run('restart', 'goes'), { status: 1, stderr: /made with --rm/ });
  t.equal(get('exec', 'goes', 'echo', 'on'), 'on', 'it was left alone');
});
