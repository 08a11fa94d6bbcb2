/**
 * `strata top`: the processes of a container, as ps(1) of this machine shows them. The runtime says which they are; ps is
 * asked for all, since not every choice of columns can be had for some.
 */
import { spawnSync } from 'node:child_process';
import { UserError } from '../base/user-error.ts';
import { findRun, isActive, readStatus, type Container } from './container.ts';
import { runtimeState, type Engine } from './engine.ts';
import { messageOf } from './runtime.ts';
import { notRunning } from './state-errors.ts';

/** The lines of ps, its titles first. UserError `not-running`, `no-ps`, `bad-ps-options`, `top-failed`. */
export async function listProcesses(
  engine: Engine,
  container: Container,
  psOptions: readonly string[],
): Promise<string[]> {
  const run = await findRun(engine, container.id);
  if (run === undefined || !isActive(await readStatus(engine, container.id))) throw notRunning(container);
  const args = ['--root', runtimeState(engine), 'ps', '--format', 'json', container.id];
  const asked = spawnSync(run.runtime, args, { encoding: 'utf8' });
  if (asked.status !== 0)
    throw new UserError('top-failed', `the runtime does not tell: ${messageOf(asked.stderr) ?? ''}`);
  const pids = new Set((JSON.parse(asked.stdout) as readonly number[] | null)?.map(String));
  const [titles = '', ...lines] = runPs(psOptions.length === 0 ? ['-ef'] : psOptions);
  const column = titles.trim().split(/\s+/).indexOf('PID');
  if (column < 0)
    throw new UserError('bad-ps-options', 'there is no column PID among those of ps', {
      hint: 'ask for it too: -o pid,args',
    });
  return [titles, ...lines.filter((line) => pids.has(line.trim().split(/\s+/)[column] ?? ''))];
}

function runPs(options: readonly string[]): string[] {
  const { error, status, stdout, stderr } = spawnSync('ps', options, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error !== undefined)
    throw new UserError('no-ps', `ps cannot be run: ${error.message}`, {
      hint: 'install the package procps: apt-get install procps',
    });
  if (status !== 0)
    throw new UserError('bad-ps-options', stderr.split('\n').find((line) => line !== '') ?? 'ps failed', {
      hint: 'what follows the container are options of ps(1)',
    });
  return stdout.split('\n').filter((line) => line !== '');
}
