/** `strata info`: data root, driver and why, what the machine can do. */
import { Command } from 'commander';
import { probeRuntimes } from '../../run/runtime.ts';
import { systemInfo } from '../../store/system-info.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';

export function infoCommand(): Command {
  return new Command('info')
    .description('the data root, its storage driver and why that was chosen')
    .option('--json', 'as JSON')
    .action(async ({ json }: { readonly json?: true }, command: Command) => {
      const info = await systemInfo(await openStore(command));
      const runtimes = probeRuntimes();
      if (json === true) {
        printJson({ ...info, runtimes });
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
      ]);
    });
}
