/**
 * Where the content of volumes comes from. A driver keeps them by name and shows each as a directory while
 * somebody uses it. `create` makes nothing visible that is not complete, and each step may be repeated.
 */
export interface VolumeFacts {
  readonly name: string;
  readonly driver: string;
  /** Where the content is, or will be while it is mounted. */
  readonly mountpoint: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NewVolume {
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface VolumeDriver {
  readonly name: string;
  /** Makes the volume; one that is there stays as it is. UserError for options that it does not know. */
  create(name: string, request: NewVolume): VolumeFacts;
  /** UserError `broken-file` for one that is damaged. */
  find(name: string): VolumeFacts | undefined;
  /** Where its content is, or will be while it is mounted, also of one that is damaged; undefined where there is none. */
  locate(name: string): string | undefined;
  /** Of all, also of those that are damaged. */
  names(): string[];
  /** Removes it with its content; nothing when it is not there. It must not be mounted. */
  remove(name: string): void;
  /** Makes the content visible at the answered directory; nothing when it is so. UserError where it cannot, as for one that is damaged. */
  mount(name: string): string;
  /** Undoes `mount`; nothing when it is not mounted. */
  unmount(name: string): void;
}
