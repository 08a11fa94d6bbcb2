/**
 * Which files were renewed (`RenewalOperations`), and who knows of it. The kernel is told that their names
 * must be looked up again, and each thread that comes by an old id hears ESTALE once: the kernel then walks
 * its path again, and asks anew for every name on it (LOOKUP_REVAL; fs/namei.c, do_filp_open). One that
 * comes a second time, whatever the file, has no path to walk, or is unlucky, and must not hear it again: the
 * application would.
 */
import type { NodeId } from '../../base/ids.ts';
import type { Name } from '../../base/name.ts';
import type { FileName, FileSystem } from '../../vfs/file-system.ts';
import { invalEntryFlag } from '../../wire/flags.ts';
import { notifyInvalEntry, notifyInvalInode } from '../../wire/notify.ts';
import type { OpenModes } from './open-modes.ts';

/** Notifications wait for locks of directories, and whoever opens a file waits for them: but not longer. */
const announceMs = 1000;
/** Within this time a thread that heard ESTALE has walked its path again, or found nothing at its end. */
const comeBackMs = 5000;

/** The number of every thread of a PID namespace that the mount's own does not see. */
export const unseenThread = 0;

export interface RenewalParts {
  readonly fs: Pick<FileSystem, 'current' | 'names' | 'renew' | 'forget' | 'knows'>;
  readonly modes: OpenModes;
  /** Sends a message of `wire/notify.ts` from another thread. */
  readonly send: (message: Buffer) => Promise<unknown>;
  /** Whether something is mounted on one of these paths: such a name keeps its node. */
  readonly isMountPoint: (paths: readonly Name[]) => boolean;
}

/** A file, over all its renewals. */
interface Family {
  current: NodeId;
  /** Old ids that the kernel still knows, or that are held. */
  relics: number;
  /**
   * Old ids of which one lookup is ours, as long as somebody is expected to come back: with the last of them
   * the file could leave, and come back as another one that we know nothing of.
   */
  readonly held: NodeId[];
  /** Threads that heard ESTALE here and have not come back. */
  readonly told: Set<number>;
  /** The current id is kept from being passed through to a lower layer, for one of those threads. */
  reservation: { readonly thread: number; readonly end: () => void } | undefined;
  /** Nobody is expected any more. */
  timer: NodeJS.Timeout | undefined;
}

interface Renewal {
  readonly family: Family;
  /** Resolves when all names are known to the kernel as to be looked up again. */
  readonly announced: Promise<void>;
}

export class Renewals {
  readonly #parts: RenewalParts;
  readonly #byOldId = new Map<NodeId, Renewal>();
  /** By their current ids. */
  readonly #families = new Map<NodeId, Family>();
  /** Where each thread that heard ESTALE has heard it, but for unseen ones. */
  readonly #told = new Map<number, Family>();

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** Whether `node`, which is current, has names, and nothing is mounted on them. */
  isRenewable(node: NodeId): boolean {
    return this.#renewableNames(node).length > 0;
  }

  /** Whether `node`, which is current, has lost all its names: who comes by it may have been on the way before. */
  isNameless(node: NodeId): boolean {
    return this.#parts.fs.names(node).length === 0;
  }

  /**
   * Renews `node`, which is current; false where that cannot be. Where its data is still in a lower layer,
   * `reservedFor` is the thread, not an unseen one, that will come back to move it: until then no reader gets in
   * its way.
   */
  renew(node: NodeId, reservedFor?: number): boolean {
    const { fs, modes } = this.#parts;
    const names = this.#renewableNames(node);
    if (names.length === 0) return false;
    fs.renew(node);
    const family = this.#familyOf(node);
    this.#families.delete(node);
    family.current = fs.current(node);
    family.relics += 1;
    family.held.push(node);
    this.#families.set(family.current, family);
    modes.share(node, true);
    modes.share(family.current, true);
    if (reservedFor !== undefined) {
      family.reservation?.end();
      family.reservation = { thread: reservedFor, end: modes.moving(family.current) };
    }
    this.#byOldId.set(node, { family, announced: this.#announce(node, names) });
    this.#expect(family);
    return true;
  }

