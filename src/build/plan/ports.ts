/**
 * EXPOSE: `80`, `80/udp`, `8000-8010`, as the keys that an image's configuration has. What `-p` takes, `[IP:][HOST:]PORT`, is
 * taken for its last part (BuildKit: convert_expose.go in dockerfile2llb).
 */
import { isIP } from 'node:net';
import { UserError } from '../../base/user-error.ts';

/** One key for each port. UserError `bad-port`. */
export function portKeys(text: string): string[] {
  const parts = text.split(':');
  const [range = '', protocol = ''] = (parts.pop() ?? '').split(/\/(.*)/s);
  const host = parts.pop() ?? '';
  const address = parts.join(':').replace(/^\[(.*)\]$/s, '$1');
  const ports = findRange(range);
  const hostPorts = host === '' ? undefined : findRange(host);
  const name = protocol === '' ? 'tcp' : protocol.toLowerCase();
  if (
    ports === undefined ||
    (host !== '' && hostPorts === undefined) ||
    (hostPorts !== undefined && ports.length > 1 && hostPorts.length !== ports.length) ||
    (address !== '' && isIP(address) === 0) ||
    !['tcp', 'udp', 'sctp'].includes(name)
  ) {
    throw new UserError('bad-port', `"${text}" is no port`, { hint: 'write 80, 80/udp or 8000-8010' });
  }
  return ports.map((port) => `${String(port)}/${name}`);
}

function findRange(text: string): number[] | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (match === null || first > last || last > 65535) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
