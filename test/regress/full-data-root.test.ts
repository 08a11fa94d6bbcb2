/**
 * Space that ends in the midst of a command: it printed a stack, or the name of a system call alone, left the note of a
 * container that was never made, which `system check` took for a fault, and did not know the exit status of a container
 * that had filled the disk. Whatever fails says where there is no space
 * left, leaves nothing, and works as soon as there is some.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { makeBuilder, type Builder, type Outcome } from '../build/fixtures/builder.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const needed = needs(...mountNeeds, 'program:runc', 'program:conmon');

/** A file system in memory with a data root on it. */
function makeSmallRoot(test: Test): {
  readonly disk: string;
  readonly builder: Builder;
  readonly leave: (bytes: number) => void;
} {
  const disk = makeScratch(test).directory('disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
  test.teardown(() => execFileSync('umount', ['-R', disk]));
  const builder = makeBuilder(test, undefined, disk);
  /** Fills it up to that. */
  const leave = (bytes: number): void => {
    rmSync(`${disk}/filler`, { force: true });
    const { bavail, bsize } = statfsSync(disk);
    const size = bavail * bsize - bytes;
    if (size > 0) writeFileSync(`${disk}/filler`, Buffer.alloc(size));
  };
  return { disk, builder, leave };
}

/** What there is of images, layers, containers, unfinished work, and mounts. */
function remains(builder: Builder): unknown {
  const { root } = builder;
  const image = readdirSync(`${root}/image`).map((name) => `${root}/image/${name}`);
  const list = (path: string): string[] => {
    try {
      return readdirSync(path).sort();
    } catch {
      return [];
    }
  };
  return {
    images: builder.strata(['images', '-a', '--no-trunc', '--format', '{{.ID}} {{.Repository}}']).stdout,
    unfinished: image.flatMap((path) => list(`${path}/layerdb/tmp`)),
    layers: image.flatMap((path) => list(`${path}/layerdb/sha256`)),
    mounts: image.flatMap((path) => list(`${path}/layerdb/mounts`)),
    directories: list(`${root}/overlay2`),
    containers: list(`${root}/containers`),
    mounted: readFileSync('/proc/self/mountinfo', 'latin1').split(`${root}/`).length - 1,
  };
}

t.test('space that ends in the midst of a command', needed, async (test) => {
  const { builder, leave } = makeSmallRoot(test);
  const strata: Builder['strata'] = (words) => builder.strata(words);
  const context = (path: string): string => builder.context(path);
  mkdirSync(context('many'));
  for (let n = 0; n < 200; n++) writeFileSync(context(`many/${String(n)}`), Buffer.alloc(3000, String(n)));
  test.equal(strata(['run', '--name', 'wrote', 'base', 'sh', '-c', 'echo > /file']).status, 0);

  const commands: Readonly<Record<string, () => Outcome>> = {
    import: () => strata(['import', context('many'), 'imported']),
    COPY: () => builder.build({ Dockerfile: 'FROM base\nCOPY many /many\n' }, '--no-cache', '-t', 'copied'),
    RUN: () => builder.build({ Dockerfile: 'FROM base\nRUN echo > /file\n' }, '--no-cache', '-t', 'ran'),
    run: () => strata(['run', '--rm', 'base', 'true']),
    commit: () => strata(['commit', 'wrote', 'committed']),
  };
  const forget = (): void => {
    leave(Infinity);
    strata(['rmi', 'imported', 'copied', 'ran', 'committed']);
    strata(['image', 'prune', '-f']);
  };
  for (const [name, act] of Object.entries(commands)) {
    await test.test(name, async (test) => {
      for (const bytes of [0, 8192, 32768, 65536]) {
        forget();
        const before = remains(builder);
        leave(bytes);
        const { status, stderr } = act();
        leave(Infinity);
        const said = `${String(bytes)} bytes: ${stderr}`;
        if (bytes === 0) test.not(status, 0, said);
        if (status !== 0) {
          const [line = '', ...more] = stderr.split('\n').filter((text) => !/^\[|^$/.test(text));
          test.match(line, /^strata: .*no space is left on the file system of .*: make room there/, said);
          test.ok(line.includes(builder.root), said);
          test.strictSame(more, [], said);
          test.strictSame(remains(builder), before, said);
        }
        const check = strata(['system', 'check']);
        test.equal(check.status, 0, `${said}${check.stdout}`);
      }
      forget();
      const { status, stderr } = act();
      test.equal(status, 0, stderr);
    });
  }
  test.equal(strata(['rm', 'wrote']).status, 0);
});

t.test('space that has ended before a command begins', needed, (test) => {
  const { builder, disk } = makeSmallRoot(test);
  const { files, ffree } = statfsSync(disk);
  const limit = (inodes: number): void => {
    execFileSync('mount', ['-o', `remount,nr_inodes=${String(inodes)}`, disk]);
  };
  // Before the first command has found out what can be mounted here, and after.
  for (const place of ['a trial mount', 'the lock']) {
    limit(files - ffree);
    const { status, stderr } = builder.strata(['tag', 'base', 'other']);
    limit(files);
    const said = /^strata: no space is left on the file system of .*: make room there/;
    test.match([status, stderr], [1, said], place);
    test.equal(builder.strata(['images']).status, 0);
  }
  test.end();
});

t.test('a container and a step that fill the disk themselves', needed, async (test) => {
  const { builder, leave } = makeSmallRoot(test);
  const strata: Builder['strata'] = (words) => builder.strata(words);
  const before = remains(builder);
  const fill = 'cat /dev/zero > /zero';
  const ran = builder.build({ Dockerfile: `FROM base\nRUN ${fill}\n` }, '-t', 'ran');
  test.match(ran.stderr, /No space left on device[^]*the command ended with status 1/);
  test.strictSame(remains(builder), before);
  const kept = strata(['run', '--name', 'greedy', 'base', 'sh', '-c', fill]);
  test.match([kept.status, kept.stderr], [1, /No space left on device/]);
  const committed = strata(['commit', 'greedy', 'committed']);
  test.match([committed.status, committed.stderr], [1, /^strata: no space is left on the file system of /]);
  test.equal(strata(['rm', 'greedy']).status, 0, 'also while nothing can be written');
  test.strictSame(remains(builder), before);
  test.equal(strata(['system', 'check']).status, 0);
  leave(Infinity);
  test.equal(strata(['run', '--rm', 'base', 'true']).status, 0);
});
