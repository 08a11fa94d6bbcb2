/**
 * Where messages for the operator go. A log is passed down, never imported as state: two mounts in
 * one process have two of them.
 */
export interface Log {
  /** Something that the operator should know. */
  warn(message: string): void;
  /** A fault of ours, with its stack. */
  fault(message: string, thrown: unknown): void;
  /** Only with `-d`. */
  debug(message: string): void;
}

/** A log that writes lines to `write`. */
export function createLog(write: (line: string) => void, options: { debug?: boolean } = {}): Log {
  return {
    warn: (message) => {
      write(`stratafs: ${message}\n`);
    },
    fault: (message, thrown) => {
      const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      write(`stratafs: ${message}: ${stack}\n`);
    },
    debug: (message) => {
      if (options.debug === true) write(`stratafs: ${message}\n`);
    },
  };
}

/** A log that says nothing. */
export const silentLog: Log = { warn: () => undefined, fault: () => undefined, debug: () => undefined };
