/**
 * What many mounts cost: memory and start-up time of 1, 10 and 100 mounts over one image, with a process each and with
 * one for all, beside fuse-overlayfs; and what ten containers of one image keep in memory of its programs. Prints the
 * tables of docs/density.md. Needs root, a build, and nothing else running:
 *
 *   unshare -m --propagation private node scripts/measure-density.js [mounts|images]
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const stratafs = fileURLToPath(new URL('../bin/stratafs', import.meta.url));
const counts = [1, 10, 100];
const layers = 5;
const containers = 10;
/** Files that each mount is asked to read, and to write, so that it is more than mounted. */
const filesOfALayer = 40;
const wait = 1000;

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {(options: string, at: string) => void} mount
 */

/** @type {(environment: Record<string, string>, more?: string) => Way['mount']} */
const strata =
  (environment, more = '') =>
  (options, at) => {
    execFileSync(stratafs, ['-o', options + more, at], { env: { ...process.env, ...environment } });
  };

/** @type {Way['mount']} */
const kernel = (options, at) => {
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, at]);
};

/** @type {Way['mount']} */
const fuseOverlayfs = (options, at) => {
  execFileSync('fuse-overlayfs', ['-o', options, at], { stdio: 'ignore' });
};

/** @type {Way[]} */
const ways = [
  { name: 'stratafs, a process each', mount: strata({}) },
  { name: 'stratafs, shared', mount: strata({ STRATAFS_SHARED: '1' }) },
  { name: 'fuse-overlayfs', mount: fuseOverlayfs },
];

/** @type {Way[]} */
const imageWays = [
  { name: "kernel's overlayfs", mount: kernel },
  { name: 'stratafs', mount: strata({ STRATAFS_SHARED: '1' }) },
  { name: 'stratafs, coherence=relaxed', mount: strata({ STRATAFS_SHARED: '1' }, ',coherence=relaxed') },
  { name: 'fuse-overlayfs', mount: fuseOverlayfs },
];

const scratch = realpathSync(mkdtempSync('/var/tmp/strata-density-'));
try {
  const [part] = process.argv.slice(2);
  if (part !== 'images') printMounts();
  if (part !== 'mounts') await printImages();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function printMounts() {
  const lower = Array.from({ length: layers }, (_, i) => makeLayer(i));
  print(
    '| mounts | | start of each, ms | memory (PSS), MB | of each, MB | RSS, MB | after use, of each, MB |',
  );
  print('|---:|---|---:|---:|---:|---:|---:|');
  for (const count of counts) {
    for (const way of ways) print(row(count, way, measureMounts(count, way, lower)));
  }
}

/** @param {number} i */
function makeLayer(i) {
  const path = join(scratch, `layer${String(i)}`);
  for (let file = 0; file < filesOfALayer; file++) {
    const directory = join(path, `directory${String(file % 8)}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file${String(i)}-${String(file)}`), 'x'.repeat(5000));
  }
  return path;
}

/**
 * @param {number} count
 * @param {Way} way
 * @param {string[]} lower
 */
function measureMounts(count, way, lower) {
  const base = join(scratch, 'mounts');
  const before = servers();
  const unions = Array.from({ length: count }, (_, i) => makeUnion(join(base, String(i)), lower));
  const begun = performance.now();
  for (const { options, at } of unions) way.mount(options, at);
  const startMs = (performance.now() - begun) / count;
  sleep(wait);
  const fresh = memoryOf(servers().filter((pid) => !before.includes(pid)));
  for (const { at } of unions) use(at);
  sleep(4 * wait);
  const used = memoryOf(servers().filter((pid) => !before.includes(pid)));
  for (const { at } of unions) execFileSync('umount', [at]);
  while (servers().length > before.length) sleep(wait / 10);
  rmSync(base, { recursive: true });
  return { startMs, fresh, used };
}

/**
 * @param {string} path
 * @param {string[]} lower
 */
