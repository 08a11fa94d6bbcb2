/** `timeout=`: what others change in the layers of a mount shows after that time. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { until } from '../cli/fixtures/program.ts';

interface Tree {
  readonly at: string;
  readonly top: string;
  readonly bottom: string;
  readonly upper: string;
}

/** A directory `d` that two lower layers and the upper have, with a file and a link in each lower one. */
async function mountTree(t: Test, ...options: string[]): Promise<Tree> {
  const scratch = makeScratch(t);
  const [top, bottom, upper] = ['top', 'bottom', 'upper'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  for (const layer of [top, bottom, upper]) mkdirSync(join(layer, 'd'));
  for (const [layer, name] of [
    [top, 'top'],
    [bottom, 'bottom'],
  ] as const) {
    writeFileSync(join(layer, 'd', name), 'old');
    symlinkSync('old', join(layer, 'd', `${name}-link`));
  }
  const work = scratch.directory('work');
  const mounted = await scratch.mount({ lower: [top, bottom], upper, work, options });
  return {
    at: join(mounted.path, 'd'),
    top: join(top, 'd'),
    bottom: join(bottom, 'd'),
    upper: join(upper, 'd'),
  };
}

/** Lets every cache have its share: enough lookups for an index, and a listing. */
function warmUp(at: string): void {
  for (let i = 0; i < 200; i++) existsSync(join(at, `absent-${String(i)}`));
  for (let i = 0; i < 2; i++) {
    for (const name of readdirSync(at)) statSync(join(at, name), { throwIfNoEntry: false });
  }
  for (const name of ['top', 'bottom']) {
    readFileSync(join(at, name));
    readlinkSync(join(at, `${name}-link`));
  }
}

t.test('timeout=0: all that others change shows at once', needs(...mountNeeds), async (t) => {
  for (const passthrough of ['auto', 'off']) {
    const { at, top, bottom, upper } = await mountTree(t, 'timeout=0', `passthrough=${passthrough}`);
    warmUp(at);
    for (const [layer, name] of [
      [top, 'top'],
      [bottom, 'bottom'],
    ] as const) {
      const file = join(layer, name);
      writeFileSync(file, 'new data');
      t.equal(statSync(join(at, name)).size, 8, 'a size');
      t.equal(readFileSync(join(at, name), 'utf8'), 'new data', 'data');
      writeFileSync(`${file}.new`, 'another file');
      renameSync(`${file}.new`, file);
      t.equal(readFileSync(join(at, name), 'utf8'), 'another file', 'a file that was replaced');
      rmSync(`${file}-link`);
      symlinkSync('new', `${file}-link`);
      t.equal(readlinkSync(join(at, `${name}-link`)), 'new', 'a symbolic link');
      writeFileSync(join(layer, 'absent-7'), '');
      t.ok(existsSync(join(at, 'absent-7')), 'a name that was absent');
      rmSync(join(layer, 'absent-7'));
      t.notOk(existsSync(join(at, 'absent-7')), 'a name that was there');
      writeFileSync(join(layer, `${name}-more`), '');
      t.ok(readdirSync(at).includes(`${name}-more`), 'an entry more');
      rmSync(file);
      t.notOk(readdirSync(at).includes(name), 'an entry less');
    }
    writeFileSync(join(upper, 'absent-8'), '');
    t.ok(existsSync(join(at, 'absent-8')), 'a name in the upper');
    t.ok(readdirSync(at).includes('absent-8'));
  }
});

t.test(
  'timeout=0: a name whose object was replaced leads to the new one',
  needs(...mountNeeds),
  async (t) => {
    for (const passthrough of ['auto', 'off']) {
      const { at, top, bottom, upper } = await mountTree(t, 'timeout=0', `passthrough=${passthrough}`);
      warmUp(at);
      const open = openSync(join(at, 'bottom'), 'r');
      const [seen, old] = [fstatSync(open).ino, readFileSync(open, 'utf8')];
      writeFileSync(join(bottom, 'next'), 'another file');
      renameSync(join(bottom, 'next'), join(bottom, 'bottom'));
      t.equal(readFileSync(join(at, 'bottom'), 'utf8'), 'another file', 'while the old one is open');
      t.not(statSync(join(at, 'bottom')).ino, seen);
      t.equal(readSync(open, Buffer.alloc(8), 0, 8, 0), old.length, 'who has it open goes on with it');
      t.equal(fstatSync(open).ino, seen);
      t.equal(fstatSync(open).size, old.length);
      closeSync(open);
      writeFileSync(join(top, 'bottom'), 'in a layer above');
      t.equal(readFileSync(join(at, 'bottom'), 'utf8'), 'in a layer above');
      writeFileSync(join(upper, 'bottom'), 'in the upper');
      t.equal(readFileSync(join(at, 'bottom'), 'utf8'), 'in the upper');
      rmSync(join(upper, 'bottom'));
      rmSync(join(top, 'bottom'));
      t.equal(readFileSync(join(at, 'bottom'), 'utf8'), 'another file', 'shown again');
      rmSync(join(bottom, 'bottom'));
      t.notOk(existsSync(join(at, 'bottom')));
      mkdirSync(join(bottom, 'bottom'));
      writeFileSync(join(bottom, 'bottom/inside'), '');
      t.strictSame(readdirSync(join(at, 'bottom')), ['inside'], 'a directory in the place of a file');
      mkdirSync(join(bottom, 'other'));
      writeFileSync(join(bottom, 'other/inside-other'), '');
      renameSync(join(bottom, 'bottom'), join(bottom, 'away'));
      renameSync(join(bottom, 'other'), join(bottom, 'bottom'));
      t.strictSame(readdirSync(join(at, 'bottom')), ['inside-other'], 'another directory');
    }
  },
);

t.test('timeout=0: what is replaced between one open and the next', needs(...mountNeeds), async (t) => {
  const { at, bottom } = await mountTree(t, 'timeout=0', 'passthrough=off');
  for (let i = 0; i < 300; i++) {
    readFileSync(join(at, 'bottom'));
    writeFileSync(join(bottom, 'next'), `content ${String(i)}`);
    renameSync(join(bottom, 'next'), join(bottom, 'bottom'));
    // The one before may not have been released by then.
    const content = readFileSync(join(at, 'bottom'), 'utf8');
    if (content !== `content ${String(i)}`) t.fail(`${content} in round ${String(i)}`);
  }
  t.pass('300 rounds');
});

t.test('timeout=0: a file capability that others give', needs(...mountNeeds), async (t) => {
  const { at, top } = await mountTree(t, 'timeout=0');
  const has = (...asked: string[]): boolean =>
    spawnSync('getfattr', [...asked, join(at, 'top')], { encoding: 'utf8' }).stdout.includes(
      'security.capability',
    );
  t.strictSame([has('-m', '-'), has('-n', 'security.capability')], [false, false]);
  execFileSync('setfattr', [
    ...['-n', 'security.capability', '-v', '0x0100000200200000000000000000000000000000'],
    join(top, 'top'),
  ]);
  t.strictSame([has('-m', '-'), has('-n', 'security.capability')], [true, true]);
});

t.test('what the mount itself writes is right with a timeout, too', needs(...mountNeeds), async (t) => {
  const { at, bottom } = await mountTree(t, 'timeout=0', 'passthrough=off');
  warmUp(at);
  writeFileSync(join(at, 'bottom'), 'written');
  writeFileSync(join(at, 'bottom'), ' more', { flag: 'a' });
  t.equal(readFileSync(join(at, 'bottom'), 'utf8'), 'written more');
  t.equal(statSync(join(at, 'bottom')).size, 12);
  t.equal(readFileSync(join(bottom, 'bottom'), 'utf8'), 'old');
  rmSync(join(at, 'top'));
  t.strictSame(readdirSync(at).sort(), ['bottom', 'bottom-link', 'top-link']);
});

t.test('a time is kept, and no longer', needs(...mountNeeds), async (t) => {
  const { at, bottom } = await mountTree(t, 'timeout=1.5');
  const asked = Date.now();
  statSync(join(at, 'bottom'));
  existsSync(join(at, 'later'));
  writeFileSync(join(bottom, 'bottom'), 'new data');
  writeFileSync(join(bottom, 'later'), '');
  const seen = [statSync(join(at, 'bottom')).size, existsSync(join(at, 'later'))];
  if (Date.now() - asked < 1000) t.strictSame(seen, [3, false], 'the kernel is not asked for it again');
  await until(() => statSync(join(at, 'bottom')).size === 8 && existsSync(join(at, 'later')), 'it shows');
  t.ok(Date.now() - asked < 30_000);
});
