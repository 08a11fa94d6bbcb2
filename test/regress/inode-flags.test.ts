/** The flags of chattr(1) that a copy keeps, as the kernel's overlayfs does. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, ordinary, shell } from './fixtures/shell.ts';

const prepare = `
  for f in data metadata; do echo $f >$f; done
  mkdir dir emptied replacing; echo x >dir/file; echo x >emptied/file
  chattr +A +S data metadata dir; chattr +A emptied`;

const use = `
  echo more >>data; chmod 600 metadata; touch dir/new
  rm emptied/file; touch emptied/new; rm emptied/new
  lsattr -d data metadata dir emptied | cut -c 3-8`;

t.test('go with a copy-up', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const place = await makePlace(t, prepare);
  const mount = await place.mount();
  const seen = await shell(mount.path, use);
  const kernel = await place.scratch.kernelOverlay({
    lower: [place.lower],
    upper: place.scratch.directory('other-upper'),
    work: place.scratch.directory('other-work'),
  });
  t.equal(seen, await shell(kernel.path, use));
  t.match(seen, /S.*A/);
});

/** FS_IOC_FSGETXATTR, and FS_IOC_FSSETXATTR of what it told with some of it changed; then what it tells. */
const extended = `
import errno, fcntl, struct, sys
fd = open(sys.argv[1])
layout = '=5I8x'
def get():
    return list(struct.unpack(layout, fcntl.ioctl(fd, 0x801c581f, bytes(28))))
def put(field, value):
    wanted = get()
    wanted[field] = value
    try:
        fcntl.ioctl(fd, 0x401c5820, struct.pack(layout, *wanted))
        print(hex(get()[field]))
    except OSError as error:
        print(errno.errorcode[error.errno])
put(0, 0xc0)
put(0, 0x80)
put(0, 0x20000)
put(1, 4096)
put(3, 7)
`;

t.test(
  'can be set by the call that sets a project, too',
  needs(...mountNeeds, 'program:python3'),
  async (t) => {
    const place = await makePlace(t, ': >low');
    const { path } = await place.mount();
    const script = `: >new; for f in low new; do python3 -c "${extended}" $f; lsattr $f | cut -c 7-8; done`;
    const one = '0xc0\n0x80\nENOTSUP\nENOTSUP\nENOTSUP\nd-';
    t.equal(await shell(path, script), `${one}\n${one}`);
  },
);

t.test('are told of a file that its server may not open any more', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'true', ordinary);
  const { path } = await place.mount();
  await shell(path, 'echo x >file; chattr +A file');
  const script = `python3 -c "
import fcntl, os, struct
fd = os.open('file', os.O_RDONLY)
os.chmod('file', 0)
print(hex(struct.unpack('i', fcntl.ioctl(fd, 0x80086601, bytes(8))[:4])[0] & 0x80))"`;
  t.equal(await shell(path, script), '0x80');
});
