/**
 * NOTIFY_SOCKET of whoever called reached runc, which made a socket of that kind for the container, below a path that is too
 * long for one: no container started in a service of `Type=notify`.
 */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a container of a service that tells its manager', needs(...containerNeeds), (t) => {
  const { root, scratch } = makeStrata(t);
  const env = { ...process.env, STRATA_ROOT: root, NOTIFY_SOCKET: `${scratch.path}/notify`, LISTEN_FDS: '1' };
  const words = ['run', '--rm', 'base', 'sh', '-c', 'echo "${NOTIFY_SOCKET-none} ${LISTEN_FDS-none}"'];
  const { status, stdout, stderr } = spawnSync(programPath, words, { env, encoding: 'utf8' });
  t.strictSame({ status, stdout, stderr }, { status: 0, stdout: 'none none\n', stderr: '' });
  t.end();
});
