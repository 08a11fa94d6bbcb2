/** `strata info`: data root, driver and why, what the machine can do. */
import { Command } from 'commander';
import { probeRuntimes } from '../../run/runtime.ts';
import { usualSeccompFile } from '../../run/seccomp.ts';
import { systemInfo, type SystemInfo } from '../../store/system-info.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';
import { printInspected } from '../print-inspected.ts';

interface Options {
  readonly json?: true;
  readonly format?: string;
}

export function infoCommand(): Command {
  return new Command('info')
    .description('the data root, its storage driver and why that was chosen')
    .option(
      '-f, --format <template>',
      'a template of Go; .Driver, .DockerRootDir and the names that --json has',
    )
    .option('--json', 'as JSON')
    .action(async ({ json, format }: Options, command: Command) => {
      const info = await systemInfo(await openStore(command));
      const seccomp = usualSeccompFile() ?? 'unconfined';
      if (format !== undefined) {
        printInspected([{ ...dockerNames(info), ...info, runtimes: probeRuntimes(), seccomp }], format);
        return;
      }
      const runtimes = probeRuntimes();
      if (json === true) {
        printJson({ ...info, runtimes, seccomp });
        return;
      }
      printLines([
        `Version: ${info.version}`,
        `Data Root: ${info.root}`,
        `Run Root: ${info.runRoot}`,
        `Storage Driver: ${info.driver} (${info.reason})`,
        ...Object.entries(info.driverStatus).map(([name, value]) => `  ${name}: ${value}`),
        `  Backing Filesystem: ${info.backingFilesystem}`,
        `Images: ${String(info.images)}`,
        `Layers: ${String(info.layers)}`,
        `Mounts: ${String(info.mounts)}`,
        `Kernel Version: ${info.kernel}`,
        `FUSE: ${info.fuse ? 'yes' : 'no'}`,
        `Overlayfs: ${info.overlayfs ? 'yes' : 'no'}`,
        'Runtimes:',
        ...runtimes.map(({ name, path, reason }) => `  ${name}: ${reason ?? `works (${path ?? ''})`}`),
        `Seccomp Profile: ${seccomp}`,
      ]);
    });
}

/** What scripts ask `docker info` for. */
function dockerNames(info: SystemInfo): object {
  return {
    Driver: info.driver,
    DriverStatus: [...Object.entries(info.driverStatus), ['Backing Filesystem', info.backingFilesystem]],
    DockerRootDir: info.root,
    Images: info.images,
    KernelVersion: info.kernel,
    ServerVersion: info.version,
  };
}
