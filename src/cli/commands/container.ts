/** `strata container ...`: the commands on containers, by Docker's longer names. */
import { Command } from 'commander';
import { attachCommand } from './attach.ts';
import { commitCommand } from './commit.ts';
import { cpCommand } from './cp.ts';
import { createCommand } from './create.ts';
import { diffCommand } from './diff.ts';
import { exportCommand } from './export.ts';
import { execCommand } from './exec.ts';
import { inspectCommand } from './inspect.ts';
import { logsCommand } from './logs.ts';
import { pauseCommand, unpauseCommand } from './pause.ts';
import { pruneContainersCommand } from './prune.ts';
import { psCommand } from './ps.ts';
import { renameCommand } from './rename.ts';
import { rmCommand } from './rm.ts';
import { runCommand } from './run.ts';
import { restartCommand, startCommand } from './start.ts';
import { killCommand, stopCommand, waitCommand } from './stop.ts';
import { topCommand } from './top.ts';

/** Those that have names of their own as well, without `ps`. */
export function containerCommands(): Command[] {
  return [
    createCommand(),
    runCommand(),
    startCommand(),
    stopCommand(),
    restartCommand(),
    killCommand(),
    pauseCommand(),
    unpauseCommand(),
    attachCommand(),
    execCommand(),
    topCommand(),
    logsCommand(),
    waitCommand(),
    renameCommand(),
    rmCommand(),
    cpCommand(),
    commitCommand(),
  ];
}

export function containerCommand(): Command {
  const container = new Command('container').description('the same commands by longer names');
  for (const command of [
    ...containerCommands(),
    exportCommand('container'),
    psCommand('ls').alias('list').alias('ps'),
    diffCommand(),
    inspectCommand('container'),
    pruneContainersCommand(),
  ])
    container.addCommand(command);
  return container;
}
