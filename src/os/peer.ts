/**
 * Who is at the other end of a unix socket, as the kernel noted it when they connected (SO_PEERCRED, unix(7)).
 */
import type { Socket } from 'node:net';
import { getAddon } from './addon.ts';
import { closeDescriptor } from './own-process.ts';

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Where Node keeps the descriptor of a socket; there is no other way to it. */
interface HasDescriptor {
  readonly _handle?: { readonly fd?: number } | null;
}

/**
 * Calls `look` with who connected, and answers what it does; undefined where nobody can tell who that was, or the
 * process has ended meanwhile: its number may be somebody else's.
 */
export function withPeer<T>(socket: Socket, look: (peer: Peer) => T): T | undefined {
  const fd = (socket as unknown as HasDescriptor)._handle?.fd;
  if (fd === undefined || fd < 0) return undefined;
  const native = getAddon();
  const found = native.peer(fd);
  if (typeof found === 'number') return undefined;
  const [pid, uid, gid, pidfd] = found;
  try {
    const seen = look({ pid, uid, gid });
    return pidfd < 0 || native.pidfdAlive(pidfd) >= 0 ? seen : undefined;
  } finally {
    if (pidfd >= 0) closeDescriptor(pidfd);
  }
}
