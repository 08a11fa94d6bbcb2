import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { isMounted, makeScratch, type Scratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { runProgram, serversOf, type RunOptions } from './fixtures/program.ts';

interface Place extends Scratch {
  readonly layers: {
    readonly lower: string;
    readonly upper: string;
    readonly work: string;
    readonly at: string;
  };
}

function makePlace(t: Test): Place {
  const scratch = makeScratch(t);
  const [lower, upper, work, at] = ['lower', 'upper', 'work', 'at'].map((name) => scratch.directory(name));
  return { ...scratch, layers: { lower: lower!, upper: upper!, work: work!, at: at! } };
}

function optionsOf({ lower, upper, work }: Partial<Place['layers']>): string {
  return [
    ...(lower === undefined ? [] : [`lowerdir=${lower}`]),
    ...(upper === undefined ? [] : [`upperdir=${upper}`]),
    ...(work === undefined ? [] : [`workdir=${work}`]),
  ].join(',');
}

/** It fails with status 1 and one line that has `words` in it, and leaves nothing behind. */
async function fails(
  t: Test,
  { options, at, words, run = {} }: { options: string; at: string; words: RegExp; run?: RunOptions },
): Promise<void> {
  for (const front of [[], ['-f']]) {
    const outcome = await runProgram([...front, '-o', options, at], run);
    t.equal(outcome.code, 1, 'status');
    t.match(outcome.stderr, /^stratafs: [^\n]+: [^\n]+\n$/, 'one line, with what to do');
    t.match(outcome.stderr, words);
    t.equal(outcome.stdout, '');
    t.notOk(isMounted(at), 'nothing is mounted');
    t.strictSame(serversOf(at), [], 'no process is left');
  }
}

t.test('a layer that is missing, or is no directory', needs(...mountNeeds), async (t) => {
  const { layers, path } = makePlace(t);
  const missing = join(path, 'nowhere');
  for (const role of ['lower', 'upper', 'work'] as const) {
    await fails(t, {
      options: optionsOf({ ...layers, [role]: missing }),
      at: layers.at,
      words: /nowhere does not exist/,
    });
  }
  const file = join(path, 'file');
  writeFileSync(file, '');
  await fails(t, { options: optionsOf({ lower: file }), at: layers.at, words: /file is not a directory/ });
});

t.test('a mount point that is missing, or is no directory', needs(...mountNeeds), async (t) => {
  const { layers, path } = makePlace(t);
  await fails(t, { options: optionsOf(layers), at: join(path, 'nowhere'), words: /nowhere does not exist/ });
  const file = join(path, 'file');
  writeFileSync(file, '');
  await fails(t, { options: optionsOf(layers), at: file, words: /file is not a directory/ });
});

t.test('upper and work on different file systems', needs(...mountNeeds), async (t) => {
  const { layers } = makePlace(t);
  const other = makeScratch(t, { on: 'tmpfs' });
  const options = optionsOf({ ...layers, work: other.path });
  await fails(t, { options, at: layers.at, words: /different file systems/ });
});

t.test('upper and work one inside the other', needs(...mountNeeds), async (t) => {
  const { layers } = makePlace(t);
  const inUpper = join(layers.upper, 'work');
  const inWork = join(layers.work, 'upper');
  mkdirSync(inUpper);
  mkdirSync(inWork);
  const words = /one inside the other/;
  await fails(t, { options: optionsOf({ ...layers, work: inUpper }), at: layers.at, words });
  await fails(t, { options: optionsOf({ ...layers, upper: inWork }), at: layers.at, words });
  await fails(t, { options: optionsOf({ ...layers, work: layers.upper }), at: layers.at, words });
});

t.test('a lower layer that would be written', needs(...mountNeeds), async (t) => {
  const { layers } = makePlace(t);
  const [inUpper, inWork] = [join(layers.upper, 'lower'), join(layers.work, 'lower')];
  mkdirSync(inUpper);
  mkdirSync(inWork);
  for (const lower of [layers.upper, inUpper, `${layers.lower}:${inUpper}`, `${layers.lower}::${inUpper}`]) {
    const options = optionsOf({ ...layers, lower });
    await fails(t, { options, at: layers.at, words: /is, or lies in, the upper directory/ });
  }
  const options = optionsOf({ ...layers, lower: inWork });
  await fails(t, { options, at: layers.at, words: /is, or lies in, the work directory/ });
});

t.test('a lower layer that would be written, and shows by a bind mount', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const { layers } = place;
  const elsewhere = place.directory('elsewhere');
  const unbind = (): void => {
    if (isMounted(elsewhere)) execFileSync('umount', [elsewhere]);
  };
  t.teardown(unbind);
  place.directory('upper/a/lower');
  place.directory('work/lower');
  const options = optionsOf({ ...layers, lower: join(elsewhere, 'lower') });
  for (const [source, words] of [
    ['upper/a', /is, or lies in, the upper directory/],
    ['work', /is, or lies in, the work directory/],
  ] as const) {
    execFileSync('mount', ['--bind', place.directory(source), elsewhere]);
    await fails(t, { options, at: layers.at, words });
    unbind();
  }
});

