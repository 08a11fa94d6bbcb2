/** `strata logs CONTAINER`: what a container has printed. */
import { Command, InvalidArgumentError } from 'commander';
import { sleepUntil } from '../../base/sleep-until.ts';
import { getContainer } from '../../run/container-book.ts';
import { findTail, readLog, type LogEntry } from '../../run/container-log.ts';
import { logPath, type Engine } from '../../run/engine.ts';
import { untilLogComplete } from '../../run/log-end.ts';
import { waitForExit } from '../../run/wait-exit.ts';
import { findMoment } from '../moment.ts';
import { openEngine } from '../open-engine.ts';
import { writePaced } from '../standard-output.ts';

interface Options {
  readonly follow?: true;
  readonly timestamps?: true;
  readonly tail?: number;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly json?: true;
}

export function logsCommand(): Command {
  return new Command('logs')
    .description('what a container has printed, on the two outputs as it came')
    .argument('<container>')
    .option('-f, --follow', 'go on until it ends')
    .option('-t, --timestamps', 'with the time of each line')
    .option('-n, --tail <lines>', 'the last lines only', parseLines)
    .option('--since <moment>', 'what was printed since a time, or since so long ago (10m)', parseMoment)
    .option('--until <moment>', 'what was printed before', parseMoment)
    .option('--json', 'as JSON, an object on each line')
    .action(async (name: string, options: Options, command: Command) => {
      const { engine } = await openEngine(command);
      const { id } = await getContainer(engine, name);
      const path = logPath(engine, id);
      if (options.follow !== true) await untilLogComplete(engine, id);
      const { tail = -1 } = options;
      const from = tail < 0 ? 0 : await findTail(path, tail, (entry) => isAsked(entry, options));
      const ended = options.follow === true ? followed(engine, id, options.until) : undefined;
      for await (const entry of readLog(path, { from, ended }))
        if (isAsked(entry, options)) await print(entry, options);
    });
}

/** Resolves when there is nothing more to follow: the container has ended, or it is later than `until`. */
async function followed(engine: Engine, id: string, until = Infinity): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    await Promise.race([
      waitForExit(engine, id, signal).then(() => untilLogComplete(engine, id)),
      sleepUntil(until, signal),
    ]);
  } finally {
    stop.abort();
  }
}

function isAsked({ time }: LogEntry, { since = -Infinity, until = Infinity }: Options): boolean {
  if (since === -Infinity && until === Infinity) return true;
  const printed = Date.parse(time);
  return printed >= since && printed < until;
}

/** Resolves when a reader has made room: a log may be larger than memory. */
async function print({ time, stream, text }: LogEntry, { timestamps, json }: Options): Promise<void> {
  if (json === true) return writePaced(process.stdout, `${JSON.stringify({ log: text, stream, time })}\n`);
  const to = stream === 'stderr' ? process.stderr : process.stdout;
  return writePaced(to, timestamps === true ? `${time} ${text}` : text);
}

function parseMoment(text: string): number {
  const moment = findMoment(text, Date.now());
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError('It is a duration (10m) or a time (2026-01-31T12:00:00Z).');
}

/** As in Docker, a number below 0 is all of them. */
function parseLines(text: string): number {
  if (text === 'all') return -1;
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It is a number of lines.');
  return Number(text);
}
