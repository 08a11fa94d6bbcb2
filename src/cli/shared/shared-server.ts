/**
 * The process that serves for several calls of `stratafs`: it takes what they ask for from its equals, mounts it
 * with the rights that they have, too, and listens until its last mount has ended. A call is either taken
 * before that, and then it is served, or hears nothing but the end of the conversation.
 */
import { UserError } from '../../base/user-error.ts';
import type { Conversation, Listener } from '../../os/conversation.ts';
import { descriptorUse } from '../../os/own-process.ts';
import { findStanding } from '../../os/process-standing.ts';
import type { MountHost } from '../mount-host.ts';
import type { MountSpec } from '../mount-spec.ts';
import { findMountOf } from './call.ts';
import type { MeetingPlace } from './meeting-place.ts';
import { failureOf, isConfirmation, readRequest, type Reply, type Request } from './messages.ts';
import { isBelow } from './must-be-alone.ts';

export class SharedServer {
  readonly #host: MountHost;
  readonly #place: MeetingPlace;
  readonly #conversations = new Set<Conversation>();

  constructor(host: MountHost, place: MeetingPlace) {
    this.#host = host;
    this.#place = place;
  }

  /** Ends with the last mount of the host. */
  endWith(listener: Listener): void {
    void this.#host.emptied.then(() => {
      listener.close();
      for (const conversation of this.#conversations) conversation.close();
    });
  }

  /** Somebody has connected. */
  async hear(conversation: Conversation): Promise<void> {
    if (this.#host.isEmptied) {
      conversation.close();
      return;
    }
    this.#conversations.add(conversation);
    try {
      await this.#answer(conversation);
    } finally {
      conversation.end();
      this.#conversations.delete(conversation);
    }
  }

  async #answer(conversation: Conversation): Promise<void> {
    const request = readRequest(await conversation.receive());
    if (request === undefined) return;
    const spec = this.#isEqual(conversation) ? await this.#findSpec(request) : undefined;
    if (this.#host.isEmptied) return;
    const say = (reply: Reply): void => {
      conversation.send(reply);
    };
    if (spec === undefined || !this.#hasRoomFor(spec)) {
      say({ is: 'refused' });
      return;
    }
    // From here to `start`, which counts the mount, nothing is awaited: the process cannot end in between.
    say({ is: 'taken' });
    const gone = new AbortController();
    void conversation.ended.then(() => {
      gone.abort(new UserError('interrupted', 'whoever called was ended before the mount answered'));
    });
    try {
      const running = await this.#host.start(spec, { foreground: false, signal: gone.signal });
      say({ is: 'mounted' });
      if (!isConfirmation(await conversation.receive())) running.unmount();
    } catch (thrown) {
      say({ is: 'failed', failure: failureOf(thrown) });
    }
  }

  /** What is asked for; undefined where another version of the program asks, or a call needs a process of its own. */
  async #findSpec(request: Request): Promise<MountSpec | undefined> {
    if ('spec' in request) return request.spec;
    return findMountOf(request.call, this.#place.program);
  }

  /** Whether the kernel treats whoever called as it treats this process. */
  #isEqual(conversation: Conversation): boolean {
    const isEqual = conversation.withPeer(
      ({ pid, uid, gid }) =>
        uid === process.geteuid?.() &&
        gid === process.getegid?.() &&
        findStanding(pid) === this.#place.standing,
    );
    return isEqual === true;
  }

  /**
   * Whether it can be mounted here: there are descriptors for it, and it does not cover a mount of this process, whose
   * path would then lead through it.
   */
  #hasRoomFor(spec: MountSpec): boolean {
    const { open, most } = descriptorUse();
    const layers = spec.layers.lower.length + spec.layers.dataOnly.length;
    // Half of them are for caches, which may be full, and something is left for copies and connections.
    if (open + 2 * layers > (3 / 4) * most) return false;
    const { mountPoint } = spec;
    // One at the same place is about to end, or is a second one on top of it, whose path leads no further.
    return !this.#host.mountPoints.some((point) => point !== mountPoint && isBelow(point, mountPoint));
  }
}