t.test('an upper or a work directory of another live mount', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const { layers } = place;
  await place.mount({ lower: [layers.lower], upper: layers.upper, work: layers.work });
  const otherUpper = optionsOf({ ...layers, upper: place.directory('upper2') });
  for (const [options, words] of [
    [optionsOf(layers), /upper is in use/],
    [otherUpper, /work is in use/],
  ] as const) {
    const started = Date.now();
    await fails(t, { options, at: layers.at, words });
    t.ok(Date.now() - started < 5000, 'a live mount is not waited for');
  }
  // Nothing tells whose this upper is but its lock: that is waited for.
  const otherWork = await runProgram([
    '-o',
    optionsOf({ ...layers, work: place.directory('work2') }),
    layers.at,
  ]);
  t.match(otherWork, { code: 1, stderr: /upper is in use/ });
});

t.test('a lower layer that may not be read', needs(...mountNeeds, 'program:setpriv'), async (t) => {
  const { layers, path } = makePlace(t);
  chmodSync(path, 0o755);
  chownSync(layers.at, 5, 60);
  for (const mode of [0o700, 0o711]) {
    chmodSync(layers.lower, mode);
    await fails(t, {
      options: optionsOf({ lower: layers.lower }),
      at: layers.at,
      words: /no permission for the lower layer .*: mount as a user who may read it/,
      run: { before: ['setpriv', '--reuid=5', '--regid=60', '--clear-groups'] },
    });
  }
});

t.test('a work directory that cannot be written', needs(...mountNeeds), async (t) => {
  const { layers, path } = makePlace(t);
  const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  await fails(t, {
    options: optionsOf(layers),
    at: layers.at,
    words: /upper directory .* is on a read-only file system/,
    run: { before: ['unshare', '-m', 'sh', '-c', script, path] },
  });
});

t.test('no /dev/fuse, and no permission for it', needs(...mountNeeds), async (t) => {
  const { layers } = makePlace(t);
  const bare = 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9';
  await fails(t, {
    options: optionsOf(layers),
    at: layers.at,
    words: /there is no \/dev\/fuse/,
    run: { before: ['unshare', '-m', 'sh', '-c', `${bare} && exec "$@"`, 'sh'] },
  });
  // A device node on a file system that is mounted nodev cannot be opened by anybody.
  await fails(t, {
    options: optionsOf(layers),
    at: layers.at,
    words: /no permission to open \/dev\/fuse/,
    run: {
      before: [
        ...['unshare', '-m', 'sh', '-c'],
        `${bare} && mknod /dev/fuse c 10 229 && mkdir /dev/x && mount -t tmpfs -o nodev none /dev/x && ` +
          `mknod /dev/x/fuse c 10 229 && mount --bind /dev/x/fuse /dev/fuse && exec "$@"`,
        'sh',
      ],
    },
  });
});

t.test('a mount whose server is gone', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const { layers } = place;
  const dead = await place.mount({ lower: [layers.lower] });
  dead.kill('SIGKILL');
  await dead.exited;
  const words = /server is gone: take it away: umount/;
  const outcome = await runProgram(['-o', optionsOf(layers), dead.path]);
  t.equal(outcome.code, 1);
  t.match(outcome.stderr, words, 'as a mount point');
  await fails(t, { options: optionsOf({ lower: dead.path }), at: layers.at, words });
});

t.test(
  'options that exclude each other, that are unknown, that come later',
  needs(...mountNeeds),
  async (t) => {
    const { layers } = makePlace(t);
    const with_ = (more: string): string => `${optionsOf(layers)},${more}`;
    await fails(t, { options: with_('userxattr,metacopy=on'), at: layers.at, words: /exclude each other/ });
    await fails(t, { options: with_('frobnicate=1'), at: layers.at, words: /'frobnicate'/ });
    await fails(t, {
      options: with_('uidmapping=0:100000'),
      at: layers.at,
      words: /'uidmapping=0:100000': it takes triples/,
    });
    t.strictSame(readdirSync(layers.work), [], 'the work directory was not touched');
  },
);

t.test('a log that cannot be opened', needs(...mountNeeds), async (t) => {
  const { layers, path } = makePlace(t);
  const options = `${optionsOf(layers)},log=/nowhere/log`;
  await fails(t, { options, at: layers.at, words: /the log \/nowhere\/log cannot be written \(ENOENT\)/ });
  const pipe = join(path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const words = /pipe cannot be written \(ENXIO\)/;
  await fails(t, { options: `${optionsOf(layers)},log=${pipe}`, at: layers.at, words });
});

t.test('an installation without fs-ext', needs(...mountNeeds), async (t) => {
  const { layers, path } = makePlace(t);
  const hook = join(path, 'hook.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...more) => {
      if (name === 'fs-ext') throw new Error('Cannot find module');
      return load(name, ...more);
    };`,
  );
  await fails(t, {
    options: optionsOf(layers),
    at: layers.at,
    words: /fs-ext, which locks files, cannot be loaded: install it/,
    run: { env: { STRATAFS_NODE_OPTIONS: `--require=${hook}` } },
  });
});
