/**
 * What a container may take of the machine (`--memory`, `--cpus` and their like), in Docker's spellings and with its bounds.
 * The kernel holds it to that, all of its processes together, in the control group that the runtime makes for it.
 */
import { availableParallelism } from 'node:os';
import { UserError } from '../base/user-error.ts';
import { accountsSwap } from '../os/control-group.ts';
import { parseSize } from './parse-size.ts';

/** Absent: as much as there is. */
export interface Limits {
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Memory and swap together, in bytes; -1: all swap that there is. Absent with `memory`: twice that. */
  readonly memorySwap?: number | undefined;
  /** Billionths of a processor. */
  readonly nanoCpus?: number | undefined;
  /** A weight, 1024 for others, where processors are scarce. */
  readonly cpuShares?: number | undefined;
  /** Which processors, as in `0-3,7`. */
  readonly cpusetCpus?: string | undefined;
  /** How many processes and threads. */
  readonly pids?: number | undefined;
}

/** As they were given. */
export interface LimitWords {
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly cpus?: string | undefined;
  readonly cpuShares?: string | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly pidsLimit?: string | undefined;
}

/** Docker's: less is not enough for a runtime to begin in. */
const leastMemory = 6 * 2 ** 20;

/** The kernel's bounds. */
const cpuShares = { least: 2, most: 262_144 };

/** As many as the kernel can tell apart: PID_MAX_LIMIT (linux/threads.h), of which kernel/cgroup/pids.c takes no more. */
const mostPids = 2 ** 22;

/** A time of which a container has its part (cpu.cfs_period_us, cpu.max), Docker's. */
const periodUs = 100_000;

/** 0 is no limit, as in Docker. UserError `bad-limit`. */
export function parseLimits(words: LimitWords): Limits {
  const memory = parseBytes('--memory', words.memory);
  if (memory !== undefined && memory < leastMemory)
    throw badLimit('Minimum memory limit allowed is 6MB', 'give it more: --memory 64m');
  return {
    memory,
    memorySwap: parseSwap(words.memorySwap, memory),
    nanoCpus: parseCpus(words.cpus),
    cpuShares: parseShares(words.cpuShares),
    cpusetCpus: parseCpuset(words.cpusetCpus),
    pids: parsePids(words.pidsLimit),
  };
}

/** `linux.resources` of config.json, but for devices. */
export function limitResources(limits: Limits): object {
  const { memory, nanoCpus, cpuShares, cpusetCpus, pids } = limits;
  const swap = limits.memorySwap !== undefined || accountsSwap() ? swapOf(limits) : undefined;
  const share =
    nanoCpus === undefined ? {} : { quota: Math.round((nanoCpus * periodUs) / 1e9), period: periodUs };
  const cpu = {
    ...share,
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpusetCpus === undefined ? {} : { cpus: cpusetCpus }),
  };
  return {
    ...(memory === undefined ? {} : { memory: { limit: memory, ...(swap === undefined ? {} : { swap }) } }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}

/** With the names of Docker's HostConfig. */
export function describeLimits(limits: Limits = {}): object {
  return {
    CpuShares: limits.cpuShares ?? 0,
    Memory: limits.memory ?? 0,
    NanoCpus: limits.nanoCpus ?? 0,
    CpusetCpus: limits.cpusetCpus ?? '',
    MemorySwap: swapOf(limits) ?? 0,
    PidsLimit: limits.pids ?? null,
  };
}

function swapOf({ memory, memorySwap }: Limits): number | undefined {
  return memorySwap ?? (memory === undefined ? undefined : 2 * memory);
}

function parseBytes(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSize(text);
  if (bytes === undefined) throw badLimit(`${option} ${text} is no size`, 'write bytes, or 512k, 64m, 2g');
  checkCountable(option, text, bytes);
  return bytes === 0 ? undefined : bytes;
}

function parseSwap(text: string | undefined, memory: number | undefined): number | undefined {
  const swap = text === '-1' ? -1 : parseBytes('--memory-swap', text);
  if (swap === undefined) return undefined;
  if (memory === undefined)
    throw badLimit(
      '--memory-swap says nothing without --memory',
      'it is the sum of memory and swap: give --memory, too',
    );
  if (swap !== -1 && swap < memory)
    throw badLimit(
      'Minimum memoryswap limit should be larger than memory limit',
      'it is the sum of memory and swap: as much as --memory for no swap, -1 for all there is',
    );
  return swap;
}

function parseCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [count, all] = [Number(text), availableParallelism()];
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) throw badLimit(`--cpus ${text} is no number`, 'write 2, or 0.5');
  if (count === 0) return undefined;
  if (count < 0.01 || count > all)
    throw badLimit(
      `--cpus ${text} is not from 0.01 to ${String(all)}`,
      `this machine has ${String(all)} for this process`,
    );
  return Math.round(count * 1e9);
}

function parseCpuset(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw badLimit(`--cpuset-cpus ${text} is no list of processors`, 'write numbers and ranges: 0-2,4');
}

function parseCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text))
    throw badLimit(`${option} ${text} is no number`, 'write a whole number; 0 is no limit');
  checkCountable(option, text, Number(text));
  return Number(text) === 0 ? undefined : Number(text);
}

/** Beyond that a number is another one by the time that it reaches the kernel. */
function checkCountable(option: string, text: string, count: number): void {
  if (Number.isSafeInteger(count)) return;
  throw tooMuch(option, text, Number.MAX_SAFE_INTEGER);
}

function tooMuch(option: string, text: string, most: number): UserError {
  return badLimit(`${option} ${text} is too much`, `it may be ${String(most)}; 0 is no limit`);
}

function parsePids(text: string | undefined): number | undefined {
  // Docker's for no limit.
  if (text === '-1') return undefined;
  const pids = parseCount('--pids-limit', text);
  if (pids === undefined || pids <= mostPids) return pids;
  throw tooMuch('--pids-limit', String(pids), mostPids);
}

function parseShares(text: string | undefined): number | undefined {
  const shares = parseCount('--cpu-shares', text);
  const { least, most } = cpuShares;
  if (shares === undefined || (shares >= least && shares <= most)) return shares;
  throw badLimit(
    `--cpu-shares ${String(shares)} is not from ${String(least)} to ${String(most)}`,
    'others have 1024; 0 is as others',
  );
}

function badLimit(message: string, hint: string): UserError {
  // Docker's exit status for a command line that makes no sense.
  return new UserError('bad-limit', message, { hint, exitCode: 125 });
}
