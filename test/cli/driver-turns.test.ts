/**
 * Containers under each driver: what one writes is shown, listed and committed in the same way, whoever keeps its files. On one
 * root strata and the kernel's overlayfs take turns: a container that was started by one is stopped, and started
 * by the other.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { needs } from '../fixtures/needs.ts';
import { makeSmallRoot } from '../run/fixtures/small-root.ts';
import { makeStage, mountBtrfs } from '../store/fixtures/stage.ts';
import { strata } from '../store/fixtures/strata.ts';
import { readTrees } from '../store/fixtures/trees.ts';
import { containerNeeds } from './fixtures/strata.ts';

/** Runs a command with a driver on the root; fails the test when it fails. */
type Run = (driver: string, ...words: string[]) => Promise<string>;

function runnerOf(t: Test, root: string): Run {
  return async (driver, ...words) => {
    const { code, stdout, stderr } = await strata(root, '--driver', driver, ...words);
    t.equal(code, 0, `${driver}: ${words.join(' ')}: ${stderr.slice(-400)}`);
    return stdout.trimEnd();
  };
}

const changes =
  'echo new > /new; echo more >> /etc/passwd; rm /etc/group; mkdir /dir; mv /bin/ln /dir/; chmod 700 /tmp';

async function liveWith(t: Test, driver: string, on?: string): Promise<void> {
  const stage = makeStage(t, on);
  const run = runnerOf(t, stage.root);
  const context = stage.directory('context');
  await run(driver, 'import', makeSmallRoot(stage.directory('base')), 'base');
  writeFileSync(join(context, 'file'), 'copied\n');
  writeFileSync(join(context, 'Dockerfile'), 'FROM base\nRUN echo made > /made\nCOPY file /\n');
  await run(driver, 'build', '-t', 'built', context);
  await run(
    driver,
    'run',
    '--name',
    'one',
    '-v',
    'kept:/volume',
    'built',
    'sh',
    '-c',
    `${changes}; echo v > /volume/v`,
  );
  t.strictSame(
    (await run(driver, 'diff', 'one')).split('\n').sort(),
    [
      'A /dir',
      'A /dir/ln',
      'A /new',
      'A /volume',
      'C /bin',
      'C /etc',
      'C /etc/passwd',
      'C /tmp',
      'D /bin/ln',
      'D /etc/group',
    ],
    driver,
  );
  await run(driver, 'commit', 'one', 'committed');
  await run(driver, 'rm', 'one');
  const script = 'cat /made /file /new /volume/v; [ ! -e /etc/group ] && /dir/ln --version > /dev/null';
  t.equal(
    await run(driver, 'run', '--rm', '-v', 'kept:/volume', 'committed', 'sh', '-c', script),
    'made\ncopied\nnew\nv',
  );
  t.match(JSON.parse(await run(driver, 'system', 'check', '--json')), { found: [] });
}

for (const driver of ['strata', 'overlay2', 'vfs'])
  t.test(`containers with ${driver}`, needs(...containerNeeds, 'overlayfs'), (t) => liveWith(t, driver));

t.test('containers with btrfs', needs(...containerNeeds, 'program:mkfs.btrfs'), async (t) => {
  const outer = makeStage(t);
  const disk = mountBtrfs(outer, '400M');
  await t.test('on a disk of its own', (t) => liveWith(t, 'btrfs', disk));
});

t.test('strata and overlay2 take turns on a container', needs(...containerNeeds, 'overlayfs'), async (t) => {
  const stage = makeStage(t);
  const run = runnerOf(t, stage.root);
  await run('strata', 'import', makeSmallRoot(stage.directory('base')), 'base');
  const before = readTrees(stage.root).images;
  // The same is done to a plain directory.
  const plain = stage.directory('plain');
  execFileSync('cp', ['-aT', join(stage.path, 'base'), plain]);
  const steps = [
    ['strata', 'echo 1 >> /log; mv /tmp /tmp2; echo t > /tmp2/t; chmod 640 /etc/passwd'],
    [
      'overlay2',
      'echo 2 >> /log; mkdir -p /a/b; echo x > /a/b/c; chmod 600 /etc/group; ln /etc/group /group',
    ],
    ['strata', 'echo 3 >> /log; mv /a /moved; echo more >> /etc/group; rm -r /tmp2'],
    ['overlay2', 'echo 4 >> /log; mv /moved/b /moved/again; mkdir /tmp2; echo more >> /etc/passwd'],
  ] as const;
  const script = join(stage.path, 'script');
  writeFileSync(script, '');
  await run(
    'strata',
    'create',
    '--name',
    'turns',
    '-v',
    `${script}:/script:ro`,
    'base',
    'sh',
    '-e',
    '/script',
  );
  for (const [driver, text] of steps) {
    writeFileSync(script, text);
    await run(driver, 'start', '-a', 'turns');
    execFileSync('sh', ['-ec', text.replaceAll(/ \/(?=[a-z])/g, ` ${plain}/`)]);
    for (const other of ['strata', 'overlay2'])
      t.match(await run(other, 'diff', 'turns'), /A \/log/, 'either can tell');
  }
  await run('overlay2', 'commit', 'turns', 'turned');
  await run('strata', 'rm', 'turns');
  const exported = stage.directory('exported');
  const tar = join(stage.path, 'tar');
  await run('strata', 'export', '-o', tar, 'turned');
  execFileSync('tar', ['-xpf', tar, '-C', exported]);
  t.equal(listing(exported), listing(plain));
  const { images, faults } = readTrees(stage.root);
  t.equal(images['base:latest'], before['base:latest']);
  t.strictSame(faults, []);
  t.match(JSON.parse(await run('strata', 'system', 'check', '--json')), { found: [] });
});

/** Names, types, modes, owners and contents of all that is no mount point of the runtime. */
function listing(path: string): string {
  const script = `
    cd "$1"; rm -rf dev etc/hosts etc/hostname etc/resolv.conf etc/mtab script .dockerenv run
    find . -mindepth 1 -printf '%p %y %m %U %n %l\\n' | sort
    find . -type f -exec sha256sum {} + | sort`;
  return execFileSync('sh', ['-ec', script, 'sh', path], { encoding: 'utf8' });
}
