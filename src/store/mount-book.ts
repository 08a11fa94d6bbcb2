/**
 * The mounts of a data root, a file for each in the run root: where, of what, served by whom, held by whom. A mount
 * whose last holder has died is taken down by whoever finds it. A file stays for as long as its mount is in use, wherever
 * that is by now, since it keeps the layers. Whoever acts on what it tells holds the run root's lock; a look is free.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { asName, nameFromText, nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { isMountInUse } from '../os/mount-users.ts';
import { readMounts, showsTree, type MountedTree, type MountEntry } from '../os/mountinfo.ts';
import { isNamespaceInUse, isRunning, mountNamespace } from '../os/process-identity.ts';
import { asBroken, findJson, namesIn, unfinishedPrefix, writeDurably } from './durable.ts';
import type { CacheId } from './ids.ts';
import type { RunRoot } from './run-root.ts';

const processSchema = v.object({ pid: v.number(), start: v.string() });

const recordSchema = v.object({
  /** Absolute, without symbolic links. */
  target: v.string(),
  /** `major:minor`; absent while it is being mounted, and where nothing had to be. */
  device: v.optional(v.string()),
  /** What else mountinfo tells of it, as long as it knows the device. */
  mountId: v.optional(v.number()),
  root: v.optional(v.string()),
  source: v.optional(v.string()),
  /** The mount namespace that it is in. */
  namespace: v.string(),
  server: v.optional(processSchema),
  /** It is off the tree, and nobody can get to it: there only is its server, which writes what is left to write, and ends. */
  ending: v.optional(v.literal(true)),
  /** Who mounts, or mounted, it. */
  maker: processSchema,
  /** Processes that use it, and `kept` for one that stays until it is put. */
  holders: v.array(v.union([processSchema, v.literal('kept')])),
  /** What it shows, from the top; those outside of the data root are not among them. */
  layers: v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  /** Where changes go; absent for one that is read-only. */
  upper: v.optional(v.string()),
  /** The name of the mount that it shows at one more place, and that stays for as long. */
  of: v.optional(v.string()),
  /** What was asked for, in the words of the one who did. */
  title: v.string(),
});

export type MountRecord = Omit<v.InferOutput<typeof recordSchema>, 'layers'> & {
  readonly layers: readonly CacheId[];
};
export type NamedRecord = MountRecord & { readonly name: string };
export type Holder = MountRecord['holders'][number];

export class MountBook {
  readonly #run: RunRoot;

  constructor(run: RunRoot) {
    this.#run = run;
  }

  /** Runs `act` while no other command mounts or unmounts. Not to be nested. */
  alone<T>(act: () => Promise<T>): Promise<T> {
    return this.#run.alone(act);
  }

  async find(name: string): Promise<MountRecord | undefined> {
    return (await findJson(this.pathOf(name), recordSchema)) as MountRecord | undefined;
  }

