/**
 * The volumes of a data root, whatever driver keeps them: made when they are named first, refused to go while a
 * container has them, running or not. Who has them is told by the caller, which knows the containers.
 */
import { join } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { localVolumes } from './local-volumes.ts';
import type { NewVolume, VolumeDriver, VolumeFacts } from './volume-driver.ts';
import { anonymousVolumeName, checkVolumeName, isAnonymous } from './volume-name.ts';

/** The containers (their names, or ids) that have the volume `name`. */
export type UsersOf = (name: string) => readonly string[];

export class Volumes {
  readonly #drivers: readonly VolumeDriver[];

  constructor(dataRoot: string) {
    this.#drivers = [localVolumes(join(dataRoot, 'volumes'))];
  }

  /** All, by name. */
  list(): VolumeFacts[] {
    return this.#drivers.flatMap((driver) => driver.list()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): VolumeFacts | undefined {
    for (const driver of this.#drivers) {
      const found = /^[a-zA-Z0-9]/.test(name) && !name.includes('/') ? driver.find(name) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** UserError `no-such-volume`. */
  get(name: string): VolumeFacts {
    const found = this.find(name);
    if (found === undefined)
      throw new UserError('no-such-volume', `no such volume: ${name}`, {
        hint: 'strata volume ls lists them',
      });
    return found;
  }

  /**
   * Makes it, or answers the one that is there. Without a name it gets one of its own. UserError
   * `bad-volume-name`, `no-such-driver`, `volume-conflict` where it is there with another driver.
   */
  create(name: string | undefined, request: NewVolume & { readonly driver?: string }): VolumeFacts {
    if (name !== undefined) checkVolumeName(name);
    const driver = this.#driver(request.driver ?? 'local');
    const there = name === undefined ? undefined : this.find(name);
    if (there !== undefined && there.driver !== driver.name)
      throw new UserError(
        'volume-conflict',
        `a volume ${there.name} exists with the driver ${there.driver}`,
        {
          hint: 'choose another name',
        },
      );
    return there ?? driver.create(name ?? anonymousVolumeName(), request);
  }

  /** UserError `no-such-volume`, `volume-in-use`. */
  remove(name: string, usersOf: UsersOf): void {
    const facts = this.get(name);
    const users = usersOf(name);
    if (users.length > 0)
      throw new UserError('volume-in-use', `remove ${name}: volume is in use - [${users.join(', ')}]`, {
        hint: `remove the container first: strata rm ${users[0] ?? ''}`,
      });
    this.#driver(facts.driver).remove(name);
  }

  /** Names of those that nobody named, or with `all` of every one, if `accepts` says so, whoever has them. */
  findPrunable(options: {
    readonly all: boolean;
    readonly accepts?: (facts: VolumeFacts) => boolean;
  }): string[] {
    return this.list()
      .filter((facts) => (options.all || isAnonymous(facts.name)) && options.accepts?.(facts) !== false)
      .map(({ name }) => name);
  }

  /** The directory with its content. UserError. */
  mount(name: string): string {
    return this.#driver(this.get(name).driver).mount(name);
  }

  /** Nothing when it is gone, or not mounted. */
  unmount(name: string): void {
    const facts = this.find(name);
    if (facts !== undefined) this.#driver(facts.driver).unmount(name);
  }

  #driver(name: string): VolumeDriver {
    const driver = this.#drivers.find((candidate) => candidate.name === name);
    if (driver === undefined)
      throw new UserError('no-such-driver', `plugin "${name}" not found`, {
        hint: 'the driver that there is: local',
      });
    return driver;
  }
}
