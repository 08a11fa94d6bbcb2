/**
 * EXPOSE: `80`, `80/udp`, `8000-8010`, as the keys that an image's configuration has.
 */
import { UserError } from '../../base/user-error.ts';

/** One key for each port. UserError `bad-port`. */
export function portKeys(text: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  const protocol = (match?.[3] ?? 'tcp').toLowerCase();
  if (match === null || first > last || last > 65535 || !['tcp', 'udp', 'sctp'].includes(protocol)) {
    throw new UserError('bad-port', `"${text}" is no port`, { hint: 'write 80, 80/udp or 8000-8010' });
  }
  return Array.from({ length: last - first + 1 }, (_, i) => `${String(first + i)}/${protocol}`);
}