  /**
   * A thread comes by `node`, an old id or a nameless one: whether it must hear ESTALE. Not if it has just heard it.
   * Of threads that cannot be told apart, one may have heard it here.
   */
  tell(node: NodeId, thread: number): boolean {
    const family = this.#byOldId.get(node)?.family ?? this.#familyOf(node);
    const heard = thread === unseenThread ? family.told.has(thread) : this.#told.has(thread);
    if (heard) {
      this.arrived(thread);
      return false;
    }
    family.told.add(thread);
    if (thread !== unseenThread) this.#told.set(thread, family);
    this.#expect(family);
    return true;
  }

  /** A thread has come to be served. */
  arrived(thread: number): void {
    const family = this.#told.size === 0 ? undefined : this.#told.get(thread);
    if (family === undefined) return;
    this.#told.delete(thread);
    family.told.delete(thread);
    if (family.reservation?.thread === thread) endReservation(family);
    if (family.told.size === 0 && family.reservation === undefined) this.#expectNobody(family);
  }

  /** Resolves when the kernel knows that the names of `node`, an old id, lead elsewhere; or after a second. */
  async announced(node: NodeId): Promise<void> {
    await this.#byOldId.get(node)?.announced;
  }

  /** `node` is not known any more. */
  forgotten(node: NodeId): void {
    const family = this.#byOldId.size === 0 ? undefined : this.#byOldId.get(node)?.family;
    if (family === undefined) return;
    this.#byOldId.delete(node);
    family.relics -= 1;
    if (family.relics > 0) return;
    const { fs, modes } = this.#parts;
    this.#families.delete(family.current);
    modes.share(family.current, false);
    // Nothing but its relics may have kept it.
    if (!fs.knows(family.current)) modes.forgotten(family.current);
  }

  /** Expects nobody any more. */
  stop(): void {
    for (const family of [...this.#families.values(), ...this.#told.values()]) clearTimeout(family.timer);
  }

  #renewableNames(node: NodeId): readonly FileName[] {
    const names = this.#parts.fs.names(node);
    if (names.length === 0 || this.#parts.isMountPoint(names.map(({ path }) => path))) return [];
    return names;
  }

  #familyOf(current: NodeId): Family {
    let family = this.#families.get(current);
    if (family === undefined) this.#families.set(current, (family = newFamily(current)));
    return family;
  }

  /** Somebody may come back. Whoever has not within some time was ended, or has met an error on its way. */
  #expect(family: Family): void {
    clearTimeout(family.timer);
    family.timer = setTimeout(() => {
      this.#expectNobody(family);
    }, comeBackMs).unref();
  }

  #expectNobody(family: Family): void {
    const { fs, modes } = this.#parts;
    clearTimeout(family.timer);
    for (const thread of family.told) this.#told.delete(thread);
    family.told.clear();
    endReservation(family);
    if (family.relics === 0) this.#families.delete(family.current);
    for (const node of family.held.splice(0)) {
      if (!fs.forget(node, 1)) continue;
      this.forgotten(node);
      modes.forgotten(node);
    }
  }

  /** Nothing to do for what the kernel does not know: it answers ENOENT. */
  async #announce(node: NodeId, names: readonly FileName[]): Promise<void> {
    const { send } = this.#parts;
    const messages = names.map(({ parent, name }) =>
      notifyInvalEntry(parent, name, invalEntryFlag.EXPIRE_ONLY),
    );
    messages.push(notifyInvalInode(node, -1, 0));
    const sent = Promise.all(messages.map((message) => send(message)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, announceMs)));
    await Promise.race([sent, late]);
    clearTimeout(timer);
  }
}

function newFamily(current: NodeId): Family {
  return { current, relics: 0, held: [], told: new Set(), reservation: undefined, timer: undefined };
}

function endReservation(family: Family): void {
  family.reservation?.end();
  family.reservation = undefined;
}
