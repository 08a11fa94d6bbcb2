# shellcheck shell=sh
# What Docker does with a storage driver: import, build, run, diff, commit, cp, export, save and load, volumes.
layers() {
  docker save -o saved.tar "$1"
  python3 "$IMAGE_ENTRIES" saved.tar | cut -f 1-6,8-
  rm saved.tar
}
heading build
docker build -q --network none --build-arg DEVICES=yes -t app:1 "$CONTEXT" >/dev/null
docker build -q --network none --build-arg DEVICES=yes --target changes -t changes:1 "$CONTEXT" >/dev/null
layers changes:1
layers app:1
docker run --rm --network none app:1
heading run
docker run --network none --name changed base:1 sh -euc '
  rm -rf /etc/cron.d /usr/share/doc; mkdir /usr/share/doc; mv /etc/alternatives /etc/alternatives.d
  chown 33 /etc/fstab; chmod 600 /etc/profile; ln /etc/shells /etc/shells.link; mkfifo /fifo; mknod /null c 1 3
  rm /etc/motd; mkdir /etc/motd; echo x >> /etc/bash.bashrc; rm -rf /var/mail; echo > /var/mail; echo 1 > /state'
docker diff changed | sort
docker start -a changed 2>&1 | tail -1
heading commit
docker commit changed changed:1 >/dev/null
layers changed:1
docker run --network none --name again changed:1 sh -euc 'ls -A /usr/share/doc /etc/motd; cat /state
  rm -rf /etc/alternatives.d; mkdir /etc/alternatives.d; touch /etc/alternatives.d/new; rm /etc/shells /etc/shells.link'
docker diff again | sort
docker commit again changed:2 >/dev/null
layers changed:2
docker run --rm --network none changed:2 ls -A /etc/alternatives.d
heading 'cp and export'
docker cp "$CONTEXT/tree" again:/srv/tree
docker cp again:/etc/bash.bashrc - | tar -t
docker export again | tar -t | grep -v '^\(dev\|proc\|sys\)' | sort
heading 'save and load'
docker save -o saved.tar changed:2
docker rm changed again >/dev/null
docker rmi changed:2 >/dev/null
docker load -q -i saved.tar
rm saved.tar
docker run --rm --network none changed:2 ls -A /etc/alternatives.d
heading volumes
docker run --rm --network none -v vol:/etc/pam.d base:1 sh -c 'ls /etc/pam.d; rm /etc/pam.d/other'
docker run --rm --network none -v vol:/data:ro base:1 sh -c 'ls /data; touch /data/x' 2>&1 || true
docker volume rm vol
