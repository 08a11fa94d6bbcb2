/**
 * What a build needs of the place where layers and images are kept. A layer is known by its chain id: itself
 * with all that lies below it. Whatever a build has been given stays until its end, whoever removes images meanwhile.
 */

/** Of a layer and all below it: `sha256:<hex>`. */
export type Chain = string;

export interface StoredImage {
  readonly id: string;
  /** The configuration, as JSON. */
  readonly text: string;
  /** Of the topmost layer; undefined for an image without layers. */
  readonly chain: Chain | undefined;
}

export interface LayerFacts {
  readonly chain: Chain;
  /** Of the layer alone. */
  readonly diffId: string;
  /** Bytes in its regular files. */
  readonly size: number;
}

export interface ChangeRequest {
  readonly parent: Chain | undefined;
  /** What is done is done to an empty tree, and laid over `parent`. */
  readonly detached?: boolean;
  /** For listings of mounts. */
  readonly title: string;
  /** Places that must exist while `act` runs, and are in no layer unless it makes them. */
  readonly stubs?: readonly Stub[];
  /** Seconds: the time that every changed file gets. */
  readonly timestamp?: number | undefined;
}

export interface Stub {
  /** Absolute. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** Permission bits of a directory that is made; 0755 unless told. */
  readonly mode?: number;
}

export interface BuildStore {
  /** A directory that outlasts the build, for its cache. */
  readonly cacheDirectory: string;
  /** A directory that goes with the build. */
  readonly scratch: string;
  /** By name, or the beginning of an id. UserError `bad-name`. */
  findImage(name: string): Promise<StoredImage | undefined>;
  /** Undefined where it is gone. */
  findLayer(chain: Chain): Promise<LayerFacts | undefined>;
  /** Runs `act` with the tree of a layer, which it only reads. */
  show<T>(chain: Chain | undefined, act: (root: string) => Promise<T>): Promise<T>;
  /** Runs `act` with a tree that it may change; undefined where it changed nothing. Nothing is kept where it throws. */
  change(request: ChangeRequest, act: (root: string) => Promise<void>): Promise<LayerFacts | undefined>;
  /** Publishes an image, under names if there are any; answers its id. */
  addImage(text: string, names: readonly string[]): Promise<string>;
}
