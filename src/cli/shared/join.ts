/**
 * How a call that wants to share a process finds one: it hands its mount to the process that serves already, becomes
 * that process, or has to be alone. Whatever ends or begins at the same moment, one of the three comes out.
 */
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { findConversation, listenAt, type Conversation, type Listener } from '../../os/conversation.ts';
import { waitForLock } from '../../os/lock.ts';
import type { MountSpec } from '../mount-spec.ts';
import type { MeetingPlace } from './meeting-place.ts';
import { errorOf, readReply, type Reply } from './messages.ts';

export type Joined =
  /** The mount answers, in another process. `confirm` tells it that whoever waits knows. */
  | { readonly is: 'served'; confirm(): void }
  /** This process is the one that others will find. */
  | { readonly is: 'serving'; readonly listener: Listener }
  | { readonly is: 'alone' };

export interface JoinOptions {
  readonly spec: MountSpec;
  readonly place: MeetingPlace;
  /** For the case that this process becomes the one that serves. */
  readonly hear: (conversation: Conversation) => void;
  /** Ends it with its reason. */
  readonly signal: AbortSignal;
}

/** A process that ends is met a few times at most: it has gone a moment later. */
const mostTries = 100;
const pauseMs = 10;
/** Whoever does not say that it takes a mount within this time is stopped, or waits for something itself. */
const takeMs = 5000;

/** Rejects with the error of the process that took the mount, or the reason of `signal`. */
export async function join(options: JoinOptions): Promise<Joined> {
  for (let tries = 0; tries < mostTries; tries++) {
    options.signal.throwIfAborted();
    const joined = (await handOver(options)) ?? (await begin(options));
    if (joined !== undefined) return joined;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return { is: 'alone' };
}

/** Begins to serve; undefined where another has done so meanwhile. */
async function begin(options: JoinOptions): Promise<Joined | undefined> {
  const begun = await listenAlone(options);
  if (options.signal.aborted && begun?.is === 'serving') begun.listener.close();
  options.signal.throwIfAborted();
  return begun;
}

async function listenAlone({ place, hear, signal }: JoinOptions): Promise<Joined | undefined> {
  const lock = await waitForLock(nameFromText(place.directory), 'exclusive', signal);
  try {
    const other = await findConversation(place.path);
    other?.close();
    if (other !== undefined) return undefined;
    return { is: 'serving', listener: await listenAt(place.path, hear) };
  } catch {
    // No place for a socket, whatever the reason: a mount does not need one.
    return { is: 'alone' };
  } finally {
    lock.release();
  }
}

/** undefined where nobody serves, or whoever did has ended. */
async function handOver({ spec, place, signal }: JoinOptions): Promise<Joined | undefined> {
  const conversation = await findConversation(place.path);
  if (conversation === undefined) return undefined;
  const onAbort = (): void => {
    conversation.close();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    conversation.send({ spec });
    const joined = await hearOut(conversation);
    signal.throwIfAborted();
    if (joined?.is !== 'served') conversation.close();
    return joined;
  } catch (thrown) {
    conversation.close();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function hearOut(conversation: Conversation): Promise<Joined | undefined> {
  const first = await Promise.race([conversation.receive().then(readReply), lateAnswer()]);
  if (first?.is === 'refused') return { is: 'alone' };
  if (first === undefined) return undefined;
  const last = readReply(await conversation.receive());
  if (last?.failure !== undefined) throw errorOf(last.failure);
  if (last === undefined) {
    throw new UserError('server-ended', 'the process that serves for several mounts ended', {
      hint: 'mount again',
    });
  }
  return {
    is: 'served',
    confirm: () => {
      conversation.send({ kept: true });
      conversation.end();
    },
  };
}

/** What stands for an answer that does not come. */
async function lateAnswer(): Promise<Reply> {
  await new Promise((resolve) => setTimeout(resolve, takeMs).unref());
  return { is: 'refused' };
}