  async write(name: string, record: MountRecord): Promise<void> {
    await writeDurably(this.pathOf(name), JSON.stringify(record));
  }

  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true });
  }

  /** Of all records, damaged ones among them. */
  async names(): Promise<string[]> {
    const files = await namesIn(this.#run.mounts);
    return files
      .filter((file) => !file.startsWith(unfinishedPrefix))
      .map((file) => file.replace(/\.json$/, ''));
  }

  /** For who removes layers: of a damaged record nobody knows which of them it keeps. UserError `broken-file`. */
  async list(): Promise<NamedRecord[]> {
    const { records, fault } = await this.readAll();
    if (fault !== undefined) throw fault;
    return records;
  }

  /** For who mounts or unmounts, which loses nothing: those that can be read, and what is wrong with one of the others. */
  async readAll(): Promise<{ readonly records: NamedRecord[]; readonly fault: UserError | undefined }> {
    const records: NamedRecord[] = [];
    let fault: UserError | undefined;
    for (const name of await this.names()) {
      const record = await this.find(name).catch(asBroken);
      if (record instanceof UserError) fault ??= record;
      else if (record !== undefined) records.push({ ...record, name });
    }
    return { records, fault };
  }

  /** Whether somebody needs a mount: a process, a container, or another place that shows it. */
  async isHeld(name: string, record: MountRecord): Promise<boolean> {
    if (liveHolders(record).length > 0) return true;
    // Without its server it shows nothing, there or here.
    if (record.server !== undefined && !isRunning(record.server)) return false;
    return (await this.findView(name)) !== undefined;
  }

  /** One of the other places that show the mount `name`, or have shown it and are still in use. */
  async findView(name: string): Promise<NamedRecord | undefined> {
    for (const record of (await this.readAll()).records)
      if (record.of === name && (await this.isUsed(record.name, record))) return record;
    return undefined;
  }

  /**
   * Whether a mount is in use, at its place or not: a directory above it may have been renamed, it may be shown at one more place
   * and taken off the first, or off the tree while programs are in it.
   */
  async isUsed(name: string, record: MountRecord): Promise<boolean> {
    if (await this.isShown(name, record)) return true;
    const { mountId: id, device, server } = record;
    if (server !== undefined || id === undefined || device === undefined) return false;
    // What is on the tree with its number is the next one.
    if (readMounts().some((entry) => entry.id === id)) return false;
    return isMountInUse({ id, device });
  }

  /** The same, without a look at all processes: of a mount without a server that is off the tree it answers false. */
  async isShown(name: string, record: MountRecord): Promise<boolean> {
    if (isThere(record)) return true;
    // It ends with the last use of its mount, wherever that is.
    if (record.server !== undefined) return isRunning(record.server);
    return (await this.findPlace(name, record)) !== undefined;
  }

  /** Where a mount is by now, if it is on the tree of this mount namespace: at its place unless it has left that. */
  async findPlace(name: string, record: MountRecord): Promise<string | undefined> {
    if (findMounted(record) !== undefined) return record.target;
    const tree = findTree(record);
    if (tree === undefined) return undefined;
    const { device } = tree;
    // What shows the same on purpose has a record of its own.
    const { records } = await this.readAll();
    const others = records.filter((other) => other.name !== name && other.device === device);
    const taken = new Set(others.map(({ target }) => nameFromText(target)));
    const found = readMounts().findLast((entry) => showsTree(entry, tree) && !taken.has(entry.mountPoint));
    return found === undefined ? undefined : nameToText(found.mountPoint);
  }

  /** Where the record of a mount lies. */
  pathOf(name: string): string {
    return join(this.#run.mounts, `${name}.json`);
  }
}

/**
 * Whether the mount is still at its place, and not being taken away. One in another mount namespace cannot be seen from here: it
 * is, as long as that namespace has a process.
 */
export function isThere(record: MountRecord): boolean {
  if (record.ending === true) return false;
  if (isElsewhere(record)) return isNamespaceInUse(record.namespace);
  if (record.device === undefined) return isRunning(record.maker);
  return findMounted(record) !== undefined;
}

/** What it shows; undefined while it is being mounted. */
export function findTree({ device, root, source }: MountRecord): MountedTree | undefined {
  if (device === undefined || root === undefined || source === undefined) return undefined;
  return { device, root: asName(root), source: asName(source) };
}

/** The mount, where it is at its place in this mount namespace. */
export function findMounted({ device, mountId, source, target }: MountRecord): MountEntry | undefined {
  const place = nameFromText(target);
  return readMounts().findLast(
    (entry) =>
      entry.mountPoint === place &&
      entry.device === device &&
      // Both numbers may by now be those of the next mount.
      (mountId === undefined || entry.id === mountId) &&
      (source === undefined || entry.source === source),
  );
}

/** Whether it is in another mount namespace: nobody can use it, or take it down, from here. */
export function isElsewhere(record: MountRecord): boolean {
  return record.namespace !== mountNamespace();
}

/** UserError `other-namespace` for one that is there, but not to be seen from here. */
export function checkNamespace(record: MountRecord): void {
  if (!isElsewhere(record) || !isThere(record)) return;
  throw new UserError('other-namespace', `${record.target} is mounted in another mount namespace`, {
    hint: 'run strata there: nsenter --mount --target PID strata ..., with PID of a process in it',
  });
}

/** Those who still hold it. */
export function liveHolders(record: MountRecord): Holder[] {
  return record.holders.filter((holder) => holder === 'kept' || isRunning(holder));
}
