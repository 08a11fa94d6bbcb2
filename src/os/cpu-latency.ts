/**
 * Asks the kernel to wake idle processors fast (PM QoS, Documentation/power/pm_qos_interface.rst): with a wish for
 * no latency at all an idle processor asks again and again whether there is work, where it would halt. In a
 * virtual machine a halted one is woken by its host, which takes longer than most requests of a file system. The
 * wish is the whole machine's, and the kernel drops it with the descriptor, however this process ends.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const device = '/dev/cpu_dma_latency';
/** What the device takes: microseconds, and a value for no wish at all (include/linux/pm_qos.h). */
const noLatency = 0;
const noWish = -1;

/** The idle driver of KVM guests (drivers/cpuidle/cpuidle-haltpoll.c), and for how long it polls by itself before it halts. */
const driverPath = '/sys/devices/system/cpu/cpuidle/current_driver';
const guestDriver = 'haltpoll';
const pollPath = '/sys/module/haltpoll/parameters/guest_halt_poll_ns';
/** As long as a client waits for an answer, and more. */
const enoughPollNs = 50_000;
/** All of them would poll: more than this is a waste for the one that is waited for. */
const mostProcessors = 8;

/** Wishes for no latency, or takes the wish back. */
export type WishNoLatency = (wanted: boolean) => void;

/** undefined where the device is not there or not for this process. Holds a descriptor until the process ends. */
export function findCpuLatency(): WishNoLatency | undefined {
  let fd: number;
  try {
    fd = openSync(device, 'w');
    writeSync(fd, latencyValue(noWish));
  } catch {
    return undefined;
  }
  return (wanted) => {
    writeSync(fd, latencyValue(wanted ? noLatency : noWish));
  };
}

/** One wish for many who have it: each call answers one that holds as long as anybody wants it. */
export function divideWish(wish: WishNoLatency): () => WishNoLatency {
  let wanting = 0;
  return () => {
    let wants = false;
    return (wanted) => {
      if (wanted === wants) return;
      wants = wanted;
      wanting += wanted ? 1 : -1;
      if (wanting === (wanted ? 1 : 0)) wish(wanted);
    };
  };
}

/** Whether this is a machine that wakes slowly, and is so small that the wish costs little. */
export function wakesSlowly(): boolean {
  if (availableParallelism() > mostProcessors) return false;
  return findText(driverPath) === guestDriver && !(Number(findText(pollPath)) >= enoughPollNs);
}

function latencyValue(microseconds: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeInt32LE(microseconds);
  return value;
}

function findText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}
