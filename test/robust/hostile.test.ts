/**
 * Layers that somebody has made to reach out of themselves: symbolic links, redirects, origins and
 * metacopy marks that point at a secret beside the layer, loops, devices, names of every kind. Whatever
 * a client does in the mount, the secret is neither read nor written, and the server lives.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Agent } from '../fixtures/agent.ts';
import { device, kind, o } from '../conformance/fixtures/flags.ts';
import { buildLayer, dir, file, node, symlink, type Row } from '../conformance/fixtures/layers.ts';
import { allOn, mountStrata, strataIsBuilt, type Layers } from '../conformance/fixtures/targets.ts';

const secret = 'SECRET that no layer contains';
const name = 'trusted.overlay';

/** A metacopy file of the secret's size, whose data would be at `redirect`. */
const lures = (path: string, redirect: string): Row =>
  file(path, 'x'.repeat(secret.length), {
    xattrs: { [`${name}.metacopy`]: '', [`${name}.redirect`]: redirect },
  });
const leads = (path: string, redirect: string): Row =>
  dir(path, { xattrs: { [`${name}.redirect`]: redirect } });

const attacks: { name: string; rows: (outside: string) => Row[] }[] = [
  {
    name: 'symbolic links',
    rows: (outside) => [
      symlink('absolute', outside),
      symlink('relative', '../outside'),
      symlink('self', 'self'),
      symlink('up', '../../../../../../../../..'),
      dir('d'),
      symlink('d/out', '../../outside'),
    ],
  },
  {
    name: 'redirects of directories',
    rows: (outside) => [
      leads('absolute', outside),
      leads('up', '../outside'),
      leads('dots', '..'),
      leads('dot', '.'),
      leads('root', '/'),
      leads('climbs', '/../outside'),
      leads('inside', '/below/../../outside'),
      leads('empty', ''),
      leads('slash', 'a/b'),
      leads('long', `/${'x/'.repeat(2000)}`),
      leads('loop1', '/loop2'),
      leads('loop2', '/loop1'),
      leads('nul', '/below\0/x'),
      leads('link', '/escape'),
      symlink('escape', outside),
      leads('deeper', '/escape/sub'),
    ],
  },
  {
    name: 'metacopy files',
    rows: (outside) => [
      lures('absolute', `${outside}/secret`),
      lures('up', '../outside/secret'),
      lures('climbs', '/../outside/secret'),
      lures('link', '/escape/secret'),
      symlink('escape', outside),
      lures('itself', '/itself'),
      lures('a', '/b'),
      lures('b', '/a'),
      lures('dir', '/below'),
      lures('nothing', '/nowhere'),
      lures('linked', '/tosecret'),
      symlink('tosecret', `${outside}/secret`),
      lures('device', '/mem'),
      node('mem', kind.CHAR | 0o666, device(1, 1)),
    ],
  },
  {
    name: 'nonsense in every attribute',
    rows: () =>
      [
        'opaque',
        'redirect',
        'metacopy',
        'origin',
        'impure',
        'nlink',
        'whiteout',
        'upper',
        'uuid',
        'protattr',
        'unknown',
      ].flatMap((one) =>
        ['', 'y', 'x', '\0'.repeat(30), '\0\xfb\x1d\0\x01', 'z'.repeat(300)].flatMap((value, n) => [
          file(`${one}${String(n)}`, 'f', { xattrs: { [`${name}.${one}`]: value } }),
          dir(`${one}${String(n)}d`, { xattrs: { [`${name}.${one}`]: value } }),
        ]),
      ),
  },
];

interface Ground {
  readonly base: string;
  readonly outside: string;
  readonly agent: Agent;
}

async function prepare(test: Test): Promise<Ground> {
  const base = mkdtempSync(join(tmpdir(), 'strata-hostile-'));
  const agent = await Agent.start();
  test.teardown(async () => {
    await agent.stop();
    rmSync(base, { recursive: true, force: true });
  });
  const outside = `${base}/outside`;
  for (const made of ['l0', 'l1', 'u', 'w', 'm', 'outside', 'outside/sub']) mkdirSync(`${base}/${made}`);
  for (const path of ['secret', 'sub/secret']) writeFileSync(`${outside}/${path}`, secret);
  await buildLayer(agent, `${base}/l1`, [dir('below'), file('below/f', 'below'), dir('dots'), dir('up')]);
  return { base, outside, agent };
}

