/**
 * A data root, opened: its parts, and the driver that keeps its layers. There is no daemon: all state is in files, and
 * whoever opens a store first collects what commands that died have left.
 */
import * as v from 'valibot';
import { join, resolve } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { collectIfNeeded } from './collect.ts';
import { createDataRoot, findDataRoot, type DataRoot } from './data-root.ts';
import { driverNames, type DriverName, type StorageDriver } from './driver.ts';
import { chooseDriver, createDriver, formatOf, type DriverChoice } from './drivers/choose.ts';
import { asBroken, findJson, writeDurably } from './durable.ts';
import { ImageDb } from './image-db.ts';
import { LayerDb } from './layer-db.ts';
import { MountBook } from './mount-book.ts';
import { tellingNoSpace } from './no-space.ts';
import { Repositories } from './repositories.ts';
import { keepReserve, withReserve } from './reserve.ts';
import { RootLock } from './root-lock.ts';
import { RunRoot } from './run-root.ts';

export interface StoreOptions {
  /** The data root. */
  readonly root: string;
  /** The directory of run roots; undefined for the usual one. */
  readonly runRoot?: string | undefined;
  readonly driver?: DriverName | undefined;
}

export class Store {
  readonly root: DataRoot;
  readonly run: RunRoot;
  readonly choice: DriverChoice;
  readonly driver: StorageDriver;
  readonly lock: RootLock;
  readonly layers: LayerDb;
  readonly images: ImageDb;
  readonly names: Repositories;
  readonly mounts: MountBook;

  private constructor(root: DataRoot, run: RunRoot, choice: DriverChoice) {
    this.root = root;
    this.run = run;
    this.choice = choice;
    this.mounts = new MountBook(run);
    this.driver = createDriver(choice.name, root, this.mounts);
    this.lock = new RootLock(root);
    this.layers = new LayerDb(root);
    this.images = new ImageDb(root);
    this.names = new Repositories(root);
  }

  /**
   * Opens the data root, making it where there is none. UserError `foreign-root`, `newer-root`, `bad-root`,
   * `other-format`, `driver-unusable`, `no-space`. `without`: leaves alone what was left behind.
   */
  static open(options: StoreOptions, without: { readonly collect?: false } = {}): Promise<Store> {
    return tellingNoSpace(resolve(options.root), () => Store.#open(options, without));
  }

  static async #open(options: StoreOptions, without: { readonly collect?: false }): Promise<Store> {
    const found = await findDataRoot(options.root);
    let choice: DriverChoice | undefined;
    let root = found;
    if (root === undefined) {
      choice = await chooseDriver(resolve(options.root), undefined, options.driver);
      root = await createDataRoot(options.root, formatOf(choice.name), options.driver);
      // Somebody else was first, with another driver.
      if (root.format !== formatOf(choice.name)) choice = undefined;
    }
    const run = await RunRoot.open(root, options.runRoot);
    choice ??= await rememberedChoice(root, run, options.driver);
    await keepReserve(root);
    const store = new Store(root, run, choice);
    if (without.collect !== false) await collectIfNeeded(store);
    return store;
  }
}

const choiceSchema = v.object({ name: v.picklist(driverNames), reason: v.string() });

/** A trial mount costs more than most commands: one for each boot will do. */
async function rememberedChoice(
  root: DataRoot,
  run: RunRoot,
  wanted: DriverName | undefined,
): Promise<DriverChoice> {
  if (wanted === undefined && root.driver !== undefined) {
    return { name: root.driver, reason: 'the data root was made with it' };
  }
  if (wanted !== undefined || root.format !== 'overlay2') return chooseDriver(root.path, root.format, wanted);
  const path = join(run.path, 'driver.json');
  const found = await findJson(path, choiceSchema).catch(asBroken);
  if (found !== undefined && !(found instanceof UserError)) return found;
  const choice = await withReserve(root, () => chooseDriver(root.path, root.format, undefined));
  await writeDurably(path, JSON.stringify(choice));
  return choice;
}