function makeUnion(path, lower) {
  const [upper, work, at] = ['upper', 'work', 'at'].map((name) => join(path, name));
  for (const directory of [upper, work, at]) mkdirSync(String(directory), { recursive: true });
  return {
    options: `lowerdir=${lower.join(':')},upperdir=${String(upper)},workdir=${String(work)}`,
    at: String(at),
  };
}

/** Walks through it, reads everything, writes ten megabytes. @param {string} at */
function use(at) {
  execFileSync(
    'sh',
    ['-c', 'cat directory*/* > /dev/null; head -c 10M /dev/zero > big; chmod 600 directory1/*'],
    { cwd: at },
  );
}

/**
 * @param {number} count
 * @param {Way} way
 * @param {ReturnType<typeof measureMounts>} measured
 */
function row(count, { name }, { startMs, fresh, used }) {
  const cells = [
    count,
    name,
    startMs.toFixed(0),
    fresh.pss.toFixed(0),
    (fresh.pss / count).toFixed(1),
    fresh.rss.toFixed(0),
    (used.pss / count).toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The processes that serve mounts in this mount namespace. */
function servers() {
  const own = namespaceOf('self');
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && /^(?:@stratafs|fuse-overlayfs)/.test(text(`/proc/${pid}/cmdline`)))
    .filter((pid) => namespaceOf(pid) === own);
}

/** Empty once it has ended. @param {string} pid */
function namespaceOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return '';
  }
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

/** In MB. @param {string[]} pids */
function memoryOf(pids) {
  /** @type {(field: string) => number} */
  const sum = (field) =>
    pids.reduce(
      (all, pid) =>
        all +
        Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0),
      0,
    ) / 1000;
  return { pss: sum('Pss'), rss: sum('Rss') };
}

/** @param {string} path */
function text(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Ten containers that run this very Node with its libraries, from a layer that nobody else has read. */
async function printImages() {
  print('\n| ten containers of one image | page cache, MB | of their programs (PSS), MB of each |');
  print('|---|---:|---:|');
  for (const way of imageWays) {
    const { cached, pss } = await measureImages(way);
    print(`| ${way.name} | ${cached.toFixed(0)} | ${pss.toFixed(1)} |`);
  }
}

/** @param {Way} way */
async function measureImages(way) {
  const base = join(scratch, 'image');
  const lower = makeImage(join(base, 'lower'));
  const others = servers();
  const unions = Array.from({ length: containers }, (_, i) => makeUnion(join(base, String(i)), [lower]));
  for (const { options, at } of unions) way.mount(options, at);
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
  const before = cachedMb();
  const running = await Promise.all(unions.map(({ at }) => startIn(at)));
  const cached = cachedMb() - before;
  const pss = memoryOf(running.map(({ pid }) => String(pid))).pss / containers;
  await Promise.all(
    running.map((child) => {
      child.kill();
      return once(child, 'exit');
    }),
  );
  for (const { at } of unions) execFileSync('umount', [at]);
  while (servers().length > others.length) sleep(wait / 10);
  rmSync(base, { recursive: true });
  return { cached, pss };
}

/** @param {string} at */
function makeImage(at) {
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const file of [process.execPath, ...libraries])
    cpSync(file, join(at, file), { recursive: true, dereference: true });
  return at;
}

/** Resolves when the program runs. @param {string} root */
async function startIn(root) {
  const program = 'console.log(1); setInterval(() => undefined, 60000)';
  const child = spawn('chroot', [root, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Certificates that the image lacks.
    env: { ...process.env, NODE_EXTRA_CA_CERTS: '' },
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

function cachedMb() {
  return Number(/^Cached:\s+(\d+)/m.exec(text('/proc/meminfo'))?.[1]) / 1000;
}

/** @param {number} ms */
function sleep(ms) {
  spawnSync('sleep', [String(ms / 1000)]);
}
