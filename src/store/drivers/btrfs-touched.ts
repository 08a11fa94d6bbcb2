/**
 * Which places of a snapshot may differ from what it was taken of, without looking at the rest: btrfs tells it by the
 * stream that it would send (btrfs-send(8), btrfs-receive(8)), at the cost of what has changed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { asName, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { runChild } from '../child.ts';
import { hasNested } from './btrfs-nested.ts';
import { addTouched, type Touched } from './tree-changes.ts';

const snapshotNames = ['before', 'after'] as const;
const streamName = 'stream';

/**
 * Snapshots that nobody writes, which is what can be sent, lie in the directory `scratch` meanwhile. Undefined where there
 * are subvolumes in `after`, of which the stream says nothing. UserError `child-failed`.
 */
export async function findTouched(
  before: string,
  after: string,
  scratch: string,
): Promise<Touched | undefined> {
  if (await hasNested(after)) return undefined;
  const snapshots = snapshotNames.map((name) => join(scratch, name));
  try {
    for (const [index, path] of [before, after].entries()) {
      await runChild('btrfs', ['subvolume', 'snapshot', '-r', path, snapshots[index] ?? '']);
    }
    return await readStream(snapshots, join(scratch, streamName));
  } finally {
    await clearScratch(scratch);
  }
}

/** Takes away what is left of a `findTouched` that has not come to its end. */
export async function clearScratch(scratch: string): Promise<void> {
  for (const path of snapshotNames.map((name) => join(scratch, name))) {
    if (existsSync(path)) await runChild('btrfs', ['subvolume', 'delete', path]);
  }
  await rm(join(scratch, streamName), { force: true });
}

/** By way of a file: who reads the stream ends before who writes it, which then fails. */
async function readStream(snapshots: readonly string[], stream: string): Promise<Touched> {
  const [before = '', after = ''] = snapshots;
  await runChild('btrfs', ['send', '--no-data', '-p', before, '-f', stream, after]);
  const child = spawn('btrfs', ['receive', '--dump', '-f', stream], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const touched: Touched = new Map();
  const root = `./${basename(after)}`;
  for await (const line of createInterface({ input: child.stdout.setEncoding('latin1'), crlfDelay: 0 })) {
    for (const path of pathsIn(line, root)) addTouched(touched, path);
  }
  const [status] = await closed;
  if (status === 0) return touched;
  throw new UserError('child-failed', `btrfs receive: ${said.trim().replaceAll('\n', '; ')}`);
}

/** A command, its path, and for some another path; white space within a path is escaped. */
const commandLine = /^\S+\s+((?:\\.|[^\\\s])+)(?:\s+dest=((?:\\.|[^\\\s])+))?/;

/** Below `root`, as `print_path_escaped` of btrfs-progs writes them; of a link, where it leads to has no root in front. */
export function pathsIn(line: string, root: string): Name[] {
  const [, path, other] = commandLine.exec(line) ?? [];
  const paths = [path, other].filter((one) => one !== undefined).map(unescape);
  return paths
    .map((one) => (one === root || one.startsWith(`${root}/`) ? one.slice(root.length + 1) : one))
    .map(asName);
}

const letters: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3}|[^])/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? code),
  );
}
