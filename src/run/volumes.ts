/**
 * The volumes of a data root, whatever driver keeps them: made when they are named first, refused to go while a
 * container has them, running or not. Who has them is told by the caller, which knows the containers.
 */
import { join } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { isBroken } from '../store/durable.ts';
import { localVolumes } from './local-volumes.ts';
import type { NewVolume, VolumeDriver, VolumeFacts } from './volume-driver.ts';
import { anonymousVolumeName, checkVolumeName, isAnonymous } from './volume-name.ts';

/** The containers (their names, or ids) that have the volume `name`. */
export type UsersOf = (name: string) => readonly string[];

export type VolumePlace = Pick<VolumeFacts, 'driver' | 'mountpoint'>;

export interface VolumeList {
  /** By name. */
  readonly volumes: readonly VolumeFacts[];
  /** By their names those of which the record cannot be read: UserError `broken-file`. */
  readonly damaged: ReadonlyMap<string, UserError>;
}

export class Volumes {
  readonly #drivers: readonly VolumeDriver[];

  constructor(dataRoot: string) {
    this.#drivers = [localVolumes(join(dataRoot, 'volumes'))];
  }

  /** All of which the record can be read, and what is wrong with the others. */
  list(): VolumeList {
    const volumes: VolumeFacts[] = [];
    const damaged = new Map<string, UserError>();
    for (const driver of this.#drivers) {
      for (const name of driver.names()) {
        try {
          const found = driver.find(name);
          if (found !== undefined) volumes.push(found);
        } catch (thrown) {
          if (!isBroken(thrown)) throw thrown;
          damaged.set(name, thrown);
        }
      }
    }
    return { volumes: volumes.sort((a, b) => (a.name < b.name ? -1 : 1)), damaged };
  }

  /** UserError `broken-file` for one that is damaged. */
  find(name: string): VolumeFacts | undefined {
    return this.#findDriver(name)?.find(name);
  }

  /** UserError `no-such-volume`, `broken-file` for one that is damaged. */
  get(name: string): VolumeFacts {
    const found = this.find(name);
    if (found === undefined) throw noSuchVolume(name);
    return found;
  }

  /** Who keeps it, and where, also of one that is damaged; undefined where there is none. */
  locate(name: string): VolumePlace | undefined {
    const driver = this.#findDriver(name);
    const mountpoint = driver?.locate(name);
    return driver === undefined || mountpoint === undefined ? undefined : { driver: driver.name, mountpoint };
  }

  /** The same. UserError `no-such-volume`. */
  getPlace(name: string): VolumePlace {
    const found = this.locate(name);
    if (found === undefined) throw noSuchVolume(name);
    return found;
  }

  /**
   * Makes it, or answers the one that is there. Without a name it gets one of its own. UserError
   * `bad-volume-name`, `no-such-driver`, `volume-conflict` where it is there with another driver, `broken-file` where it is damaged.
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

  /** Also one that is damaged. UserError `no-such-volume`, `volume-in-use`. */
  remove(name: string, usersOf: UsersOf): void {
    const { driver } = this.getPlace(name);
    const users = usersOf(name);
    if (users.length > 0)
      throw new UserError('volume-in-use', `remove ${name}: volume is in use - [${users.join(', ')}]`, {
        hint: `remove the container first: strata rm ${users[0] ?? ''}`,
      });
    this.#driver(driver).remove(name);
  }

  /** Names of those that nobody named, or with `all` of every one, if `accepts` says so, whoever has them. None is damaged. */
  findPrunable(options: {
    readonly all: boolean;
    readonly accepts?: (facts: VolumeFacts) => boolean;
  }): string[] {
    return this.list()
      .volumes.filter(
        (facts) => (options.all || isAnonymous(facts.name)) && options.accepts?.(facts) !== false,
      )
      .map(({ name }) => name);
  }

  /** The directory with its content. UserError. */
  mount(name: string): string {
    return this.#driver(this.getPlace(name).driver).mount(name);
  }

  /** Nothing when it is gone, or not mounted. */
  unmount(name: string): void {
    this.#findDriver(name)?.unmount(name);
  }

  /** The one that has the volume. */
  #findDriver(name: string): VolumeDriver | undefined {
    if (!/^[a-zA-Z0-9]/.test(name) || name.includes('/')) return undefined;
    return this.#drivers.find((driver) => driver.locate(name) !== undefined);
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

function noSuchVolume(name: string): UserError {
  return new UserError('no-such-volume', `no such volume: ${name}`, { hint: 'strata volume ls lists them' });
}
