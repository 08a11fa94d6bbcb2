/** `strata version`: one program is client and server. */
import { Command } from 'commander';
import { readPackageVersion } from '../../os/package-version.ts';
import { printInspected } from '../print-inspected.ts';
import { printJson, printLines } from '../print.ts';

interface Options {
  readonly json?: true;
  readonly format?: string;
}

export function versionCommand(): Command {
  return new Command('version')
    .description('the version of strata')
    .option(
      '-f, --format <template>',
      'a template of Go: {{.Version}}, {{.Client.Version}}, {{.Server.Version}}',
    )
    .option('--json', 'as JSON')
    .action(({ json, format }: Options) => {
      const version = readPackageVersion();
      const facts = { Version: version, Client: { Version: version }, Server: { Version: version } };
      if (json === true) printJson(facts);
      else if (format === undefined) printLines([`strata ${version}`]);
      else printInspected([facts], format);
    });
}
