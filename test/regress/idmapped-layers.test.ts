/**
 * A lower layer that is an idmapped mount: owners are those that the mount shows, before and after a copy-up, as on an
 * overlay of the kernel. Where the mount of the union is given the map, too, as podman does for a container in a
 * user namespace, owners showed as nobody's.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeScratch, type Mounted } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

/** mount(8) of Debian 12 cannot. Arguments: source, target, and the line of the map. */
const idmapped = `
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    done = libc.syscall(*args)
    if done < 0: raise OSError(ctypes.get_errno(), args)
    return done
source, target, line = sys.argv[1:]
told, tell = os.pipe()
child = os.fork()
if child == 0:
    if libc.unshare(0x10000000) < 0: os._exit(1)
    os.write(tell, b'1')
    libc.pause()
os.read(told, 1)
try:
    for kind in 'uid', 'gid':
        with open(f'/proc/{child}/{kind}_map', 'w') as file: file.write(line)
    namespace = os.open(f'/proc/{child}/ns/user', os.O_RDONLY)
    tree = call(428, -100, source.encode(), 1)
    attributes = struct.pack('QQQQ', 0x100000, 0, 0, namespace)
    call(442, tree, b'', 0x1000, attributes, len(attributes))
    call(429, tree, b'', -100, target.encode(), 4)
finally:
    os.kill(child, 9)
    os.waitpid(child, 0)
`;

interface Layers {
  readonly lower: string;
  readonly mapped: string;
  readonly scratch: ReturnType<typeof makeScratch>;
}

/** The directory, and an idmapped mount of it: who is 0 there is 100000 here. */
async function makeLayers(test: Test): Promise<Layers> {
  const scratch = makeScratch(test);
  const lower = scratch.directory('lower');
  const mapped = scratch.directory('mapped');
  await shell(
    lower,
    'mkdir d; touch d/f g; chown 5:6 d; chown 1000:1001 d/f; setfacl -m u:7:rw g; chmod u+s g',
  );
  execFileSync('python3', ['-c', idmapped, lower, mapped, '0 100000 65536']);
  test.teardown(() => execFileSync('umount', ['-l', mapped]));
  return { lower, mapped, scratch };
}

const look = "stat -c '%u:%g %a %n' d d/f g; getfacl -cn g";

const need = needs(...mountNeeds, 'overlayfs', 'program:python3', 'program:setfacl');

t.test('owners are those that the layer shows', need, async (test) => {
  const { mapped, scratch } = await makeLayers(test);
  const layers = (name: string) => ({
    lower: [mapped],
    upper: scratch.directory(`upper-${name}`),
    work: scratch.directory(`work-${name}`),
  });
  const seen = async (mounted: Mounted): Promise<string> => {
    const before = await shell(mounted.path, look);
    await shell(mounted.path, 'chmod 700 d; touch d/f g');
    return `${before}\n${await shell(mounted.path, look)}`;
  };
  const expected = await seen(await scratch.kernelOverlay(layers('kernel')));
  test.match(expected, /^101000:101001 644 d\/f$/m);
  test.equal(await seen(await scratch.mount(layers('ours'))), expected);
  test.equal(
    await shell(join(scratch.path, 'upper-ours'), look),
    await shell(join(scratch.path, 'upper-kernel'), look),
    'in the upper',
  );
});

t.test('a map that both have is applied once', need, async (test) => {
  const { lower, mapped, scratch } = await makeLayers(test);
  const options = ['uidmapping=:0:100000:65536', 'gidmapping=:0:100000:65536'];
  const upper = scratch.directory('upper');
  const mount = () => scratch.mount({ lower: [mapped], upper, work: scratch.directory('work'), options });
  const mounted = await mount();
  test.equal(await shell(mounted.path, look), await shell(mapped, look));
  await shell(mounted.path, 'touch d/f g');
  test.equal(await shell(mounted.path, look), await shell(mapped, look), 'after a copy-up');
  test.equal(await shell(upper, look), await shell(lower, look), 'on disk');
});
