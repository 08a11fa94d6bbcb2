/**
 * `strata stats MOUNTPOINT`: what a mount has done since it began, as the server itself counts it
 * (`user.strata.stats` of the mount's root).
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { asName, nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { findDirectoryXattr } from '../../os/read-xattr.ts';
import type { UnionStats } from '../../union/virtual-xattrs.ts';
import { prometheusText, type Metric } from '../prometheus.ts';
import { tableText } from '../table.ts';

interface Options {
  readonly json?: true;
  readonly prometheus?: true;
}

/** Every number but the requests, which have a table of their own. */
const metrics = {
  copyUps: ['copy_ups_total', 'Files and directories copied up.'],
  metacopies: ['metacopies_total', 'Copy-ups of metadata alone.'],
  copiedBytes: ['copied_bytes_total', 'Bytes of data read and written for copy-ups.'],
  clones: ['clones_total', 'Copy-ups whose extents were shared instead of copied.'],
  indexHits: ['index_hits_total', 'Lookups answered from the cached names of a directory.'],
  probes: ['probes_total', 'System calls that looked for a name in a lower layer.'],
  listings: ['listings_total', 'Directories whose merged listing was made.'],
  nodes: ['nodes', 'Objects that the kernel knows.'],
  openFiles: ['open_files', 'Open files.'],
} as const satisfies Record<Exclude<keyof UnionStats, 'requests'>, readonly [string, string]>;

export function statsCommand(): Command {
  return new Command('stats')
    .description('what a mount has done since it began: requests, copy-ups, copied bytes, cache hits')
    .argument('<mountpoint>')
    .option('--json', 'as JSON')
    .option('--prometheus', "in the text format of Prometheus, for node_exporter's textfile collector")
    .action(async (mountPoint: string, { json, prometheus }: Options) => {
      const stats = await readStats(mountPoint);
      if (json === true) process.stdout.write(`${JSON.stringify(stats, undefined, 2)}\n`);
      else if (prometheus === true)
        process.stdout.write(prometheusText('strata', metricsOf(stats), { mountpoint: resolve(mountPoint) }));
      else process.stdout.write(table(stats));
    });
}

/** UserError `not-a-mount` for anything but the root of a mount of ours. */
async function readStats(mountPoint: string): Promise<UnionStats> {
  const value = await findDirectoryXattr(nameFromText(mountPoint), asName('user.strata.stats')).catch(
    (cause: unknown) => {
      const { code = 'EIO' } = cause as NodeJS.ErrnoException;
      throw new UserError('not-a-mount', `${mountPoint} cannot be read (${code})`, {
        hint: 'name the directory on which stratafs is mounted',
        cause,
      });
    },
  );
  if (value === undefined) {
    throw new UserError('not-a-mount', `${mountPoint} is not the mount point of a stratafs mount`, {
      hint: 'findmnt -t fuse.stratafs lists them',
    });
  }
  return JSON.parse(value.toString('latin1')) as UnionStats;
}

function metricsOf(stats: UnionStats): Metric[] {
  return [
    ...Object.entries(metrics).map(([key, [name, help]]) => ({
      name,
      help,
      samples: [{ value: stats[key as keyof typeof metrics], labels: {} }],
    })),
    {
      name: 'requests_total',
      help: 'Requests of the kernel.',
      samples: Object.entries(stats.requests).map(([opcode, value]) => ({ value, labels: { opcode } })),
    },
  ];
}

function table(stats: UnionStats): string {
  const work = Object.entries(metrics).map(([key, [, help]]) => [
    String(stats[key as keyof typeof metrics]),
    help.slice(0, -1),
  ]);
  const requests = Object.entries(stats.requests)
    .toSorted(([, a], [, b]) => b - a)
    .map(([opcode, count]) => [String(count), opcode]);
  const columns = (of: string) => [{ title: 'COUNT', align: 'right' as const }, { title: of }];
  return `${tableText(columns('OF'), work)}\n${tableText(columns('REQUEST'), requests)}`;
}
