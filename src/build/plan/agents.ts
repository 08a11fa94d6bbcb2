/**
 * `--ssh ID[=SOCKET]`: agents of ssh that steps may ask for signatures. Keys in files are not served: an agent does that.
 */
import { statSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../../base/user-error.ts';
import { defaultAgent } from './run-mounts.ts';

/** Sockets by id. `own`: that of SSH_AUTH_SOCK, which an id alone means. UserError `bad-option`, `no-agent`. */
export function parseAgents(words: readonly string[], own: string | undefined): Map<string, string> {
  const agents = new Map<string, string>();
  for (const word of words) {
    const index = word.indexOf('=');
    const id = (index < 0 ? word : word.slice(0, index)) || defaultAgent;
    if (agents.has(id)) {
      throw new UserError('bad-option', `--ssh ${id} stands there twice`, {
        hint: 'give each agent an id of its own: --ssh ID=SOCKET, and --mount=type=ssh,id=ID',
      });
    }
    const path = (index < 0 ? '' : word.slice(index + 1)) || own;
    if (path === undefined || path === '') {
      throw new UserError('no-agent', `--ssh ${word}: SSH_AUTH_SOCK names no agent`, {
        hint: `start one: eval $(ssh-agent) && ssh-add; or name its socket: --ssh ${id}=SOCKET`,
      });
    }
    checkSocket(id, path);
    agents.set(id, resolve(path));
  }
  return agents;
}

function checkSocket(id: string, path: string): void {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('no-agent', `--ssh ${id}: the socket ${path} cannot be reached (${code})`, {
      hint: 'look at SSH_AUTH_SOCK, or start an agent: eval $(ssh-agent) && ssh-add',
      cause,
    });
  }
  if (stat.isSocket()) return;
  throw new UserError('no-agent', `--ssh ${id}: ${path} is no socket of an agent`, {
    hint: `give a key to an agent: eval $(ssh-agent) && ssh-add ${path}, then --ssh ${id}`,
  });
}
