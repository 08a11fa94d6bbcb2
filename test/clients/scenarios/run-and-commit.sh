# shellcheck shell=sh
# A container that changes things runs, stops and runs on; podman tells what it changed, and makes an image of that.
heading run
podman run --name changed base:1 sh -euc '
  rm -rf /etc/cron.d /usr/share/doc /var/log; mkdir /usr/share/doc
  mv /etc/alternatives /etc/alternatives.d; mv /etc/hostname /etc/was-hostname 2>/dev/null || echo "a mount cannot be moved"
  chown 33 /etc/fstab; chmod 600 /etc/profile; ln /etc/shells /etc/shells.link
  rm /etc/motd; mkdir /etc/motd; echo x >> /etc/bash.bashrc; rm -rf /var/mail; echo > /var/mail
  touch /new; mkfifo /fifo; echo started > /state; cat /state'
heading diff
podman diff changed | sort
heading 'start again'
podman start -a changed 2>&1 | sed 's/.*cannot/cannot/' || true
podman diff changed | sort
heading commit
podman commit -q changed changed:1 | sed 's/./x/g'
show_layers changed:1 | cut -f 1-6,8-
podman run --rm changed:1 sh -c 'ls -A /usr/share/doc /etc/motd /var; cat /state; stat -c "%n %h %u %a" /etc/shells /etc/shells.link /etc/fstab'
heading 'a replaced directory of an image, committed'
podman run --name again changed:1 sh -c 'rm -rf /usr/share/perl5; mkdir /usr/share/perl5; rm -rf /etc/alternatives.d; mkdir /etc/alternatives.d; touch /etc/alternatives.d/new'
podman diff again | sort
podman commit -q again changed:2 >/dev/null
podman run --rm changed:2 ls -A /usr/share/perl5 /etc/alternatives.d
show_layers changed:2 | cut -f 1-6,8-
heading 'diff of images'
podman diff changed:2 changed:1 | sort
podman rm -f changed again >/dev/null
