/**
 * /etc/passwd of a container, which its root may replace by a device, was read on the machine, with the privileges there:
 * of /dev/zero without an end.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { InRoot } from '../../src/os/in-root.ts';
import { lookUpAccount } from '../../src/run/accounts.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('accounts are read from regular files alone', needs('root'), async (t) => {
  const { path } = makeScratch(t);
  mkdirSync(`${path}/etc`);
  const root = new InRoot(path);
  t.teardown(() => {
    root.close();
  });
  for (const file of ['passwd', 'group']) {
    const odd = `${path}/etc/${file}`;
    const puts = [
      () => execFileSync('mknod', [odd, 'c', '1', '3']),
      () => execFileSync('mkfifo', [odd]),
      () => {
        mkdirSync(odd);
      },
    ];
    for (const put of puts) {
      put();
      const refused = { code: 'not-a-file', message: `/etc/${file} is no regular file there` };
      t.match(
        thrownBy(() => lookUpAccount(root, '0:0')),
        refused,
        String(put),
      );
      rmSync(odd, { recursive: true });
    }
    writeFileSync(odd, 'root:x:0:0::/root:/bin/sh\n');
    truncateSync(odd, 17 << 20);
    t.match(
      thrownBy(() => lookUpAccount(root, '0:0')),
      { code: 'file-too-large', message: `/etc/${file} has more than 16 MiB` },
    );
    rmSync(odd);
  }
});

t.test('a container whose /etc/passwd is a device', needs(...containerNeeds), (t) => {
  const { get, run } = makeStrata(t, (path) => {
    mkdirSync(`${path}/etc`);
    execFileSync('mknod', [`${path}/etc/passwd`, 'c', '1', '3']);
    return path;
  });
  get('create', '--name', 'odd', 'base', 'true');
  const stderr = /\/etc\/passwd is no regular file there, and nothing else is read/;
  t.match(run('start', 'odd'), { status: 1, stderr });
  t.match(run('run', '--rm', '-u', 'app', 'base', 'true'), { status: 125, stderr });
  t.end();
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}
