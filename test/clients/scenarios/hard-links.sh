# shellcheck shell=sh
# Names of one file, changed in another layer than the one that made them: they stay one file, and go together into the layer.
printf '%s\n' 'FROM base:1' 'RUN mkdir /srv/links && echo one > /srv/links/a && ln /srv/links/a /srv/links/b && ln /srv/links/a /etc/c' \
  'RUN chmod 700 /srv/links/b && echo two >> /srv/links/a' 'RUN rm /srv/links/a && ln /etc/c /srv/links/d' |
  podman build -q --layers -t links:1 -f - "$CONTEXT" >/dev/null
show_layers links:1 | cut -f 1-6,8-
podman run --name linked links:1 sh -euc '
  stat -c "%h %a %s %n" /srv/links/* /etc/c; echo three >> /srv/links/d; cat /srv/links/b; rm /etc/c; ln /srv/links/b /srv/links/e
  stat -c "%h %a %s %n" /srv/links/*; chown 33 /usr/bin/perl; stat -c "%h %u %n" /usr/bin/perl*'
podman diff linked | sort
podman commit -q linked linked:1 >/dev/null
show_layers linked:1 | cut -f 1-6,8-
podman run --rm linked:1 sh -euc 'stat -c "%h %a %s %n" /srv/links/*; cat /srv/links/b; stat -c "%h %u %n" /usr/bin/perl*'
podman rm -f linked >/dev/null
