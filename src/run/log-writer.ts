/**
 * Who writes the log of a container: a process for each run (native/json-log.c), which reads what conmon writes into a pipe
 * and appends it to the log in the format of Docker's driver `json-file`. It ends with conmon. The log is locked as long as
 * it lives; that lock, taken before conmon starts, is how others know whether all has been written.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, rmSync } from 'node:fs';
import type { Fd } from '../base/ids.ts';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { AT_FDCWD, S_IFIFO } from '../os/constants.ts';
import { getNativeProgram } from '../os/native-program.ts';
import { createToolFs } from '../store/tool-fs.ts';
import { bundlePath, logPath, type Engine } from './engine.ts';
import { findLogLock } from './log-end.ts';

export interface LogWriter {
  /**
   * Where conmon writes: a FIFO, open for reading and writing. It is to be conmon's from its beginning, and opened anew by it
   * (/proc/self/fd) before it is closed. So the writer does not end too soon, and conmon never waits for one that was killed.
   */
  readonly input: number;
  /** To be called once conmon has begun, or will not. From then on the writer ends with conmon. */
  release(): void;
}

/**
 * Starts the writer of a new run, whose bundle is there; what former runs have printed is kept. UserError `program-missing`,
 * `log-in-use`; system errors of the log, ENOSPC.
 */
export async function startLogWriter(engine: Engine, id: string): Promise<LogWriter> {
  const program = getNativeProgram('json-log');
  const [path, fifo] = [logPath(engine, id), bundlePath(engine, id, 'log')];
  const opened: number[] = [];
  const release = (): void => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  try {
    const log = openSync(path, 'a+', 0o640);
    opened.push(log);
    const lock = await findLogLock(path);
    if (lock === undefined)
      throw new UserError('log-in-use', `something still writes to the log ${path}`, {
        hint: 'find it with fuser(1): most likely the conmon of the last run was stopped',
        exitCode: 125,
      });
    opened.push(lock.fd);
    cutTornLine(log);
    createToolFs().mknodat(AT_FDCWD as Fd, nameFromText(fifo), S_IFIFO | 0o600, 0);
    // A pipe of Node's own is a socket, which cannot be opened anew. In this order neither open(2) waits for the other.
    const input = openSync(fifo, constants.O_RDWR);
    opened.push(input);
    const output = openSync(fifo, constants.O_RDONLY);
    opened.push(output);
    rmSync(fifo);
    const child = spawn(program, [path], {
      stdio: [output, log, 'ignore', lock.fd],
      detached: true,
      cwd: '/',
      env: {},
    });
    await once(child, 'spawn');
    child.unref();
    return { input, release };
  } catch (thrown) {
    release();
    throw thrown;
  }
}

/** Of a line that a crash has cut nothing stays: what is appended begins on a line of its own. */
function cutTornLine(log: number): void {
  const { size } = fstatSync(log);
  const chunk = Buffer.alloc(65536);
  let end = size;
  while (end > 0) {
    const length = Math.min(end, end === size ? 1 : chunk.length);
    readSync(log, chunk, 0, length, end - length);
    const newline = chunk.lastIndexOf(0x0a, length - 1);
    if (newline >= 0) {
      end = end - length + newline + 1;
      break;
    }
    end -= length;
  }
  if (end < size) ftruncateSync(log, end);
}
