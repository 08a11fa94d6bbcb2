/**
 * A socket of our own between a step and an agent of ssh, with the mode and the owner that the step asks for: those of the
 * agent's stay as they are. It lets through what a step needs, the list of keys and signatures; nobody adds, removes or locks keys
 * through it (BuildKit: readOnlyAgent in session/sshforward/sshprovider). Messages: draft-ietf-sshm-ssh-agent.
 */
import { chmodSync, chownSync, closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** SSH_AGENTC_REQUEST_IDENTITIES, SSH_AGENTC_SIGN_REQUEST. */
const allowed: ReadonlySet<number | undefined> = new Set([11, 13]);
/** SSH_AGENT_FAILURE. */
const refusal = Buffer.from([0, 0, 0, 1, 5]);
/** AGENT_MAX_LEN of OpenSSH. */
const maxLength = 256 * 1024;

/** Runs `act` with a socket in `directory`, which is there meanwhile. */
export async function withAgentRelay<T>(
  agent: string,
  directory: string,
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  act: (socket: string) => Promise<T>,
): Promise<T> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    void relay(client, agent);
  });
  // The path of a socket has at most 107 bytes: through the descriptor it is short, wherever the data root lies.
  const fd = openSync(directory, 'r');
  try {
    server.listen(`/proc/self/fd/${String(fd)}/socket`);
    await once(server, 'listening');
    const socket = join(directory, 'socket');
    chownSync(socket, uid, gid);
    chmodSync(socket, mode);
    return await act(socket);
  } finally {
    for (const client of clients) client.destroy();
    server.close();
    closeSync(fd);
  }
}

/** Hands requests on one by one. What goes wrong ends the connection, as an agent that is gone does. */
async function relay(client: Socket, path: string): Promise<void> {
  const agent = connect(path);
  // One that comes while nobody reads would end the process.
  for (const socket of [client, agent]) socket.on('error', () => undefined);
  client.once('close', () => agent.destroy());
  try {
    const answers = messages(agent);
    for await (const request of messages(client)) {
      if (!allowed.has(request[4])) {
        client.write(refusal);
        continue;
      }
      agent.write(request);
      const answer = await answers.next();
      if (answer.done === true) break;
      client.write(answer.value);
    }
  } catch {
    // One of the two is gone.
  } finally {
    client.destroy();
    agent.destroy();
  }
}

/** Whole messages, each with the four bytes of its length. */
async function* messages(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let pending = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0);
      if (length > maxLength) return;
      if (pending.length < 4 + length) break;
      yield pending.subarray(0, 4 + length);
      pending = pending.subarray(4 + length);
    }
  }
}
