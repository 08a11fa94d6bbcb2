# shellcheck shell=sh
# Names of one file, changed in another layer than the one that made them: they stay one file, and go together into the layer. Which
# names are one file is compared, not how many a file has: of a layer's file a name that a higher layer has removed counts on, as with
# the kernel's overlayfs.
# shellcheck disable=SC2016
show_names='show_names() {
  for name; do
    for first; do if [ "$first" -ef "$name" ]; then break; fi; done
    stat -c "%a %u %s %n is $first" "$name"
  done
}
'
printf '%s\n' 'FROM base:1' 'RUN mkdir /srv/links && echo one > /srv/links/a && ln /srv/links/a /srv/links/b && ln /srv/links/a /etc/c' \
  'RUN chmod 700 /srv/links/b && echo two >> /srv/links/a && stat -c "%h links" /etc/c > /srv/count' \
  'RUN rm /srv/links/a && ln /etc/c /srv/links/d' |
  podman build -q --layers -t links:1 -f - "$CONTEXT" >/dev/null
show_layers links:1 | cut -f 1-6,8-
podman run --name linked links:1 sh -euc "$show_names"'
  cat /srv/count; show_names /srv/links/* /etc/c; echo three >> /srv/links/d; cat /srv/links/b; rm /etc/c; ln /srv/links/b /srv/links/e
  show_names /srv/links/*; chown 33 /usr/bin/perl; show_names /usr/bin/perl*'
podman diff linked | sort
podman commit -q linked linked:1 >/dev/null
show_layers linked:1 | cut -f 1-6,8-
podman run --rm linked:1 sh -euc "$show_names"'show_names /srv/links/* /usr/bin/perl*; cat /srv/links/b'
podman rm -f linked >/dev/null
