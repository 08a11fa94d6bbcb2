import { Command } from 'commander';
import t from 'tap';
import { containerCommand, containerCommands } from '../../src/cli/commands/container.ts';
import { volumeCommand } from '../../src/cli/commands/volume.ts';
import { markOperands } from '../../src/cli/mark-operands.ts';
import { addRootOptions } from '../../src/cli/open-store.ts';

t.test('what belongs to the command inside is marked', async (t) => {
  const program = addRootOptions(new Command('strata'));
  for (const command of [...containerCommands(), containerCommand(), volumeCommand()])
    program.addCommand(command);
  for (const [given, expected] of [
    ['run image ls -l', 'run -- image ls -l'],
    ['run -it image ls -l', 'run -it -- image ls -l'],
    ['run -v /a:/b -e A=b image -x', 'run -v /a:/b -e A=b -- image -x'],
    ['run -itv /a:/b image -x', 'run -itv /a:/b -- image -x'],
    ['run -itv/a:/b image -x', 'run -itv/a:/b -- image -x'],
    ['run --name=x --rm image -x', 'run --name=x --rm -- image -x'],
    ['run --name x -- image -x', 'run --name x -- image -x'],
    ['--root /r run --driver vfs image -x', '--root /r run --driver vfs -- image -x'],
    ['container run -d image -x', 'container run -d -- image -x'],
    ['exec -u 0 web sh -c x', 'exec -u 0 -- web sh -c x'],
    ['run', 'run'],
    ['run --rm', 'run --rm'],
    ['logs -f web', 'logs -f web'],
    ['--root run rm -f web', '--root run rm -f web'],
    ['volume create --driver local -o a=b x', 'volume create --volume-driver local -o a=b x'],
    ['volume create --driver=local', 'volume create --volume-driver=local'],
    ['commit -p=false web x', 'commit --no-pause web x'],
    ['container commit --pause=true web', 'container commit --pause web'],
    ['attach --sig-proxy=false web', 'attach --no-sig-proxy web'],
    ['attach --sig-proxy=true --no-stdin=false web', 'attach web'],
    ['run --rm=true --read-only=true -d=false image -t=true', 'run --rm --read-only -- image -t=true'],
    ['run -it=false --privileged=0 -d=1 -e A=true image', 'run -i --detach -e A=true -- image'],
    ['run --init=false --name --rm=false image', 'run --name --rm=false -- image'],
    ['run --rm=maybe --name=true -e=true image', 'run --rm=maybe --name=true -etrue -- image'],
    ['run -v=/a:/b -e=A=1 -ite==x -w=/tmp image -x', 'run -v/a:/b -eA=1 -ite=x -w/tmp -- image -x'],
    ['exec -u=0 -de=A=true web -c=x', 'exec -u0 -deA=true -- web -c=x'],
    ['run -e= --name -e=x image', 'run -e= --name -e=x -- image'],
    ['container ps -an=1 -f=name=x -q=true', 'container ps -an1 -fname=x --quiet'],
    ['commit -m=text -a=me web x -- -m=y', 'commit -mtext -ame web x -- -m=y'],
    ['volume create --driver=local -o=a=b x', 'volume create --volume-driver=local -oa=b x'],
    ['run --rm=T -- image --rm=F', 'run --rm -- image --rm=F'],
    ['container ls --no-trunc=true -a=true', 'container ls --no-trunc --all'],
    ['container ps --no-trunc=false -aq=FALSE', 'container ps -a'],
    ['rm -f=true web -v=false', 'rm --force web'],
    ['container remove --force=true web', 'container remove --force web'],
    ['commit -m --pause=false web', 'commit -m --pause=false web'],
    ['run --rm --rm=false image', 'run -- image'],
    ['run -dit -d=false --name --detach image', 'run -it --name --detach -- image'],
    ['run -dv -d -d=0 image', 'run -v -d -- image'],
    ['run --rm=false --rm image', 'run --rm -- image'],
    ['attach --no-sig-proxy --sig-proxy=true web', 'attach web'],
    ['logs -- --follow=true', 'logs -- --follow=true'],
    ['top web -o pid', 'top -- web -o pid'],
    ['--driver vfs volume create x', '--driver vfs volume create x'],
  ] as const) {
    t.equal(
      markOperands(program, ['node', 'strata', ...given.split(' ')])
        .slice(2)
        .join(' '),
      expected,
    );
  }
});
