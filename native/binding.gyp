{
  "targets": [
    {
      "target_name": "strata",
      "sources": [
        "channel.c",
        "copy.c",
        "data.c",
        "directory.c",
        "identity.c",
        "jobs.c",
        "module.c",
        "mount.c",
        "names.c",
        "open.c",
        "packet.c",
        "passage.c",
        "pool.c",
        "process.c",
        "repeats.c",
        "statx.c",
        "uuid.c",
        "value.c",
        "xattr.c"
      ],
      "cflags_c": ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden"],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"]
    },
    {
      "target_name": "handover",
      "type": "executable",
      "sources": ["handover.c"],
      "cflags_c": ["-std=gnu11", "-O2", "-Wall", "-Wextra"],
      "defines": ["_GNU_SOURCE"]
    },
    {
      "target_name": "json-log",
      "type": "executable",
      "sources": ["json-log.c"],
      "cflags_c": ["-std=gnu11", "-O2", "-Wall", "-Wextra"],
      "defines": ["_GNU_SOURCE"]
    }
  ]
}
