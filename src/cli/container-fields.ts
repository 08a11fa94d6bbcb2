/** A container in listings: Docker's fields of it. */
import { isActive, type Container, type ContainerStatus } from '../run/container.ts';
import { unknownSize } from './container-size.ts';
import type { Fields, Listing } from './listing.ts';
import { ageText, spanText, sizeText, timeText } from './units.ts';

export interface ListedContainer {
  readonly container: Container;
  readonly status: ContainerStatus;
  /** Bytes that it has written, and with those of its image; undefined where nobody has asked. */
  readonly size?: { readonly written: number; readonly virtual: number } | typeof unknownSize;
}

/** What `ps` shows; with sizes one column more. */
export function containerListing({ sizes }: { readonly sizes: boolean }): Listing {
  return {
    titles: {
      ID: 'CONTAINER ID',
      Image: 'IMAGE',
      Command: 'COMMAND',
      RunningFor: 'CREATED',
      Status: 'STATUS',
      Names: 'NAMES',
      Size: 'SIZE',
      CreatedAt: 'CREATED AT',
      LocalVolumes: 'LOCAL VOLUMES',
      ...{ State: 'STATE', Ports: 'PORTS', Mounts: 'MOUNTS', Networks: 'NETWORKS', Labels: 'LABELS' },
    },
    shown: sizes ? 7 : 6,
  };
}

/** Lengths at which a table cuts commands, and lists of mounts. */
const commandLength = 20;
const mountLength = 15;

/** With Docker's names; `trunc`: as short as in a table. */
export function containerFields({ container, status, size }: ListedContainer, trunc: boolean): Fields {
  const words = [...container.entrypoint, ...container.command].join(' ').replaceAll(/\s+/g, ' ');
  const cut = (text: string, length: number): string =>
    trunc && text.length > length ? `${text.slice(0, length - 1)}…` : text;
  const volumes = container.mounts.filter(({ type }) => type === 'volume');
  const sources = container.mounts.flatMap((mount) =>
    mount.type === 'tmpfs' ? [] : [cut(mount.source ?? '', mountLength)],
  );
  return {
    ID: trunc ? container.id.slice(0, 12) : container.id,
    Image: container.image.name,
    Command: `"${cut(words, commandLength)}"`,
    CreatedAt: timeText(container.created),
    RunningFor: ageText(container.created),
    Status: statusText(status),
    State: status.status,
    Ports: '',
    Names: container.name,
    Size: sizesText(size),
    Mounts: sources.join(','),
    LocalVolumes: String(volumes.length),
    Networks: container.network,
    Labels: Object.entries(container.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    Label: (name: unknown) => container.labels[String(name)] ?? '',
  };
}

function sizesText(size: ListedContainer['size']): string {
  if (size === undefined) return '';
  return size === unknownSize ? size : `${sizeText(size.written)} (virtual ${sizeText(size.virtual)})`;
}

function statusText(status: ContainerStatus): string {
  if (status.status === 'created') return 'Created';
  if (isActive(status)) {
    const up = `Up ${spanText((Date.now() - Date.parse(status.startedAt)) / 1000)}`;
    return status.status === 'paused' ? `${up} (Paused)` : up;
  }
  return `Exited (${String(status.exitCode)}) ${status.finishedAt === undefined ? '' : ageText(status.finishedAt)}`.trim();
}
