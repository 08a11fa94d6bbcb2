/**
 * The next object that was opened after the removal of a file from an upper that keeps owners in attributes was shown with the owner that
 * its own attribute said, whatever layer it was in: the number of its descriptor was still written down.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { asName, nameFromText } from '../../src/base/name.ts';
import type { Fd } from '../../src/base/ids.ts';
import { overrideFormatOf } from '../../src/layer/override-stat.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../../src/os/constants.ts';
import { st } from '../../src/os/host-fs.ts';
import { OverrideFs } from '../../src/union/override-fs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a number that is given again', needs('root', 'build', 'program:setfattr'), async (t) => {
  const scratch = makeScratch(t);
  const [kept, plain] = [scratch.directory('kept'), scratch.directory('plain')];
  for (const directory of [kept, plain]) {
    writeFileSync(`${directory}/file`, '');
    const mark = ['-n', 'user.containers.override_stat', '-v', '1234:1234:0100444'];
    execFileSync('setfattr', [...mark, `${directory}/file`]);
  }
  const format = overrideFormatOf(2);
  if (format === undefined) throw new Error('there is no such format');
  const path = nameFromText(kept);
  const fs = new OverrideFs({ formats: new Map([[path, format]]), writes: true, believesDevices: false });
  const open = (directory: string): Fd =>
    fs.openat(AT_FDCWD as Fd, nameFromText(directory), O_RDONLY | O_DIRECTORY, 0);
  const [top, other] = [open(kept), open(plain)];
  fs.enterLayer(top, path);
  const ownerOf = (fd: Fd): number | undefined => {
    fs.statx(fd, asName(''));
    return fs.stat[st.uid];
  };
  for (const close of ['close', 'closeWritten', 'closeApart'] as const) {
    const first = fs.openat(top, asName('file'), O_RDONLY, 0);
    t.equal(ownerOf(first), 1234);
    fs[close](first);
    const second = fs.openat(other, asName('file'), O_RDONLY, 0);
    t.equal(second, first, 'it is the same number');
    t.equal(ownerOf(second), 0, close);
    fs.close(second);
  }
  for (const fd of [top, other]) fs.close(fd);
});