/** Does everything to one entry, and answers whatever could be read. */
async function handle(agent: Agent, path: string): Promise<string> {
  const tried = async (call: string, ...args: unknown[]): Promise<unknown> =>
    agent.call(call, ...args).catch((thrown: unknown) => {
      // EIO, ELOOP, ESTALE and all others are fine answers; a dead server is none.
      if (/E107|E103/.test(String(thrown))) throw thrown;
      return undefined;
    });
  let read = '';
  for (const flags of [o.RDONLY | o.NOFOLLOW | o.NONBLOCK, o.RDWR | o.NOFOLLOW | o.NONBLOCK]) {
    const fd = await tried('open', path, flags, 0);
    if (fd === undefined) continue;
    read += String(await tried('pread', fd, 1000, 0));
    await tried('pwrite', fd, 'WRITTEN', 0);
    await tried('close', fd);
  }
  for (const entry of ((await tried('readdir', path)) ?? []) as [string][]) {
    const below = `${path}/${entry[0]}`;
    const seen = (await tried('lstat', below)) as { mode: number } | undefined;
    if (seen !== undefined && (seen.mode & 0o170000) === kind.FILE) read += await handle(agent, below);
  }
  await tried('chmod', path, 0o700);
  await tried('setxattr', path, 'user.x', 'x', 0);
  await tried('utimes', path, '5', '5');
  await tried('mkdir', `${path}/new`, 0o755);
  await tried('rename', path, `${path}-moved`, 0);
  await tried('rename', `${path}-moved`, path, 0);
  await tried('unlink', path);
  await tried('rmdir', path);
  return read;
}

async function attack(test: Test, ground: Ground, layers: Layers): Promise<void> {
  const { agent, outside, base } = ground;
  const mount = await mountStrata(layers);
  try {
    const entries = (await agent.call('readdir', mount.mountPoint)) as [string, string, number][];
    test.ok(entries.length > 0, 'there is something to attack with');
    for (const [entry, , type] of entries) {
      // What a symbolic link leads to is the client's own affair.
      if (type === 10) continue;
      const read = await handle(agent, `${mount.mountPoint}/${entry}`);
      test.notOk(read.includes('SECRET'), `${entry} does not tell the secret`);
    }
    test.ok(existsSync(`${mount.mountPoint}/.`), 'the server lives');
  } finally {
    await mount.close();
  }
  for (const path of ['secret', 'sub/secret']) {
    test.equal(readFileSync(`${outside}/${path}`, 'latin1'), secret, 'the secret is as it was');
    test.equal(statSync(`${outside}/${path}`).mode & 0o7777, 0o644, 'and its mode');
  }
  const rows = (await agent.call('snapshot', outside, true)) as { path: string }[];
  test.strictSame(
    rows.map((row) => row.path),
    ['', 'secret', 'sub', 'sub/secret'],
    `nothing new beside ${base}`,
  );
}

for (const one of attacks) {
  for (const as of ['lower', 'upper'] as const) {
    await t.test(
      `${one.name} in the ${as}`,
      { skip: strataIsBuilt() ? false : 'npm run build first' },
      async (test) => {
        const ground = await prepare(test);
        const { base, outside, agent } = ground;
        await buildLayer(agent, `${base}/${as === 'lower' ? 'l0' : 'u'}`, one.rows(outside));
        await attack(test, ground, {
          lowers: [`${base}/l0`, `${base}/l1`],
          upper: `${base}/u`,
          work: `${base}/w`,
          mountPoint: `${base}/m`,
          options: allOn,
        });
      },
    );
  }
}

await t.test(
  'an origin that is the handle of the secret',
  { skip: strataIsBuilt() ? false : 'npm run build first' },
  async (test) => {
    const ground = await prepare(test);
    const { base, outside, agent } = ground;
    // The kernel's overlayfs makes the mark, over the directory with the secret; then the file is put elsewhere.
    for (const path of ['ou', 'ow', 'om']) mkdirSync(`${base}/${path}`);
    const { mountOverlay } = await import('../conformance/fixtures/targets.ts');
    const made = await mountOverlay({
      lowers: [outside],
      upper: `${base}/ou`,
      work: `${base}/ow`,
      mountPoint: `${base}/om`,
      options: 'metacopy=on,redirect_dir=on,index=off',
    });
    await agent.call('chmod', `${base}/om/secret`, 0o640);
    await made.close();
    await agent.call('rename', `${base}/ou/secret`, `${base}/u/lure`, 0);
    await attack(test, ground, {
      lowers: [`${base}/l0`, `${base}/l1`],
      upper: `${base}/u`,
      work: `${base}/w`,
      mountPoint: `${base}/m`,
      options: allOn,
    });
  },
);
