/**
 * How far a run of the benchmark is: a bar on a terminal, a line for each workload otherwise. On standard error, since
 * standard output is for what came of it.
 */
import { SingleBar } from 'cli-progress';
import type { Watch } from '../bench/run-bench.ts';

export interface Progress extends Watch {
  /** Leaves the terminal as it was. */
  end(): void;
}

export function createProgress(output: NodeJS.WriteStream): Progress {
  return output.isTTY ? createBar(output) : createLines(output);
}

function createBar(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    stream,
    format: '{bar} {value}/{total}  {what}',
    hideCursor: true,
    clearOnComplete: true,
    // The command has handlers of its own, which clear away before they end.
    gracefulExit: false,
  });
  const begin = (count: number, line: string): void => {
    bar.stop();
    stream.write(`${line}\n`);
    bar.start(count, 0, { what: '' });
  };
  return {
    layers: (count) => {
      begin(count, layersLine);
    },
    trials: (count, estimatedMs) => {
      begin(count, trialsLine(count, estimatedMs));
    },
    done: (what, who) => {
      bar.increment(1, { what: [what, who].filter((word) => word !== undefined).join(' on ') });
    },
    end: () => {
      bar.stop();
    },
  };
}

function createLines(stream: NodeJS.WriteStream): Progress {
  let [done, total, last] = [0, 0, ''];
  const begin = (count: number, line: string): void => {
    [done, total, last] = [0, count, ''];
    stream.write(`${line}\n`);
  };
  return {
    layers: (count) => {
      begin(count, layersLine);
    },
    trials: (count, estimatedMs) => {
      begin(count, trialsLine(count, estimatedMs));
    },
    done: (what, who) => {
      done++;
      if (who === undefined || what === last) return;
      last = what;
      stream.write(`${String(done)}/${String(total)} ${what}\n`);
    },
    end: () => undefined,
  };
}

const layersLine = 'making layers, where they are not there yet';

function trialsLine(count: number, estimatedMs: number): string {
  const minutes = estimatedMs / 60_000;
  const time = minutes < 2 ? `${(estimatedMs / 1000).toFixed(0)} s` : `${minutes.toFixed(0)} minutes`;
  return `${String(count)} trials, about ${time}`;
}
