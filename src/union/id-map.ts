/**
 * Users and groups by two names: the ids that lie on disk, by which the engine thinks, and those that clients
 * see and say. What comes in is translated before the engine acts on it, what goes out after, so that a copy-up
 * keeps even an owner that no client has a name for. The rules are those of fuse-overlayfs: an id without
 * an entry shows as the overflow id; a squashed mount shows one owner, and is indifferent to changes of it.
 */
import { fsError } from '../base/fs-error.ts';
import { isAcl, mapAclIds } from '../layer/acl.ts';
import type { Name } from '../base/name.ts';
import type { Attr } from '../vfs/attr.ts';
import type { SetAttr } from '../vfs/file-system.ts';

/** `length` ids that lie on disk from `disk` on, and that clients know from `shown` on. */
export interface IdRange {
  readonly disk: number;
  readonly shown: number;
  readonly length: number;
}

/** Of users, or of groups. */
export interface IdRules {
  /** No two of them overlap, neither on disk nor as shown. None at all: every id is itself. */
  readonly ranges: readonly IdRange[];
  /** The owner that everything shows; undefined: its own. */
  readonly squash: number | undefined;
  /** What an id shows as, and is stored as, for which there is no range. */
  readonly overflow: number;
}

export interface IdentityRules {
  readonly users: IdRules;
  readonly groups: IdRules;
}

/** One of the two kinds of ids. */
export class IdMap {
  readonly #rules: IdRules;

  constructor(rules: IdRules) {
    this.#rules = rules;
  }

  get isSquashed(): boolean {
    return this.#rules.squash !== undefined;
  }

  /** The owner that an object shows. */
  ownerShown(disk: number): number {
    return this.#rules.squash ?? this.shown(disk);
  }

  /** The same but for squashing, which is of owners: a list may name several. */
  shown(disk: number): number {
    const { ranges, overflow } = this.#rules;
    if (ranges.length === 0) return disk;
    for (const range of ranges) {
      if (disk >= range.disk && disk - range.disk < range.length) return range.shown + (disk - range.disk);
    }
    return overflow;
  }

  /** undefined for an id that nothing on disk shows as. */
  findOnDisk(shown: number): number | undefined {
    const { ranges } = this.#rules;
    if (ranges.length === 0) return shown;
    for (const range of ranges) {
      if (shown >= range.shown && shown - range.shown < range.length)
        return range.disk + (shown - range.shown);
    }
    return undefined;
  }

  /** The owner of what a client makes, who need not have an entry (root of the host in somebody's container). */
  makerOnDisk(shown: number): number {
    return this.findOnDisk(shown) ?? this.#rules.overflow;
  }

  /** EINVAL for an id without an entry, as chown(2) in a user namespace says. */
  getOnDisk(shown: number): number {
    const disk = this.findOnDisk(shown);
    if (disk === undefined) throw fsError('EINVAL');
    return disk;
  }

  /** The owner that chown(2) asks for; undefined where it is squashed, and there is none to be had. */
  newOwner(shown: number | undefined): number | undefined {
    if (shown === undefined) return undefined;
    return this.isSquashed ? this.findOnDisk(shown) : this.getOnDisk(shown);
  }
}

export class IdMaps {
  readonly users: IdMap;
  readonly groups: IdMap;

  constructor({ users, groups }: IdentityRules) {
    this.users = new IdMap(users);
    this.groups = new IdMap(groups);
  }

  /** Owners cannot be changed so that it shows: where the system refuses it, nothing is lost. */
  get isSquashed(): boolean {
    return this.users.isSquashed || this.groups.isSquashed;
  }

  /** Turns the attributes of a real object into those that clients see. */
  show(attr: Attr): void {
    attr.uid = this.users.ownerShown(attr.uid);
    attr.gid = this.groups.ownerShown(attr.gid);
  }

  /** What a client wants changed, in ids on disk. EINVAL. */
  changeOnDisk(change: SetAttr): SetAttr {
    if (change.uid === undefined && change.gid === undefined) return change;
    return { ...change, uid: this.users.newOwner(change.uid), gid: this.groups.newOwner(change.gid) };
  }

  /** The value of an attribute as clients see it: lists name users and groups. */
  valueShown(attribute: Name, value: Buffer): Buffer {
    if (!isAcl(attribute)) return value;
    return mapAclIds(
      value,
      (id) => this.users.shown(id),
      (id) => this.groups.shown(id),
    );
  }

  /** The value that a client sets, as it is stored. EINVAL for a list that names somebody without an entry. */
  valueOnDisk(attribute: Name, value: Uint8Array): Uint8Array {
    if (!isAcl(attribute)) return value;
    return mapAclIds(
      value,
      (id) => this.users.getOnDisk(id),
      (id) => this.groups.getOnDisk(id),
    );
  }
}
