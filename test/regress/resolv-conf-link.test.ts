/**
 * An image whose /etc/resolv.conf leads nowhere, as systemd-resolved leaves it: RUN failed (ENOENT), since nothing can
 * be bound there. What is made for the mount is made where the link leads, and is no part of the layer.
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('a link in the place of a mount', needs(...mountNeeds, 'program:runc'), async (t) => {
  const builder = makeBuilder(t);
  mkdirSync(builder.context('linked'));
  symlinkSync('../run/none/resolv.conf', builder.context('linked/resolv.conf'));
  const Dockerfile = [
    'FROM base',
    'COPY linked /etc',
    'RUN cat /run/none/resolv.conf > /seen',
    'RUN --network=none touch /own',
  ];
  const done = builder.build({ Dockerfile: Dockerfile.join('\n') }, '-t', 'new');
  t.equal(done.status, 0, done.stderr);
  const { stdout } = builder.strata(['diff', 'base', 'new']);
  t.strictSame(stdout.trim().split('\n').sort(), ['A /etc/resolv.conf', 'A /own', 'A /seen']);
});
